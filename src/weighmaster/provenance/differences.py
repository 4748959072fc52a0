"""How two files of tensors differ: tensor by tensor, in how many numbers, and by how much.

The files are read by the readers of formats, in a confined worker; tensors are told by their names there.
"""

from __future__ import annotations

import json
import os
import struct
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Final

from weighmaster import shipped
from weighmaster.engine.compare import tensors_in
from weighmaster.model.errors import TrustError, WeighmasterError
from weighmaster.model.fact import Tensor
from weighmaster.model.value import Value
from weighmaster.model.where import Span, Where
from weighmaster.reading.budget import Budget, Limits
from weighmaster.reading.source import FileSource
from weighmaster.sandbox.workers import Allowance, Died, run

_CHUNK: Final = 1 << 20
_KINDS: Final = {
    "F64": "d", "F32": "f", "I64": "q", "U64": "Q", "I32": "i", "U32": "I", "I16": "h", "U16": "H", "I8": "b",
    "U8": "B", "BOOL": "B", "float64": "d", "float32": "f",
}  # fmt: skip
"""The codes of `array` for what elements are called."""
_HALVES: Final = {"F16", "BF16", "float16"}
_SECONDS: Final = 3600.0

_Tensors = Mapping[str, tuple[Tensor, Span]]


class Difference(Value):
    """A tensor that differs: in `differing` of its `elements`, by `largest` at most (-1: not told for such elements).

    Where `note` says something, the tensors could not be compared so.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    differing: int = 0
    elements: int = 0
    largest: float = -1.0
    note: str = ""


def differences(one: str, other: str) -> tuple[Difference, ...]:
    """Return the tensors in which two files differ, in the order of the first.

    Raises:
        TrustError: one of them cannot be read, or holds no tensors.
    """
    allowance = Allowance(seconds=_SECONDS, read=(one, other))
    ((_, answer),) = run([one], lambda _: _work(one, other), allowance=allowance)
    if isinstance(answer, Died):
        raise TrustError(f"{one} and {other} could not be compared: {answer.detail}")
    said = json.loads(answer)
    if isinstance(said, str):
        raise TrustError(said)
    return tuple(Difference(**{**each, "shape": tuple(each["shape"])}) for each in said)


def _work(one: str, other: str) -> bytes:
    try:
        return json.dumps([{f: getattr(d, f) for f in d.__fields__} for d in _compared(one, other)]).encode()
    except (WeighmasterError, OSError) as error:
        return json.dumps(f"{one} and {other} could not be compared: {error}").encode()


def _compared(one: str, other: str) -> Iterator[Difference]:
    budget = Budget(Limits(seconds=_SECONDS))
    with ExitStack() as stack:
        sources = []
        for path in (one, other):
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            stack.callback(os.close, descriptor)
            sources.append(FileSource(descriptor, os.fstat(descriptor).st_size))
        left, right = (_named(source, path, budget) for source, path in zip(sources, (one, other), strict=True))
        if not left or not right:
            raise TrustError("no reader finds tensors in it at their bytes")
        for name, (tensor, span) in left.items():
            if name not in right:
                yield _noted(tensor, name, "only there before")
            elif (right[name][0].dtype, right[name][0].shape) != (tensor.dtype, tensor.shape):
                there = right[name][0]
                yield _noted(tensor, name, f"is {there.dtype} {list(there.shape)} now")
            else:
                yield from _numbers(name, tensor, sources, (span, right[name][1]), budget)
        yield from (_noted(tensor, name, "is new") for name, (tensor, _) in right.items() if name not in left)


def _named(source: FileSource, path: str, budget: Budget) -> _Tensors:
    found: dict[str, tuple[Tensor, Span]] = {}
    for tensor, span in tensors_in(source, Where.file(path), shipped.registry(), budget):
        name = tensor.name
        while name in found:  # Formats without names of their own, and several tensors in one storage.
            name += "'"
        found[name] = tensor, span
    return found


def _noted(tensor: Tensor, name: str, note: str) -> Difference:
    return Difference(name=name, dtype=tensor.dtype, shape=tensor.shape, note=note)


def _numbers(
    name: str, tensor: Tensor, sources: Sequence[FileSource], spans: Sequence[Span], budget: Budget
) -> Iterator[Difference]:
    sizes = {span.end - span.start for span in spans}
    if len(sizes) > 1:
        yield _noted(tensor, name, "takes another number of bytes")
        return
    (size,) = sizes
    differing, elements, largest = 0, 0, -1.0
    for at in range(0, size, _CHUNK):
        budget.check_time()
        length = min(_CHUNK, size - at)
        pair = [source.read_at(span.start + at, length) for source, span in zip(sources, spans, strict=True)]
        if pair[0] != pair[1]:
            count, step = _apart(tensor.dtype, pair[0], pair[1])
            differing += count
            largest = max(largest, step)
    if differing:
        elements = size // _width(tensor.dtype)
        shape = tensor.shape
        yield Difference(
            name=name, dtype=tensor.dtype, shape=shape, differing=differing, elements=elements, largest=largest
        )


def _width(dtype: str) -> int:
    if dtype in _HALVES:
        return 2
    return struct.calcsize(_KINDS.get(dtype, "B"))


def _apart(dtype: str, one: bytes, other: bytes) -> tuple[int, float]:
    """Return in how many elements two chunks differ, and by how much at most; NaNs are as far apart as can be."""
    left, right = _values(dtype, one), _values(dtype, other)
    width = _width(dtype)
    raw = zip(memoryview(one).cast(_RAW[width]), memoryview(other).cast(_RAW[width]), strict=True)
    at = [index for index, (a, b) in enumerate(raw) if a != b]
    if left is None or right is None:
        return len(at), -1.0
    steps = [abs(left[index] - right[index]) for index in at]
    return len(at), max((float("inf") if step != step else float(step) for step in steps), default=0.0)  # noqa: PLR0124


_RAW: Final[dict[int, Any]] = {1: "B", 2: "H", 4: "I", 8: "Q"}


def _values(dtype: str, data: bytes) -> Sequence[Any] | None:
    if dtype in {"F16", "float16"}:
        return struct.unpack(f"<{len(data) // 2}e", data)
    if dtype == "BF16":
        # A bfloat16 is the upper half of a float32.
        wide = bytearray(2 * len(data))
        wide[2::4], wide[3::4] = data[0::2], data[1::2]
        return array("f", bytes(wide))
    return array(_KINDS[dtype], data) if dtype in _KINDS else None
