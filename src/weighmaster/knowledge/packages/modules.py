"""Which packages bring a module: what source imports, and what is asked of an index, go by different names.

`modules.tsv` holds the modules that are not called like their packages: `module`, with dots where several packages
share what stands at the top, and `packages`, the one that is meant first. `namespaces.tsv` says it of those that others
pose as.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from weighmaster.knowledge.names.normal import normal
from weighmaster.knowledge.packages.namespaces import projects
from weighmaster.reading.python.imports import SHARED

_HERE: Final = os.path.join(os.path.dirname(__file__), "modules.tsv")


def bringing(module: str) -> tuple[str, ...]:
    """Return the packages that are known to bring a module, the one that is meant first; none where none is.

    >>> bringing("cv2")[:1], bringing("google.protobuf.message"), bringing("google.cloud"), bringing("numpy.linalg")
    (('opencv-python',), ('protobuf',), (), ('numpy',))
    """
    return known(module)[1]


def known(module: str) -> tuple[str, tuple[str, ...]]:
    """Return as much of the name of a module as the tables know, and the packages that bring it."""
    table = _table()
    return next(((name, table[name]) for name in above(module) if name in table), ("", ()))


def above(module: str) -> Iterator[str]:
    """Yield the name of a module, and those of the packages that it lies in.

    >>> list(above("a.b.c"))
    ['a.b.c', 'a.b', 'a']
    """
    while module:
        yield module
        module = module.rpartition(".")[0]


def namesake(module: str) -> str:
    """Return the package that is called like the top of a module.

    >>> namesake("sentence_transformers.losses"), is_shared("google.cloud")
    ('sentence-transformers', True)
    """
    return normal(module.partition(".")[0])


def is_shared(module: str) -> bool:
    """Say whether the top of a module is nobody's, so that packages are called like what lies below it."""
    return module.partition(".")[0] in SHARED


@cache
def _table() -> Mapping[str, tuple[str, ...]]:
    found = {}
    for module, project in projects().items():
        own = namesake(module)
        found[module] = tuple(sorted(project.packages, key=lambda name: (name != own, len(name), name)))
    with open(_HERE, encoding="utf-8", newline="\n") as file:
        for line in file:
            if not line.startswith("#"):
                module, packages = line.rstrip("\n").split("\t")
                found[module] = tuple(packages.split(","))
    return found
