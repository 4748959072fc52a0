"""What a call in Python source does and gives: functions and classes of the source are followed into."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.reading.pattern import pattern
from weighmaster.reading.python import constants
from weighmaster.reading.python.decoders import DECODERS, decode, hides
from weighmaster.reading.python.lookup import BIG, Lookup
from weighmaster.reading.python.names import (
    ASKING,
    CIPHERS,
    FETCHING,
    LOOKING_BUILTINS,
    NAMESPACE,
    OWN_NAME,
    RUNNING,
    RUNNING_BUILTINS,
    RUNNING_METHODS,
    SAME_PATH,
)
from weighmaster.reading.python.newer import reworded
from weighmaster.reading.python.source import parsed
from weighmaster.reading.python.triggers import may_hide
from weighmaster.reading.python.values import (
    BESIDE,
    CLASSES,
    CLIMBED,
    DECIPHERED,
    DECODED,
    ENVIRONMENT,
    FETCHED,
    FILE,
    FOLDED,
    MODULE,
    Blur,
    Cls,
    Either,
    Env,
    Func,
    Given,
    Inst,
    Made,
    Method,
    Partial,
    Ref,
    Value,
    blur,
    either,
    flags_of,
    plain,
)

_DEEPEST: Final = 6
"""Calls inside calls that are followed."""
_MOST_FOLLOWED: Final = 400
"""Calls that are followed into a function."""
_MOST_SOURCES: Final = 64
"""Texts that are followed as source."""
_LONGEST_LIST: Final = 1 << 16
_TAKING: Final = frozenset({"get", "pop", "__getitem__", "setdefault"})
"""Methods that take an item."""
_GROWING: Final = frozenset({"append", "insert", "extend"})
_LEADING: Final = frozenset({Made, Blur, Ref, Func, Partial, list})
"""Values that are worth following into a function."""
_HEADS: Final = pattern(r"\bdef\s+\w+\s*(?:\[[^\]]*\])?\s*\(")
_ACTS: Final = pattern(r"[\w\])]\s*\(|@|\bimport\b")
"""What runs something: calls, which heads of functions look like, decorators, imports."""
_NOBODY: Final = Func(None, "", Env(), None)
"""Stands for a text among the functions that are being followed."""

Library = Mapping[str, Callable[[Any, Ref, Given], Value]]
"""What calls of the library give: functions of the follower, of the name that is called, and of what it is given."""


class Calls(Lookup):
    """The layer that knows what calls mean."""

    library: ClassVar[Library] = {}

    def __init__(
        self, interesting: Callable[[str], bool], check: Callable[[], None], secret: Callable[[str], bool]
    ) -> None:
        super().__init__(interesting, check, secret)
        self.functions: list[Func] = []
        self.pending: list[Func] = []
        self.unread: list[str] = []
        self.called: set[str] = set()
        """Functions of packaging that are called."""
        self.returned: list[Value] = []
        self.telling: frozenset[str] = frozenset()
        """Methods whose name says enough, whatever they are called on; they are noted as `?.name`."""
        self._sources = 0
        self._followed = 0
        self._inside: list[Func] = []
        self._applied: dict[type, Callable[[Any, Given], Value]] = {
            Ref: self._apply_named,
            Func: self._apply_function,
            Method: self._apply_method,
            Either: self._apply_each,
            Cls: self.make,
            Partial: self._apply_partial,
            Inst: self._apply_instance,
        }

    def call(self, node: ast.Call) -> Value:
        """Work out a call."""
        function = node.func
        name = ""
        if type(function) is ast.Attribute:
            base = self.ev(function.value)
            name = function.attr
            target = self.attribute(base, name)
            if target is base and type(base) is Blur:
                given = self._given(node)
                self.spot = node
                self._tells(function, given)
                return self._of_blurred(base, name, given)
        else:
            target = self.ev(function)
        given = self._given(node)
        self.spot = node
        if target is not None:
            return self.apply(target, given)
        self._tells(function, given)
        return self._unknown(name, given)

    def _tells(self, function: ast.expr, given: Given) -> None:
        """Take down what is called on something unknown, where its name alone says enough."""
        if type(function) is ast.Attribute:
            name, base = function.attr, function.value
            if name not in self.telling and type(base) is ast.Attribute:
                name = f"{base.attr}.{name}"
        else:
            name = f"{function.id}()" if type(function) is ast.Name else ""
        if name in self.telling:
            self.use(Ref(f"?.{name.removesuffix('()')}"), "call", given)

    def _given(self, node: ast.Call) -> Given:
        placed = [self.ev(argument) for argument in node.args]
        if not node.keywords:
            return Given(placed)
        return Given(placed, {keyword.arg or "**": self.ev(keyword.value) for keyword in node.keywords})

    def _of_blurred(self, base: Blur, name: str, given: Given) -> Value:
        """Return what a method gives of something of which only the flags are known."""
        if (name in _TAKING or name == "__getattribute__") and given.placed:
            return self.subscript(base, given.first)
        found = self._unknown(name, given, base.flags)
        return Blur(found.flags, base.path) if base.path and type(found) is Blur else found

    def _unknown(self, name: str, given: Given, flags: int = 0) -> Value:
        if given:
            self.handed(given, run=name in RUNNING_METHODS)
            flags |= given.flags()
        elif not flags:
            return None
        return blur((flags | (DECODED if hides(name) else 0)) & ~FOLDED)

    # What is called.

    def apply(self, target: Value, given: Given) -> Value:
        """Return what calling a value gives."""
        return self._applied.get(type(target), self._apply_other)(target, given)

    def _apply_function(self, target: Func, given: Given) -> Value:
        self.runs(target)
        return self.inline(target, given)

    def _apply_each(self, target: Either, given: Given) -> Value:
        return either([self.apply(value, given) for value in target.values])

    def _apply_partial(self, target: Partial, given: Given) -> Value:
        held = target.given
        return self.apply(target.function, Given(held.placed + given.placed, held.named | given.named))

    def _apply_instance(self, target: Inst, given: Given) -> Value:
        found = target.cls.find("__call__")
        return self.apply(found, Given([target, *given.placed], given.named)) if found is not None else None

    def _apply_other(self, target: Value, given: Given) -> Value:
        self.handed(given, run=False)
        flags = flags_of(target)
        if flags & CLASSES and given.placed:
            self.use(Ref("builtins.object.__subclasses__", flags), "call", given)
        return blur((flags | given.flags()) & ~FOLDED)

    def _apply_method(self, target: Method, given: Given) -> Value:
        base, name = target.base, target.name
        held = _OF_CONTAINERS.get((type(base), name))
        if held is not None and (name not in _GROWING or (given.placed and len(base) < _LONGEST_LIST)):
            return held(base, given)
        if name == "__getitem__" and given.placed:
            return constants.item(base, given.first)
        if given.placed:
            self.handed(given, run=False)
        return constants.method(base, name, given.values())

    def make(self, cls: Cls, given: Given) -> Value:
        """Return an instance; what the class does on its own may run."""
        for function in cls.methods():
            if function.name[:2] == "__" == function.name[-2:]:
                self.runs(function)
        for root in cls.roots():
            if self.interesting(root):
                self.use(Ref(root), "call", given)
        made = Inst(cls)
        start = cls.find("__init__")
        if type(start) is Func and any(map(_leads_on, given.values())):
            self.inline(start, Given([made, *given.placed], given.named))
        else:
            self.handed(given, run=False)
        return made

    # Functions of the source.

    def inline(self, function: Func, given: Given) -> Value:
        """Follow the body of a function with what it is given, where that could matter; return what it returns."""
        if (
            self._followed >= _MOST_FOLLOWED
            or len(self._inside) >= _DEEPEST
            or any(function is other for other in self._inside)
            or not self._is_worth_it(function, given)
        ):
            return None
        self._followed += 1
        self.check()
        self._inside.append(function)
        try:
            return self.follow(function, given)
        finally:
            self._inside.pop()

    def _is_worth_it(self, function: Func, given: Given) -> bool:
        # Each body is followed once on its own, so that what is not run now needs an argument that leads on.
        is_lambda = not isinstance(getattr(function.node, "body", None), list)
        return is_lambda or self.part is self.top or any(map(_leads_on, given.values()))

    def follow(self, function: Func, given: Given) -> Value:
        """Follow the body of a function in the part that is being read."""
        env, returned = self.env, self.returned
        self.env = Env(function.env)
        self.returned = []
        try:
            self._bind_parameters(function, given)
            body = function.node.body
            if not isinstance(body, list):
                return self.ev(body)
            self.walk(body)
            return either(self.returned)
        finally:
            self.env, self.returned = env, returned

    def _bind_parameters(self, function: Func, given: Given) -> None:
        spec = function.node.args
        names = self.env.names
        positional = [*spec.posonlyargs, *spec.args]
        for parameter in (*positional, *spec.kwonlyargs):
            names[parameter.arg] = None
        names.update(function.defaults)
        for parameter, value in zip(positional, given.placed, strict=False):
            names[parameter.arg] = value
        names.update((name, value) for name, value in given.named.items() if name in names)
        if spec.vararg:
            names[spec.vararg.arg] = given.placed[len(positional) :]
        if spec.kwarg:
            names[spec.kwarg.arg] = {name: value for name, value in given.named.items() if name not in names}
        if function.owner is not None and positional and names[positional[0].arg] is None:
            # Nobody said on what the method is called.
            if function.kind == "classmethod":
                names[positional[0].arg] = function.owner
            elif function.kind != "staticmethod":
                names[positional[0].arg] = Inst(function.owner)

    # Names of the library.

    def _apply_named(self, ref: Ref, given: Given) -> Value:
        dotted = ref.dotted
        if self.interesting(dotted):
            self.use(ref, "call", given)
        if ref.flags & BESIDE or (self.part is self.top and dotted.partition(".")[0] not in sys.stdlib_module_names):
            self.asks(ref, given)
        if dotted.endswith(".__getattribute__") and given.placed:
            return self.named(Ref(dotted.removesuffix(".__getattribute__"), ref.flags | FOLDED), given.placed[-1])
        if dotted.endswith(".setup"):
            self.called.add(dotted)
        known = self.library.get(dotted)
        if known is not None:
            return known(self, ref, given)
        if dotted.startswith("builtins."):
            return self._builtin(ref, dotted.removeprefix("builtins."), given)
        if dotted in DECODERS:
            return decode(dotted, given.values())
        found = self._of_library(ref, given)
        # An object of a class, or what a function gives: its methods are asked for under the same name.
        return Ref(dotted, ref.flags | given.flags() & ~FOLDED) if ref.flags & BESIDE else found

    def _builtin(self, ref: Ref, name: str, given: Given) -> Value:
        placed = given.placed
        if placed and name not in LOOKING_BUILTINS:
            self.handed(given, run=name in RUNNING_BUILTINS)
        if ref.dotted in DECODERS:
            return decode(ref.dotted, placed)
        if name.startswith(("str.", "bytes.")):
            return constants.method(placed[0], name.partition(".")[2], placed[1:]) if placed else None
        if constants.is_worked_out(name):
            return constants.built(name, placed + [value for key, value in given.named.items() if key == "encoding"])
        return blur(given.flags() & ~FOLDED)

    def _of_library(self, ref: Ref, given: Given) -> Value:
        dotted = ref.dotted
        if given:
            self.handed(given, run=dotted in RUNNING)
        if dotted.startswith(("sys.modules.", NAMESPACE)) or ".__dict__." in dotted:
            return self._namespace(ref, given)
        if dotted in SAME_PATH and given.placed:
            return given.first
        if dotted.startswith(FETCHING) or dotted in ASKING:
            return Blur(ASKING.get(dotted, FETCHED))
        if dotted.startswith("os.environ"):
            return Blur(ENVIRONMENT) if dotted.endswith((".copy", ".items", ".values")) else None
        flags = given.flags()
        last = dotted.rpartition(".")[2]
        if hides(last) or dotted.startswith(CIPHERS):
            flags |= DECODED | (DECIPHERED if dotted.startswith(CIPHERS) else 0)
        if last in {"read_text", "read_bytes"}:
            path = plain(given.first)
            flags |= FILE | self.secrecy(given.first)
            return Blur(flags & ~FOLDED, path if isinstance(path, str) else "")
        return blur(flags & ~FOLDED | ref.flags & (MODULE | CLIMBED))

    def _namespace(self, ref: Ref, given: Given) -> Value:
        """Return what a method of a namespace gives, and see whether the source takes a name of its own."""
        if any(one == OWN_NAME or (type(one) is dict and OWN_NAME in one) for one in (*given.placed, given.named)):
            self.module.names.setdefault(OWN_NAME, None)
        head, _, last = ref.dotted.rpartition(".")
        if head == NAMESPACE and last == "update":
            for more in (*given.placed, given.named):
                self.module.names.update(more if type(more) is dict else {})
        if last in _TAKING and given.placed:
            return self.subscript(Ref(head, ref.flags), given.first)
        return Blur(MODULE) if last in {"values", "items"} else None

    # Text that is run.

    def source(self, text: Any, flags: int) -> Value:
        """Follow source that the source holds as text; return what its last expression is."""
        if isinstance(text, bytes):
            text = text.decode("utf-8", "replace")
        if not isinstance(text, str) or self._sources >= _MOST_SOURCES or len(self._inside) >= _DEEPEST:
            return None
        self._sources += 1
        self.unseen = self.unseen or may_hide(text)
        self.check()
        try:
            body = _younger(text.strip()).body
        except (UnreadableError, OverBudgetError) as error:
            # What only Python 2 can parse, no Python 3 runs; and what calls nothing does nothing in any.
            if len(text) > BIG and not getattr(error, "old", False) and _ACTS.search(_HEADS.sub(" ", text)):
                self.unread.append(f"text that is run as source: {error}")
            return None
        self._stands_here(body)
        before, self.tint = self.tint, self.tint | flags
        self._inside.append(_NOBODY)
        try:
            self.walk(body)
            return self.ev(body[0].value) if len(body) == 1 and isinstance(body[0], ast.Expr) else None
        finally:
            self._inside.pop()
            self.tint = before

    def _stands_here(self, body: list[ast.stmt]) -> None:
        """Let all of a text that is run stand where it is run."""
        spot = self.spot
        if spot is not None:
            for statement in body:
                for node in ast.walk(statement):
                    ast.copy_location(node, spot)


def _younger(text: str) -> ast.Module:
    """Return the tree of a text, also where only a younger Python than this parses it as it is."""
    try:
        return parsed(text)
    except UnreadableError:
        words = reworded(text)
        if words == text:
            raise
        return parsed(words)


def _leads_on(value: Value) -> bool:
    kind = type(value)
    return kind in _LEADING or ((kind is str or kind is bytes) and len(value) >= BIG)


# Methods of containers.


def _under_key(base: dict[Any, Value], given: Given) -> Value:
    found = constants.item(base, given.first)
    return found if found is not None or len(given.placed) < 2 else given.placed[1]


def _update(base: dict[Any, Value], given: Given) -> Value:
    for more in given.placed:
        if type(more) is dict:
            base.update(more)
    base.update(given.named)


def _append(base: list[Value], given: Given) -> Value:
    base.append(given.placed[-1])


def _extend(base: list[Value], given: Given) -> Value:
    more = given.placed[-1]
    base += list(more)[:_LONGEST_LIST] if type(more) is list else [more]


def _at(base: list[Value], given: Given) -> Value:
    return constants.item(base, given.placed[0] if given.placed else -1)


def _reverse(base: list[Value], _: Given) -> Value:
    base.reverse()


_OF_CONTAINERS: Final[dict[tuple[type, str], Callable[[Any, Given], Value]]] = {
    **dict.fromkeys(((dict, name) for name in _TAKING), _under_key),
    (dict, "update"): _update,
    (list, "append"): _append,
    (list, "insert"): _append,
    (list, "extend"): _extend,
    (list, "pop"): _at,
    (list, "__getitem__"): _at,
    (list, "reverse"): _reverse,
}
"""Methods of what the source writes down as a list or a dict."""
