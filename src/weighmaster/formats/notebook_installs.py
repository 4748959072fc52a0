"""Notebooks that install packages, in cells that begin with a mark (`%pip`, `!pip`).

Specification: <https://ipython.readthedocs.io/en/stable/interactive/magics.html>.
"""

from __future__ import annotations

from typing import Final

from weighmaster.extend.format import Format
from weighmaster.extend.wanting import json
from weighmaster.model.where import Where
from weighmaster.reading.dependencies.scripts import notebook

_NOWHERE: Final = Where.file("")

FORMAT: Final[Format] = json(
    "notebook-installs",
    "Notebook that installs packages",
    lambda found: (
        "nbformat" in found
        and ("cells" in found or "worksheets" in found)
        and next(notebook(found, _NOWHERE), None) is not None
    ),
    lambda found, _, where: notebook(found, where),
)
