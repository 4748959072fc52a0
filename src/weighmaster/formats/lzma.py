""".lzma files, as Python's `lzma` and joblib read and write them: <https://tukaani.org/xz/lzma.txt>.

They have no magic, so every field of the header must make sense, and the bytes after it must really unpack.
"""

from __future__ import annotations

from typing import Final

from weighmaster.extend.format import Format, Glance
from weighmaster.extend.wrapper import wrapper
from weighmaster.reading.signatures import is_alone

_ENOUGH: Final = 1 << 16
_USUAL: Final = 0x5D
"""lc=3, lp=0, pb=2: what all encoders write unless told otherwise."""


def _matches(glance: Glance) -> bool:
    head = glance.head
    if not is_alone(head):
        return False
    usual = head[0] == _USUAL
    out, whole = _unpack(head, _ENOUGH)
    if not whole:
        # Damaged soon after its beginning: what came before the damage may have been loaded.
        return usual and bool(_unpack(head, 1)[0])
    return bool(out) or usual


def _unpack(head: bytes, most: int) -> tuple[bytes, bool]:
    import lzma

    from weighmaster.reading.codecs import MEMORY

    decoder = lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=MEMORY)
    try:
        return decoder.decompress(head, most), True
    except lzma.LZMAError as error:
        return b"?" if "limit" in str(error) else b"", False


FORMAT: Final[Format] = wrapper("lzma", ".lzma stream", _matches, (".lzma",))
