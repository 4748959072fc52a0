"""What a single script of Python asks for, in comments at its top.

Specification: <https://packaging.python.org/en/latest/specifications/inline-script-metadata/>.
"""

from __future__ import annotations

from typing import Final

from weighmaster.extend.format import Format
from weighmaster.extend.wanting import lines
from weighmaster.reading.dependencies.setup import inline

FORMAT: Final[Format] = lines(
    "script-dependencies", "Requirements of a script", lambda text: b"# /// script" in text, inline
)
