"""Recipes of images: what building one installs, and from where.

Format: <https://docs.docker.com/reference/dockerfile/>.
"""

from __future__ import annotations

from typing import Final

from weighmaster.extend.format import Format
from weighmaster.extend.wanting import lines
from weighmaster.reading.dependencies.scripts import dockerfile, mentions
from weighmaster.reading.opening import after_comments, begins_as_recipe

_LONGEST: Final = 1 << 20


def _matches(text: bytes) -> bool:
    # Nothing but `ARG` and comments may stand before the first `FROM`.
    if len(text) > _LONGEST or not begins_as_recipe(after_comments(text)):
        return False
    return mentions(text)


FORMAT: Final[Format] = lines("dockerfile", "Recipe of an image (Dockerfile)", _matches, dockerfile)
