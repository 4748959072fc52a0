"""`Pipfile.lock`: the lock of Pipenv.

Format: <https://pipenv.pypa.io/en/latest/pipfile.html>.
"""

from __future__ import annotations

from typing import Any, Final

from weighmaster.extend.format import Format
from weighmaster.extend.wanting import json
from weighmaster.reading.dependencies.locks import pipenv


def _holds(found: dict[str, Any]) -> bool:
    meta = found.get("_meta")
    return isinstance(meta, dict) and ("pipfile-spec" in meta or "sources" in meta)


FORMAT: Final[Format] = json("pipfile-lock", "Lock file of Pipenv", _holds, pipenv)
