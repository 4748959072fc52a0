"""Two indexes have a package of this name, and the one that is taken is not the one that has it in a lower version.

An installer that is told of several indexes takes the highest version of all. Whoever puts a name of your own index
on a public one, with a version that nobody reaches, gets installed (dependency confusion). The two are not the same
project: they share no file, and neither says that it follows the other (PEP 708).

## What to do

If the name is yours, name one index that has it (`--index-url` alone, or an index of its own in `[tool.uv.sources]`),
and do not install what was found. Register the name on the public index.

## What this rule cannot see

Indexes that were not named. Two indexes whose files happen to be the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Release

_RULE: Final = Rule(
    id="higher-version-outside",
    title="Another index has a higher version of a package that one of yours has",
    severity=Severity.HIGH,
    cwe=427,
)


def _detect(fact: Release) -> Iterator[Finding]:
    for rival in fact.rivals:
        relation, index, version = rival.split(" ", 2)
        if relation == "higher":
            message = (
                f"{fact.name} {fact.version} comes from {fact.index}, and {index} has another project of that name,"
                f" up to {version}"
            )
            yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Release, detect=_detect)
