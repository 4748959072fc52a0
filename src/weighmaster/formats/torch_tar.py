"""PyTorch's first layout, before 0.2: a tar whose members hold pickles and raw numbers in turn.

Source: torch/serialization.py, `legacy_load` in `_legacy_load`. `storages` is the number of storages, then for each a
pickle of (key, location, storage class), eight bytes that count the elements, and the elements; then a list of views.
`tensors` is the number of tensors, then for each a pickle of (key, storage key, tensor class) and the shape in raw
numbers. `pickle` is the object. Each pickle is handed on as an artifact of its own, and so is what does not add up.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from functools import partial
from typing import Final

from weighmaster.extend.format import Format, Glance, Inner, Read
from weighmaster.machine.run import follow
from weighmaster.machine.shadow import Global
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.fact import Storage, Stray
from weighmaster.model.where import Where
from weighmaster.reading.budget import Budget
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.source import PartSource, Source
from weighmaster.reading.tar import BLOCK, Entry, parse_header, place, walk
from weighmaster.reading.torch import ELEMENT_BYTES

_FIRST: Final = 32
"""Members among which those of this layout must be; torch wrote four."""
_WANTED: Final = frozenset({"storages", "tensors", "pickle"})
_DIMENSIONS: Final = 64


def _matches(glance: Glance) -> bool:
    if parse_header(glance.head[:BLOCK]) is None:
        return False
    names: set[str] = set()
    try:
        for number, found in enumerate(walk(glance.source, Budget())):
            if isinstance(found, Entry):
                names.add(found.name.removeprefix("./"))
            if names >= _WANTED or number > _FIRST:
                break
    except (UnreadableError, OverBudgetError):
        pass
    return names >= _WANTED


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    seen: set[int] = set()
    for found in walk(cursor.source, cursor.budget):
        if not isinstance(found, Entry):
            continue
        inside, _ = place(where, found, seen)
        name = found.name.removeprefix("./")
        if found.kind == "file" and name in ("storages", "tensors"):
            source = PartSource(cursor.source, found.start, found.end)
            # The format of tars hands the member on as a whole; what stands in it is handed on here instead.
            yield Storage(where=inside, size=source.size)
            yield from _Member(cursor.budget, source, inside).read(name)


class _Member:
    """A member in which pickles and raw numbers take turns."""

    def __init__(self, budget: Budget, source: Source, where: Where) -> None:
        self._budget = budget
        self._source = source
        self._where = where
        self._left = budget.limits.members

    def read(self, name: str) -> Iterator[Read]:
        """Yield each pickle as an artifact, all raw numbers as storages, and the rest, if any, as an artifact."""
        raw = self._elements if name == "storages" else self._shape
        count, at = yield from self._pickle(0)
        if isinstance(count, int):
            for _ in range(count):
                top, end = yield from self._pickle(at)
                size = raw(top, end) if end > at else -1
                at = end
                if size < 0:
                    break
                yield Storage(where=self._where.span(end, end + size), size=size)
                at = end + size
            else:
                if name == "storages":
                    _, at = yield from self._pickle(at)
        if at < self._source.size:
            rest = self._where.span(at, self._source.size)
            yield Stray(where=rest, size=self._source.size - at, position="after")
            yield Inner(rest, partial(PartSource, self._source, at, self._source.size))

    def _pickle(self, start: int) -> Generator[Read, None, tuple[object, int]]:
        """Hand on the pickle at `start`; return what it leaves, and where it ends: at `start` where it breaks."""
        self._left -= 1
        if self._left < 0:
            raise OverBudgetError(f"more than {self._budget.limits.members} pickles")
        end, top = -1, None
        for trace in follow(self._source, start, allow=self._allow):
            end, top = trace.stop, trace.top
        if end < 0:
            return None, start
        yield Inner(self._where.span(start, end), partial(PartSource, self._source, start, end))
        return top, end

    def _allow(self, opcodes: int) -> None:
        self._budget.check_time()
        self._budget.opcodes -= opcodes
        if self._budget.opcodes < 0:
            raise OverBudgetError(f"more than {self._budget.limits.opcodes} opcodes")

    def _elements(self, top: object, at: int) -> int:
        match top:
            case (_, _, Global(module="torch" | "torch.cuda" | "torch.storage") as kind) if kind.name in ELEMENT_BYTES:
                count = self._number(at, 8)
                return self._fits(at, 8 + count * ELEMENT_BYTES[kind.name] if count >= 0 else -1)
            case _:
                return -1

    def _shape(self, top: object, at: int) -> int:
        dimensions = self._number(at, 4)
        if not isinstance(top, tuple) or not 0 <= dimensions <= _DIMENSIONS:
            return -1
        return self._fits(at, 8 + 16 * dimensions + 8)

    def _number(self, at: int, size: int) -> int:
        data = self._source.read_at(at, size)
        return int.from_bytes(data, "little", signed=True) if len(data) == size else -1

    def _fits(self, at: int, size: int) -> int:
        return size if at + size <= self._source.size else -1


FORMAT: Final = Format(id="torch-tar", title="PyTorch checkpoint in a tar (before 0.2)", matches=_matches, read=_read)
