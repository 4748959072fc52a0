"""R's own files: one object (`.rds`), or the objects of a workspace (`.rda`, `.RData`), packed or not.

Loading one evaluates nothing by itself, and yet runs code: promises are evaluated when they are looked at, active
bindings when they are read, `.First` when a session starts; some classes of vectors open files.

Specification: <https://cran.r-project.org/doc/manuals/r-release/R-ints.html#Serialization-Formats>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from weighmaster.extend.format import Format, Glance, Read, part
from weighmaster.knowledge.rlang import is_known
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.fact import Deferred, Instantiation, Reference, Stray
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor

if TYPE_CHECKING:
    from weighmaster.reading.rdata import Code

_WORKSPACES: Final = (b"RDX2\nX\n", b"RDX3\nX\n", b"RDA2\nA\n", b"RDA3\nA\n", b"RDB2\nB\n", b"RDB3\nB\n")
_XDR: Final = (b"X\n\0\0\0\x02\0", b"X\n\0\0\0\x03\0")
_BINARY: Final = (b"B\n\x02\0\0\0", b"B\n\x03\0\0\0")
_TEXT: Final = (b"A\n2\n", b"A\n3\n")
_PIECES: Final = 100_000
_SHORT: Final = 200
_TASTE: Final = 20


def _matches(glance: Glance) -> bool:
    return glance.head.startswith((*_WORKSPACES, *_XDR, *_BINARY, *_TEXT))


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    from weighmaster.reading.rdata import Class, Code, Package, opened

    reader = opened(cursor.source, cursor.budget)
    packages: set[str] = set()
    for number, event in enumerate(reader.events()):
        if number >= _PIECES:
            raise OverBudgetError(f"r: more than {_PIECES} pieces of code")
        match event:
            case Code():
                yield _deferred(where, event)
            case Class():
                given = ", ".join(event.texts)[:_SHORT]
                yield Instantiation(where=where, by="r", module=event.package, name=event.name, arguments=given)
            case Package():
                if event.name not in packages:
                    yield Reference(where=where, kind="requirement", target=event.name[:_SHORT], by="r")
                packages.add(event.name)
    end = reader.words.offset
    if end < cursor.size and cursor.source.read_at(end, 64).strip():
        yield Stray(where=where.span(end, cursor.size), size=cursor.size - end, position="after")
        yield part(cursor, where, end, cursor.size)


def _deferred(where: Where, code: Code) -> Deferred:
    """Return the fact, with the first calls as a taste, and of all words those of which something is known."""
    calls = tuple(call for count, call in enumerate(code.calls) if count < _TASTE or is_known(call))
    names, texts = tuple(filter(is_known, code.names)), tuple(filter(is_known, code.texts))
    return Deferred(where=where, language="R", trigger=code.trigger, calls=calls, names=names, texts=texts)


FORMAT: Final = Format(id="r-serialized", title="R object or workspace", matches=_matches, read=_read)
