"""Elements that do not stand one after the other, gathered in the order in which they are written.

A tensor is written in slabs. Each is filled by copying rows of elements from one step to another, which `memoryview`
does as fast as C; the longest side of the slab is the row. What is read along one side and written along another, as of
a transposed matrix, goes tile by tile: else each element would be fetched into the cache anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import product
from math import prod
from typing import Final, Literal

from weighmaster.conversion.numbers import PARTS, WIDTH
from weighmaster.conversion.plan import Tensor

_SLAB: Final = 64 << 20
"""Bytes that are written at once."""
_EXTENT: Final = 48 << 20
"""Bytes from the first to the last element of a slab that are read at once."""
_FORMATS: Final[Mapping[int, Literal["B", "H", "I", "Q"]]] = {1: "B", 2: "H", 4: "I", 8: "Q"}
_ALONG: Final = 1024
_ACROSS: Final = 256
_LEAST: Final = 32
"""Elements of a tile along the side in which they are read and across it, and of sides of which it is worth it."""
_XOR: Final = bytes(byte ^ 0x80 for byte in range(256))

Read = Callable[[int, int], bytes]
Axis = tuple[int, int]
"""How many elements, and how many elements from one to the next."""


def slabs(tensor: Tensor, read: Read) -> Iterator[bytearray]:
    """Yield the bytes of a tensor in order; `read(at, count)` returns bytes of its stream."""
    width = WIDTH[tensor.kind]
    for sides, first in _boxes(_axes(tensor), _SLAB // width):
        slab = bytearray(prod(side for side, _ in sides) * width)
        _fill(slab, sides, tensor.start + first * width, width, read)
        yield _turned(slab, tensor, width)


def _axes(tensor: Tensor) -> list[Axis]:
    """Return the sides of a tensor, those joined that are one run, those of one element left out."""
    axes: list[Axis] = []
    for side, step in zip(tensor.shape, tensor.stride, strict=True):
        if side == 1:
            continue
        if axes and axes[-1][1] == side * step:
            axes[-1] = (axes[-1][0] * side, step)
        else:
            axes.append((side, step))
    return axes or [(1, 1)]


def _boxes(axes: list[Axis], most: int) -> Iterator[tuple[list[Axis], int]]:
    """Cut a tensor into boxes of at most `most` elements, in order; each with the place of its first element."""
    split, inner = len(axes) - 1, 1
    while split > 0 and inner * axes[split][0] <= most:
        inner *= axes[split][0]
        split -= 1
    side, step = axes[split]
    rows = max(1, most // inner)
    for _, first in _offsets(axes[:split], [0] * split):
        for row in range(0, side, rows):
            yield [(min(rows, side - row), step), *axes[split + 1 :]], first + row * step


def _offsets(axes: list[Axis], into: list[int]) -> Iterator[tuple[int, int]]:
    """Yield for all elements of these sides where they go, and where they come from."""
    if not axes:
        yield 0, 0
        return
    (side, step), by = axes[-1], into[-1]
    for there, here in _offsets(axes[:-1], into[:-1]):
        for number in range(side):
            yield there + number * by, here + number * step


def _fill(slab: bytearray, axes: list[Axis], start: int, width: int, read: Read) -> None:
    into = [prod(side for side, _ in axes[number + 1 :]) for number in range(len(axes))]
    extent = (sum((side - 1) * step for side, step in axes) + 1) * width
    whole = read(start, extent) if extent <= _EXTENT else None
    out = memoryview(slab).cast(_FORMATS[width])
    if (run := _crossing(axes)) >= 0:
        if whole is not None:
            start, read = 0, partial(_part, whole)
        _fill_tiles(out, axes, into, run, (start, width), read)
        return
    row = _row(axes, near=whole is None)
    (side, step), by = axes[row], into[row]
    others, places = axes[:row] + axes[row + 1 :], into[:row] + into[row + 1 :]
    if whole is not None and step:
        elements = memoryview(whole).cast(_FORMATS[width])
        for there, here in _offsets(others, places):
            out[there : there + (side - 1) * by + 1 : by] = elements[here : here + (side - 1) * step + 1 : step]
        return
    for there, here in _offsets(others, places):
        _fill_row(out[there : there + (side - 1) * by + 1 : by], side, step, (start + here * width, width), read)


def _part(whole: bytes, at: int, count: int) -> bytes:
    return whole[at : at + count]


def _crossing(axes: list[Axis]) -> int:
    """Return the side along which elements stand one after the other, if they are written along another; else -1."""
    runs = [number for number, (side, step) in enumerate(axes[:-1]) if step == 1 and side >= _LEAST]
    return runs[0] if runs and axes[-1][0] >= _LEAST else -1


def _fill_tiles(  # noqa: PLR0913, PLR0917 - what it takes
    out: memoryview, axes: list[Axis], into: list[int], run: int, place: tuple[int, int], read: Read
) -> None:
    """Fill tile by tile: one that is read along one side and written along the other stays in the cache meanwhile."""
    at, width = place
    (length, _), by, (count, step) = axes[run], into[run], axes[-1]
    others, places = [*axes[:run], *axes[run + 1 : -1]], [*into[:run], *into[run + 1 : -1]]
    for there, here in _offsets(others, places):
        for begin, first in product(range(0, length, _ALONG), range(0, count, _ACROSS)):
            side, rows = min(_ALONG, length - begin), min(_ACROSS, count - first)
            begins = (at + (here + begin + (first + row) * step) * width for row in range(rows))
            tile = memoryview(b"".join([read(each, side * width) for each in begins])).cast(_FORMATS[width])
            to = there + begin * by + first
            for number in range(side):
                out[to + number * by : to + number * by + rows] = tile[number::side]


def _fill_row(out: memoryview, side: int, step: int, place: tuple[int, int], read: Read) -> None:
    """Fill one row whose elements are read as they are needed."""
    at, width = place
    form = _FORMATS[width]
    if step == 0:
        out[:] = memoryview(read(at, width) * side).cast(form)
        return
    most = max(1, _EXTENT // (step * width))
    for number in range(0, side, most):
        count = min(most, side - number)
        data = read(at + number * step * width, ((count - 1) * step + 1) * width)
        out[number : number + count] = memoryview(data).cast(form)[::step]


def _row(axes: list[Axis], *, near: bool) -> int:
    """Return which side is copied at once: the longest; where all is read anew for each, the one with least between."""
    if near:
        return min(range(len(axes)), key=lambda axis: (axes[axis][1] or 1 << 62, axes[axis][0]))
    return max(range(len(axes)), key=lambda axis: (axes[axis][0] if axes[axis][1] else 0, axis))


def _turned(slab: bytearray, tensor: Tensor, width: int) -> bytearray:
    """Put bytes in order and signs right."""
    if tensor.swap:
        part = PARTS.get(tensor.kind, width)
        plain = bytes(slab)
        for byte in range(part):
            slab[byte::part] = plain[part - 1 - byte :: part]
    if tensor.flip:
        part = PARTS.get(tensor.kind, width)
        # The sign is in the last byte; of pairs, that of the imaginary part in every second.
        first, by = (2 * part - 1, 2 * part) if tensor.flip == "conj" else (part - 1, part)
        slab[first::by] = slab[first::by].translate(_XOR)
    return slab
