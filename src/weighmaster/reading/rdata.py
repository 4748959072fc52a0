"""R's serialisation, followed without evaluating anything: which code stands in it, and what would start it.

Specification: <https://cran.r-project.org/doc/manuals/r-release/R-ints.html#Serialization-Formats>, the functions
`ReadItem`, `ReadBC` and `InFormat` of <https://github.com/r-devel/r-svn/blob/main/src/main/serialize.c>. Items nest
without a bound, so each is read by a generator, and a loop runs them.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from itertools import islice
from typing import Any, Final, NamedTuple, TypeAlias

from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.value import Value
from weighmaster.reading.budget import Budget
from weighmaster.reading.rwords import Ascii, Words
from weighmaster.reading.source import Source

_SYM, _LIST, _CLOSURE, _ENV, _PROMISE, _LANG = 1, 2, 3, 4, 5, 6
_SPECIAL, _BUILTIN, _CHAR, _LOGICAL, _INT, _REAL, _COMPLEX, _STRING, _DOTS = 7, 8, 9, 10, 13, 14, 15, 16, 17
_VECTOR, _EXPRESSION, _BYTECODE, _POINTER, _WEAK, _RAW, _S4 = 19, 20, 21, 22, 23, 24, 25
_ALTREP, _ATTRLIST, _ATTRLANG, _BCREPDEF, _BCREPREF, _PERSIST = 238, 239, 240, 244, 243, 247
_UNBOUND, _PACKAGE, _NAMESPACE, _REFERENCE = 252, 248, 249, 255
_EMPTY: Final = frozenset({254, 253, 251, 250, 242, 241})
"""Nothing follows: NULL, the global environment, the missing argument, the base namespace, the empty and base ones."""

_ACTIVE: Final = 1 << 15
"""The bit of a binding whose value is what a function gives when it is asked."""
_HAS_ATTRIBUTES: Final = 1 << 9
_HAS_TAG: Final = 1 << 10
_WIDTHS: Final = {_LOGICAL: 4, _INT: 4, _REAL: 8, _COMPLEX: 16, _RAW: 1}
_HOOKS: Final = {".First": "start", ".First.sys": "start", ".Last": "end", ".Last.sys": "end"}
"""Functions of a saved workspace that R calls when a session starts or ends."""
_QUALIFIERS: Final = ("::", ":::")
_DEEPEST: Final = 20_000
_REFERENCES: Final = 4_000_000
_WORDS: Final = 100_000
_WORD: Final = 400
_KEPT: Final = 16

Item: TypeAlias = Generator[Any, Any, Any]


class Code(Value):
    """An expression or function; `trigger` is what makes R run it, `calls` and `texts` what it names."""

    trigger: str
    calls: tuple[str, ...]
    names: tuple[str, ...]
    texts: tuple[str, ...]


class Class(Value):
    """An alternative representation: a class of a package that makes the vector, and the text it is given."""

    package: str
    name: str
    texts: tuple[str, ...]


class Package(Value):
    """A package whose namespace R loads."""

    name: str


Event: TypeAlias = Code | Class | Package

_NOTHING: Final = object()
"""What an unbound value reads as."""


class _Scope:
    """The names and texts in a piece of code."""

    __slots__ = ("calls", "names", "texts")

    def __init__(self) -> None:
        self.calls: dict[str, None] = {}
        self.names: dict[str, None] = {}
        self.texts: dict[str, None] = {}

    def code(self, trigger: str) -> Code:
        return Code(trigger=trigger, calls=(*self.calls,), names=(*self.names,), texts=(*self.texts,))

    def add(self, into: dict[str, None], word: object) -> None:
        if isinstance(word, str) and word:
            into[word[:_WORD]] = None
            if len(into) > _WORDS:
                # Names beyond those could be what the others hide.
                raise OverBudgetError(f"r: a piece of code with more than {_WORDS} different words")


class _At(NamedTuple):
    """What an item's flags are, the code it is in, and where it stands."""

    flags: int
    scope: _Scope | None
    place: str


