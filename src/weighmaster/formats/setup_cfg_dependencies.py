"""`setup.cfg`, and what a project of setuptools asks for in it.

Format: <https://setuptools.pypa.io/en/latest/userguide/declarative_config.html>.
"""

from __future__ import annotations

from typing import Final

from weighmaster.extend.format import Format
from weighmaster.extend.wanting import lines
from weighmaster.reading.dependencies.manifests import setup_cfg
from weighmaster.reading.opening import LONGEST, after_comments
from weighmaster.reading.pattern import pattern

_SECTION: Final = pattern(rb"^\[options(?:\.extras_require)?\]", 8)  # re.MULTILINE


def _matches(text: bytes) -> bool:
    return after_comments(text)[:1] == b"[" and len(text) <= LONGEST >> 4 and _SECTION.search(text) is not None


FORMAT: Final[Format] = lines("setup-cfg-dependencies", "Requirements of a project (setup.cfg)", _matches, setup_cfg)
