"""Workflows of GitHub: what their steps install.

Specification: <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax>.
"""

from __future__ import annotations

from typing import Any, Final

from weighmaster.extend.format import Format
from weighmaster.extend.wanting import yaml
from weighmaster.reading.dependencies.scripts import workflow


def _holds(found: dict[str, Any]) -> bool:
    return isinstance(found.get("jobs"), dict) or (isinstance(found.get("runs"), dict) and "steps" in found["runs"])


FORMAT: Final[Format] = yaml(
    "workflow", "Workflow of GitHub", (b"steps:", b"run"), _holds, lambda found, _, where: workflow(found, where)
)