class Reader:
    """Reads the one item that a stream holds, and yields what in it is code."""

    def __init__(self, words: Words | Ascii, budget: Budget, *, workspace: bool) -> None:
        self.words = words
        self._budget = budget
        self._workspace = workspace
        self._references: list[Any] = []
        self._events: list[Event] = []
        self._readers = {
            _REFERENCE: self._referred,
            _CHAR: self._characters,
            **dict.fromkeys(_WIDTHS, self._numbers),
            **dict.fromkeys((_LIST, _LANG, _CLOSURE, _PROMISE, _DOTS), self._pairs),
            _SYM: self._symbol,
            _ENV: self._environment,
            _SPECIAL: self._primitive,
            _BUILTIN: self._primitive,
            _STRING: self._strings,
            _VECTOR: self._vector,
            _EXPRESSION: self._vector,
            _BYTECODE: self._bytecode,
            _POINTER: self._pointer,
            _WEAK: self._weak,
            _S4: self._bare,
            _ALTREP: self._alternative,
            _PERSIST: self._names,
            _PACKAGE: self._names,
            _NAMESPACE: self._namespace,
        }

    def events(self) -> Iterator[Event]:
        """Yield the code in the item, in its order.

        Raises:
            UnreadableError: the bytes are no serialised item.
            OverBudgetError: it nests deeper, or names more, than is followed.
        """
        stack: list[Item] = [self._item(None, "data")]
        result: Any = None
        while stack:
            try:
                below = stack[-1].send(result)
            except StopIteration as stop:
                stack.pop()
                result = stop.value
            else:
                if len(stack) >= _DEEPEST:
                    raise OverBudgetError(f"r: nested more than {_DEEPEST} deep")
                stack.append(below)
                result = None
            if self._events:
                yield from self._events
                self._events.clear()

    def _item(self, scope: _Scope | None, place: str) -> Item:
        """Read one item; what it gives is the text of a symbol, a few of the strings of a vector, or None."""
        flags = self.words.integer()
        kind = flags & 0xFF
        if kind in _EMPTY:
            return None
        if kind == _UNBOUND:
            return _NOTHING
        reader = self._readers.get(kind)
        if reader is None:
            raise UnreadableError(f"r: no item is of the type {kind}", offset=self.words.offset)
        result = yield from reader(_At(flags, scope, place))
        if flags & _HAS_ATTRIBUTES and kind not in _WITHOUT_ATTRIBUTES:
            yield self._item(scope, "data")
        return result

    def _referred(self, at: _At) -> Item:
        yield from ()
        index = at.flags >> 8 or self.words.integer()
        if not 0 < index <= len(self._references):
            raise UnreadableError(f"r: a reference to {index} of {len(self._references)}", offset=self.words.offset)
        found = self._references[index - 1]
        if at.scope is not None:
            at.scope.add(at.scope.names, found)
        return found

    def _numbers(self, at: _At) -> Item:
        yield from ()
        kind = at.flags & 0xFF
        self.words.skip(kind, self._count(_WIDTHS[kind]))

    def _remember(self, value: Any) -> int:
        if len(self._references) >= _REFERENCES:
            raise OverBudgetError(f"r: more than {_REFERENCES} references")
        self._references.append(value)
        return len(self._references) - 1

    def _count(self, width: int) -> int:
        count = self.words.integer()
        if count == -1:
            count = (self.words.integer() << 32) | (self.words.integer() & 0xFFFFFFFF)
        if count < 0 or count * min(width, self.words.narrow) > self.words.left:
            raise UnreadableError(f"r: {count} items in {self.words.left} bytes", offset=self.words.offset)
        return count

    def _characters(self, at: _At) -> Item:
        yield from ()
        count = self.words.integer()
        text = "" if count == -1 else self.words.text(count)
        if at.scope is not None:
            at.scope.add(at.scope.texts, text)
        return text

    def _symbol(self, at: _At) -> Item:
        name = yield self._item(None, "data")
        name = name if isinstance(name, str) else ""
        self._remember(name)
        if at.scope is not None:
            at.scope.add(at.scope.names, name)
        return name

    def _strings(self, at: _At) -> Item:
        kept: list[str] = []
        for _ in range(self._count(4)):
            text = yield self._item(at.scope, "data")
            if len(kept) < _KEPT and isinstance(text, str):
                kept.append(text)
        return kept

    def _vector(self, at: _At) -> Item:
        kept: list[str] = []
        for _ in range(self._count(4)):
            found = yield self._item(at.scope, at.place if at.place == "frame" else "data")
            kept += _flat(found)[: _KEPT - len(kept)]
        return kept

    def _names(self, at: _At) -> Item:
        """Read the name of a package, a namespace or a persistent object."""
        del at
        if self.words.integer() != 0:
            raise UnreadableError("r: names in a name", offset=self.words.offset)
        kept: list[str] = []
        for _ in range(self._count(4)):
            text = yield self._item(None, "data")
            if len(kept) < _KEPT and isinstance(text, str):
                kept.append(text)
        self._remember(None)
        return kept

    def _namespace(self, at: _At) -> Item:
        kept = yield from self._names(at)
        if kept:
            self._events.append(Package(name=kept[0]))
        return None

    def _environment(self, at: _At) -> Item:
        del at
        self.words.integer()  # Whether it is locked.
        self._remember(None)
        yield self._item(None, "data")  # What encloses it.
        yield self._item(None, "frame")
        yield self._item(None, "frame")  # The hash table: a vector of frames.
        yield self._item(None, "data")

    def _pointer(self, at: _At) -> Item:
        del at
        self._remember(None)
        yield self._item(None, "data")
        yield self._item(None, "data")

    def _weak(self, at: _At) -> Item:
        del at
        yield from ()
        self._remember(None)

    def _primitive(self, at: _At) -> Item:
        yield from ()
        name = self.words.text(self.words.integer())
        if at.scope is not None:
            at.scope.add(at.scope.calls, name)
        return name

    def _pairs(self, at: _At) -> Item:
        """Read a list of pairs, a call, a function or a promise: cells whose last part is another cell."""
        flags, scope, place = at.flags, at.scope, at.place
        result: Any = None
        first, qualified = True, False
        while True:
            kind = flags & 0xFF
            if kind == _PROMISE:
                yield from self._promise(_At(flags, scope, place))
                return result
            if kind == _CLOSURE:
                yield from self._closure(_At(flags, scope, place))
                return result
            if flags & _HAS_ATTRIBUTES:
                yield self._item(scope, "data")
            tag = (yield self._item(None, "data")) if flags & _HAS_TAG else ""
            found = yield from self._first(flags, scope, place, tag)
            if kind == _LANG and scope is not None:
                scope.add(scope.calls, found)
                place = "code"
            if first or qualified:
                qualified = found in _QUALIFIERS if first else qualified
                result, first = found, False
            flags = self.words.integer()
            if flags & 0xFF not in {_LIST, _LANG, _CLOSURE, _PROMISE, _DOTS}:
                yield self._rest(flags, scope, place)
                return result

    def _rest(self, flags: int, scope: _Scope | None, place: str) -> Item:
        """Read an item whose flags were read."""
        self.words.push(flags)
        return (yield from self._item(scope, place))

    def _first(self, flags: int, scope: _Scope | None, place: str, tag: Any) -> Item:
        """Read what a cell holds; that of a binding may be code that something starts."""
        trigger = ""
        if flags >> 12 & _ACTIVE and flags & 0xFF == _LIST:
            trigger = "read"
        elif self._workspace and place == "data" and isinstance(tag, str):
            trigger = _HOOKS.get(tag, "")
        if trigger:
            own = _Scope()
            found = yield self._item(own, "hook")
            self._events.append(own.code(trigger))
            return found
        return (yield self._item(scope, _BELOW.get((place, flags & 0xFF), "data")))

    def _promise(self, at: _At) -> Item:
        if at.flags & _HAS_ATTRIBUTES:
            yield self._item(None, "data")
        if at.flags & _HAS_TAG:
            yield self._item(None, "data")  # Where it would be evaluated.
        value = yield self._item(None, "data")
        own = _Scope() if at.scope is None else at.scope
        yield self._item(own, "code")
        if value is _NOTHING:
            self._events.append(own.code("argument" if at.place == "bound" else "use"))

    def _closure(self, at: _At) -> Item:
        own = _Scope() if at.scope is None else at.scope
        if at.flags & _HAS_ATTRIBUTES:
            yield self._item(None, "data")
        if at.flags & _HAS_TAG:
            yield self._item(None, "data")
        yield self._item(own, "code")
        yield self._item(own, "code")
        if at.scope is None:
            self._events.append(own.code("call"))

    def _alternative(self, at: _At) -> Item:
        about = _Scope()
        yield self._item(about, "data")
        held = _Scope()
        yield self._item(held, "data")
        yield self._item(at.scope, "data")
        names = [*about.names, "", ""]
        self._events.append(Class(name=names[0], package=names[1], texts=(*islice(held.texts, _KEPT),)))
        if at.scope is not None:
            for text in held.texts:
                at.scope.add(at.scope.texts, text)

    def _bytecode(self, at: _At) -> Item:
        self.words.integer()  # How many constants are shared.
        yield from self._compiled(at.scope)

    def _compiled(self, scope: _Scope | None) -> Item:
        yield self._item(None, "data")
        for _ in range(self._count(4)):
            kind = self.words.integer()
            if kind == _BYTECODE:
                yield self._compiled(scope)
            elif kind in {_LANG, _LIST, _BCREPDEF, _BCREPREF, _ATTRLANG, _ATTRLIST}:
                yield self._shared(kind, scope)
            else:
                yield self._item(scope, "code")

    def _shared(self, kind: int, scope: _Scope | None) -> Item:
        """Read the cells of code among the constants of compiled code."""
        while True:
            if kind == _BCREPREF:
                self.words.integer()
                return None
            if kind == _BCREPDEF:
                self.words.integer()
                kind = self.words.integer()
            if kind not in {_LANG, _LIST, _ATTRLANG, _ATTRLIST}:
                return (yield self._item(scope, "code"))
            if kind in {_ATTRLANG, _ATTRLIST}:
                yield self._item(scope, "data")
            yield self._item(None, "data")
            found = yield self._shared(self.words.integer(), scope)
            if kind in {_LANG, _ATTRLANG} and scope is not None:
                scope.add(scope.calls, found)
            kind = self.words.integer()

    def _bare(self, at: _At) -> Item:
        del at
        yield from ()


