"""Elements that do not stand one after the other, gathered in the order in which they are written.

A tensor is written in slabs. Each is filled by copying rows of elements from one step to another, which `memoryview`
does as fast as C; the longest side of the slab is the row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import prod
from typing import Final, Literal

from weighmaster.conversion.numbers import PARTS, WIDTH
from weighmaster.conversion.plan import Tensor

_SLAB: Final = 64 << 20
"""Bytes that are written at once."""
_EXTENT: Final = 48 << 20
"""Bytes from the first to the last element of a slab that are read at once."""
_FORMATS: Final[Mapping[int, Literal["B", "H", "I", "Q"]]] = {1: "B", 2: "H", 4: "I", 8: "Q"}
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
    row = _row(axes, near=whole is None)
    (side, step), by = axes[row], into[row]
    others, places = axes[:row] + axes[row + 1 :], into[:row] + into[row + 1 :]
    out = memoryview(slab).cast(_FORMATS[width])
    if whole is not None and step:
        elements = memoryview(whole).cast(_FORMATS[width])
        for there, here in _offsets(others, places):
            out[there : there + (side - 1) * by + 1 : by] = elements[here : here + (side - 1) * step + 1 : step]
        return
    for there, here in _offsets(others, places):
        _fill_row(out[there : there + (side - 1) * by + 1 : by], side, step, (start + here * width, width), read)


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
