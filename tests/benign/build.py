"""Make harmless files with the real libraries: `python -m tests.benign.build FOLDER`.

Each module of `LIBRARIES` has a function `write` that fills one folder; a library's releases may differ, so what a
release lacks is left out by name, never by catching whatever goes wrong.
"""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from typing import Final

LIBRARIES: Final = (
    "arrays",
    "boosters",
    "checkpoints",
    "estimators",
    "frames",
    "gguf_models",
    "graphs",
    "keras_models",
    "plain",
    "repositories",
    "scientific",
    "sources",
    "sundry",
    "tensors",
    "torch_ecosystem",
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
