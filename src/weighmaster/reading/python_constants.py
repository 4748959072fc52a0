"""What functions and methods give for constants: decoders, conversions, the methods of text. Bounded, and never run.

The functions done here are pure and belong to the standard library: their result is computed with the library's own,
once the arguments are known to be small.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable
from typing import Any, Final

from weighmaster.reading.python_values import (
    DECODED,
    FOLDED,
    LONGEST,
    Blur,
    Made,
    Value,
    add,
    blur,
    flags_of,
    gather,
    made,
    plain,
)

_ERRORS: Final = (ValueError, TypeError, IndexError, OverflowError, LookupError, EOFError)
_SAME: Final = frozenset(
    {"lower", "upper", "swapcase", "title", "strip", "lstrip", "rstrip", "replace", "casefold", "expandtabs"}
)
_SPLITS: Final = frozenset({"split", "rsplit", "splitlines", "partition", "rpartition"})
_HIDING: Final = frozenset(
    {"decrypt", "decompress", "b64decode", "unhexlify", "fromhex", "decode_base64", "deobfuscate"}
)
"""Methods that undo a code, whatever object they belong to."""
_CODECS: Final = {
    "rot13": "rot13", "rot_13": "rot13", "hex": "hex", "hex_codec": "hex", "base64": "base64", "base64_codec": "base64",
    "zlib": "zlib", "zlib_codec": "zlib", "zip": "zlib", "bz2": "bz2", "bz2_codec": "bz2", "unicode_escape": "text",
    "unicode-escape": "text", "raw_unicode_escape": "text", "punycode": "text", "utf_7": "text", "utf-7": "text",
    "uu": "uu", "idna": "text",
}  # fmt: skip


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
        return lzma.LZMADecompressor(memlimit=64 << 20).decompress(data, LONGEST)
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


def _codec(data: Any, codec: Any = "utf-8", *_: Any) -> Any:
    import codecs

    kind = _CODECS.get(str(codec).lower())
    if kind == "rot13":
        return codecs.decode(data, "rot13")
    if kind in {"zlib", "bz2"}:
        return (_inflate if kind == "zlib" else _bunzip)(data)
    if kind == "hex":
        return _hex(data)
    if kind == "base64":
        return _b64(data)
    if kind == "uu":
        raise ValueError
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
    "codecs.decode": _codec,
    "codecs.getdecoder": lambda *_: None,
}
"""Functions that undo a code."""


def decode(name: str, arguments: list[Value]) -> Value:
    """Return what a decoder gives."""
    flags = gather(arguments) | DECODED
    plains = [plain(argument) for argument in arguments]
    if not plains or plains[0] is None:
        return blur(flags)
    if name == "codecs.decode" and _CODECS.get(str(plains[1] if len(plains) > 1 else "utf-8").lower()) is None:
        flags = (flags & ~DECODED) | (flags_of(arguments[0]) & DECODED)
    try:
        return made(DECODERS[name](*plains), flags)
    except (*_ERRORS, binascii.Error):
        return blur(flags)


def built(name: str, arguments: list[Value]) -> Value:
    """Return what a builtin gives for constants: `chr`, `bytes`, `str`, `int`, ..."""
    if not arguments:
        return {"str": "", "bytes": b"", "bytearray": b"", "list": [], "dict": {}, "tuple": []}.get(name)
    first = arguments[0]
    flags = gather(arguments)
    try:
        return _built(name, first, arguments, flags)
    except _ERRORS:
        return blur(flags)


def _built(name: str, first: Value, arguments: list[Value], flags: int) -> Value:
    value = plain(first)
    match name:
        case "chr" | "unichr" if type(value) is int:
            return Made(chr(value), flags | DECODED)
        case "chr":
            return Blur(flags | DECODED)
        case "ord" if isinstance(value, str | bytes):
            return made(ord(value), flags)
        case "bytes" | "bytearray" if type(first) is list:
            items = [plain(item) for item in first]
            if all(type(item) is int for item in items):
                return made(bytes(items), flags | DECODED)
        case "bytes" | "bytearray" if isinstance(value, bytes):
            return first
        case "bytes" | "str" | "bytearray" if isinstance(value, str | bytes) and len(arguments) > 1:
            codec = plain(arguments[1]) or "utf-8"
            if isinstance(value, str) == (name == "str"):
                return blur(flags)
            return made(value.encode(codec) if isinstance(value, str) else value.decode(codec), flags)
        case "str" if type(value) is str or type(value) is int:
            return made(str(value), flags)
        case "int" if isinstance(value, str) and len(value) < 400:
            base = plain(arguments[1]) if len(arguments) > 1 else 10
            return made(int(value, base), flags) if type(base) is int else blur(flags)
        case "int" | "float" if type(value) is int:
            return first
        case "list" | "tuple" | "iter" | "reversed" | "sorted" | "set" | "frozenset":
            held = listed(first)
            if held is not None:
                return [made(plain(i), flags_of(i) | DECODED) for i in held[::-1]] if name == "reversed" else held
        case _:
            pass
    return blur(flags)


def listed(value: Value) -> list[Value] | None:
    """Return the items that going over a value gives, or None."""
    if type(value) is list:
        return value
    flags = flags_of(value)
    constant = plain(value)
    if isinstance(constant, str | bytes) and len(constant) <= LONGEST >> 4:
        return [made(item, flags) for item in constant]
    return None


def method(base: Value, name: str, arguments: list[Value]) -> Value:
    """Return what a method of a constant gives."""
    flags = flags_of(base) | gather(arguments)
    value = plain(base)
    try:
        if name == "join" and isinstance(value, str | bytes):
            return _join(value, arguments, flags)
        if isinstance(value, str | bytes):
            return _text(value, name, arguments, flags)
        if name == "to_bytes" and type(value) is int:
            plains = [plain(argument) for argument in arguments]
            if plains and type(plains[0]) is int and plains[0] <= LONGEST:
                return made(value.to_bytes(*plains), flags | DECODED)
    except _ERRORS:
        return blur(flags)
    if name in _HIDING and (value is not None or type(base) is Blur):
        return Blur(flags | DECODED)
    return blur(flags)


def hides(name: str) -> bool:
    """Say whether a method of that name undoes a code."""
    return name in _HIDING


def _join(value: Any, arguments: list[Value], flags: int) -> Value:
    items = listed(arguments[0]) if arguments else None
    if items is None:
        return blur(flags & ~FOLDED)
    flags |= FOLDED
    for item in items:
        flags |= flags_of(item)
    pieces = [plain(item) for item in items]
    if any(type(piece) is not type(value) for piece in pieces):
        return blur(flags & ~FOLDED)
    if sum(map(len, pieces)) + len(value) * len(pieces) > LONGEST:
        return blur(flags)
    return made(value.join(pieces), flags)


def _text(value: Any, name: str, arguments: list[Value], flags: int) -> Value:
    plains = [plain(argument) for argument in arguments]
    if any(item is None for item in plains):
        if name == "translate":
            return Blur(flags | DECODED)
        return blur((flags | (DECODED if name in _HIDING else 0)) & ~FOLDED)
    if name in _SAME:
        if name == "replace" and _grows(value, plains):
            return blur(flags)
        more = FOLDED if name in {"replace", "swapcase"} else 0
        return made(getattr(value, name)(*plains), flags | more)
    if name in _SPLITS:
        return [made(piece, flags) for piece in getattr(value, name)(*plains)][:LONGEST]
    if name in {"encode", "decode"}:
        return _recoded(value, name, plains, flags)
    if name == "format" and "{:" not in value and "!" not in value:
        return _formatted(value, arguments, flags)
    if name in _HIDING:
        return Blur(flags | DECODED)
    return blur(flags & ~FOLDED)


def _grows(value: Any, plains: list[Any]) -> bool:
    if len(plains) < 2 or type(plains[0]) is not type(value) or type(plains[1]) is not type(value):
        return True
    return (len(value) + 1) * (len(plains[1]) + 1) > LONGEST << 3


def _recoded(value: Any, name: str, plains: list[Any], flags: int) -> Value:
    codec = str(plains[0]).lower() if plains else "utf-8"
    if codec in _CODECS:
        return made(_codec(value, codec), flags | DECODED)
    if name == "encode":
        return made(value.encode(codec), flags) if isinstance(value, str) else blur(flags)
    return made(value.decode(codec, *plains[1:2]), flags) if isinstance(value, bytes) else blur(flags)


def _formatted(value: str, arguments: list[Value], flags: int) -> Value:
    found: Value = ""
    pieces = value.split("{")
    for number, piece in enumerate(pieces):
        if number == 0:
            found = piece
            continue
        index, brace, rest = piece.partition("}")
        at = number - 1 if not index else int(index) if index.isdecimal() and len(index) < 4 else len(arguments)
        if not brace or at >= len(arguments):
            return blur(flags & ~FOLDED)
        given = plain(arguments[at])
        found = add(add(found, made(str(given), flags_of(arguments[at]))), rest)
    return found


def item(base: Value, index: Value) -> Value:
    """Return what a subscript gives."""
    at = plain(index)
    flags = flags_of(base)
    if type(base) is dict:
        if at in base:
            return base[at]
        return blur(gather(list(base.values())[:64]))
    held = base if type(base) is list else plain(base)
    if type(at) is int and isinstance(held, str | bytes | list) and -len(held) <= at < len(held):
        return held[at] if type(base) is list else made(held[at], flags)
    return blur(flags)


def cut(base: Value, start: Value, stop: Value, step: Value) -> Value:
    """Return what a slice gives; backwards and every other one are ways to hide."""
    bounds = [plain(bound) for bound in (start, stop, step)]
    held = base if type(base) is list else plain(base)
    if held is None or not isinstance(held, str | bytes | list):
        return blur(flags_of(base) | (DECODED if bounds[2] == -1 else 0))
    if not all(bound is None or type(bound) is int for bound in bounds) or bounds[2] == 0:
        return blur(flags_of(base))
    found = held[slice(*bounds)]
    hiding = bounds[2] is not None and bounds[2] != 1
    if type(base) is list:
        return [
            made(plain(one), flags_of(one) | DECODED) if hiding and plain(one) is not None else one for one in found
        ]
    return made(found, flags_of(base) | (DECODED | FOLDED if hiding else 0))


def is_made(value: Value) -> bool:
    """Say whether a value is a constant that was decoded."""
    return type(value) is Made and bool(value.flags & DECODED)
