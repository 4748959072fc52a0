"""Static libraries: `ar` archives of object files. Each member is an artifact of its own.

Layout: <https://man.freebsd.org/cgi/man.cgi?query=ar&sektion=5>, for the variants of GNU and of BSD;
<https://learn.microsoft.com/windows/win32/debug/pe-format#archive-library-file-format>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Inner, Read, part
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.where import Member, Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.source import PartSource

_MAGIC: Final = b"!<arch>\n"
_HEADER: Final = 60
_END: Final = b"`\n"
_TABLES: Final = (b"/", b"/SYM64/", b"//", b"__.SYMDEF", b"__.SYMDEF SORTED", b"/<ECSYMBOLS>/", b"/<HYBRIDMAP>/")
"""Where which symbol is, and long names: of the library, not in it."""
_MEMBERS: Final = 100_000
_NAMES: Final = 16 << 20
_LONG: Final = 4096


def _matches(glance: Glance) -> bool:
    return glance.head.startswith(_MAGIC) and (glance.size == len(_MAGIC) or glance.head[66:68] == _END)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    cursor.skip(len(_MAGIC))
    names = b""
    for _ in range(_MEMBERS):
        if cursor.left < _HEADER:
            break
        header = cursor.take(_HEADER)
        size = header[48:58].strip()
        if header[58:] != _END or not size.isdigit() or int(size) > cursor.left:
            raise UnreadableError("ar: a header of a member wanted", offset=cursor.offset - _HEADER)
        start, end = cursor.offset, cursor.offset + int(size)
        name, start = _name(header[:16].rstrip(), names, cursor, start)
        if name == b"//":
            names = cursor.source.read_at(start, min(end - start, _NAMES))
        if name not in _TABLES and start <= end:
            place = where / Member(name=name.decode("utf-8", "replace"))
            yield Inner(place, lambda start=start, end=end: PartSource(cursor.source, start, end))  # type: ignore[misc]
        cursor.skip(int(size))
        if cursor.offset % 2 and cursor.left:
            cursor.skip(1)
    else:
        raise OverBudgetError(f"ar: more than {_MEMBERS} members")
    if cursor.left:
        yield part(cursor, where, cursor.offset, cursor.size)


def _name(raw: bytes, names: bytes, cursor: Cursor, start: int) -> tuple[bytes, int]:
    """Return the name of a member and where its data begins."""
    if raw.startswith(b"#1/") and raw[3:].isdigit():
        length = min(int(raw[3:]), _LONG)
        return cursor.source.read_at(start, length).rstrip(b"\0"), start + length
    if raw[:1] == b"/" and raw[1:].isdigit():
        at = int(raw[1:])
        return names[at : at + _LONG].partition(b"\n")[0].removesuffix(b"/").partition(b"\0")[0], start
    return (raw if raw in _TABLES else raw.removesuffix(b"/")), start


FORMAT: Final = Format(id="ar", title="Static library", matches=_matches, read=_read)
