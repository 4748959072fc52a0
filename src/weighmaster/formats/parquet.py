"""Parquet: columns in pages, and a footer that says where they lie. Read for the footer.

Specification: <https://parquet.apache.org/docs/file-format/>,
<https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift>.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from typing import Any, Final

from weighmaster.extend.format import Format, Glance, Inner, Read
from weighmaster.machine.run import plausible
from weighmaster.model.errors import EncryptedError, OverBudgetError, UnreadableError
from weighmaster.model.fact import Disagreement, Instantiation, Metadata, Reference
from weighmaster.model.where import Member, Where
from weighmaster.reading.buffered import Buffered
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.payload import is_artifact
from weighmaster.reading.source import BytesSource, PartSource

_MAGIC: Final = b"PAR1"
_ENCRYPTED: Final = b"PARE"
_FOOTER: Final = 128 << 20
_ARROW: Final = "ARROW:schema"
_PICKLED: Final = b"arrow.py_extension_type"
_R_TEXT: Final = (b"A\n2\n", b"A\n3\n", b"X\n\0\0\0")
_GROUPS, _PAIRS, _CREATED, _CHUNKS = 4, 5, 6, 1
_PATH, _COLUMN = 1, 3
_SIZE, _DATA, _INDEX, _DICTIONARY = 7, 9, 10, 11
_TOLD: Final = 100
_TEXT: Final = 1 << 16


def _matches(glance: Glance) -> bool:
    if glance.size < 12:
        return False
    # `PARENT` begins so, too.
    return glance.head.startswith(_MAGIC) or (glance.head.startswith(_ENCRYPTED) and glance.tail.endswith(_ENCRYPTED))


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    from weighmaster.reading.thrift import Compact

    stop = cursor.size - 8
    start = stop - _length(cursor)
    stream = Buffered(PartSource(cursor.source, 0, stop), cursor.budget, offset=start)
    footer = Compact(stream).struct()
    told = 0
    for group in _structs(footer.get(_GROUPS)):
        for chunk in _structs(group.get(_CHUNKS)):
            cursor.budget.check_time()
            for read in _chunk(where, chunk, start):
                told += 1
                if told <= _TOLD:
                    yield read
    if isinstance(footer.get(_CREATED), bytes):
        yield Metadata(where=where, key="created_by", text=_text(footer[_CREATED]))
    for pair in _structs(footer.get(_PAIRS)):
        key, value = pair.get(1), pair.get(2, b"")
        if isinstance(key, bytes) and isinstance(value, bytes):
            yield from _pair(cursor, where, _text(key), value)


def _length(cursor: Cursor) -> int:
    """Return how long the footer is."""
    end = cursor.source.read_at(cursor.size - 8, 8)
    if end[4:] == _ENCRYPTED:
        raise EncryptedError("parquet: the footer is encrypted")
    length = int.from_bytes(end[:4], "little")
    if end[4:] != _MAGIC or not 0 < length <= cursor.size - 12:
        raise UnreadableError("parquet: the file does not end in a footer", offset=cursor.size - 8)
    if length > _FOOTER:
        raise OverBudgetError(f"parquet: a footer of {length} bytes")
    return length


def _structs(value: Any) -> list[dict[int, Any]]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise UnreadableError("parquet: the footer is not of its schema")
    return value


def _text(value: bytes) -> str:
    return value[:_TEXT].decode("utf-8", "replace")


def _chunk(where: Where, chunk: dict[int, Any], limit: int) -> Iterator[Read]:
    path = chunk.get(_PATH)
    if isinstance(path, bytes) and path:
        yield Reference(where=where, kind="data", target=_text(path)[:400], by="parquet")
        return
    column = chunk.get(_COLUMN)
    if not isinstance(column, dict):
        return
    starts = [column[key] for key in (_DATA, _INDEX, _DICTIONARY) if isinstance(column.get(key), int)]
    size = column.get(_SIZE)
    if not starts or not isinstance(size, int):
        raise UnreadableError("parquet: a column without a place")
    # A dictionary page of nought is one that writers of old did not have.
    start = min(at for at in starts if at) if any(starts) else 0
    if start < len(_MAGIC) or size < 0 or start + size > limit:
        detail = f"a column lies at {start}, {size} bytes, and the footer begins at {limit}"
        yield Disagreement(where=where, kind="span-outside", detail=detail)


def _pair(cursor: Cursor, where: Where, key: str, value: bytes) -> Iterator[Read]:
    if key == _ARROW:
        yield from _schema(cursor, where, value)
        return
    if is_artifact(value, plausible) or value.startswith(_R_TEXT):
        yield Inner(where / Member(name=key), lambda: BytesSource(value))
    else:
        yield Metadata(where=where, key=key[:200], text=_text(value))


def _schema(cursor: Cursor, where: Where, value: bytes) -> Iterator[Read]:
    """Look at the Arrow schema in Base64 that a Parquet file carries along."""
    from weighmaster.reading.arrow import HEADER, pairs
    from weighmaster.reading.flatbuffer import Buffer

    try:
        raw = binascii.a2b_base64(value)
    except binascii.Error as error:
        raise UnreadableError("parquet: the Arrow schema is no Base64") from error
    buffer = Buffer(BytesSource(raw), cursor.budget, 8 if raw[:4] == b"\xff\xff\xff\xff" else 4)
    schema = buffer.root().table(HEADER)
    if schema is None:
        raise UnreadableError("parquet: the Arrow schema is none")
    for name, note, start, end in pairs(buffer, schema):
        if note == _PICKLED:
            yield Instantiation(where=where, by="arrow", module="arrow", name="py_extension_type")
        if is_artifact(note, plausible) or note.startswith(_R_TEXT):
            yield _inner(where / Member(name=name[:200] or _ARROW), raw, start, end)


def _inner(where: Where, raw: bytes, start: int, end: int) -> Inner:
    return Inner(where, lambda: BytesSource(raw[start:end]))


FORMAT: Final = Format(id="parquet", title="Parquet", matches=_matches, read=_read)
