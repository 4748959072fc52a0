"""`pdm.lock`: the lock of PDM.

Format: <https://pdm-project.org/latest/usage/lockfile/>.
"""

from __future__ import annotations

from typing import Any, Final

from weighmaster.extend.format import Format
from weighmaster.extend.wanting import toml
from weighmaster.reading.dependencies.locks import pdm


def _holds(found: dict[str, Any]) -> bool:
    metadata = found.get("metadata")
    ours = isinstance(metadata, dict) and ("lock_version" in metadata or "content_hash" in metadata)
    return ours and isinstance(found.get("package"), list)


FORMAT: Final[Format] = toml("pdm-lock", "Lock file of PDM", (b"lock_version", b"content_hash"), _holds, pdm)
