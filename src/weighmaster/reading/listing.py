"""A listing of a pickle's opcodes around a place, for people. Nothing is executed and nothing decided here.

Source: CPython's `Lib/pickletools.py`, whose table of opcodes is the format's specification.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

from weighmaster.reading.source import Source

_SHOWN: Final = 60
_LONGEST: Final = 1 << 16
"""Characters of a line that are looked through for its end; a longer one ends the listing."""

_PLAIN: Final = {
    b"(": "MARK", b".": "STOP", b"0": "POP", b"1": "POP_MARK", b"2": "DUP", b"N": "NONE", b"Q": "BINPERSID",
    b"R": "REDUCE", b"a": "APPEND", b"b": "BUILD", b"d": "DICT", b"}": "EMPTY_DICT", b"e": "APPENDS", b"l": "LIST",
    b"]": "EMPTY_LIST", b"o": "OBJ", b"s": "SETITEM", b"t": "TUPLE", b")": "EMPTY_TUPLE", b"u": "SETITEMS",
    b"\x81": "NEWOBJ", b"\x85": "TUPLE1", b"\x86": "TUPLE2", b"\x87": "TUPLE3", b"\x88": "NEWTRUE",
    b"\x89": "NEWFALSE", b"\x8f": "EMPTY_SET", b"\x90": "ADDITEMS", b"\x91": "FROZENSET", b"\x92": "NEWOBJ_EX",
    b"\x93": "STACK_GLOBAL", b"\x94": "MEMOIZE", b"\x97": "NEXT_BUFFER", b"\x98": "READONLY_BUFFER",
}  # fmt: skip
_FIXED: Final = {
    b"J": ("BININT", 4), b"K": ("BININT1", 1), b"M": ("BININT2", 2), b"h": ("BINGET", 1), b"j": ("LONG_BINGET", 4),
    b"q": ("BINPUT", 1), b"r": ("LONG_BINPUT", 4), b"G": ("BINFLOAT", 8), b"\x80": ("PROTO", 1), b"\x82": ("EXT1", 1),
    b"\x83": ("EXT2", 2), b"\x84": ("EXT4", 4), b"\x95": ("FRAME", 8),
}  # fmt: skip
_LINED: Final = {
    b"F": ("FLOAT", 1), b"I": ("INT", 1), b"L": ("LONG", 1), b"P": ("PERSID", 1), b"S": ("STRING", 1),
    b"V": ("UNICODE", 1), b"c": ("GLOBAL", 2), b"g": ("GET", 1), b"i": ("INST", 2), b"p": ("PUT", 1),
}  # fmt: skip
_COUNTED: Final = {
    b"T": ("BINSTRING", 4), b"U": ("SHORT_BINSTRING", 1), b"X": ("BINUNICODE", 4), b"B": ("BINBYTES", 4),
    b"C": ("SHORT_BINBYTES", 1), b"\x8a": ("LONG1", 1), b"\x8b": ("LONG4", 4), b"\x8c": ("SHORT_BINUNICODE", 1),
    b"\x8d": ("BINUNICODE8", 8), b"\x8e": ("BINBYTES8", 8), b"\x96": ("BYTEARRAY8", 8),
}  # fmt: skip


def around(
    source: Source, start: int, *, before: int = 8, after: int = 8, most: int = 1 << 20
) -> list[tuple[int, str]]:
    """Return the opcodes around the one at `start`: their places, and each with its argument as a line.

    Nothing is returned where no opcode begins at `start`, or only after more than `most` others.
    """
    seen: deque[tuple[int, str]] = deque(maxlen=before + 1)
    left = -1
    found: list[tuple[int, str]] = []
    for number, (offset, text) in enumerate(opcodes(source)):
        if left > 0:
            found.append((offset, text))
            left -= 1
        elif left == 0 or offset > start or number > most:
            break
        else:
            seen.append((offset, text))
            if offset == start:
                found, left = list(seen), after
    return found


def opcodes(source: Source) -> Iterator[tuple[int, str]]:
    """Yield the place of each opcode, and the opcode with its argument, up to what is none."""
    offset = 0
    while offset < source.size:
        code = source.read_at(offset, 1)
        if code in _PLAIN:
            text, size = _PLAIN[code], 0
        elif code in _FIXED:
            text, size = _fixed(source, offset + 1, *_FIXED[code])
        elif code in _LINED:
            text, size = _lined(source, offset + 1, *_LINED[code])
        elif code in _COUNTED:
            text, size = _counted(source, offset + 1, *_COUNTED[code])
        else:
            return
        if size < 0 or offset + 1 + size > source.size:
            return
        yield offset, text
        offset += 1 + size


def _fixed(source: Source, offset: int, name: str, size: int) -> tuple[str, int]:
    raw = source.read_at(offset, size)
    if name == "BINFLOAT":
        return f"{name} 0x{raw.hex()}", size
    return f"{name} {int.from_bytes(raw, 'little', signed=name == 'BININT')}", size


def _lined(source: Source, offset: int, name: str, lines: int) -> tuple[str, int]:
    raw = source.read_at(offset, _LONGEST)
    parts = raw.split(b"\n", lines)
    if len(parts) <= lines:
        return name, -1
    return f"{name} {' '.join(_shown(part) for part in parts[:-1])}", len(raw) - len(parts[-1])


def _counted(source: Source, offset: int, name: str, width: int) -> tuple[str, int]:
    size = int.from_bytes(source.read_at(offset, width), "little")
    shown = source.read_at(offset + width, min(size, _SHOWN + 1))
    return f"{name} {_shown(shown) if name[:4] != 'LONG' else f'of {size} bytes'}", width + size


def _shown(raw: bytes) -> str:
    text = repr(raw[:_SHOWN].decode("utf-8", "backslashreplace"))
    return text if len(raw) <= _SHOWN else f"{text}…"
