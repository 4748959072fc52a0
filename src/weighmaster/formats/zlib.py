"""zlib streams, as joblib writes them: RFC 1950.

Their magic is two bytes that much else begins with, so the bytes after them must really unpack.
"""

from __future__ import annotations

import zlib
from typing import Final

from weighmaster.extend.format import Format, Glance
from weighmaster.extend.wrapper import wrapper
from weighmaster.reading.signatures import is_zlib

_USUAL: Final = (b"\x78\x01", b"\x78\x9c", b"\x78\xda")
_ENOUGH: Final = 1 << 16


def _matches(glance: Glance) -> bool:
    head = glance.head
    if not is_zlib(head):
        return False
    inflater = zlib.decompressobj(-15)
    try:
        out = inflater.decompress(head[2:], _ENOUGH)
    except zlib.error:
        # Damaged soon after its beginning: what came before the damage may have been loaded.
        return head[:2] in _USUAL and _begins(head)
    return inflater.eof or len(out) == _ENOUGH or glance.size > len(head) or bool(out and head[:2] in _USUAL)


def _begins(head: bytes) -> bool:
    try:
        return bool(zlib.decompressobj(-15).decompress(head[2:], 1))
    except zlib.error:
        return False


FORMAT: Final[Format] = wrapper("zlib", "zlib stream", _matches, (".z", ".zlib"))
