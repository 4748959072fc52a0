"""Python's compiled modules, and marshalled code on its own. The code is not followed, but held against its source.

Specification: PEP 552 (<https://peps.python.org/pep-0552/>); `TYPE_CODE` in CPython's Python/marshal.c.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.fact import CodeObject
from weighmaster.model.package import Compiled
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.payload import is_code

_HEADS: Final = (16, 12, 8)
"""How long the head of a module was: from Python 3.7, from 3.3, before."""
_FORMS: Final = {0: "timestamp", 1: "unchecked", 3: "hash"}
_LONGEST_PATH: Final = 1024
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
    from weighmaster.knowledge.packages.compiled import acting_in_code, stem

    cursor.budget.hold(cursor.size)
    data = cursor.take(cursor.size)
    head = next(at for at in _HEADS if data[at] in _CODE and is_code(data[at : at + 40] + bytes(40)))
    code = _without_path(data[head:], stem(where).encode(errors="replace"))
    flags = int.from_bytes(data[4:8], "little")
    form = "old" if head != _HEADS[0] else _FORMS.get(flags, "timestamp")
    yield Compiled(
        where=where,
        form=form,
        version=int.from_bytes(data[:2], "little"),
        size=int.from_bytes(data[12:16], "little") if form == "timestamp" else -1,
        acts=acting_in_code(code),
    )


def _without_path(code: bytes, name: bytes) -> bytes:
    """Return code without the path of its source, which holds words of its own: `/filesystem/x.py`."""
    end = code.find(name)
    start = end
    while start > 0 and end - start < _LONGEST_PATH and 0x20 <= code[start - 1] < 0x7F:
        start -= 1
    return code if end < 0 else code.replace(code[start : end + len(name)], b"")


FORMAT: Final = Format(id="pyc", title="Compiled Python", matches=_matches, read=_read)
