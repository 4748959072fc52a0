"""Arrow: a stream of messages, or a file of them (Feather 2), with a schema whose notes may be more than data.

PyArrow before 14.0.1 unpickled the note of the extension type `arrow.py_extension_type` (CVE-2023-47248), and R's arrow
before 17.0.0 restored R objects out of the note `r` (CVE-2024-52338): both are handed on.

Specification: <https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read, part
from weighmaster.machine.run import plausible
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.fact import Instantiation, Metadata, Stray
from weighmaster.model.where import Where
from weighmaster.reading.arrow import Pair
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.payload import is_artifact
from weighmaster.reading.source import PartSource

_FILE: Final = b"ARROW1"
_FEATHER: Final = b"FEA1"
_CONTINUES: Final = b"\xff\xff\xff\xff"
_EXTENSION_NAME: Final = "ARROW:extension:name"
_PICKLED: Final = "arrow.py_extension_type"
_R: Final = "r"
_R_TEXT: Final = (b"A\n2\n", b"A\n3\n", b"X\n\0\0\0")
_MESSAGES: Final = 1_000_000
_LONGEST: Final = 256 << 20
_TEXT: Final = 1 << 16


def _matches(glance: Glance) -> bool:
    head = glance.head
    if head.startswith((_FILE + b"\0\0", _FEATHER)):
        return True
    # A stream begins with a message: its length, then a FlatBuffer whose root lies near and is a schema.
    if not head.startswith(_CONTINUES):
        return False
    length, root = int.from_bytes(head[4:8], "little"), int.from_bytes(head[8:12], "little")
    return 16 <= length <= glance.size and length % 8 == 0 and 0 < root < min(length, 256) and root % 2 == 0


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    head = cursor.peek(8)
    if head.startswith(_FEATHER):
        if cursor.source.read_at(max(0, cursor.size - 4), 4) != _FEATHER:
            raise UnreadableError("feather: does not end as it begins")
        return
    is_file = head.startswith(_FILE)
    cursor.skip(8 if is_file else 0)
    for _ in range(_MESSAGES):
        if cursor.left < 8:
            break
        if cursor.peek(4) != _CONTINUES:
            # Before 0.15 there was the length alone.
            if is_file or cursor.left < 8:
                break
            raise UnreadableError("arrow: a message wanted", offset=cursor.offset)
        cursor.skip(4)
        length = cursor.u32()
        if not length:
            break
        yield from _message(cursor, where, length)
    else:
        raise OverBudgetError(f"arrow: more than {_MESSAGES} messages")
    if is_file:
        yield from _footer(cursor)
    elif cursor.left and cursor.source.read_at(cursor.offset, min(cursor.left, 64)).strip(b"\0"):
        yield Stray(where=where.span(cursor.offset, cursor.size), size=cursor.left, position="after")
        yield part(cursor, where, cursor.offset, cursor.size)


def _message(cursor: Cursor, where: Where, length: int) -> Iterator[Read]:
    from weighmaster.reading.arrow import BODY, HEADER, HEADER_TYPE, SCHEMA, pairs
    from weighmaster.reading.flatbuffer import Buffer

    start = cursor.offset
    if length > min(cursor.left, _LONGEST):
        raise UnreadableError(f"arrow: a message of {length} bytes, {cursor.left} left", offset=start)
    cursor.budget.check_time()
    buffer = Buffer(PartSource(cursor.source, 0, start + length), cursor.budget, start)
    message = buffer.root()
    body = message.number(BODY, "q")
    header = message.table(HEADER)
    if message.number(HEADER_TYPE, "B") == SCHEMA and header is not None:
        for pair in pairs(buffer, header):
            yield from _note(cursor, where, pair)
    cursor.skip(length)
    cursor.skip(body)


def _note(cursor: Cursor, where: Where, pair: Pair) -> Iterator[Read]:
    key, value, start, end = pair
    if key == _EXTENSION_NAME and value == _PICKLED.encode():
        yield Instantiation(where=where, by="arrow", module="arrow", name="py_extension_type")
    if is_artifact(value, plausible) or (key == _R and value.startswith(_R_TEXT)):
        yield part(cursor, where, start, end)
    else:
        yield Metadata(where=where, key=key[:200], text=value[:_TEXT].decode("utf-8", "replace"))


def _footer(cursor: Cursor) -> Iterator[Read]:
    """Look at the end of a file: a footer, its length, the magic again."""
    end = cursor.source.read_at(max(0, cursor.size - 10), 10)
    length = int.from_bytes(end[:4], "little")
    if end[4:] != _FILE or length + 10 > cursor.left:
        raise UnreadableError("arrow: the file does not end in a footer", offset=cursor.offset)
    if length + 10 + 64 < cursor.left:
        raise UnreadableError(
            f"arrow: {cursor.left - length - 10} bytes between messages and footer", offset=cursor.offset
        )
    yield from ()


FORMAT: Final = Format(id="arrow", title="Arrow or Feather", matches=_matches, read=_read)
