"""Arrow's schemas: the key-value pairs of a schema and of its fields, wherever a schema stands.

Specification: <https://github.com/apache/arrow/blob/main/format/Schema.fbs>, `Message.fbs` and `File.fbs` beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from weighmaster.model.errors import OverBudgetError
from weighmaster.reading.flatbuffer import Buffer, Table

HEADER_TYPE: Final = 1
HEADER: Final = 2
BODY: Final = 3
SCHEMA: Final = 1
"""The header type of a message that is a schema."""
_FIELDS, _SCHEMA_PAIRS = 1, 2
_CHILDREN, _FIELD_PAIRS = 5, 6
_MOST: Final = 100_000
_VALUE: Final = 16 << 20


class Pair(NamedTuple):
    """A key and the bytes under it, which stand at `start` to `end` of the source."""

    key: str
    value: bytes
    start: int
    end: int


def pairs(buffer: Buffer, schema: Table) -> Iterator[Pair]:
    """Yield the pairs of a schema, and of its fields and their fields.

    Raises:
        UnreadableError: the bytes are no schema.
        OverBudgetError: there are too many.
    """
    yield from _pairs(buffer, schema, _SCHEMA_PAIRS)
    waiting = list(schema.tables(_FIELDS))
    count = 0
    while waiting:
        field = waiting.pop()
        count += 1
        if count > _MOST:
            raise OverBudgetError(f"arrow: more than {_MOST} fields")
        yield from _pairs(buffer, field, _FIELD_PAIRS)
        waiting += field.tables(_CHILDREN)


def _pairs(buffer: Buffer, holder: Table, number: int) -> Iterator[Pair]:
    for count, pair in enumerate(holder.tables(number)):
        if count >= _MOST:
            raise OverBudgetError(f"arrow: more than {_MOST} pairs")
        start, length = pair.span(1)
        yield Pair(pair.text(0), pair.raw(1, _VALUE), buffer.start + start, buffer.start + start + length)
