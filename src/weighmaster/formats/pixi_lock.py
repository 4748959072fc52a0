"""`pixi.lock`: the lock of Pixi.

Format: <https://pixi.sh/latest/workspace/lockfile/>.
"""

from __future__ import annotations

from typing import Any, Final

from weighmaster.extend.format import Format
from weighmaster.extend.wanting import yaml
from weighmaster.reading.dependencies.locks import pixi


def _holds(found: dict[str, Any]) -> bool:
    return isinstance(found.get("environments"), dict) and isinstance(found.get("packages"), list)


FORMAT: Final[Format] = yaml(
    "pixi-lock",
    "Lock file of Pixi",
    (b"environments", b"packages"),
    _holds,
    lambda found, _, where: pixi(found, where),
)
