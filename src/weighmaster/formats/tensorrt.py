"""TensorRT engines (`.engine`, `.plan`): a model compiled to the machine code of one kind of GPU.

The layout behind the magic number is not published: it is not read. What stands before it, and native libraries inside
(plug-ins can be put into an engine, and a version-compatible engine brings a runtime), are told. Ultralytics writes
the length of a JSON text and that text in front.

Documentation: <https://docs.nvidia.com/deeplearning/tensorrt/latest/inference-library/advanced.html>
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read, part
from weighmaster.model.fact import Engine, Executable, Metadata
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.source import Source, is_far

_MAGICS: Final = (b"ftrt", b"ptrt")
_NOTES: Final = 1 << 20
"""Bytes of JSON that may stand in front."""
_TEXT: Final = 2000
_WINDOW: Final = 4 << 20
_OVERLAP: Final = 64
_SEARCHED: Final = 1 << 30
_LIBRARIES: Final = 16
_ELF: Final = b"\x7fELF"
_CUDA: Final = 190
"""`EM_CUDA`: code for the GPU is ELF as well."""


def _matches(glance: Glance) -> bool:
    return glance.size >= 16 and _start(glance.head, glance.source) is not None


def _start(head: bytes, source: Source) -> int | None:
    if head.startswith(_MAGICS):
        return 0
    length = int.from_bytes(head[:4], "little")
    if head[4:5] == b"{" and 2 <= length <= _NOTES and source.read_at(4 + length, 4) in _MAGICS:
        return 4 + length
    return None


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    start = _start(cursor.peek(8), cursor.source)
    if start is None:
        return
    if start:
        yield from _notes(cursor.source.read_at(4, start - 4), where)
    yield Engine(where=where, kind="a TensorRT engine")
    if not is_far(cursor.source):
        yield from _libraries(cursor, where)


def _notes(raw: bytes, where: Where) -> Iterator[Read]:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        found = None
    for key, value in found.items() if isinstance(found, dict) else ():
        yield Metadata(where=where, key=str(key)[:200], text=str(value)[:_TEXT])


def _libraries(cursor: Cursor, where: Where) -> Iterator[Read]:
    found = 0
    for base in range(0, min(cursor.size, _SEARCHED), _WINDOW):
        cursor.budget.check_time()
        window = cursor.source.read_at(base, _WINDOW + _OVERLAP)
        at = window.find(_ELF)
        while 0 <= at < _WINDOW and found < _LIBRARIES:
            machine = window[at + 18 : at + 20]
            if window[at + 4 : at + 7] in {b"\2\1\1", b"\1\1\1"} and int.from_bytes(machine, "little") != _CUDA:
                found += 1
                yield Executable(where=where.span(base + at, cursor.size), kind="ELF inside a TensorRT engine")
                yield part(cursor, where, base + at, cursor.size)
            at = window.find(_ELF, at + 1)


FORMAT: Final = Format(id="tensorrt", title="TensorRT engine", matches=_matches, read=_read)
