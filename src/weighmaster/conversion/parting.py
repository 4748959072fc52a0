"""What the parts of an object are, and what each is called in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.conversion.program import Program, entries
from weighmaster.machine.shadow import Global, Handle, Items, Result, Table

CONSTANTS: Final = (str, bytes, int, float, type(None))
_MODULE: Final = frozenset({"_parameters", "_buffers", "_modules"})
_AGAIN: Final = "_flat_weights"
"""Where a recurrent layer keeps its parameters a second time."""
_KEYS: Final = 8
_UNNAMED: Final = "?"
_LONGEST: Final = 64


class Child:
    """A part of something: its key (None: it has only a number), and whether nothing is said of it if it is None."""

    __slots__ = ("key", "object", "quiet")

    def __init__(self, key: str | None, object: object, *, quiet: bool = False) -> None:
        self.key = key
        self.object = object
        self.quiet = quiet


class Omitted:
    """What is left out on purpose, and why."""

    __slots__ = ("why",)

    def __init__(self, why: str) -> None:
        self.why = why


class Parting:
    """Finds the parts of the objects of one pickle."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def parts(self, x: object) -> list[Child]:
        """Return the parts of a container as it is written down."""
        if isinstance(x, Table):
            return self._last(self._pairs(x))
        if isinstance(x, Items):
            return [Child(None, item) for item in x.items]
        if isinstance(x, tuple):
            return [Child(None, item) for item in x]
        return [] if x is None else [Child(None, x)]

    def entries(self, x: object) -> list[Child]:
        """Return the entries of a dictionary, however it was made."""
        if not isinstance(x, Result):
            return self.parts(x)
        changes = [change.value for change in self._program.changes.get(id(x), ())]
        given = x.arguments if isinstance(x.arguments, tuple) else ()
        return self._last(pair for each in (*given, *changes) for pair in self._pairs(each))

    def _pairs(self, x: object) -> Iterator[tuple[object, object]]:
        if isinstance(x, Table):
            yield from entries(x)
        for pair in x.items if isinstance(x, Items) else ():
            items = pair.items if isinstance(pair, Items) else pair
            if isinstance(items, (list, tuple)) and len(items) == 2:
                yield items[0], items[1]

    def _last(self, pairs: Iterator[tuple[object, object]]) -> list[Child]:
        """Return the entries that are left where a later one takes the place of one with an equal key."""
        found: dict[object, tuple[object, object]] = {}
        for key, value in pairs:
            found[key if isinstance(key, CONSTANTS) else id(key)] = key, value
        children = [Child(self._key(key), value) for key, value in found.values()]
        if any(isinstance(key, Result) and self._key(key) == _UNNAMED for key, _ in found.values()):
            children.append(Child(_UNNAMED, Omitted("a key that is an object")))
        return children

    def states(self, call: Result) -> list[Child]:
        """Return the attributes of an object."""
        return [child for state in call.states or () for child in self.state(state)]

    def state(self, state: object) -> list[Child]:
        """Return the attributes that BUILD sets: a dictionary, or two of which the second is for slots."""
        if isinstance(state, tuple) and len(state) == 2 and all(one is None or isinstance(one, Table) for one in state):
            return [*self.state(state[0]), *self.state(state[1])]
        parts = self.parts(state)
        if not isinstance(state, Table) or not {part.key for part in parts} >= _MODULE:
            return parts
        attributes = {part.key: part.object for part in parts}
        transient = attributes.get("_non_persistent_buffers_set")
        return [child for part in parts for child in self._attribute(part, transient)]

    def _attribute(self, part: Child, transient: object) -> Iterator[Child]:
        """Yield what a module's attribute holds: the tensors and modules by their own names."""
        if part.key == _AGAIN:
            part.object = Omitted("the parameters of this layer once more")
        if part.key not in _MODULE:
            yield part
            return
        if isinstance(transient, Result) and isinstance(transient.arguments, tuple) and transient.arguments:
            transient = transient.arguments[0]
        omitted = set(transient.items) if isinstance(transient, Items) and _are_texts(transient.items) else set()
        for child in self.entries(part.object):
            child.quiet = True
            if part.key == "_buffers" and child.key in omitted:
                child.object = Omitted("a buffer that state_dict() leaves out")
            yield child

    def _key(self, key: object) -> str:
        text = self._program.text(key)
        if text is not None:
            return text
        if isinstance(key, (int, float, bytes, type(None))):
            return str(key)
        if isinstance(key, tuple):
            return ",".join(_UNNAMED if isinstance(part, tuple) else self._key(part) for part in key[:_KEYS])
        if isinstance(key, Global):
            return dotted(key)
        data = self._program.raw(key) if isinstance(key, Result) else None
        return str(data.source.read_at(0, data.size)) if data is not None and data.size <= _LONGEST else _UNNAMED


def dotted(x: object) -> str:
    """Return the name of what is called, if it has one."""
    if isinstance(x, Global):
        return f"{x.module}.{x.name}"
    match x:
        case Handle(id=("module", Global() as cls, *_)):
            return f"{cls.module}.{cls.name}, whose source lies in the file"
        case _:
            return "something computed"


def _are_texts(items: list[object]) -> bool:
    return all(isinstance(item, str) for item in items)