_WITHOUT_ATTRIBUTES: Final = frozenset(
    {
        *(_SYM, _ENV, _SPECIAL, _BUILTIN, _ALTREP, _PERSIST, _PACKAGE, _NAMESPACE, _REFERENCE),
        *(_LIST, _LANG, _CLOSURE, _PROMISE, _DOTS),
    }
)
"""Types whose attributes are none, or stand elsewhere."""


_BELOW: Final = {
    ("frame", _LIST): "bound",
    ("bound", _DOTS): "bound",
    ("code", _LIST): "code",
    ("code", _LANG): "code",
}
"""Where what a cell holds stands: a promise is at home in the frame of a function that was called, nowhere else."""


def _flat(found: Any) -> list[str]:
    return [found] if isinstance(found, str) else found if isinstance(found, list) else []


def opened(source: Source, budget: Budget) -> Reader:
    """Return the reader of a file of one item, or of a saved workspace.

    Raises:
        UnreadableError: the header is not of a version that is known.
    """
    head = source.read_at(0, 7)
    workspace = head[:2] == b"RD"
    start = 5 if workspace else 0
    words = _words(source, budget, start)
    version = words.integer()
    words.integer()
    words.integer()
    if version == 3:
        words.text(words.integer())
    if version not in {2, 3}:
        raise UnreadableError(f"r: version {version} of the serialisation", offset=words.offset)
    return Reader(words, budget, workspace=workspace)


def _words(source: Source, budget: Budget, start: int) -> Words | Ascii:
    mark = source.read_at(start, 2)
    if mark == b"A\n":
        return Ascii(source, budget, start + 2)
    if mark in {b"X\n", b"B\n"}:
        return Words(source, budget, start + 2, ">" if mark == b"X\n" else "<")
    raise UnreadableError("r: neither XDR, binary nor text", offset=start)
