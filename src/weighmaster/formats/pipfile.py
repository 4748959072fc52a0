"""`Pipfile`: what a project of Pipenv asks for.

Format: <https://pipenv.pypa.io/en/latest/pipfile.html>.
"""

from __future__ import annotations

from typing import Any, Final

from weighmaster.extend.format import Format
from weighmaster.extend.wanting import toml
from weighmaster.reading.dependencies.manifests import pipfile


def _holds(found: dict[str, Any]) -> bool:
    tables = any(isinstance(found.get(key), dict) for key in ("packages", "dev-packages"))
    return tables and "project" not in found and not isinstance(found.get("package"), list)


FORMAT: Final[Format] = toml("pipfile", "Pipfile of Pipenv", (b"packages]",), _holds, pipfile)
