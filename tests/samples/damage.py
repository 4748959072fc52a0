"""Bytes that were damaged by chance, for the tests of what a reader makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

_PIECES = (b"\n", b"{", b'"', b"\x00", b"\xff", b"1e999", b"[[[[")


def damaged(raw: bytes, chance: Random, pieces: Sequence[bytes] = _PIECES) -> bytes:
    """Change, take out or repeat a few bytes, or put `pieces` in."""
    data = bytearray(raw)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data))
        match chance.randrange(5):
            case 0:
                data[at] ^= 1 << chance.randrange(8)
            case 1:
                data[at] = chance.randrange(256)
            case 2:
                del data[at : at + chance.randint(1, min(40, len(data) - 1))]
            case 3:
                data[at:at] = data[chance.randrange(len(data)) :][: chance.randint(1, 40)]
            case _:
                data[at : at + chance.choice((0, 0, 1, 8))] = chance.choice(pieces)
    return bytes(data)
