"""Python's compiled modules, and marshalled code on its own.

Specification: PEP 552 (<https://peps.python.org/pep-0552/>); `TYPE_CODE` in CPython's Python/marshal.c.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.fact import CodeObject, Script
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.payload import is_code

_HEADS: Final = (16, 12, 8)
"""How long the head of a module was: from Python 3.7, from 3.3, before."""
_CODE: Final = frozenset({0x63, 0xE3})


def _matches(glance: Glance) -> bool:
    return is_code(glance.head) or _module(glance.head)


def _module(head: bytes) -> bool:
    """Whether this is a module: a version, a line end that copying as text would break, then code."""
    if head[2:4] != b"\r\n" or len(head) < 40:
        return False
    return any(head[at] in _CODE and is_code(head[at:] + bytes(40)) for at in _HEADS)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    if not _module(cursor.peek(4096)):
        yield CodeObject(where=where, form="marshal")
        return
    yield Script(where=where, language="python", excerpt="compiled")
    detail = "pyc: compiled code is not followed"
    yield Gap(where=where, reason=GapReason.UNREADABLE, detail=detail)


FORMAT: Final = Format(id="pyc", title="Compiled Python", matches=_matches, read=_read)
