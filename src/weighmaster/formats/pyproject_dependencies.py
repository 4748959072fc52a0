"""`pyproject.toml`, and what a project asks for in it: to run, to build, to be worked on, and from which indexes.

Specifications: <https://packaging.python.org/en/latest/specifications/pyproject-toml/>,
<https://docs.astral.sh/uv/concepts/projects/dependencies/>, <https://python-poetry.org/docs/pyproject/>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from weighmaster.extend.format import Format
from weighmaster.extend.wanting import toml
from weighmaster.knowledge.packages.projects import commands_of, project_of
from weighmaster.model.fact import Shared
from weighmaster.model.package import EntryPoint
from weighmaster.model.where import Where
from weighmaster.reading.dependencies.manifests import pyproject

_MARKS: Final = (b"[project", b"project.", b"project =", b"build-system", b"dependency-groups", b"[tool.", b"[tool]",
                 b"tool.", b"tool =")  # fmt: skip
_KEYS: Final = ("project", "build-system", "dependency-groups", "tool")


def _holds(found: dict[str, Any]) -> bool:
    return any(isinstance(found.get(key), dict) for key in _KEYS) and "packages" not in found


def _told(found: dict[str, Any], text: str, where: Where) -> Iterator[Shared]:
    yield from project_of(found, where)
    yield from commands_of(found, where)
    yield from pyproject(found, text, where)
    system = found.get("build-system")
    backend, paths = (system.get("build-backend"), system.get("backend-path")) if isinstance(system, dict) else ("", [])
    # A build backend that lies in the source runs where that is built (PEP 517).
    for path in paths if isinstance(paths, list) else ():
        if isinstance(path, str) and isinstance(backend, str):
            yield EntryPoint(where=where, group="build-backend", name=path, target=backend)


FORMAT: Final[Format] = toml(
    "pyproject-dependencies", "Requirements of a project (pyproject.toml)", _MARKS, _holds, _told
)
