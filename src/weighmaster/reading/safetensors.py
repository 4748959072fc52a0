"""The header of safetensors: what it says of each tensor, and whether that can be so.

Specification: <https://github.com/huggingface/safetensors#format>
"""

from __future__ import annotations

from collections.abc import Iterator
from json import JSONDecoder
from typing import Any, Final

from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.value import Value
from weighmaster.reading.pattern import pattern
from weighmaster.reading.source import Source

LONGEST: Final = 100_000_000
"""The reference reader takes no longer header."""
MOST: Final = 500_000
"""Tensors of a file."""
U64: Final = 1 << 64
METADATA: Final = "__metadata__"
_BITS: Final = {
    "BOOL": 8, "U8": 8, "I8": 8, "U16": 16, "I16": 16, "U32": 32, "I32": 32, "U64": 64, "I64": 64,
    "F16": 16, "BF16": 16, "F32": 32, "F64": 64, "C64": 64, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
    "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
}  # fmt: skip
_DEEPEST: Final = 128
_BLANK: Final = pattern(r"[ \t\n\r]*")
_WINDOWS: Final = (4 << 10, 256 << 10, 4 << 20)
"""How much text one value of the header may take: tried in this order, so that no value makes us hold a lot."""


class Laid(Value):
    """A tensor as the header describes it; offsets count from the end of the header."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int

    @property
    def bits(self) -> int | None:
        """What its dtype and its shape need; none where the dtype is not known, `U64` or more where it overflows."""
        bits, elements = _BITS.get(self.dtype), 1
        if bits is None:
            return None
        for dimension in self.shape:
            elements *= dimension
            # A reader with 64-bit integers either stops here or goes on with another number.
            if elements >= U64:
                break
        return elements * bits


class Header:
    """Takes the header's top-level members one at a time, so that it is never held as objects as a whole."""

    __slots__ = ("_at", "_decoder", "_names", "_text", "doubles", "widest", "widest_at")

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._names: set[str] = set()
        self._decoder = JSONDecoder(
            object_pairs_hook=self._pairs, parse_constant=_no_constant, parse_int=_integer, parse_float=_number
        )
        self.doubles: list[str] = []
        self.widest = 0
        self.widest_at = 0

    def members(self) -> Iterator[tuple[str, Any]]:
        """Yield each key with its value; `doubles` then has the keys that came twice."""
        self._expect("{")
        more = self._next() != "}"
        if not more:
            self._at += 1
        while more:
            key = self._key()
            self._expect(":")
            self._blank()
            yield key, self._value()
            more = self._next() == ","
            self._expect("," if more else "}")
        self._blank()
        if self._at != len(self._text):
            raise self._broken("something after the closing brace")

    def _key(self) -> str:
        key = self._value() if self._next() == '"' else None
        if not isinstance(key, str):
            raise self._broken("a key wanted")
        if key in self._names:
            self.doubles.append(key)
        self._names.add(key)
        return key

    def _value(self) -> Any:
        for window in _WINDOWS:
            text = self._text[self._at : self._at + window]
            try:
                value, end = self._decoder.raw_decode(text)
            except (ValueError, RecursionError) as error:
                if len(text) < window:
                    raise self._broken("a broken value") from error
                continue
            self._at += end
            return value
        raise OverBudgetError(f"safetensors: a value of more than {_WINDOWS[-1]} bytes in the header")

    def _pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            seen: set[str] = set()
            self.doubles += {key for key, _ in pairs if key in seen or seen.add(key)}  # type: ignore[func-returns-value]
        return found

    def _next(self) -> str:
        self._blank()
        return self._text[self._at : self._at + 1]

    def _expect(self, character: str) -> None:
        if self._next() != character:
            raise self._broken(f"{character!r} wanted")
        self._at += 1

    def _blank(self) -> None:
        run = _BLANK.match(self._text, self._at)
        if run is not None:
            start, self._at = run.span()
            if self._at - start > self.widest:
                self.widest, self.widest_at = self._at - start, start

    def _broken(self, what: str) -> UnreadableError:
        return UnreadableError(f"safetensors: the header is not JSON: {what}", offset=8 + self._at)


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _integer(text: str) -> int | float:
    # -0 is a floating-point number to the reference reader, and so is what needs more than 64 bits.
    return int(text) if len(text) <= 20 and text != "-0" else _number(text)


