"""Recipes of images: what building one installs, and from where.

Format: <https://docs.docker.com/reference/dockerfile/>.
"""

from __future__ import annotations

from typing import Final

from weighmaster.extend.format import Format
from weighmaster.extend.wanting import lines
from weighmaster.reading.dependencies.scripts import MENTIONS, dockerfile
from weighmaster.reading.pattern import pattern

_FROM: Final = pattern(rb"^[ \t]*FROM[ \t]+\S", 10)  # re.MULTILINE | re.IGNORECASE
_RUN: Final = pattern(rb"^[ \t]*(?:ONBUILD[ \t]+)?(?:RUN|ENV|ARG)[ \t]", 10)
_LONGEST: Final = 1 << 20


def _matches(text: bytes) -> bool:
    if len(text) > _LONGEST or not _FROM.search(text) or not _RUN.search(text):
        return False
    return b"import " not in text[:200] and MENTIONS.search(text) is not None


FORMAT: Final[Format] = lines("dockerfile", "Recipe of an image (Dockerfile)", _matches, dockerfile)
