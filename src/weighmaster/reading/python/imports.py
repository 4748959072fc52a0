"""What Python source imports as soon as it runs: which names are worth keeping."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Final

_MOST: Final = 1_000
"""Modules of one source that are kept."""
SHARED: Final = frozenset({"azure", "google", "ruamel"})
"""Packages of nobody, in which those of many projects lie."""


def kept(brings: Mapping[str, bool], around: Iterable[str]) -> tuple[str, ...]:
    """Return the modules that count for the target: those that may lie in it.

    `around` are the names of the folders that the source lies in: of their modules, all is kept that may be one.
    """
    near = set(around)
    found = []
    for name, sure in brings.items():
        top = name.partition(".")[0]
        if not top or top in near or top in SHARED or (sure and top not in sys.stdlib_module_names):
            found.append(name)
            if len(found) >= _MOST:
                break
    return tuple(found)
