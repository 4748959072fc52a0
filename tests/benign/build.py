"""Make harmless files with the real libraries: `python -m tests.benign.build FOLDER`.

Each `_write_*` function fills one folder; a library's releases may differ, so what a release lacks is left out by name,
never by catching whatever goes wrong.
"""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from typing import Final

LIBRARIES: Final = (
    "plain",
    "arrays",
    "frames",
    "scientific",
    "estimators",
    "boosters",
    "tensors",
    "checkpoints",
    "torch_ecosystem",
    "sundry",
    "keras_models",
    "graphs",
    "gguf_models",
    "repositories",
    "sources",
)


def main(folder: str) -> None:
    """Fill a folder, one sub-folder a group of libraries."""
    warnings.simplefilter("ignore")
    for library in LIBRARIES:
        place = os.path.join(folder, library)
        os.makedirs(place)
        importlib.import_module(f"tests.benign.{library}").write(place)


if __name__ == "__main__":
    main(sys.argv[1])
