"""Whether a pickle is test data of a package that makes objects of that package's own classes, told from its place."""

from __future__ import annotations

from typing import Final

from weighmaster.model.fact import Import
from weighmaster.model.where import Member
from weighmaster.reading.pattern import pattern

_PLACE: Final = pattern(
    r"(?:.*[/!])?(?:site-packages/|[^/!]+\.whl!)([A-Za-z_]\w*)/(?:(?:[^!]*/)?tests?/[^!]*|(?:[^!]*/)?test_[^/!]*)(?:!.*)?"
)
"""A file in a folder `tests` of what is installed, or named as a test, or what is inside that file."""


def of_own_tests(fact: Import) -> bool:
    """Say whether an import is one of the package that the file belongs to, whose source lies beside it.

    >>> from weighmaster.model.where import Where
    >>> where = Where.file("site-packages/networkx/flow/tests/gl1.gpickle")
    >>> of_own_tests(Import(where=where, module="networkx.classes.digraph", name="DiGraph", opcode="GLOBAL"))
    True
    >>> of_own_tests(Import(where=where, module="nt.path", name="join", opcode="GLOBAL"))
    False
    """
    names = (step.name for step in fact.where.steps if isinstance(step, Member))
    hit = _PLACE.fullmatch("!".join((fact.where.root, *names)).replace("\\", "/"))
    return hit is not None and fact.module.partition(".")[0] == hit[1]
