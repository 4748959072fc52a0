"""Pictures and sounds: PNG, JPEG, GIF, WebP, BMP, ICO, WAV, AIFF, AU. Followed far enough to know where each ends.

Specifications: <https://www.w3.org/TR/png-3/>, <https://www.w3.org/Graphics/JPEG/itu-t81.pdf>,
<https://www.w3.org/Graphics/GIF/spec-gif89a.txt>, <https://developers.google.com/speed/webp/docs/riff_container>
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Literal

from weighmaster.extend.format import Format, Glance, Read, part
from weighmaster.model.errors import UnreadableError
from weighmaster.model.fact import Metadata, Stray
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_TEXT: Final = 64 << 10
_WINDOW: Final = 1 << 20
_PARTS: Final = 1 << 20
"""Chunks, segments or blocks of one picture."""
_RIFF: Final = frozenset({b"WEBP", b"WAVE", b"AVI "})
_AIFF: Final = frozenset({b"AIFF", b"AIFC"})
_UNTOLD: Final = 0xFFFFFFFF
"""The size that stands for one of 64 bits, or for a size that was not known when the header was written."""
_DIB_SIZES: Final = frozenset({12, 16, 40, 52, 56, 64, 108, 124})


def _matches(glance: Glance) -> bool:
    return _reader(glance.head, glance.size) is not None


def _reader(head: bytes, size: int) -> Callable[[Cursor, Where], Iterator[Read]] | None:
    for magic, reader in _READERS:
        if head.startswith(magic):
            return reader if _plausible(magic, head, size) else None
    return None


def _plausible(magic: bytes, head: bytes, size: int) -> bool:
    """Whether what follows a short magic fits it."""
    match magic:
        case b"RIFF" | b"RIFX" | b"RF64":
            return head[8:12] in _RIFF
        case b"FORM":
            return head[8:12] in _AIFF
        case b".snd":
            return 24 <= int.from_bytes(head[4:8], "big") < len(head) and int.from_bytes(head[12:16], "big") <= 27
        case b"BM":
            return int.from_bytes(head[14:18], "little") in _DIB_SIZES
        case b"\0\0\1\0" | b"\0\0\2\0":
            return 0 < int.from_bytes(head[4:6], "little") <= (size - 6) // 16
        case _:
            return True


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    reader = _reader(cursor.peek(min(cursor.size, 4096)), cursor.size)
    if reader is None:
        return
    yield from reader(cursor, where)
    if cursor.left:
        yield Stray(where=where.span(cursor.offset, cursor.size), size=cursor.left, position="after")
        yield part(cursor, where, cursor.offset, cursor.size)


def _png(cursor: Cursor, where: Where) -> Iterator[Read]:
    cursor.skip(len(_PNG))
    for _ in range(_PARTS):
        length, kind = int.from_bytes(cursor.take(4), "big"), cursor.take(4)
        if kind == b"tEXt":
            key, _nul, text = cursor.peek(min(length, _TEXT))[:length].partition(b"\0")
            place = where.span(cursor.offset, cursor.offset + length)
            yield Metadata(where=place, key=key[:79].decode("latin-1"), text=text.decode("latin-1"))
        cursor.skip(length + 4)  # The sum follows the data.
        if kind == b"IEND":
            return
    raise UnreadableError("png: more chunks than a picture has", offset=cursor.offset)


def _jpeg(cursor: Cursor, where: Where) -> Iterator[Read]:
    del where
    yield from ()
    cursor.skip(2)
    for _ in range(_PARTS):
        marker = _marker(cursor)
        if marker == 0xD9:
            return
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            continue
        length = int.from_bytes(cursor.take(2), "big")
        if length < 2:
            raise UnreadableError("jpeg: a segment shorter than its length", offset=cursor.offset)
        cursor.skip(length - 2)
        if marker == 0xDA:
            _skip_entropy(cursor)
    raise UnreadableError("jpeg: more segments than a picture has", offset=cursor.offset)


def _marker(cursor: Cursor) -> int:
    if cursor.u8() != 0xFF:
        raise UnreadableError("jpeg: a marker wanted", offset=cursor.offset - 1)
    while (byte := cursor.u8()) == 0xFF:
        cursor.budget.check_time()
    return byte


def _skip_entropy(cursor: Cursor) -> None:
    """Move to the next marker that is neither a restart nor a stuffed zero."""
    while cursor.left > 1:
        cursor.budget.check_time()
        window = cursor.peek(_WINDOW)
        at = window.find(b"\xff")
        while 0 <= at < len(window) - 1 and (window[at + 1] == 0 or 0xD0 <= window[at + 1] <= 0xD7):
            at = window.find(b"\xff", at + 2)
        if 0 <= at < len(window) - 1:
            cursor.skip(at)
            return
        cursor.skip(max(1, len(window) - 1) if at < 0 else max(1, at))
    raise UnreadableError("jpeg: ends before its end marker", offset=cursor.offset)


def _gif(cursor: Cursor, where: Where) -> Iterator[Read]:
    del where
    yield from ()
    cursor.skip(10)
    flags = cursor.u8()
    cursor.skip(2 + (3 << (flags & 7) + 1 if flags & 0x80 else 0))
    for _ in range(_PARTS):
        match cursor.u8():
            case 0x3B:
                return
            case 0x21:
                cursor.skip(1)
            case 0x2C:
                cursor.skip(8)
                flags = cursor.u8()
                cursor.skip(1 + (3 << (flags & 7) + 1 if flags & 0x80 else 0))
            case _:
                raise UnreadableError("gif: an unknown block", offset=cursor.offset - 1)
        while length := cursor.u8():
            cursor.skip(length)
        cursor.budget.check_time()
    raise UnreadableError("gif: more blocks than a picture has", offset=cursor.offset)


def _riff(cursor: Cursor, where: Where) -> Iterator[Read]:
    yield from _chunked(cursor, where, "little")


def _big(cursor: Cursor, where: Where) -> Iterator[Read]:
    yield from _chunked(cursor, where, "big")


def _chunked(cursor: Cursor, where: Where, order: Literal["big", "little"]) -> Iterator[Read]:
    del where
    cursor.skip(4)
    size = int.from_bytes(cursor.take(4), order)
    if size == _UNTOLD and cursor.peek(8)[4:] == b"ds64":
        # EBU Tech 3306: the first chunk says it in 64 bits.
        size = int.from_bytes(cursor.peek(20)[12:], "little")
    kind = cursor.peek(4)
    size += size & 1 if size < cursor.left else 0
    # A recording that was cut off is all that there is of it.
    cursor.skip(min(size, cursor.left) if kind == b"WAVE" else size)
    yield from ()


def _au(cursor: Cursor, where: Where) -> Iterator[Read]:
    del where
    head = cursor.peek(12)
    begins, size = int.from_bytes(head[4:8], "big"), int.from_bytes(head[8:12], "big")
    cursor.skip(min(cursor.left, cursor.left if size == _UNTOLD else begins + size))
    yield from ()


def _bmp(cursor: Cursor, where: Where) -> Iterator[Read]:
    del where
    size = int.from_bytes(cursor.peek(6)[2:], "little")
    cursor.skip(max(size, 18))
    yield from ()


def _ico(cursor: Cursor, where: Where) -> Iterator[Read]:
    del where
    cursor.skip(4)
    count = cursor.u16()
    end = 6 + 16 * count
    for _ in range(count):
        cursor.skip(8)
        size, offset = cursor.u32(), cursor.u32()
        end = max(end, offset + size)
    cursor.skip(end - cursor.offset)
    yield from ()


_READERS: Final = (
    (_PNG, _png),
    (b"\xff\xd8\xff", _jpeg),
    (b"GIF87a", _gif),
    (b"GIF89a", _gif),
    (b"RIFF", _riff),
    (b"RIFX", _big),
    (b"RF64", _riff),
    (b"FORM", _big),
    (b".snd", _au),
    (b"BM", _bmp),
    (b"\0\0\1\0", _ico),
    (b"\0\0\2\0", _ico),
)

FORMAT: Final = Format(id="image", title="Picture or sound", matches=_matches, read=_read)
