"""bzip2, as Python's `bz2` reads it, several streams being one: <https://sourceware.org/bzip2/>."""

from __future__ import annotations

from typing import Final

from weighmaster.extend.format import Format, Glance
from weighmaster.extend.wrapper import wrapper

_BLOCKS: Final = (b"1AY&SY", b"\x17rE8P\x90")
"""How the first block begins, and how a stream without blocks ends."""


def _matches(glance: Glance) -> bool:
    head = glance.head
    return head[:3] == b"BZh" and head[3:4] in b"123456789" and head[4:10] in _BLOCKS


FORMAT: Final[Format] = wrapper("bz2", "bzip2 stream", _matches, (".bz2", ".bz"))
