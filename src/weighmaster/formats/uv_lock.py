"""`uv.lock`: the lock of uv.

Format: <https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile>.
"""

from __future__ import annotations

from typing import Any, Final

from weighmaster.extend.format import Format
from weighmaster.extend.wanting import toml
from weighmaster.reading.dependencies.locks import uv


def _holds(found: dict[str, Any]) -> bool:
    packages = found.get("package")
    first = packages[0] if isinstance(packages, list) and packages else None
    return isinstance(found.get("version"), int) and isinstance(first, dict) and "source" in first


FORMAT: Final[Format] = toml("uv-lock", "Lock file of uv", (b"[[package]]",), _holds, uv)
