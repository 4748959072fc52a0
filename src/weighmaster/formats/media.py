"""Sound and films: MP4, MP3, Ogg, FLAC, Matroska. Followed far enough to know where each of them ends.

Specifications: ISO 14496-12 (boxes), <https://id3.org/id3v2.4.0-structure>, ISO 11172-3 (frames),
<https://www.rfc-editor.org/rfc/rfc3533> (Ogg), <https://www.rfc-editor.org/rfc/rfc9639> (FLAC),
<https://www.rfc-editor.org/rfc/rfc8794> (EBML).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read, part
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.fact import Stray
from weighmaster.model.where import Where
from weighmaster.reading.buffered import Buffered
from weighmaster.reading.cursor import Cursor

_EBML: Final = b"\x1a\x45\xdf\xa3"
_PARTS: Final = 4_000_000
_RATES: Final = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_RATES_2: Final = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_SAMPLES: Final = (44100, 48000, 32000)
_BOXES: Final = frozenset(
    {
        *(b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"moof", b"mfra", b"meta", b"uuid", b"sidx", b"styp"),
        *(b"udta", b"pdin", b"ssix", b"prft", b"emsg", b"jumb", b"idat", b"iloc"),
    }
)


def _matches(glance: Glance) -> bool:
    return _walker(glance.head) is not None


def _walker(head: bytes) -> Callable[[Buffered], None] | None:
    if head[4:8] == b"ftyp" and int.from_bytes(head[:4], "big") >= 8:
        return _boxes
    if head.startswith(b"OggS\0"):
        return _pages
    if head.startswith(b"fLaC"):
        return _flac
    if head.startswith(_EBML) and (b"webm" in head[:64] or b"matroska" in head[:64]):
        return _elements
    if head.startswith(b"ID3") and len(head) > 10 and head[3] < 0xFF and max(head[6:10]) < 0x80:
        return _frames
    # Without a tag in front, two frames must follow one another.
    length = _frame(head[:4])
    return _frames if length and _frame(head[length : length + 4]) else None


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    walker = _walker(cursor.source.read_at(0, 4096))
    if walker is None:
        return
    stream = Buffered(cursor.source, cursor.budget, order=">")
    walker(stream)
    if stream.left:
        yield Stray(where=where.span(stream.offset, cursor.size), size=stream.left, position="after")
        yield part(cursor, where, stream.offset, cursor.size)


def _boxes(stream: Buffered) -> None:
    for _ in range(_PARTS):
        if stream.left < 8 or stream.peek(8)[4:] not in _BOXES:
            return
        start = stream.offset
        size = stream.number("I")
        stream.skip(4)
        if size == 1:
            size = stream.number("Q")
        end = start + size if size else stream.size
        if end < stream.offset:
            raise UnreadableError(f"mp4: a box of {size} bytes", offset=start)
        stream.skip(end - stream.offset)
    raise OverBudgetError("mp4: more boxes than a film has")


def _pages(stream: Buffered) -> None:
    for _ in range(_PARTS):
        if stream.peek(4) != b"OggS":
            return
        stream.skip(26)
        stream.skip(sum(stream.take(stream.u8())))
    raise OverBudgetError("ogg: more pages than are followed")


def _flac(stream: Buffered) -> None:
    stream.skip(4)
    for _ in range(_PARTS):
        head = stream.number("I")
        stream.skip(head & 0xFFFFFF)
        if head >> 31:
            # Frames have no length; the sound goes on to the end.
            stream.skip(stream.left)
            return
    raise OverBudgetError("flac: more blocks than a sound has")


def _elements(stream: Buffered) -> None:
    for _ in range(_PARTS):
        if stream.left < 2:
            return
        stream.skip(_width(stream.peek(1)[0]))
        first = stream.peek(1)[0] if stream.left else 0
        width = _width(first)
        size = int.from_bytes(stream.take(width), "big") & (1 << 7 * width) - 1
        # All ones: not known, to the end.
        stream.skip(stream.left if size == (1 << 7 * width) - 1 else size)
    raise OverBudgetError("matroska: more elements than a film has")


def _width(first: int) -> int:
    if not first:
        raise UnreadableError("matroska: an element without a size")
    return 9 - first.bit_length()


def _frames(stream: Buffered) -> None:
    while stream.peek(3) == b"ID3" and stream.left > 10:
        head = stream.take(10)
        size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
        stream.skip(size + (10 if head[5] & 0x10 else 0))
    while stream.peek(1) == b"\0":
        zeros = stream.peek(4096)
        stream.skip(len(zeros) - len(zeros.lstrip(b"\0")))
    for _ in range(_PARTS):
        length = _frame(stream.peek(4))
        if not length:
            break
        stream.skip(min(length, stream.left))
    else:
        raise OverBudgetError("mp3: more frames than are followed")
    if stream.peek(8) == b"APETAGEX" and stream.left >= 32:
        size = int.from_bytes(stream.peek(16)[12:], "little")
        stream.skip(min(size + 32, stream.left))
    if stream.peek(3) == b"TAG" and stream.left >= 128:
        stream.skip(128)


def _frame(head: bytes) -> int:
    """Return how long the frame is that begins so, 0 where none does."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    rate, sample, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if layer != 1 or version == 1 or rate in {0, 15} or sample == 3:
        return 0
    first = version == 3
    samples = _SAMPLES[sample] >> (0 if first else 1 if version == 2 else 2)
    bits = (_RATES if first else _RATES_2)[rate] * 1000
    return (144 if first else 72) * bits // samples + padding


FORMAT: Final = Format(id="media", title="Sound or film", matches=_matches, read=_read)
