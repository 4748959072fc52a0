"""safetensors: an 8-byte header length, a JSON header that says where each tensor lies, then the tensors.

The law is that of the reference reader: the tensors cover the data without hole or overlap, and each has exactly
the bytes that its shape and dtype need. What breaks the law is told; what a tolerant reader would take from it as well.

Specification: <https://github.com/huggingface/safetensors#format>
"""

from __future__ import annotations

from collections.abc import Iterator
from json import JSONDecoder
from typing import Any, Final

from weighmaster.extend.format import Format, Glance, Inner, Read, part
from weighmaster.machine.run import plausible
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.fact import Disagreement, Metadata, Reference, Statement, Stray, Tensor
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.value import Value
from weighmaster.model.where import Member, Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.pattern import pattern
from weighmaster.reading.payload import decoded, is_artifact
from weighmaster.reading.source import BytesSource

_LONGEST: Final = 100_000_000
"""The reference reader takes no longer header."""
_PADDING: Final = 64 << 10
"""White space in one place of the header. Writers align to 8 bytes, some to a page; many readers take less."""
_TENSORS: Final = 500_000
_STRAYS: Final = 64
_GAPS: Final = 20
_DEEPEST: Final = 128
_SHORTEST: Final = 16
"""Encoded text below this length stands for nothing that does something."""
_U64: Final = 1 << 64
_METADATA: Final = "__metadata__"
_MARKUP: Final = pattern(r"<\s*[A-Za-z][^<>]{3}")
_SAID: Final = 500
_STATED: Final = {
    "format": "framework", "modelspec.title": "name", "modelspec.author": "author", "modelspec.license": "licence",
    "modelspec.architecture": "architecture", "modelspec.merged_from": "base-model", "license": "licence",
    "author": "author", "base_model": "base-model", "ss_sd_model_name": "base-model",
    "ss_base_model_version": "base-model",
}  # fmt: skip
"""What writers say of the whole: transformers, <https://github.com/Stability-AI/ModelSpec>, sd-scripts."""
_BITS: Final = {
    "BOOL": 8, "U8": 8, "I8": 8, "U16": 16, "I16": 16, "U32": 32, "I32": 32, "U64": 64, "I64": 64,
    "F16": 16, "BF16": 16, "F32": 32, "F64": 64, "C64": 64, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
    "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
}  # fmt: skip
_BLANK: Final = pattern(r"[ \t\n\r]*")
_WINDOWS: Final = (4 << 10, 256 << 10, 4 << 20)
"""How much text one value of the header may take: tried in this order, so that no value makes us hold a lot."""


