"""What `conda list --explicit` writes: the address of each package.

Format: <https://docs.conda.io/projects/conda/en/stable/user-guide/tasks/manage-environments.html>.
"""

from __future__ import annotations

from typing import Final

from weighmaster.extend.format import Format
from weighmaster.extend.wanting import lines
from weighmaster.reading.dependencies.locks import explicit
from weighmaster.reading.pattern import pattern

_MARK: Final = pattern(rb"^@EXPLICIT\s*$", 8)  # re.MULTILINE

FORMAT: Final[Format] = lines(
    "conda-list",
    "Explicit list of packages of conda",
    lambda text: b"@EXPLICIT" in text and _MARK.search(text) is not None,
    explicit,
)
