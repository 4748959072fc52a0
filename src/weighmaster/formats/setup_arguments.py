"""`setup.py`, and what a project of setuptools asks for in it, as far as it stands there to be read.

Nothing is run: lists that are put together while it runs are not known. Specification:
<https://setuptools.pypa.io/en/latest/references/keywords.html>.
"""

from __future__ import annotations

from typing import Final

from weighmaster.extend.format import Format
from weighmaster.extend.wanting import lines
from weighmaster.reading.dependencies.setup import KEYS, arguments

_LONGEST: Final = 1 << 20


def _matches(text: bytes) -> bool:
    return len(text) <= _LONGEST and b"setup(" in text and any(key.encode() in text for key in KEYS)


FORMAT: Final[Format] = lines("setup-arguments", "Requirements of a project (setup.py)", _matches, arguments)
