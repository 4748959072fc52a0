"""Requirements files of pip: where packages come from that are not taken from the usual index.

Format: <https://pip.pypa.io/en/stable/reference/requirements-file-format/>.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.fact import Reference, Statement
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.pattern import pattern

_LONGEST: Final = 1 << 20
_MOST: Final = 5_000
_NAME: Final = rb"[A-Za-z0-9][A-Za-z0-9._-]*(?:\s*\[[^\]\n]*\])?"
_LINE: Final = pattern(
    rb"(?:" + _NAME + rb"\s*(?:(?:[<>=!~]=?=?|===)\s*[\w.*+!-]+\s*,?\s*)*(?:;[^\n]*)?"
    rb"|" + _NAME + rb"\s*@\s*\S+[^\n]*"
    rb"|-(?:[riefc]|-[a-z-]+)(?:[ =][^\n]*)?|(?:git|hg|svn|bzr)\+\S+[^\n]*|https?://\S+|--hash=\S+)\s*(?:\\|#[^\n]*)?"
)
_TELLS: Final = pattern(rb"[<>=~]=|^\s*-|://|\s@\s", re.MULTILINE)
_ADDRESS: Final = pattern(r"(?:(?:git|hg|svn|bzr)\+)?(?:https?|ssh|git|file|ftp)(?:\+\w+)?://\S+|git@\S+")
_OPTION: Final = pattern(r"(?:--(index-url|extra-index-url|find-links|trusted-host|pypi-url)|-(i|f))[= ]+(\S+)")
_ARCHIVE: Final = pattern(rb"\.(?:whl|zip|tar\.\w+|tgz)\b|[#&]egg=|[#&](?:sha256|subdirectory)=", re.IGNORECASE)
_CREDENTIALS: Final = pattern(r"://(?!git@)[^/@\s]+@")
_TOLD: Final = 300
_WANTED: Final = pattern(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\s*\[[^\]]*\])?\s*((?:[<>=!~]=?=?[^;]*)?)(?:;.*)?\Z")
_LONG: Final = {"i": "index-url", "f": "find-links"}


def _matches(glance: Glance) -> bool:
    if glance.size > _LONGEST or b"\0" in glance.head or not _TELLS.search(glance.head):
        return False
    head = glance.head if glance.size <= len(glance.head) else glance.head.rpartition(b"\n")[0]
    lines = [line.strip() for line in head.removeprefix(b"\xef\xbb\xbf").splitlines()]
    lines = [line for line in lines if line and not line.startswith(b"#")]
    if all(line.startswith((b"http://", b"https://")) and not _ARCHIVE.search(line) for line in lines):
        return False  # A list of addresses, of mirrors for one.
    return all(len(line) < 500 and _LINE.fullmatch(line) is not None for line in lines)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    text = cursor.take(cursor.size).decode("utf-8", "replace").replace("\\\n", " ")
    for number, line in enumerate(text.splitlines()):
        if number > _MOST:
            raise OverBudgetError(f"more than {_MOST} lines of requirements")
        plain = re.split(r"(?:^|\s)#", line, maxsplit=1)[0].strip()
        for option in _OPTION.finditer(plain):
            target = f"--{option[1] or _LONG[option[2]]} {option[3]}"
            yield Reference(where=where, kind="requirement", target=_shown(target), by="pip")
        if not plain.startswith(("-i", "-f", "--")) and (hit := _ADDRESS.search(plain)):
            yield Reference(where=where, kind="requirement", target=_shown(hit[0]), by="pip")
        elif wanted := _WANTED.match(plain):
            version = wanted[2].replace(" ", "")
            yield Statement(where=where, key="requires", value=f"{wanted[1]} {version}".strip()[:_TOLD], by="pip")


def _shown(target: str) -> str:
    """Return a requirement without the credentials that its address may carry."""
    return _CREDENTIALS.sub("://***@", target[:_TOLD])


FORMAT: Final = Format(id="requirements", title="Requirements of pip", matches=_matches, read=_read, layer=True)