def _number(text: str) -> float:
    value = float(text)
    if value in {float("inf"), float("-inf")}:
        raise ValueError(text)
    return value


def tensors(source: Source) -> tuple[int, tuple[Laid, ...]]:
    """Return where the data begins, and the tensors in it, in their order: all of the law is kept, or nothing is read.

    The tensors cover the data without hole or overlap, each has the bytes that its dtype and shape need, and no key
    stands there twice.

    Raises:
        UnreadableError: the law is broken.
        OverBudgetError: there are more tensors, or longer values, than any model has.
    """
    length = int.from_bytes(source.read_at(0, 8), "little")
    if source.size < 8 or length > min(LONGEST, source.size - 8):
        raise UnreadableError(f"safetensors: a header of {length} bytes in a file of {source.size}")
    try:
        text = source.read_at(8, length).decode()
    except UnicodeDecodeError as error:
        raise UnreadableError("safetensors: the header is not UTF-8", offset=8 + error.start) from error
    header = Header(text)
    found: list[Laid] = []
    for key, value in header.members():
        if key == METADATA:
            _check_metadata(value)
        else:
            found.append(laid(key, value))
        if len(found) > MOST:
            raise OverBudgetError(f"safetensors: more than {MOST} tensors")
    if header.doubles:
        raise UnreadableError(f"safetensors: the header has {header.doubles[0]!r} twice")
    found.sort(key=lambda one: (one.begin, one.end))
    _check_layout(found, source.size - 8 - length)
    return 8 + length, tuple(found)


def _check_metadata(value: Any) -> None:
    if value is None:
        return
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise UnreadableError(f"safetensors: {METADATA} is not a mapping of text to text")
    check_extra([*value, *value.values()])


def _check_layout(found: list[Laid], size: int) -> None:
    reached = 0
    for one in found:
        if one.begin != reached or not one.begin <= one.end <= size:
            raise UnreadableError(
                f"safetensors: {one.name!r} lies at {one.begin}-{one.end}, {reached} is where it has to"
            )
        bits = one.bits
        if bits is None:
            raise UnreadableError(f"safetensors: {one.name!r} has the dtype {one.dtype[:40]!r}, which is not known")
        if bits != (one.end - one.begin) * 8:
            raise UnreadableError(
                f"safetensors: {one.name!r} has {one.end - one.begin} bytes, not what its shape needs"
            )
        reached = one.end
    if reached != size:
        raise UnreadableError(f"safetensors: the tensors end at {reached}, the data at {size}")


def laid(name: str, value: Any) -> Laid:
    """Return what the header says of a tensor.

    Raises:
        UnreadableError: it says less than it must, or anything in another form.
    """
    check_extra([name])
    if not isinstance(value, dict):
        raise UnreadableError(f"safetensors: {name!r} is not a mapping")
    dtype, shape, offsets = value.get("dtype"), value.get("shape"), value.get("data_offsets")
    if len(value) > 3:
        check_extra([extra for pair in value.items() for extra in pair])
    if not isinstance(dtype, str):
        raise UnreadableError(f"safetensors: the dtype of {name!r} is not text")
    if not isinstance(shape, list) or not _are_counts(shape):
        raise UnreadableError(f"safetensors: the shape of {name!r} is not a list of whole numbers")
    if not isinstance(offsets, list) or len(offsets) != 2 or not _are_counts(offsets):
        raise UnreadableError(f"safetensors: the data_offsets of {name!r} are not two whole numbers")
    return Laid(name=name, dtype=dtype, shape=tuple(shape), begin=offsets[0], end=offsets[1])


def _are_counts(values: list[Any]) -> bool:
    return all(type(n) is int and 0 <= n < U64 for n in values)


def check_extra(values: list[Any]) -> None:
    """Refuse what the reference reader refuses in fields that it ignores: lone surrogates, depth."""
    layer = values
    for _ in range(_DEEPEST):
        below: list[Any] = []
        for value in layer:
            if isinstance(value, str):
                _check_text(value)
            elif isinstance(value, list):
                below += value
            elif isinstance(value, dict):
                below += value.keys()
                below += value.values()
        if not below:
            return
        layer = below
    raise UnreadableError("safetensors: the header is nested too deep")


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UnreadableError("safetensors: half a surrogate pair in the header") from error
