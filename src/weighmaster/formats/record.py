"""`RECORD`: the files of a wheel or an installed package, each with its digest and size, as lines of CSV.

Specification: <https://packaging.python.org/en/latest/specifications/recording-installed-packages/#the-record-file>.
"""

from __future__ import annotations

import binascii
import csv
from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.knowledge.repository import path_of
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.package import Installed
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.pattern import pattern

_LONGEST: Final = 64 << 20
_MOST: Final = 400_000
_LINE: Final = pattern(rb'(?:"[^\n]*"|[^,\n]+),(?:\w+=[\w=+/-]*)?,\d*\r?(?:\n|\Z)')
_ALGORITHM: Final = "sha256="
_IN_HEX: Final = pattern(r"[0-9a-fA-F]{64}")


def _matches(glance: Glance) -> bool:
    return b"," in glance.head and _LINE.match(glance.head) is not None


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    if not path_of(where).endswith((".dist-info/RECORD", "!RECORD")) and where.root.rpartition("/")[2] != "RECORD":
        return  # Any table may have lines like these.
    if cursor.size > _LONGEST:
        raise OverBudgetError(f"{cursor.size} bytes of records, {_LONGEST} allowed")
    cursor.budget.hold(cursor.size * 4)
    lines = cursor.take(cursor.size).decode("utf-8", "replace").splitlines()
    if len(lines) > _MOST:
        raise OverBudgetError(f"{len(lines)} records, {_MOST} allowed")
    paths, digests, sizes, others = [], [], [], []
    for path, digest, size in _rows(lines):
        paths.append(path)
        digests.append(_hexadecimal(digest))
        sizes.append(int(size) if size.isascii() and size.isdigit() and len(size) < 16 else -1)
        if digest and not digest.startswith(_ALGORITHM):
            others.append(path)
    yield Installed(where=where, paths=tuple(paths), sha256=tuple(digests), sizes=tuple(sizes), others=tuple(others))


def _rows(lines: list[str]) -> Iterator[tuple[str, str, str]]:
    for line in lines:
        if '"' in line:
            row = next(csv.reader([line]), [])
            parts = (*row, "", "", "")[:3]
        else:
            # Names without quotes hold no comma, by the rules of CSV.
            parts = (*line.split(","), "", "", "")[:3]
        if parts[0]:
            yield parts[0], parts[1], parts[2]


def _hexadecimal(digest: str) -> str:
    if not digest.startswith(_ALGORITHM):
        return ""
    said = digest[len(_ALGORITHM) :]
    if _IN_HEX.fullmatch(said):
        return said.lower()  # No digest in Base64 is so long; some builders write it so.
    text = said.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        raw = binascii.a2b_base64(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raw = b""
    # A digest of another length is no digest, and fits nothing.
    return raw.hex() if len(raw) == 32 else "?"


FORMAT: Final = Format(id="record", title="Files of a package", matches=_matches, read=_read, layer=True)
