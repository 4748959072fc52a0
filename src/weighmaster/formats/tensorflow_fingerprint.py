"""Fingerprint of a SavedModel: `fingerprint.pb`, five hashes and a version.

Message: <https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/fingerprint.proto>.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.pattern import pattern
from weighmaster.reading.protobuf import BYTES, FIXED64, VARINT, outline, shaped

_LONGEST: Final = 512
_HASH: Final = (VARINT, FIXED64)
_FIELDS: Final[Mapping[int, int | tuple[int, ...]]] = {
    **dict.fromkeys(range(1, 6), _HASH),
    6: BYTES,
    7: BYTES,
}
_UUID: Final = pattern(rb"[0-9a-f-]{0,64}")


def _matches(glance: Glance) -> bool:
    fields = outline(glance.source) if glance.size <= _LONGEST else ()
    numbers = [field.number for field in fields]
    if not {1, 2, 6} <= set(numbers) or not set(numbers) <= _FIELDS.keys() or not shaped(fields, _FIELDS):
        return False
    # Every byte is accounted for: hashes, a small message with the version, and an identifier.
    texts = {field.number: glance.head[field.start : field.end] for field in fields if field.wire == BYTES}
    return len(texts[6]) <= 8 and _UUID.fullmatch(texts.get(7, b"")) is not None


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    del cursor, where
    return iter(())


FORMAT: Final = Format(id="tensorflow-fingerprint", title="Fingerprint of a SavedModel", matches=_matches, read=_read)
