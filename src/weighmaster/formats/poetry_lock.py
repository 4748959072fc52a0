"""`poetry.lock`: the lock of Poetry.

Format: <https://python-poetry.org/docs/basic-usage/>.
"""

from __future__ import annotations

from typing import Any, Final

from weighmaster.extend.format import Format
from weighmaster.extend.wanting import toml
from weighmaster.reading.dependencies.locks import poetry


def _holds(found: dict[str, Any]) -> bool:
    metadata = found.get("metadata")
    ours = isinstance(metadata, dict) and ("content-hash" in metadata or "lock-version" in metadata)
    return ours and isinstance(found.get("package"), list)


FORMAT: Final[Format] = toml("poetry-lock", "Lock file of Poetry", (b"content-hash", b"lock-version"), _holds, poetry)
