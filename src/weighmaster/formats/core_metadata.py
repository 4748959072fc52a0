"""What a package says of itself: `METADATA` of wheels and installed packages, `PKG-INFO` of sdists and eggs.

Specification: <https://packaging.python.org/en/latest/specifications/core-metadata/>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.package import Distribution
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.headers import headers
from weighmaster.reading.pattern import pattern

_LONGEST: Final = 4 << 20
_TOLD: Final = 500
_MOST: Final = 2_000
_TELLS: Final = pattern(rb"(?:\A|\n)metadata-version:[^\n]*\n", 2)
_NAMED: Final = pattern(rb"(?:\A|\n)name:[^\n]*", 2)


def _matches(glance: Glance) -> bool:
    head = glance.head
    return b"etadata-" in head and _TELLS.search(head) is not None and _NAMED.search(head) is not None


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    if cursor.size > _LONGEST:
        raise OverBudgetError(f"{cursor.size} bytes of metadata, {_LONGEST} allowed")
    said, _ = headers(cursor.take(cursor.size))
    name = _first(said, "name")
    if name:
        yield Distribution(
            where=where,
            name=name,
            version=_first(said, "version"),
            summary=_first(said, "summary"),
            author=_first(said, "author") or _first(said, "author-email") or _first(said, "maintainer-email"),
            addresses=tuple(_addresses(said)),
            requires=tuple(each[:_TOLD] for each in said.get("requires-dist", ())[:_MOST]),
        )


def _first(said: dict[str, list[str]], name: str) -> str:
    return said.get(name, [""])[0][:_TOLD]


def _addresses(said: dict[str, list[str]]) -> Iterator[str]:
    for name, label in (("home-page", "Homepage"), ("download-url", "Download")):
        for value in said.get(name, ())[:1]:
            if value not in {"", "UNKNOWN"}:
                yield f"{label}={value}"[:_TOLD]
    for value in said.get("project-url", ())[:100]:
        label, _, address = value.partition(",")
        yield f"{label.strip()}={address.strip()}"[:_TOLD]


FORMAT: Final = Format(id="core-metadata", title="Metadata of a package", matches=_matches, read=_read, layer=True)
