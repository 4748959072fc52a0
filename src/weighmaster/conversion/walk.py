"""From what a pickle makes to names: the way to a tensor, joined by dots, as in a state dictionary.

Dictionaries, lists, tuples and the attributes of objects are gone through; what a `torch.nn.Module` keeps in
`_parameters`, `_buffers` and `_modules` has the name that `state_dict()` gives it. All else is listed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from weighmaster.conversion.arrays import Numpy
from weighmaster.conversion.parting import CONSTANTS, Child, Omitted, Parting, dotted
from weighmaster.conversion.plan import ALONE, LISTED, MOST, Left
from weighmaster.conversion.program import Program
from weighmaster.conversion.tensors import (
    Leaf,
    Loaded,
    Made,
    Nested,
    Parts,
    Plain,
    Refused,
    Resolver,
    Storage,
    Torch,
    Wrapped,
)
from weighmaster.machine.shadow import Global, Handle, Items, Long, Opaque, Result, Table
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.where import Where

_NODES: Final = 3_000_000
_NAME: Final = 4096
_TEXT: Final = 1024
_SHOWN: Final = 60
_RESERVED: Final = frozenset({"", "format"})
_VALUES: Final = 10_000
_VALUE: Final = (str, bool, int, float, type(None))
_MAKERS: Final = frozenset({"copyreg._reconstructor", "copy_reg._reconstructor"})
_DICTIONARIES: Final = frozenset(
    {"collections.OrderedDict", "builtins.dict", "__builtin__.dict", "collections.defaultdict", "collections.Counter"}
)
_GROUPS: Final = frozenset(
    {
        *("builtins.set", "builtins.frozenset", "builtins.list", "builtins.tuple", "collections.deque", "torch.Size"),
        *("__builtin__.set", "__builtin__.frozenset", "__builtin__.list", "__builtin__.tuple"),
    }
)


class _Typed:
    """What must be a tensor of one kind of numbers."""

    __slots__ = ("inner", "kind")

    def __init__(self, inner: object, kind: str) -> None:
        self.inner = inner
        self.kind = kind


class _Frame:
    """Something that is being gone through: `left` says of it that nothing was carried over, if that is so."""

    __slots__ = ("children", "kind", "left", "mark", "of", "path", "tensors")

    def __init__(  # noqa: PLR0913, PLR0917 - a record
        self, of: object, path: str, children: Iterator[Child], left: Left | None, mark: int, tensors: int, kind: str
    ) -> None:
        self.of = of
        self.path = path
        self.children = children
        self.left = left
        self.mark = mark
        self.tensors = tensors
        self.kind = kind


class Walk:
    """Gathers the tensors of one or more objects, and what is no tensor."""

    def __init__(self, loaded: Loaded, *, keep_values: bool = False) -> None:
        self.loaded = loaded
        self.tensors: list[tuple[str, Leaf]] = []
        self.left: list[Left] = []
        self.values: dict[str, str] = {}
        self.names: dict[str, int] = {}
        self._keep = keep_values
        self._nodes = _NODES

    def array(self, name: str, made: Leaf | Parts | Refused, where: Where) -> None:
        """Take an array that stands alone."""
        if isinstance(made, Leaf):
            self.found(name, made)
        elif isinstance(made, Parts):
            self._note(name, made.note, where)
            for suffix, leaf in made.parts:
                if isinstance(leaf, Leaf):
                    self.found(f"{name}.{suffix}", leaf)
        else:
            self.left.append(Left(path=name, kind="tensor", detail=made.why, place=str(where)))

    def member(self, name: str, detail: str, where: Where) -> None:
        """Say of a member of an archive that it is not carried over."""
        self.left.append(Left(path=name, kind="member", detail=detail, place=str(where)))

    def _note(self, path: str, note: str, where: Where) -> None:
        self.left.append(Left(path=path, kind="form", detail=note, place=str(where)))

    def found(self, name: str, leaf: Leaf) -> None:
        """Take a tensor."""
        self.tensors.append((name, leaf))
        if len(self.tensors) > MOST:
            raise OverBudgetError(f"more than {MOST} tensors")

    def count(self) -> None:
        """Count one more thing that is gone through."""
        self._nodes -= 1
        if self._nodes < 0:
            raise OverBudgetError(f"more than {_NODES} parts, counted each time that they are reached")

    def pickle(self, program: Program, resolver: Resolver, where: Where, path: str = "") -> None:
        """Go through what a pickle left."""
        self.names |= program.imports
        _Way(self, program, resolver, where).go(path)

    @property
    def keeps(self) -> bool:
        """Whether plain values are kept."""
        return self._keep

    def value(self, path: str, value: object) -> bool:
        """Keep a plain value, if it is to be kept."""
        if not self._keep or not isinstance(value, _VALUE) or len(self.values) >= _VALUES:
            return False
        if path in self.values or path.rpartition(".")[2] in _RESERVED:
            return False
        if isinstance(value, str) and (len(value) > _TEXT or not _encodes(value)):
            return False
        self.values[path] = json.dumps(value)
        return True


class _Way:
    """The way through one object."""

    def __init__(self, walk: Walk, program: Program, resolver: Resolver, where: Where) -> None:
        self._walk = walk
        self._program = program
        self._resolver = resolver
        self._where = where
        self._torch = Torch(program, resolver, walk.loaded)
        self._numpy = Numpy(program)
        self._parting = Parting(program)
        self._on_path: set[int] = set()
        self._frames: list[_Frame] = []

    def go(self, path: str) -> None:
        """Go through all, each part before the next."""
        self._visit(path, self._program.top, quiet=False)
        frames = self._frames
        while frames:
            frame = frames[-1]
            child = next(frame.children, None)
            if child is None:
                frames.pop()
                self._on_path.discard(id(frame.of))
                self._leave(frame, root=not frames)
                continue
            self._walk.count()
            name = joined(frame.path, child.key or "")
            if len(name) > _NAME:
                self._say(name[:_SHOWN], "tensor", "what its name would be is too long", child.object)
            else:
                self._visit(name, child.object, quiet=child.quiet)

    def _leave(self, frame: _Frame, *, root: bool) -> None:
        walk, left = self._walk, frame.left
        if left is None or (root and frame.kind == "value"):
            return
        held = walk.left[frame.mark :]
        if len(walk.tensors) == frame.tensors:
            # Nothing of it is carried over: one line says so.
            if held or not walk.keeps:
                walk.left[frame.mark :] = [left, *(one for one in held if one.kind == "tensor")]
        elif frame.kind == "object":
            kept = [one for one in held if one.kind != "value"]
            plain = len(held) - len(kept)
            more = f", nor {plain} of its attributes" if plain else ""
            detail = f"{left.detail}: not made{more}; its tensors are carried over"
            walk.left[frame.mark :] = [Left(path=left.path, kind="object", detail=detail, place=left.place), *kept]

    def _visit(self, path: str, x: object, *, quiet: bool) -> None:
        if isinstance(x, Result):
            self._result(path, x)
        elif isinstance(x, (Items, Table, tuple)):
            self._group(path, x)
        elif isinstance(x, Handle):
            self._handle(path, x)
        elif isinstance(x, Leaf):
            self._walk.found(path or ALONE, x)
        elif isinstance(x, Omitted):
            self._say(path, "omitted", x.why, None)
        elif isinstance(x, _Typed):
            self._typed(path, x)
        elif not (x is None and quiet) and not self._walk.value(path, x):
            self._say(path, "code" if isinstance(x, Global) else "value", _value(x), x)

    def _handle(self, path: str, handle: Handle) -> None:
        found = self._resolver.resolve(handle)
        if isinstance(found, Leaf):
            self._walk.found(path or ALONE, found)
        elif isinstance(found, Refused):
            self._say(path, "tensor", found.why, handle)
        elif isinstance(found, Storage):
            self._say(path, "tensor", "a storage alone, without a tensor", handle)
        else:
            self._say(path, "code", found, handle)

    def _understood(self, path: str, call: Result) -> Made | None:
        try:
            return self._torch.made(call) or self._numpy.made(call)
        except UnreadableError as error:
            raise UnreadableError(f"tensor {path or ALONE!r}: {error}") from error

    def _typed(self, path: str, x: _Typed) -> None:
        made = self._understood(path, x.inner) if isinstance(x.inner, Result) else None
        if isinstance(made, Leaf) and made.kind == x.kind:
            self._walk.found(path or ALONE, made)
        else:
            self._say(path or ALONE, "tensor", f"its numbers, of the kind {x.kind}, would have to be computed", x.inner)

    def _result(self, path: str, call: Result) -> None:
        match made := self._understood(path, call):
            case None:
                self._object(path, call)
            case Leaf():
                self._walk.found(path or ALONE, made)
            case Refused():
                self._say(path or ALONE, "tensor", made.why, call)
            case Plain():
                self._say(path, "value", made.text, call)
            case Nested():
                _Way(self._walk, made.program, self._resolver, self._where).go(path)
            case Parts():
                self._say(path, "form", made.note, call)
                self._enter(path, call, [Child(suffix, part) for suffix, part in made.parts], None)
            case Wrapped():
                if made.note:
                    self._say(path, "form", made.note, call)
                inner = _Typed(made.inner, made.kind) if made.kind else made.inner
                self._enter(path, call, [Child("", inner), *self._parting.state(made.state)], None)

    def _object(self, path: str, call: Result) -> None:
        name, parting = dotted(call.callee), self._parting
        changed = [child for change in self._program.changes.get(id(call), ()) for child in parting.parts(change.value)]
        if name in _DICTIONARIES:
            children = [*parting.entries(call), *parting.states(call)]
            self._enter(path, call, children, f"{name.rpartition('.')[2]} of {len(children)} entries")
        elif name in _GROUPS:
            inner = call.arguments[0] if isinstance(call.arguments, tuple) and len(call.arguments) == 1 else ()
            children = [*parting.parts(inner), *changed]
            self._enter(path, call, children, f"{name.rpartition('.')[2]} of {len(children)}")
        else:
            cls, arguments = _class(call)
            given = [*parting.parts(arguments), *parting.parts(call.keywords)]
            children = [*given, *changed, *parting.states(call)]
            what = "what a call gives:" if call.opcode == "REDUCE" and cls is call.callee else "object of"
            self._enter(path, call, children, f"{what} {dotted(cls)}", "object")

    def _group(self, path: str, x: Items | Table | tuple[object, ...]) -> None:
        if isinstance(x, Table):
            self._enter(path, x, self._parting.parts(x), f"dictionary of {x.size} entries")
            return
        items = x.items if isinstance(x, Items) else x
        what = f"{x.kind if isinstance(x, Items) else 'tuple'} of {len(items)}"
        if not self._walk.keeps and all(isinstance(item, CONSTANTS) for item in items):
            self._say(path, "value", what, x)
        else:
            self._enter(path, x, self._parting.parts(x), what)

    def _enter(self, path: str, x: object, children: list[Child], what: str | None, kind: str = "value") -> None:
        if id(x) in self._on_path:
            self._say(path, "object", f"{what or 'a tensor'} that holds itself", x)
            return
        number = 0
        for child in children:
            if child.key is None:
                child.key, number = str(number), number + 1
        self._on_path.add(id(x))
        left = None if what is None else self._left(path, kind, what, x)
        walk = self._walk
        self._frames.append(_Frame(x, path, iter(children), left, len(walk.left), len(walk.tensors), kind))

    def _say(self, path: str, kind: str, detail: str, x: object) -> None:
        self._walk.left.append(self._left(path, kind, detail, x))

    def _left(self, path: str, kind: str, detail: str, x: object) -> Left:
        where = self._where
        if isinstance(x, Result) and x.start:
            where = where.span(x.start, x.start + 1)
        elif isinstance(x, Long):
            where = where.span(x.start, x.end)
        return Left(path=path, kind=kind, detail=detail, place=str(where) if len(self._walk.left) < LISTED else "")


def joined(path: str, key: str) -> str:
    """Return the name of what stands under `key`.

    >>> joined("layer", "weight"), joined("", "weight"), joined("layer", "")
    ('layer.weight', 'weight', 'layer')
    """
    return f"{path}.{key}" if path and key else path or key


def _class(call: Result) -> tuple[Any, object]:
    """Return the class of an object, and what it is made with."""
    if dotted(call.callee) in _MAKERS and isinstance(call.arguments, tuple) and call.arguments:
        return call.arguments[0], tuple(part for part in call.arguments[2:] if part is not None)
    return call.callee, call.arguments


def _value(x: object) -> str:
    if isinstance(x, Global):
        return f"the name {x.module}.{x.name}"
    if isinstance(x, Opaque):
        return x.why
    if isinstance(x, Long):
        return f"{'bytes' if 'bytes' in x.kind or x.kind == 'bytearray' else 'text'} of {x.end - x.start}"
    if isinstance(x, (str, bytes)):
        what = "text" if isinstance(x, str) else "bytes"
        return f"{what} {x!r}" if len(x) <= _SHOWN else f"{what} of {len(x)}"
    return f"{type(x).__name__} {x!r}"[: 2 * _SHOWN] if x is not None else "None"


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
