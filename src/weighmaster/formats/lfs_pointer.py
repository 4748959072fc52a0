"""A pointer of Git LFS: three lines that stand for a file that was not fetched.

Specification: <https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>. Who loads the repository from elsewhere gets
the file itself: bytes that nobody has looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.errors import UnreadableError
from weighmaster.model.fact import Statement
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.pattern import pattern

_BEGINS: Final = (b"version https://git-lfs.github.com/spec/", b"version https://hawser.github.com/spec/")
_LONGEST: Final = 1024  # "Pointer files must be less than 1024 bytes in size."
_OID: Final = pattern(rb"^oid sha256:([0-9a-f]{64})$", 8)  # re.MULTILINE
_SIZE: Final = pattern(rb"^size (\d{1,19})$", 8)


def _matches(glance: Glance) -> bool:
    return glance.size < _LONGEST and glance.head.startswith(_BEGINS)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    text = cursor.take(cursor.size)
    oid, size = _OID.search(text), _SIZE.search(text)
    if oid is None or size is None:
        raise UnreadableError("git-lfs: a pointer without the digest or the size of what it stands for")
    yield Statement(where=where, key="stands-for", value=f"sha256:{oid[1].decode()} {size[1].decode()}", by="git-lfs")
    detail = f"a Git LFS pointer: the {int(size[1])} bytes that it stands for are not here"
    yield Gap(where=where, reason=GapReason.UNREACHABLE, detail=detail)


FORMAT: Final = Format(id="lfs-pointer", title="Pointer of Git LFS", matches=_matches, read=_read, layer=True)
