"""`pyproject.toml`, and what a project asks for in it: to run, to build, to be worked on, and from which indexes.

Specifications: <https://packaging.python.org/en/latest/specifications/pyproject-toml/>,
<https://docs.astral.sh/uv/concepts/projects/dependencies/>, <https://python-poetry.org/docs/pyproject/>.
"""

from __future__ import annotations

from typing import Any, Final

from weighmaster.extend.format import Format
from weighmaster.extend.wanting import toml
from weighmaster.reading.dependencies.manifests import pyproject

_MARKS: Final = (b"[project", b"project.", b"project =", b"build-system", b"dependency-groups", b"[tool.", b"[tool]",
                 b"tool.", b"tool =")  # fmt: skip
_KEYS: Final = ("project", "build-system", "dependency-groups", "tool")


def _holds(found: dict[str, Any]) -> bool:
    return any(isinstance(found.get(key), dict) for key in _KEYS) and "packages" not in found


FORMAT: Final[Format] = toml(
    "pyproject-dependencies", "Requirements of a project (pyproject.toml)", _MARKS, _holds, pyproject
)
