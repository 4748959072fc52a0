"""What `conda list --explicit` writes: the address of each package.

Format: <https://docs.conda.io/projects/conda/en/stable/user-guide/tasks/manage-environments.html>.
"""

from __future__ import annotations

from typing import Final

from weighmaster.extend.format import Format
from weighmaster.extend.wanting import lines
from weighmaster.reading.dependencies.locks import explicit
from weighmaster.reading.opening import after_comments

FORMAT: Final[Format] = lines(
    "conda-list",
    "Explicit list of packages of conda",
    lambda text: after_comments(text).startswith(b"@EXPLICIT"),
    explicit,
)
