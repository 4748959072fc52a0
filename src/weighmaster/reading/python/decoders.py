"""Functions that undo a code, done to constants: Base64, hexadecimal, compression, codecs. Bounded.

They are pure and belong to the standard library: their result is computed with the library's own, once the arguments
are known to be small.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable
from typing import Any, Final

from weighmaster.reading.python.values import DECODED, LONGEST, Value, blur, flags_of, gather, made, plain

ERRORS: Final = (ValueError, TypeError, IndexError, OverflowError, LookupError, EOFError)
"""What the library's functions raise for arguments that they do not take."""
_HIDING: Final = frozenset(
    {"decrypt", "decompress", "b64decode", "unhexlify", "fromhex", "decode_base64", "deobfuscate"}
)
_MEMORY: Final = 64 << 20
"""Bytes that a decoder of LZMA may take."""


def hides(name: str) -> bool:
    """Say whether a method of that name undoes a code, whatever object it belongs to."""
    return name in _HIDING


def _inflate(data: bytes, *more: Any) -> bytes:
    import zlib

    wbits = more[0] if more and type(more[0]) is int and -15 <= more[0] <= 47 else 15
    try:
        return zlib.decompressobj(wbits).decompress(data, LONGEST)
    except zlib.error as error:
        raise ValueError from error


def _gunzip(data: bytes, *_: Any) -> bytes:
    return _inflate(data, 31)


def _bunzip(data: bytes, *_: Any) -> bytes:
    import bz2

    try:
        return bz2.BZ2Decompressor().decompress(data, LONGEST)
    except OSError as error:
        raise ValueError from error


def _unxz(data: bytes, *_: Any) -> bytes:
    import lzma

    try:
        return lzma.LZMADecompressor(memlimit=_MEMORY).decompress(data, LONGEST)
    except lzma.LZMAError as error:
        raise ValueError from error


def _raw(data: Any) -> bytes:
    return data.encode("ascii") if isinstance(data, str) else data


def _b64(data: Any, *more: Any) -> bytes:
    raw = _raw(data)
    if more and isinstance(more[0], bytes) and len(more[0]) == 2:
        raw = raw.translate(bytes.maketrans(more[0], b"+/"))
    return binascii.a2b_base64(raw.translate(bytes.maketrans(b"-_", b"+/")))


def _base(name: str) -> Callable[..., bytes]:
    def decode(data: Any, *_: Any) -> bytes:
        import base64

        # These are quadratic for Base85 of ours, or linear: none is worth more than a small text.
        found: bytes = getattr(base64, name)(data)
        return found

    return decode


def _hex(data: Any, *_: Any) -> bytes:
    return binascii.unhexlify("".join(data.split()) if isinstance(data, str) else b"".join(data.split()))


def _rot13(data: Any) -> Any:
    import codecs

    return codecs.decode(data, "rot13")


def _unread(_: Any) -> bytes:
    raise ValueError  # No more than a hint: nobody has used it for long.


_CODECS: Final[dict[str, Callable[..., Any] | None]] = {
    **dict.fromkeys(("rot13", "rot_13"), _rot13),
    **dict.fromkeys(("hex", "hex_codec"), _hex),
    **dict.fromkeys(("base64", "base64_codec"), _b64),
    **dict.fromkeys(("zlib", "zlib_codec", "zip"), _inflate),
    **dict.fromkeys(("bz2", "bz2_codec"), _bunzip),
    **dict.fromkeys(("uu",), _unread),
    # Codecs of text under which text looks like something else.
    **dict.fromkeys(("unicode_escape", "unicode-escape", "raw_unicode_escape", "punycode", "utf_7", "utf-7"), None),
}
"""Codecs that hide, and what undoes them where that is not `bytes.decode`."""


def is_hiding(codec: Any) -> bool:
    """Say whether a codec is one that hides what it encodes."""
    return str(codec).lower() in _CODECS


def recode(data: Any, codec: Any = "utf-8", *_: Any) -> Any:
    """Return what `codecs.decode` gives; a codec of text leaves text as it is."""
    undo = _CODECS.get(str(codec).lower())
    if undo is not None:
        return undo(data)
    return data.decode(codec) if isinstance(data, bytes) else data


DECODERS: Final[dict[str, Callable[..., Any]]] = {
    "base64.b64decode": _b64,
    "base64.standard_b64decode": _b64,
    "base64.urlsafe_b64decode": _b64,
    "base64.decodebytes": _b64,
    "base64.decodestring": _b64,
    "base64.b32decode": _base("b32decode"),
    "base64.b32hexdecode": _base("b32hexdecode"),
    "base64.b16decode": _base("b16decode"),
    "base64.b85decode": _base("b85decode"),
    "base64.a85decode": _base("a85decode"),
    "base64.z85decode": _base("b85decode"),
    "binascii.a2b_base64": _b64,
    "binascii.unhexlify": _hex,
    "binascii.a2b_hex": _hex,
    "builtins.bytes.fromhex": _hex,
    "builtins.bytearray.fromhex": _hex,
    "zlib.decompress": _inflate,
    "gzip.decompress": _gunzip,
    "bz2.decompress": _bunzip,
    "lzma.decompress": _unxz,
    "codecs.decode": recode,
    "codecs.getdecoder": lambda *_: None,
}
"""Functions that undo a code."""


def decode(name: str, arguments: list[Value]) -> Value:
    """Return what a decoder gives."""
    flags = gather(arguments) | DECODED
    plains = [plain(argument) for argument in arguments]
    if not plains or plains[0] is None:
        return blur(flags)
    if name == "codecs.decode" and not is_hiding(plains[1] if len(plains) > 1 else "utf-8"):
        flags = (flags & ~DECODED) | (flags_of(arguments[0]) & DECODED)
    try:
        return made(DECODERS[name](*plains), flags)
    except ERRORS:
        return blur(flags)
