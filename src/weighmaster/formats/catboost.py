"""CatBoost's models: `CBM1`, the length of a FlatBuffer, the FlatBuffer, then what its parts ask for; and JSON.

Specification: <https://github.com/catboost/catboost/blob/master/catboost/libs/model/flatbuffers/model.fbs>,
`TFullModel::Load` in <https://github.com/catboost/catboost/blob/master/catboost/libs/model/model.cpp>.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from weighmaster.extend.format import Format, Glance, Read, part
from weighmaster.model.errors import UnreadableError
from weighmaster.model.fact import Metadata, Storage, Stray
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.document import document, may_be
from weighmaster.reading.flatbuffer import Buffer, Table
from weighmaster.reading.record import Record
from weighmaster.reading.source import PartSource

_MAGIC: Final = b"CBM1"
_FORMAT: Final = "FlabuffersModel_v1"  # So it is spelled.
_FORMAT_ID, _TREES, _INFO, _PARTS = 0, 1, 2, 3
"""Fields of `TModelCore`."""
_COUNTERS: Final = "static_provider_v1"
_MARKED: Final = frozenset({"text_process_v1\0", "text_process_v2\0", "embed_process_1\0", "embed_process_2\0"})
"""Parts that repeat their name, of 16 bytes, in front of their data."""
_MARK: Final = 16
_KEY: Final = 200
_TEXT: Final = 1 << 20
_INFOS: Final = 10_000
_JSON_KEYS: Final = frozenset({"features_info", "model_info"})
_JSON_TREES: Final = frozenset({"oblivious_trees", "trees"})


def _matches(glance: Glance) -> bool:
    if glance.head.startswith(_MAGIC):
        return True
    if not may_be(glance.head) or b'"features_info"' not in glance.head + glance.tail:
        return False
    found = document(glance.source)
    return isinstance(found, dict) and found.keys() >= _JSON_KEYS and not found.keys().isdisjoint(_JSON_TREES)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    if not cursor.peek(4).startswith(_MAGIC):
        info = Record.of(document(cursor.source)).values.get("model_info")
        for key, text in (info if isinstance(info, dict) else {}).items():
            if isinstance(text, str):
                yield Metadata(where=where, key=key[:_KEY], text=text)
        return
    cursor.skip(len(_MAGIC))
    size = cursor.u32()
    if size > cursor.left:
        raise UnreadableError(f"catboost: a core of {size} bytes, {cursor.left} left", offset=4)
    start = cursor.offset
    cursor.skip(size)
    buffer = Buffer(PartSource(cursor.source, 0, start + size), cursor.budget, start)
    core = buffer.root()
    if core.text(_FORMAT_ID) != _FORMAT or core.table(_TREES) is None:
        raise UnreadableError(f"catboost: the core is of the kind {core.text(_FORMAT_ID)[:40]!r}", offset=start)
    for number, info_ in enumerate(core.tables(_INFO)):
        if number >= _INFOS:
            raise UnreadableError(f"catboost: more than {_INFOS} notes")
        yield Metadata(
            where=where, key=info_.text(0)[:_KEY], text=info_.raw(1, _TEXT).decode("utf-8", "backslashreplace")
        )
    parts = list(islice(_texts(buffer, core, _PARTS), _INFOS))
    yield from _after(cursor, where, parts)


def _texts(buffer: Buffer, table: Table, field: int) -> Iterator[str]:
    """Yield the strings of a vector of strings."""
    start, count = table.span(field, 4)
    for at in range(start, start + 4 * count, 4):
        place = buffer.offset(at)
        length = buffer.number(place, "I")
        yield buffer.bytes(place + 4, min(length, _KEY)).decode("utf-8", "backslashreplace")


def _after(cursor: Cursor, where: Where, parts: list[str]) -> Iterator[Read]:
    """Look at what follows the core: tables of numbers and words, each with its length in front of it."""
    for name in parts:
        if name == _COUNTERS:
            for _ in range(cursor.u32()):
                yield from _kept(cursor, where, cursor.u32())
                cursor.budget.check_time()
        elif name in _MARKED:
            # Frames of several lengths, of tokenizers, dictionaries and calcers, up to the end of the file.
            if not cursor.take(_MARK).startswith(name.encode()[:_MARK]):
                raise UnreadableError(f"catboost: the part {name!r} does not begin with its name", offset=cursor.offset)
            yield from _kept(cursor, where, cursor.left)
            break
        else:
            detail = f"catboost: a part of the kind {name[:40]!r}, which is not known"
            yield Gap(where=where, reason=GapReason.UNREADABLE, detail=detail)
    if cursor.left:
        yield Stray(where=where.span(cursor.offset, cursor.size), size=cursor.left, position="after")
        yield part(cursor, where, cursor.offset, cursor.size)


def _kept(cursor: Cursor, where: Where, size: int) -> Iterator[Read]:
    start = cursor.offset
    cursor.skip(size)
    yield Storage(where=where.span(start, cursor.offset), size=size)


FORMAT: Final = Format(id="catboost", title="CatBoost model", matches=_matches, read=_read)