class _Entry(Value):
    """A tensor as the header describes it; offsets count from the end of the header."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


def _matches(glance: Glance) -> bool:
    if glance.size < 10:
        return False
    length, start = int.from_bytes(glance.head[:8], "little"), glance.head[8:]
    if length <= _LONGEST and length + 8 <= glance.size:
        # The reference reader takes white space in front; a blank head may be padding in front of the brace.
        return start.lstrip(b" \t\r\n")[:1] in {b"{", b""} and length >= 2
    # A length that cannot be, and a header all the same: a lie is not another format. Eight bytes of text in
    # front of a brace are the beginning of a line of source, not a length.
    return start.startswith((b'{"', b"{}", b"{ ")) and not _is_text(glance.head[:8])


def _is_text(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return all(byte >= 0x20 or byte in b"\t\r\n" for byte in raw)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    gaps = 0
    for read in _all(cursor, where):
        yield read
        gaps += isinstance(read, Gap)
        if gaps > _GAPS:
            raise UnreadableError("safetensors: more is wrong than is listed")


def _all(cursor: Cursor, where: Where) -> Iterator[Read]:
    length = cursor.u64()
    if length > _LONGEST:
        yield part(cursor, where, cursor.offset, cursor.size)
        raise UnreadableError(f"safetensors: a header of {length} bytes, at most {_LONGEST} are allowed", offset=0)
    raw = cursor.take(length)
    if not raw.isascii():
        cursor.budget.hold(4 * length)
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise UnreadableError("safetensors: the header is not UTF-8", offset=8 + error.start) from error
    del raw
    entries: list[_Entry] = []
    header = _Header(text)
    for key, value in header.members():
        doubles, header.doubles = header.doubles, []
        for double in doubles:
            yield Disagreement(where=where, kind="duplicate-key", detail=f"the header has {double!r} twice")
        if key == _METADATA:
            yield from _metadata(where, value)
            continue
        entries.append(_entry(key, value))
        if len(entries) % 1024 == 0:
            cursor.budget.check_time()
        if len(entries) > _TENSORS:
            raise OverBudgetError(f"safetensors: more than {_TENSORS} tensors")
    if header.widest > _PADDING:
        # The place is in bytes, the text in characters.
        start = 8 + len(text[: header.widest_at].encode())
        place = where.span(start, start + header.widest)
        yield Disagreement(where=place, kind="padded-header", detail=f"{header.widest} blanks stand in the header")
    yield from _layout(cursor, where, entries)


class _Header:
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


def _metadata(where: Where, value: Any) -> Iterator[Read]:
    if value is None:
        return
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise UnreadableError(f"safetensors: {_METADATA} is not a mapping of text to text")
    for key, text in value.items():
        _check_extra([key, text])
        yield Metadata(where=where, key=key, text=text)
        if key in _STATED and text:
            yield Statement(where=where, key=_STATED[key], value=text[:_SAID], by="safetensors")
        elif key.endswith(("url", "_link")) and "://" in text[:16]:
            yield Reference(where=where, kind="address", target=text[:_SAID], by="safetensors")
        yield from _hidden(where / Member(name=key), text)


def _hidden(where: Where, text: str) -> Iterator[Read]:
    """Hand on what a text stands for, if that is something a loader could take."""
    found = decoded(text.encode()) if len(text) >= _SHORTEST else None
    if found is not None and is_artifact(found[1], plausible):
        data = found[1]
        yield Inner(where, lambda: BytesSource(data))


def _entry(name: str, value: Any) -> _Entry:
    _check_extra([name])
    if not isinstance(value, dict):
        raise UnreadableError(f"safetensors: {name!r} is not a mapping")
    dtype, shape, offsets = value.get("dtype"), value.get("shape"), value.get("data_offsets")
    if len(value) > 3:
        _check_extra([extra for pair in value.items() for extra in pair])
    if not isinstance(dtype, str):
        raise UnreadableError(f"safetensors: the dtype of {name!r} is not text")
    if not isinstance(shape, list) or not _are_counts(shape):
        raise UnreadableError(f"safetensors: the shape of {name!r} is not a list of whole numbers")
    if not isinstance(offsets, list) or len(offsets) != 2 or not _are_counts(offsets):
        raise UnreadableError(f"safetensors: the data_offsets of {name!r} are not two whole numbers")
    return _Entry(name=name, dtype=dtype, shape=tuple(shape), begin=offsets[0], end=offsets[1])


def _are_counts(values: list[Any]) -> bool:
    return all(type(n) is int and 0 <= n < _U64 for n in values)


def _check_extra(values: list[Any]) -> None:
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


def _layout(cursor: Cursor, where: Where, entries: list[_Entry]) -> Iterator[Read]:
    base, data = cursor.offset, cursor.left
    entries.sort(key=lambda entry: (entry.begin, entry.end))
    reached = strays = 0
    for entry in entries:
        if entry.end < entry.begin or entry.end > data:
            detail = f"safetensors: {entry.name!r} lies at {entry.begin}-{entry.end} of {data} bytes"
            yield Gap(where=where, reason=GapReason.UNREADABLE, detail=detail)
            continue
        place = where.span(base + entry.begin, base + entry.end)
        yield from _check_size(entry, place)
        yield Tensor(where=place, name=entry.name, dtype=entry.dtype, shape=entry.shape)
        if _MARKUP.search(entry.name):  # Programs that list tensors show their names.
            yield Metadata(where=place, key="the name of a tensor", text=entry.name)
        if entry.begin < reached:
            detail = f"{entry.name!r} begins inside the tensor before it"
            yield Disagreement(where=place, kind="tensors-overlap", detail=detail)
        elif entry.begin > reached:
            strays += 1
            if strays > _STRAYS:
                raise OverBudgetError(f"safetensors: more than {_STRAYS} holes between tensors")
            yield from _stray(cursor, where, (base + reached, base + entry.begin), "between" if reached else "before")
        reached = max(reached, entry.end)
    if reached < data:
        yield from _stray(cursor, where, (base + reached, cursor.size), "after")


def _stray(cursor: Cursor, where: Where, span: tuple[int, int], position: str) -> Iterator[Read]:
    yield Stray(where=where.span(*span), size=span[1] - span[0], position=position)
    yield part(cursor, where, *span)


def _check_size(entry: _Entry, place: Where) -> Iterator[Read]:
    bits = _BITS.get(entry.dtype)
    if bits is None:
        detail = f"safetensors: {entry.name!r} has the dtype {entry.dtype[:40]!r}, which is not known"
        yield Gap(where=place, reason=GapReason.UNREADABLE, detail=detail)
        return
    held = (entry.end - entry.begin) * 8
    wanted = 1
    for dimension in entry.shape:
        wanted *= dimension
        # A reader with 64-bit integers either stops here or goes on with another number.
        if wanted >= _U64:
            break
    if wanted * bits >= _U64:
        detail = f"the shape of {entry.name!r} has more elements than 64 bits can count"
        yield Disagreement(where=place, kind="shape-overflows", detail=detail)
    elif wanted * bits != held:
        detail = f"{entry.name!r} needs {wanted * bits} bits for its shape and has {held}"
        yield Disagreement(where=place, kind="shape-against-bytes", detail=detail)


FORMAT: Final = Format(id="safetensors", title="safetensors", matches=_matches, read=_read)
