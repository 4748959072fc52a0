"""GGUF: a header, typed keys and values, a table of tensors, then the tensors' bytes.

Specification: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>. What each type of block takes stands in
`ggml/src/ggml-common.h` and in `GGML_QUANT_SIZES` of gguf-py (`gguf/constants.py`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, TypeAlias

from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.value import Value
from weighmaster.reading.budget import Budget
from weighmaster.reading.buffered import Buffered
from weighmaster.reading.source import Source

MAGIC: Final = b"GGUF"
ALIGNMENT: Final = 32
"""Where `general.alignment` says nothing else."""
TENSORS: Final = 500_000
_KEYS: Final = 100_000
_KEY: Final = 65_535
"""Bytes of the longest key that the specification allows."""
_NAME: Final = 4096
_DIMENSIONS: Final = 16
"""ggml has four; readers in Python take more."""
_DEEPEST: Final = 4
_KEPT: Final = 2 << 20
"""Bytes of a text that are kept; a chat template is a hundredth of that."""
_WINDOW: Final = 256 << 10
_LISTED: Final = 64
"""Items of an array of text that are kept."""
_OVERFLOW: Final = 1 << 48
"""No file is so long: who adds to such a length, or multiplies it, leaves 64 bits soon."""

# struct codes by type number; 8 is text, 9 an array.
_NUMBERS: Final = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "B", 10: "Q", 11: "q", 12: "d"}
_TEXT: Final = 8
_ARRAY: Final = 9

BLOCKS: Final = {
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20), 4: ("Q4_2", 16, 10),
    5: ("Q4_3", 16, 12), 6: ("Q5_0", 32, 22), 7: ("Q5_1", 32, 24), 8: ("Q8_0", 32, 34), 9: ("Q8_1", 32, 40),
    10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110), 12: ("Q4_K", 256, 144), 13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210), 15: ("Q8_K", 256, 292), 16: ("IQ2_XXS", 256, 66), 17: ("IQ2_XS", 256, 74),
    18: ("IQ3_XXS", 256, 98), 19: ("IQ1_S", 256, 50), 20: ("IQ4_NL", 32, 18), 21: ("IQ3_S", 256, 110),
    22: ("IQ2_S", 256, 82), 23: ("IQ4_XS", 256, 136), 24: ("I8", 1, 1), 25: ("I16", 1, 2), 26: ("I32", 1, 4),
    27: ("I64", 1, 8), 28: ("F64", 1, 8), 29: ("IQ1_M", 256, 56), 30: ("BF16", 1, 2), 31: ("Q4_0_4_4", 32, 18),
    32: ("Q4_0_4_8", 32, 18), 33: ("Q4_0_8_8", 32, 18), 34: ("TQ1_0", 256, 54), 35: ("TQ2_0", 256, 66),
    36: ("IQ4_NL_4_4", 32, 18), 37: ("IQ4_NL_4_8", 32, 18), 38: ("IQ4_NL_8_8", 32, 18), 39: ("MXFP4", 32, 17),
    40: ("NVFP4", 64, 36), 41: ("Q1_0", 128, 18),
}  # fmt: skip
"""Name, elements of a block, bytes of a block, by the number of the type."""


class OverflowingError(UnreadableError):
    """A count or a length that leaves 64 bits as soon as a reader calculates with it."""


class Bytes(Value):
    """An array of bytes, where it lies."""

    start: int
    end: int


class Texts(Value):
    """An array of text: how many, and the first of them."""

    count: int
    first: tuple[str, ...]


Item: TypeAlias = str | int | float | Bytes | Texts | None


class Entry(Value):
    """A key and what stands under it; `kind` is the number of its type. An array of numbers is not kept."""

    key: str
    kind: int
    value: Item
    start: int
    end: int
    cut: bool = False
    """Only the beginning of the text was kept."""


class TensorInfo(Value):
    """A tensor as the table tells it; `offset` counts from the beginning of the data."""

    name: str
    kind: int
    shape: tuple[int, ...]
    offset: int


class Header(Value):
    """The fixed beginning."""

    version: int
    order: str
    tensors: int
    keys: int


class Reader:
    """Goes through a file in its order: `header`, then `entries`, then `tensors`."""

    __slots__ = ("_in", "_wide", "header")

    def __init__(self, source: Source, budget: Budget) -> None:
        self._in = Buffered(source, budget)
        if self._in.take(4) != MAGIC:
            raise UnreadableError("gguf: no magic number", offset=0)
        raw = self._in.take(4)
        # Version 3 allows both orders; a version is a small number in the right one.
        self._in.order = ">" if int.from_bytes(raw, "little") & 0xFFFF == 0 else "<"
        version = struct.unpack(self._in.order + "I", raw)[0]
        if not 1 <= version <= 3:
            raise UnreadableError(f"gguf: version {version}, 1 to 3 are known", offset=4)
        # Version 1 counts with 32 bits.
        self._wide = "I" if version == 1 else "Q"
        tensors, keys = self._in.number(self._wide), self._in.number(self._wide)
        self.header = Header(version=version, order=self._in.order, tensors=tensors, keys=keys)

    @property
    def offset(self) -> int:
        """Where reading stands."""
        return self._in.offset

    def entries(self) -> Iterator[Entry]:
        """Yield all keys."""
        self._check(self.header.keys, 1, "keys")
        if self.header.keys > _KEYS:
            raise OverBudgetError(f"gguf: more than {_KEYS} keys")
        for _ in range(self.header.keys):
            start = self._in.offset
            length = self._length("a key")
            if length > _KEY:
                raise UnreadableError(f"gguf: a key of {length} bytes, {_KEY} are allowed", offset=start)
            key = self._in.text(length)
            kind = self._in.number("I")
            value, cut = self._value(kind, key)
            yield Entry(key=key, kind=kind, value=value, start=start, end=self._in.offset, cut=cut)

    def tensors(self) -> Iterator[TensorInfo]:
        """Yield the table of tensors."""
        self._check(self.header.tensors, 1, "tensors")
        if self.header.tensors > TENSORS:
            raise OverBudgetError(f"gguf: more than {TENSORS} tensors")
        for _ in range(self.header.tensors):
            length = self._length("a tensor's name")
            name = self._in.text(length, _NAME)
            count = self._in.number("I")
            if count > _DIMENSIONS:
                raise UnreadableError(f"gguf: {name!r} has {count} dimensions", offset=self._in.offset)
            shape = tuple(self._in.number(self._wide) for _ in range(count))
            kind, offset = self._in.number("I"), self._in.number("Q")
            yield TensorInfo(name=name, kind=kind, shape=shape, offset=offset)

    def _value(self, kind: int, key: str) -> tuple[Item, bool]:
        code = _NUMBERS.get(kind)
        if code is not None:
            (number,) = struct.unpack(self._in.order + code, self._in.take(struct.calcsize(code)))
            return number, False
        if kind == _TEXT:
            length = self._length(f"the text of {key!r}")
            return self._in.text(length, _KEPT), length > _KEPT
        if kind == _ARRAY:
            return self._array(key, _DEEPEST), False
        raise UnreadableError(f"gguf: {key!r} has the type {kind}", offset=self._in.offset)

    def _array(self, key: str, depth: int) -> Item:
        kind, count = self._in.number("I"), self._in.number(self._wide)
        code = _NUMBERS.get(kind)
        start = self._in.offset
        if code is not None:
            self._check(count, struct.calcsize(code), f"items of {key!r}")
            self._in.skip(count * struct.calcsize(code))
            return Bytes(start=start, end=self._in.offset) if code in "bB" else None
        self._check(count, 4 if self._wide == "I" else 8, f"items of {key!r}")
        if kind == _TEXT:
            return self._texts(count)
        if kind != _ARRAY or depth == 0:
            raise UnreadableError(f"gguf: {key!r} is an array of the type {kind}, or too deep", offset=start)
        for _ in range(count):
            self._array(key, depth - 1)
        return None

    def _texts(self, count: int) -> Texts:
        first = tuple(self._in.text(self._length("a text"), _NAME) for _ in range(min(count, _LISTED)))
        self._skip_texts(count - len(first))
        return Texts(count=count, first=first)

    def _skip_texts(self, count: int) -> None:
        """Go past texts: a vocabulary has a hundred thousand of them, so this is as plain as it gets."""
        inside, size = self._in, self._in.size
        unpack, width = struct.Struct(inside.order + self._wide).unpack_from, struct.calcsize(self._wide)
        offset = base = inside.offset
        window, end = b"", 0
        while count:
            if offset - base + width > end:
                inside.budget.check_time()
                base, window = offset, inside.source.read_at(offset, _WINDOW)
                end = len(window)
                if end < width:
                    raise UnreadableError("gguf: ends inside an array", offset=offset)
            length = unpack(window, offset - base)[0]
            if length > size - offset - width:
                raise _too_long("a text", length, offset)
            offset += width + length
            count -= 1
        inside.offset = offset

    def _length(self, what: str) -> int:
        at = self._in.offset
        length = self._in.number(self._wide)
        if length > self._in.left:
            raise _too_long(what, length, at)
        return length

    def _check(self, count: int, least: int, what: str) -> None:
        if count * least > self._in.left:
            raise _too_long(f"a number of {what}", count, self._in.offset)


def _too_long(what: str, length: int, offset: int) -> UnreadableError:
    kind = OverflowingError if length >= _OVERFLOW else UnreadableError
    return kind(f"gguf: {what} is given as {length}", offset=offset)


def padded(offset: int, alignment: int) -> int:
    """Return where the next aligned byte stands."""
    return offset + -offset % alignment
