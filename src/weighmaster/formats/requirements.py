"""Requirements files of pip: which packages are wanted, in which versions, from where.

Format: <https://pip.pypa.io/en/stable/reference/requirements-file-format/>.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.extend.wanting import bounded
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.where import Span, Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.dependencies.pip import requirements
from weighmaster.reading.dependencies.wanted import Stand
from weighmaster.reading.opening import significant
from weighmaster.reading.pattern import pattern

_LONGEST: Final = 4 << 20
_HEAD: Final = 4096
_NAME: Final = rb"[A-Za-z0-9][A-Za-z0-9._-]*(?:\s*\[[^\]\n]*\])?"
_LINE: Final = pattern(
    rb"(?:" + _NAME + rb"\s*\(?(?:(?:[<>=!~]=?=?|===)\s*[\w.*+!-]+\s*,?\s*)*\)?\s*(?:;[^\n]*)?(?:\s--?[\w-]+[= ]\S+)*"
    rb"|" + _NAME + rb"\s*@\s*\S+[^\n]*"
    rb"|-(?:[riefcC]\S*|-[a-z-]+)(?:[ =][^\n]*)?|(?:git|hg|svn|bzr)\+\S+[^\n]*|(?:https?|ftp|file)://\S+[^\n]*"
    rb"|\.{1,2}/\S*(?:\[[^\]\n]*\])?|/\S+\.(?:whl|zip|tar\.gz)|[\w.-]+\.whl)\s*(?:\\|#[^\n]*)?"
)
_TELLS: Final = pattern(rb"[<>=~]=|^\s*-|://|\s@\s|^\.{1,2}/", re.MULTILINE)
_ARCHIVE: Final = pattern(rb"\.(?:whl|zip|tar\.\w+|tgz)\b|[#&]egg=|[#&](?:sha256|subdirectory)=", re.IGNORECASE)


def _matches(glance: Glance) -> bool:
    if glance.size > _LONGEST or b"\0" in glance.head:
        return False
    said = significant(glance.source)
    head = said if len(said) <= _HEAD else said[:_HEAD].rpartition(b"\n")[0]
    # Most texts are none in their first line.
    if not _LINE.fullmatch(head[:500].partition(b"\n")[0].strip()) or not _TELLS.search(head):
        return False
    lines = [line.strip() for line in head.splitlines()]
    lines = [line for line in lines if line and not line.startswith(b"#")]
    if all(line.startswith((b"http://", b"https://")) and not _ARCHIVE.search(line) for line in lines):
        return False  # A list of addresses, of mirrors for one.
    return all(len(line) < 500 and _LINE.fullmatch(line) is not None for line in lines)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    if where.steps and isinstance(where.steps[-1], Span):
        return  # A part of something else: nobody installs from that.
    if cursor.size > _LONGEST:
        raise OverBudgetError(f"{cursor.size} bytes of requirements, {_LONGEST} allowed")
    text = cursor.take(cursor.size).removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    yield from bounded(requirements(text, Stand(where=where, by="pip")))


FORMAT: Final = Format(id="requirements", title="Requirements of pip", matches=_matches, read=_read, layer=True)
