"""Whole files of what packages carry beside code: fonts, time zones, static libraries, encrypted and encoded bytes."""

from __future__ import annotations

import base64
import random
import struct
import zlib

_PICKLE = b"\x80\x04\x8c\x05posix\x8c\x06getcwd\x93)R."


def whole() -> list[bytes]:
    """Return them."""
    return [
        tzif(),
        tzif(version=b"\0"),
        font(),
        collection(),
        woff(),
        ar({"a.o": b"\x7fELF" + bytes(60), "a-name-that-is-longer.o": b"abc"}),
        descriptor(),
        sound(),
        b"age-encryption.org/v1\n-> X25519 abc\n" + random.Random(1).randbytes(90),
        b"Salted__" + random.Random(2).randbytes(120),
        b"DATA = '" + base64.b64encode(_PICKLE * 2) + b"'\n",
        b"DATA = '" + base64.b85encode(_PICKLE * 2) + b"'\n",
        b"DATA = [\n  '"
        + b"',\n  '".join((base64.b64encode(_PICKLE * 2)[:32], base64.b64encode(_PICKLE * 2)[32:]))
        + b"']",
        b"HKIT" + bytes(range(60)) + zlib.compress(_PICKLE + bytes(300)),
    ]


def tzif(*, version: bytes = b"2") -> bytes:
    """Return a time zone of one type, an hour before Greenwich."""

    def block(width: str) -> bytes:
        header = b"TZif" + version + bytes(15) + struct.pack(">6I", 0, 0, 0, 1, 1, 4)
        return header + struct.pack(f">{width}B", 0, 0) + struct.pack(">iBB", 3600, 0, 0) + b"CET\0"

    return block("i") if version == b"\0" else block("i") + block("q") + b"\nCET-1\n"


def font(start: int = 0) -> bytes:
    """Return a font of two tables, as it stands at an offset."""
    tables = {b"head": bytes(54), b"name": b"weighmaster!"}
    out = b"\0\1\0\0" + struct.pack(">HHHH", len(tables), 32, 1, 0)
    at, data = start + 12 + 16 * len(tables), b""
    for tag, table in tables.items():
        out += tag + struct.pack(">III", 0, at + len(data), len(table))
        data += table + bytes(-len(table) % 4)
    return out + data


def collection() -> bytes:
    """Return a collection of one font."""
    return b"ttcf" + struct.pack(">III", 0x00010000, 1, 16) + font(16)


def woff() -> bytes:
    """Return a packed font whose one table is not packed."""
    table = bytes(54)
    out = b"wOFF\0\1\0\0" + struct.pack(">IHHIHHIIIII", 64 + 56, 1, 0, 12 + 16 + 56, 1, 0, 0, 0, 0, 0, 0)
    return out + b"head" + struct.pack(">IIII", 64, len(table), len(table), 0) + table + bytes(2)


def ar(members: dict[str, bytes]) -> bytes:
    """Return a static library as GNU's `ar` writes it, with its long names in a member of their own."""
    long, places = b"", {}
    for name in members:
        if len(name) > 15:
            places[name] = f"/{len(long)}"
            long += name.encode() + b"/\n"
    out = b"!<arch>\n" + _member("/", struct.pack(">I", 0))
    if long:
        out += _member("//", long)
    for name, data in members.items():
        out += _member(places.get(name, f"{name}/"), data)
    return out


def _member(name: str, data: bytes) -> bytes:
    return f"{name:<16}{0:<12}{0:<6}{0:<6}{644:<8}{len(data):<10}`\n".encode() + data + b"\n" * (len(data) % 2)


def descriptor() -> bytes:
    """Return the description of a file that declares one message."""

    def field(number: int, data: bytes) -> bytes:
        return bytes((number << 3 | 2, len(data))) + data

    file = field(1, b"a/b.proto") + field(2, b"a.b") + field(4, field(1, b"Message")) + field(12, b"proto3")
    return field(1, file)


def sound() -> bytes:
    """Return a recording in big-endian order."""
    return (
        b"RIFX"
        + struct.pack(">I", 36)
        + b"WAVEfmt "
        + struct.pack(">IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8)
        + b"data\0\0\0\0"
    )
