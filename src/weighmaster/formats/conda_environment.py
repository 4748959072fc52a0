"""`environment.yml`: what an environment of conda is made of.

Format: <https://docs.conda.io/projects/conda/en/stable/user-guide/tasks/manage-environments.html>.
"""

from __future__ import annotations

from typing import Any, Final

from weighmaster.extend.format import Format
from weighmaster.extend.wanting import yaml
from weighmaster.reading.dependencies.manifests import conda_environment


def _holds(found: dict[str, Any]) -> bool:
    wanted = found.get("dependencies")
    if not isinstance(wanted, list) or not wanted:
        return False
    # Charts of Helm have a list of mappings there.
    return all(isinstance(one, str) or (isinstance(one, dict) and [*one] == ["pip"]) for one in wanted)


FORMAT: Final[Format] = yaml("conda-environment", "Environment of conda", (b"dependencies",), _holds, conda_environment)
