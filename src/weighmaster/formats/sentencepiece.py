"""SentencePiece's models: pieces with their scores, how they were trained, and how text is normalised.

Specification: <https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.errors import OverBudgetError, UnreadableError, WeighmasterError
from weighmaster.model.fact import Disagreement, Metadata
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.where import Where
from weighmaster.reading.budget import Budget
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.protobuf import BYTES, FIXED32, VARINT, Field, Message
from weighmaster.reading.source import PartSource

_PIECE, _TRAINER, _NORMALIZER, _SELF_TEST, _DENORMALIZER = 1, 2, 3, 4, 5
_TRIED: Final = 4
_PIECES: Final = 16 << 20
_EXTENSIONS: Final = 200
"""Field numbers from here on are left to others, by the schema."""
_TRAINED: Final = {1: "input", 2: "model_prefix"}
_CHARSMAP: Final = 2
_LONGEST: Final = 4096


def _matches(glance: Glance) -> bool:
    if glance.head[:1] != b"\x0a":
        return False
    message = Message(PartSource(glance.source, 0, 4096), Budget())
    count = 0
    try:
        for field in message.fields():
            if field.number != _PIECE or not _is_piece(message, field):
                return count >= 1 and field.number in {_TRAINER, _NORMALIZER} and field.wire == BYTES
            count += 1
            if count == _TRIED:
                return True
    except WeighmasterError:
        return False
    return False


def _is_piece(message: Message, field: Field) -> bool:
    if field.wire != BYTES or field.value > _LONGEST:
        return False
    kinds = {inner.number: inner.wire for inner in message.message(field).fields()}
    # Text, score, type; scores of nought may be left out.
    return (
        kinds.get(1) == BYTES
        and kinds.get(2, FIXED32) == FIXED32
        and kinds.get(3, VARINT) == VARINT
        and bool(kinds.keys() <= {1, 2, 3} and len(kinds) > 1)
    )


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    message = Message(cursor.source, cursor.budget)
    pieces = 0
    for field in message.fields():
        if field.wire != BYTES and field.number < _EXTENSIONS:
            raise UnreadableError(f"sentencepiece: field {field.number} is no message", offset=field.start)
        place = where.span(field.start, field.end)
        match field.number:
            case 1:
                pieces += 1
                if pieces > _PIECES:
                    raise OverBudgetError(f"sentencepiece: more than {_PIECES} pieces")
            case 2:
                yield from _trainer(message.message(field), place)
            case 3 | 5:
                yield from _normalizer(message.message(field), place)
            case 4:
                continue
            case number:
                detail = f"sentencepiece: field {number} is not known"
                yield Gap(where=place, reason=GapReason.UNREADABLE, detail=detail)
                return


def _trainer(message: Message, where: Where) -> Iterator[Read]:
    for field in message.fields():
        if field.number in _TRAINED and field.wire == BYTES:
            yield Metadata(where=where, key=_TRAINED[field.number], text=message.text(field, _LONGEST))


def _normalizer(message: Message, where: Where) -> Iterator[Read]:
    for field in message.fields():
        if field.number == _CHARSMAP and field.wire == BYTES and field.value:
            # The length of a trie, the trie, then the texts that it leads to.
            length = int.from_bytes(message.raw(field, 4), "little")
            if field.value < 4 or length > field.value - 4:
                detail = f"a table of {length} bytes in a field of {field.value}"
                yield Disagreement(where=where, kind="length-against-bytes", detail=detail)


FORMAT: Final = Format(id="sentencepiece", title="SentencePiece model", matches=_matches, read=_read)
