"""One pickle followed to its end, with all that is needed to rebuild what it makes."""

from __future__ import annotations

from _codecs import escape_decode
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from weighmaster.conversion.places import Place
from weighmaster.machine.arrays import is_array_wrapper
from weighmaster.machine.run import follow
from weighmaster.machine.shadow import Change, Global, Handle, Long, Result, Table
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.reading.budget import Budget

_LONGEST_KEY: Final = 4096
_QUOTED: Final = 16 << 20
_STRING: Final = 0x53
_ENCODERS: Final = frozenset({("_codecs", "encode")})
_BYTES: Final = frozenset({("builtins", "bytes"), ("__builtin__", "bytes"), ("builtins", "bytearray")})


class Program:
    """What the pickle at byte `start` of `place` leaves: `top`, and what was done to each object, by its `id`.

    `stop` is the offset after it; `arrays` says behind which opcode the numbers of joblib's wrappers begin.
    """

    def __init__(self, place: Place, start: int = 0, *, arrays: bool = False) -> None:
        self.place = place
        self.top: object = None
        self.stop = -1
        self.changes: dict[int, list[Change]] = {}
        self.arrays: dict[int, int] = {}
        self.imports: dict[str, int] = {}
        self.handles: list[Handle] = []
        self._kept: list[object] = []
        self._follow(start, arrays=arrays)

    def _follow(self, start: int, *, arrays: bool) -> None:
        allow = _allowance(self.place.streams.budget)
        trace = None
        straddle = -1
        for trace in follow(self.place.source, start, arrays=arrays, allow=allow, complete=True):
            self.handles += trace.handles
            straddle = max(straddle, trace.straddle)
            for module, name, _, at in trace.imports:
                self.imports.setdefault(f"{module}.{name}", at)
            for code, at in trace.extensions:
                self.imports.setdefault(f"extension code {code}", at)
            for change in trace.changes:
                self._changed(change)
        if trace is None or trace.stop < 0:
            why, at = ("it is empty", start) if trace is None else (trace.broken, trace.at)
            raise UnreadableError(f"the pickle cannot be followed: {why}", offset=at)
        if straddle >= 0:
            raise UnreadableError("the pickle means one thing to one reader and another to the next", offset=straddle)
        self.top, self.stop = trace.top, trace.stop

    def _changed(self, change: Change) -> None:
        self._kept.append(change.target)
        if change.opcode != "BUILD":
            self.changes.setdefault(id(change.target), []).append(change)
        elif is_array_wrapper(change.target):
            self.arrays[id(change.target)] = change.start + 1

    def raw(self, x: object) -> Place | None:
        """Return the bytes that `x` is, or stands for; None where it is none."""
        streams = self.place.streams
        if isinstance(x, bytes):
            return streams.literal(x)
        if isinstance(x, str):
            try:
                return streams.literal(x.encode("latin-1"))
            except UnicodeError:
                return None
        if isinstance(x, Long):
            return self._long(x)
        if isinstance(x, Result) and isinstance(x.callee, Global) and isinstance(x.arguments, tuple):
            return self._called((x.callee.module, x.callee.name), x.arguments)
        return None

    def _called(self, callee: tuple[str, str], arguments: tuple[object, ...]) -> Place | None:
        if callee in _ENCODERS and len(arguments) == 2 and arguments[1] in {"latin1", "latin-1"}:
            return self.raw(arguments[0])
        if callee in _BYTES:
            return self.raw(arguments[0]) if len(arguments) == 1 else self.place.streams.literal(b"")
        return None

    def _long(self, x: Long) -> Place:
        place = self.place.part(x.start, x.end)
        if x.kind == "str":
            return place.as_text()
        if x.kind == "quoted":
            return self.place.streams.literal(self._unquoted(x))
        return place

    def _unquoted(self, x: Long) -> bytes:
        if x.end - x.start > _QUOTED:
            raise OverBudgetError(f"a quoted string of {x.end - x.start} bytes")
        line = self.place.source.read_at(x.start, x.end - x.start)
        try:
            if self.place.source.read_at(x.start - 1, 1)[0] == _STRING:
                return escape_decode(line.strip()[1:-1])[0]
            return line.decode("raw-unicode-escape").encode("latin-1")
        except ValueError as error:
            raise UnreadableError("a quoted string that does not decode", offset=x.start) from error

    def text(self, x: object) -> str | None:
        """Return the text that `x` is, as the name of something; None where it is none, or too long for a name."""
        if isinstance(x, str):
            return x
        if isinstance(x, Long) and x.end - x.start <= _LONGEST_KEY and x.kind in {"str", "string"}:
            data = self.place.source.read_at(x.start, x.end - x.start)
            try:
                return data.decode("utf-8")
            except UnicodeDecodeError:
                return data.decode("latin-1")
        return None


def entries(table: Table) -> Iterator[tuple[object, object]]:
    """Yield the keys and values of a dictionary in the order in which they were set.

    Raises:
        UnreadableError: a key has no value, at which the unpicklers stop.
    """
    if len(table.pairs) % 2:
        raise UnreadableError("a dictionary with a key that has no value")
    return zip(table.pairs[::2], table.pairs[1::2], strict=True)


def _allowance(budget: Budget) -> Callable[[int], None]:
    return partial(_allow, budget)


def _allow(budget: Budget, opcodes: int) -> None:
    budget.check_time()
    budget.opcodes -= opcodes
    if budget.opcodes < 0:
        raise OverBudgetError(f"more than {budget.limits.opcodes} opcodes")
