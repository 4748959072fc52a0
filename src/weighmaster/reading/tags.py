"""Whether bytes may begin a protocol buffer: a tag, then a number, or a length and as many bytes; or one as text.

This is asked of every file, so it is cheap; `weighmaster.reading.protobuf` and `prototext` read what passes.
"""

from __future__ import annotations

from typing import Final

from weighmaster.reading.pattern import pattern

_LOOKED_AT: Final = 200
_LONGEST_VARINT: Final = 10
_TEXT: Final = bytes((*b"\t\n\f\r", *range(0x20, 0x7F)))
_SHORTEST: Final = 4
_BEGINS: Final = pattern(rb"(?:\xef\xbb\xbf)?(?:\s|#[^\n]*+)*+(?:[A-Za-z_]\w*\s*[:{<]|\Z)")


def may_be_message(head: bytes, size: int) -> bool:
    """Say whether `size` bytes that begin with `head` may be a message."""
    head = head[:_LOOKED_AT]
    # Pickles and text pass for fields now and then, and begin as no honest model does.
    if size < _SHORTEST or (head[:1] == b"\x80" and head[1:2] < b"\x06"):
        return False
    if head.isascii() and not head.translate(None, _TEXT):
        return False
    end, at = len(head), 0
    head += bytes(3 * _LONGEST_VARINT)
    while at < end:
        tag, at = _varint(head, at)
        value, after = _varint(head, at)
        if tag < 0 or tag & 7 not in {0, 1, 2, 3, 5} or (value < 0 and tag & 7 in {0, 2}):
            return False
        at = (after, at + 8, after + value, size, 0, at + 4)[tag & 7]
    return at <= size


def may_be_text(head: bytes) -> bool:
    """Say whether text that begins so may be a message: a name, then a colon or a brace."""
    return b"\0" not in head and _BEGINS.match(head) is not None


def _varint(head: bytes, at: int) -> tuple[int, int]:
    value = 0
    for count in range(_LONGEST_VARINT):
        byte = head[at + count]
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            return value, at + count + 1
    return -1, at + 1
