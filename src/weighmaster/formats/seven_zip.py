"""7z archives: their members, what their headers disagree about, and the bytes that no header names."""

from __future__ import annotations

import stat
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from weighmaster.extend.format import Format, Glance, Inner, Read, part
from weighmaster.model.errors import EncryptedError, OverBudgetError, UnreadableError
from weighmaster.model.fact import Disagreement, Expansion, Link, Nested, Stray
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.where import Member, Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.source import BytesSource, PartSource, Source

if TYPE_CHECKING:
    from weighmaster.reading.seven_zip import Archive, File

_MAGIC: Final = b"7z\xbc\xaf\x27\x1c"
_CHUNK: Final = 1 << 20
_CHECKED: Final = 64 << 20
"""The largest folder whose checksums are compared."""
_TARGET: Final = 4096
_UNIX: Final = 0x8000
_REPARSE: Final = 0x400


def _matches(glance: Glance) -> bool:
    return glance.head[: len(_MAGIC)] == _MAGIC


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    from weighmaster.reading.seven_zip import read_archive

    archive = read_archive(cursor.source, cursor.budget)
    for kind, detail in archive.notes:
        yield Disagreement(where=where, kind=kind, detail=detail)
    yield from _holes(cursor, where, archive)
    yield from _Members(cursor, where, archive).read()


def _holes(cursor: Cursor, where: Where, archive: Archive) -> Iterator[Read]:
    at = 0
    for start, end in sorted((*archive.used, (cursor.size, cursor.size))):
        if at < min(start, cursor.size):
            position = "after" if start >= cursor.size else "between"
            yield Stray(where=where.span(at, start), size=start - at, position=position)
            yield part(cursor, where, at, start)
        at = max(at, end)


class _Members:
    """The members of an archive, folder by folder: each is unpacked once."""

    def __init__(self, cursor: Cursor, where: Where, archive: Archive) -> None:
        self._cursor = cursor
        self._where = where
        self._archive = archive
        self._seen: set[str] = set()
        self._base = 0

    def read(self) -> Iterator[Read]:
        """Yield every member."""
        from weighmaster.reading.seven_zip import first_streams

        groups: dict[int, list[File]] = {index: [] for index in range(len(self._archive.folders))}
        for file in self._archive.files:
            if file.folder < 0:
                yield from self._empty(file)
            else:
                groups[file.folder].append(file)
        firsts = first_streams(self._archive)
        for index, files in groups.items():
            yield from self._folder(index, firsts[index], files)
            self._base += max((file.end for file in files), default=0)

    def _empty(self, file: File) -> Iterator[Read]:
        inside = self._place(file)
        self._cursor.budget.member()
        if file.is_folder:
            yield Nested(where=inside)
        else:
            yield Inner(inside, lambda: BytesSource(b""))

    def _folder(self, index: int, first: int, files: list[File]) -> Iterator[Read]:
        from weighmaster.reading.seven_zip import unpack_folder
        from weighmaster.reading.unpacked import BombError

        source, budget = self._cursor.source, self._cursor.budget
        place = self._where.span(*self._archive.streams[first])
        try:
            opened = unpack_folder(self._archive, index, first, source, budget)
        except OverBudgetError as error:
            budget.check_time()
            yield Gap(where=place, reason=GapReason.OVER_BUDGET, detail=f"seven-zip: {error}")
            if not isinstance(error, BombError):
                return
            yield Expansion(where=place, packed=error.packed, unpacked=error.unpacked)
            opened = error.before
        except (UnreadableError, EncryptedError) as error:
            reason = GapReason.ENCRYPTED if isinstance(error, EncryptedError) else GapReason.UNREADABLE
            for file in files:
                inside = self._place(file)
                yield Nested(where=inside)
                yield Gap(where=inside, reason=reason, detail=f"seven-zip: {error}")
            if not files:
                yield Gap(where=place, reason=reason, detail=f"seven-zip: {error}")
            return
        if broken := getattr(opened, "broken", None):
            yield Gap(where=place, reason=GapReason.UNREADABLE, detail=f"seven-zip: {broken}")
        yield from self._files(opened, place, files)

    def _files(self, opened: Source, place: Where, files: list[File]) -> Iterator[Read]:
        end = 0
        for file in files:
            inside = self._place(file)
            if len(inside.steps) > len(self._where.steps) + 1:
                detail = f"another member of the name {file.name!r} came before"
                yield Disagreement(where=inside, kind="duplicate-member", detail=detail)
            yield from self._file(inside, file, opened)
            end = file.end
        if end < opened.size:
            rest = place.span(end, opened.size)
            yield Stray(where=rest, size=opened.size - end, position="after")
            yield Inner(rest, lambda: PartSource(opened, end, opened.size))

    def _file(self, inside: Where, file: File, opened: Source) -> Iterator[Read]:
        content = PartSource(opened, file.start, file.end)
        if content.size < file.end - file.start:
            detail = f"seven-zip: {file.end - file.start} bytes long, {content.size} come out"
            yield Gap(where=inside, reason=GapReason.UNREADABLE, detail=detail)
        elif file.crc is not None and opened.size <= _CHECKED and self._checksum(content) != file.crc:
            yield Disagreement(where=inside, kind="member-checksum", detail="has another checksum than the header says")
        mode = file.attributes >> 16 if file.attributes & _UNIX else 0
        if stat.S_ISLNK(mode) or file.attributes & _REPARSE:
            target = content.read_at(0, _TARGET).decode("utf-8", "surrogateescape")
            yield Link(where=inside, kind="symbolic", target=target)
            if target.isascii() and target.isprintable():
                yield Nested(where=inside)
                return
        yield Inner(inside, lambda: content)

    def _checksum(self, content: Source) -> int:
        crc = 0
        for offset in range(0, content.size, _CHUNK):
            self._cursor.budget.check_time()
            crc = zlib.crc32(content.read_at(offset, _CHUNK), crc)
        return crc

    def _place(self, file: File) -> Where:
        inside = self._where / Member(name=file.name)
        if file.name in self._seen:
            # Another of its name came before: readers unpack the one over the other.
            return inside.span(self._base + file.start, self._base + file.end)
        self._seen.add(file.name)
        return inside


FORMAT: Final = Format(id="seven-zip", title="7z archive", matches=_matches, read=_read)
