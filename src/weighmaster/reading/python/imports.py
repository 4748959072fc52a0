"""What Python source imports as soon as it runs: which names are worth keeping, and a look at text not parsed."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from weighmaster.reading.pattern import pattern

_MOST: Final = 1_000
"""Modules of one source that are kept."""
_IMPORT: Final = pattern(r"(?:^|;)[ \t]*(?:from[ \t]+(\.*[\w.]*)[ \t]*import\b[ \t]*(.*)|import[ \t]+(.*))")
_MARKS: Final = pattern(r"\bimport\b")


def kept(brings: Mapping[str, bool], around: Iterable[str]) -> tuple[str, ...]:
    """Return the modules that count for the target: those that may lie in it.

    `around` are the names of the folders that the source lies in: of their modules, all is kept that may be one.
    """
    near = set(around)
    found = []
    for name, sure in brings.items():
        top = name.partition(".")[0]
        if not top or top in near or (sure and top not in sys.stdlib_module_names):
            found.append(name)
            if len(found) >= _MOST:
                break
    return tuple(found)


def glanced(text: str) -> dict[str, bool]:
    r"""Return what source imports that nobody has parsed: every import that no function at the margin holds.

    >>> glanced("from . import a, b\nimport c.d as e\ndef f():\n    import g\ntry:\n    from .h import (i,\n  j)")
    {'.a': False, '.b': False, 'c.d': True, '.h': True, '.h.i': False, '.h.j': False}
    """
    found: dict[str, bool] = {}
    if not _MARKS.search(text):
        return found
    inside = False
    lines = iter(text.splitlines())
    for line in lines:
        if line[:1] not in {" ", "\t", "", "#", ")", "]", "}"}:
            inside = line.startswith(("def ", "async ", "def\t"))
        if inside or "import" not in line:
            continue
        for hit in _IMPORT.finditer(line):
            found.update(_of(hit[1], _whole(hit[2] or hit[3] or "", lines)))
    return found


def _whole(names: str, lines: Iterator[str]) -> str:
    """Return the names of an import that goes over several lines."""
    names = names.partition("#")[0]
    if names.lstrip().startswith("("):
        while ")" not in names and (line := next(lines, None)) is not None and len(names) < _MOST * 80:
            names += " " + line.partition("#")[0]
    while names.rstrip().endswith("\\") and (line := next(lines, None)) is not None and len(names) < _MOST * 80:
        names = names.rstrip()[:-1] + line
    return names.strip().removeprefix("(").partition(")")[0].partition(";")[0]


def _of(module: str | None, names: str) -> Iterator[tuple[str, bool]]:
    each = [words[0] for name in names.split(",") if (words := name.split())]
    if module is None:
        yield from ((name, True) for name in each)
        return
    if module.strip("."):
        yield module, True
        module += "."
    yield from ((f"{module}{name}", False) for name in each if name != "*")
