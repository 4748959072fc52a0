"""Descriptions of protocol buffers, as `protoc --descriptor_set_out` writes them: which messages there are, no data.

Messages: <https://github.com/protocolbuffers/protobuf/blob/main/src/google/protobuf/descriptor.proto>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.protobuf import BYTES, Field, inside, outline
from weighmaster.reading.source import Source
from weighmaster.reading.tensorflow import DESCRIBES

_FILE: Final = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15})
"""Fields of a `FileDescriptorProto`."""
_LONGEST: Final = 512


def _matches(glance: Glance) -> bool:
    fields = outline(glance.source)
    return bool(fields) and all(_is_file(glance.source, field) for field in fields)


def _is_file(source: Source, field: Field) -> bool:
    if field.number != 1 or field.wire != BYTES:
        return False
    parts = inside(source, field)
    if not parts or parts[0].number != 1 or parts[0].wire != BYTES or parts[0].value > _LONGEST:
        return False
    name = source.read_at(parts[0].start, parts[0].value)
    return DESCRIBES.fullmatch(name) is not None and all(part.number in _FILE for part in parts)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    """Yield nothing: names of messages and fields are all that there is."""
    del where
    cursor.skip(cursor.left)
    yield from ()


FORMAT: Final = Format(id="protobuf-descriptor", title="Description of protocol buffers", matches=_matches, read=_read)
