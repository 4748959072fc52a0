"""safetensors: an 8-byte header length, a JSON header that says where each tensor lies, then the tensors.

The law is that of the reference reader: the tensors cover the data without hole or overlap, and each has exactly
the bytes that its shape and dtype need. What breaks the law is told; what a tolerant reader would take from it as well.

Specification: <https://github.com/huggingface/safetensors#format>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from weighmaster.extend.format import Format, Glance, Inner, Read, part
from weighmaster.machine.run import plausible
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.fact import Disagreement, Metadata, Reference, Statement, Stray, Tensor
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.where import Member, Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.pattern import pattern
from weighmaster.reading.payload import decoded, is_artifact
from weighmaster.reading.safetensors import LONGEST, METADATA, MOST, U64, Header, Laid, check_extra, laid
from weighmaster.reading.source import BytesSource

_PADDING: Final = 64 << 10
"""White space in one place of the header. Writers align to 8 bytes, some to a page; many readers take less."""
_STRAYS: Final = 64
_GAPS: Final = 20
_SHORTEST: Final = 16
"""Encoded text below this length stands for nothing that does something."""
_MARKUP: Final = pattern(r"<\s*[A-Za-z][^<>]{3}")
_SAID: Final = 500
_STATED: Final = {
    "format": "framework", "modelspec.title": "name", "modelspec.author": "author", "modelspec.license": "licence",
    "modelspec.architecture": "architecture", "modelspec.merged_from": "base-model", "license": "licence",
    "author": "author", "base_model": "base-model", "ss_sd_model_name": "base-model",
    "ss_base_model_version": "base-model",
}  # fmt: skip
"""What writers say of the whole: transformers, <https://github.com/Stability-AI/ModelSpec>, sd-scripts."""


def _matches(glance: Glance) -> bool:
    if glance.size < 10:
        return False
    length, start = int.from_bytes(glance.head[:8], "little"), glance.head[8:]
    if length <= LONGEST and length + 8 <= glance.size:
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
    if length > LONGEST:
        yield part(cursor, where, cursor.offset, cursor.size)
        raise UnreadableError(f"safetensors: a header of {length} bytes, at most {LONGEST} are allowed", offset=0)
    raw = cursor.take(length)
    if not raw.isascii():
        cursor.budget.hold(4 * length)
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise UnreadableError("safetensors: the header is not UTF-8", offset=8 + error.start) from error
    del raw
    entries: list[Laid] = []
    header = Header(text)
    for key, value in header.members():
        doubles, header.doubles = header.doubles, []
        for double in doubles:
            yield Disagreement(where=where, kind="duplicate-key", detail=f"the header has {double!r} twice")
        if key == METADATA:
            yield from _metadata(where, value)
            continue
        entries.append(laid(key, value))
        if len(entries) % 1024 == 0:
            cursor.budget.check_time()
        if len(entries) > MOST:
            raise OverBudgetError(f"safetensors: more than {MOST} tensors")
    if header.widest > _PADDING:
        # The place is in bytes, the text in characters.
        start = 8 + len(text[: header.widest_at].encode())
        place = where.span(start, start + header.widest)
        yield Disagreement(where=place, kind="padded-header", detail=f"{header.widest} blanks stand in the header")
    yield from _layout(cursor, where, entries)


def _metadata(where: Where, value: Any) -> Iterator[Read]:
    if value is None:
        return
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise UnreadableError(f"safetensors: {METADATA} is not a mapping of text to text")
    for key, text in value.items():
        check_extra([key, text])
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


def _layout(cursor: Cursor, where: Where, entries: list[Laid]) -> Iterator[Read]:
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


def _check_size(entry: Laid, place: Where) -> Iterator[Read]:
    wanted = entry.bits
    if wanted is None:
        detail = f"safetensors: {entry.name!r} has the dtype {entry.dtype[:40]!r}, which is not known"
        yield Gap(where=place, reason=GapReason.UNREADABLE, detail=detail)
        return
    held = (entry.end - entry.begin) * 8
    if wanted >= U64:
        detail = f"the shape of {entry.name!r} has more elements than 64 bits can count"
        yield Disagreement(where=place, kind="shape-overflows", detail=detail)
    elif wanted != held:
        detail = f"{entry.name!r} needs {wanted} bits for its shape and has {held}"
        yield Disagreement(where=place, kind="shape-against-bytes", detail=detail)


FORMAT: Final = Format(id="safetensors", title="safetensors", matches=_matches, read=_read)
