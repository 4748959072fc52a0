"""`pylock.toml`: a lock that every installer reads.

Specification: <https://packaging.python.org/en/latest/specifications/pylock-toml/>.
"""

from __future__ import annotations

from typing import Final

from weighmaster.extend.format import Format
from weighmaster.extend.wanting import toml
from weighmaster.reading.dependencies.locks import pylock

FORMAT: Final[Format] = toml(
    "pylock",
    "Lock file (pylock.toml)",
    (b"lock-version",),
    lambda found: "lock-version" in found and isinstance(found.get("packages"), list),
    pylock,
)
