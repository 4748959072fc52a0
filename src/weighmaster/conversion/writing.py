"""A safetensors file as the reference writer lays it out: the same tensors give the same bytes.

Specification: <https://github.com/huggingface/safetensors#format>. Tensors stand in the order of their kinds, the
widest first, and among these in the order of the bytes of their names; blanks fill the header up to eight bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import prod
from typing import Final

from weighmaster.conversion.numbers import ORDER, WIDTH
from weighmaster.conversion.plan import Tensor
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.value import Value

LONGEST: Final = 100_000_000
"""Bytes of the longest header that the reference reader takes."""
_METADATA: Final = "__metadata__"
_RANK: Final = {kind: rank for rank, kind in enumerate(ORDER)}


class Placed(Value):
    """A tensor, and at which byte of the written file it begins."""

    tensor: Tensor
    at: int


class Layout(Value):
    """What is written: the header with its length in front, and the tensors in order; `size` bytes in all."""

    header: bytes
    placed: tuple[Placed, ...]
    size: int


def laid(tensors: Sequence[Tensor], metadata: Mapping[str, str]) -> Layout:
    """Lay tensors out.

    Raises:
        OverBudgetError: the header would be longer than readers take.
    """
    ordered = sorted(tensors, key=lambda tensor: (_RANK[tensor.kind], tensor.name.encode()))
    table: dict[str, object] = {_METADATA: dict(sorted(metadata.items()))} if metadata else {}
    begin, begins = 0, []
    for tensor in ordered:
        end = begin + tensor.size
        table[tensor.name] = {"dtype": tensor.kind, "shape": _shape(tensor), "data_offsets": [begin, end]}
        begins.append(begin)
        begin = end
    text = json.dumps(table, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    if len(text) > LONGEST:
        raise OverBudgetError(f"the header would have {len(text)} bytes, and readers take {LONGEST}")
    start = 8 + len(text)
    placed = tuple(Placed(tensor=tensor, at=start + at) for tensor, at in zip(ordered, begins, strict=True))
    return Layout(header=len(text).to_bytes(8, "little") + text, placed=placed, size=start + begin)


def _shape(tensor: Tensor) -> list[int]:
    # A byte of F4 holds two numbers; the shape counts numbers.
    return [*tensor.shape[:-1], 2 * tensor.shape[-1]] if tensor.kind == "F4" else list(tensor.shape)


def packed(tensor: Tensor) -> bool:
    """Say whether the elements stand one after the other as they are written."""
    step = WIDTH[tensor.kind]
    if prod(tensor.shape) == 0:
        return True
    wanted = 1
    for side, by in zip(reversed(tensor.shape), reversed(tensor.stride), strict=True):
        if side != 1 and by != wanted:
            return False
        wanted *= side
    return not tensor.flip and not (tensor.swap and step > 1)
