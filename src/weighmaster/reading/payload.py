"""Whether a constant inside a program is an artifact of its own: a pickle, an archive, a compressed stream, code.

Only what proves itself is taken for one: a magic number of four bytes or more, a pickle that calls something, a
compressed stream that decompresses. Text that is Base64 or hexadecimal is decoded first.
"""

from __future__ import annotations

import binascii
import re
import zlib
from collections.abc import Callable
from typing import Final

from weighmaster.reading.pattern import pattern

_MAGICS: Final = (
    b"PK\x03\x04",
    b"\x1f\x8b\x08",
    b"BZh",
    b"\xfd7zXZ\x00",
    b"\x28\xb5\x2f\xfd",
    b"\x04\x22\x4d\x18",
    b"7z\xbc\xaf\x27\x1c",
    b"\x93NUMPY",
    b"\x7fELF",
    b"\x89HDF\r\n\x1a\n",
    b"GGUF",
)
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/_\r\n-]{24,}={0,2}\s*")
_HEX: Final = pattern(rb"[0-9a-fA-F]{24,}")
_HEAD: Final = 64
_NPY: Final = 10
_KEYS: Final = (b"descr", b"fortran_order", b"shape", b"}")
_UNPACKED: Final = 1 << 20
_MOST: Final = 64 << 20


def is_artifact(data: bytes, plausible: Callable[[bytes], bool]) -> bool:
    """Whether the bytes prove to be something that a loader could take; `plausible` knows a pickle."""
    if data.startswith(_MAGICS):
        return True
    if data[:1] == b"\x80" or data[:1] in (b"c", b"(", b"]", b"}"):
        return plausible(data)
    return data[:1] == b"x" and len(data) > 2 and (data[0] << 8 | data[1]) % 31 == 0 and _inflates(data)


def is_code(data: bytes) -> bool:
    """Whether the bytes are a marshalled code object: `TYPE_CODE`, then small counts (CPython Python/marshal.c)."""
    if len(data) < 40 or data[0] & 0x7F != 0x63:
        return False
    counts = [int.from_bytes(data[at : at + 4], "little") for at in range(1, 17, 4)]
    return all(count < 1 << 16 for count in counts) and any(byte & 0x7F == 0x73 for byte in data[17:26])


def is_whole(data: bytes) -> bool:
    """Whether compressed bytes unpack to their end, and an array has all of its header: by chance they do not.

    Whether other artifacts are whole is not asked.
    """
    if data.startswith(b"\x93NUMPY"):
        end = _NPY + int.from_bytes(data[8:_NPY], "little")
        return _NPY < end <= len(data) and all(key in data[_NPY:end] for key in _KEYS)
    try:
        if data.startswith(b"BZh"):
            import bz2

            return bool(bz2.BZ2Decompressor().decompress(data, _UNPACKED))
        if data.startswith((b"\x1f\x8b", b"x")):
            inflater = zlib.decompressobj(47)
            inflater.decompress(data, _UNPACKED)
            return inflater.eof or bool(inflater.unconsumed_tail)
    except (zlib.error, OSError):
        return False
    return True


def decoded(text: bytes) -> tuple[str, bytes] | None:
    """Return how `text` is encoded and the bytes it stands for, or None where it is plain."""
    head = text[:_HEAD]
    if len(text) > _MOST:
        return None
    if len(text) % 2 == 0 and _HEX.fullmatch(head) and _HEX.fullmatch(text):
        return "hex", binascii.unhexlify(text)
    if _BASE64.match(head) and b" " not in head and _BASE64.fullmatch(text):
        plain = text.translate(bytes.maketrans(b"-_", b"+/"), b"\r\n \t=")
        try:
            return "base64", binascii.a2b_base64(plain + b"=" * (-len(plain) % 4))
        except binascii.Error:
            return None
    return None


def latin1(data: bytes) -> bytes | None:
    """Return the bytes that Python 2 and protocol 2 write as text: each byte one character, in UTF-8."""
    if data.isascii():
        return None
    try:
        return data.decode("utf-8").encode("latin-1")
    except UnicodeError:
        return None


def _inflates(data: bytes) -> bool:
    try:
        return bool(zlib.decompressobj().decompress(data[:4096], _HEAD))
    except zlib.error:
        return False
