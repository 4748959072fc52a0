"""How compressed streams begin: all that is needed to claim one, without what unpacks it."""

from __future__ import annotations

from typing import Final

XZ: Final = b"\xfd7zXZ\0"
ZSTD: Final = b"\x28\xb5\x2f\xfd"
LZ4: Final = b"\x04\x22\x4d\x18"
_ALONE: Final = 13
_SKIPPABLE: Final = 0x184D2A50


def is_zlib(head: bytes) -> bool:
    """Say whether two bytes may begin a zlib stream without a preset dictionary."""
    return len(head) >= 2 and head[0] & 0x8F == 8 and not (head[0] << 8 | head[1]) % 31 and not head[1] & 0x20


def is_alone(head: bytes) -> bool:
    """Say whether `head` may begin a .lzma file. It has no magic, so its fields must be such as encoders write."""
    if len(head) < _ALONE + 1 or head[0] >= 9 * 5 * 5 or head[_ALONE]:
        return False
    dictionary = int.from_bytes(head[1:5], "little")
    size = int.from_bytes(head[5:_ALONE], "little")
    # Where it guesses, liblzma refuses other sizes; where it is told the format, it takes any.
    power = dictionary.bit_length() - 1
    usual = dictionary and dictionary in (0xFFFFFFFF, 1 << power, (1 << power) + (1 << power >> 1))
    return bool(usual or head[0] == 0x5D) and (size == 0xFFFFFFFFFFFFFFFF or size < 1 << 38)


def skippable(head: bytes) -> int:
    """Return the length of the skippable frame of zstd or lz4 that `head` begins, or 0."""
    if len(head) < 8 or int.from_bytes(head[:4], "little") & ~0xF != _SKIPPABLE:
        return 0
    return 8 + int.from_bytes(head[4:8], "little")
