"""`setup.cfg`: what a project of setuptools says of itself, and what it asks for.

Format: <https://setuptools.pypa.io/en/latest/userguide/declarative_config.html>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format
from weighmaster.extend.wanting import lines
from weighmaster.knowledge.packages.projects import project_of_setup_cfg
from weighmaster.model.fact import Shared
from weighmaster.model.where import Where
from weighmaster.reading.dependencies.manifests import setup_cfg
from weighmaster.reading.opening import LONGEST, after_comments
from weighmaster.reading.pattern import pattern

_SECTION: Final = pattern(rb"^\[options(?:\.extras_require)?\]", 8)  # re.MULTILINE
_METADATA: Final = pattern(rb"^\[metadata\]", 8)
_MARKS: Final = (b"[options", b"[metadata]")
"""What those begin with: to find nothing takes a twentieth of the time with these."""
_NAMED: Final = pattern(rb"^name[ \t]*[=:][ \t]*[A-Za-z0-9]", 8)
"""A name without quotes, which TOML has not."""


def _matches(text: bytes) -> bool:
    if len(text) > LONGEST >> 4 or not any(mark in text for mark in _MARKS) or after_comments(text)[:1] != b"[":
        return False
    return _SECTION.search(text) is not None or (_METADATA.search(text) is not None and _NAMED.search(text) is not None)


def _told(written: str, where: Where) -> Iterator[Shared]:
    yield from project_of_setup_cfg(written, where)
    yield from setup_cfg(written, where)


FORMAT: Final[Format] = lines("setup-cfg-dependencies", "Requirements of a project (setup.cfg)", _matches, _told)
