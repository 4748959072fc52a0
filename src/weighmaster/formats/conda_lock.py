"""`conda-lock.yml`: the lock of conda-lock.

Format: <https://conda.github.io/conda-lock/output/>.
"""

from __future__ import annotations

from typing import Any, Final

from weighmaster.extend.format import Format
from weighmaster.extend.wanting import yaml
from weighmaster.reading.dependencies.locks import conda_lock


def _holds(found: dict[str, Any]) -> bool:
    metadata = found.get("metadata")
    return isinstance(metadata, dict) and "content_hash" in metadata and isinstance(found.get("package"), list)


FORMAT: Final[Format] = yaml(
    "conda-lock",
    "Lock file of conda-lock",
    (b"content_hash", b"package:"),
    _holds,
    lambda found, _, where: conda_lock(found, where),
)
