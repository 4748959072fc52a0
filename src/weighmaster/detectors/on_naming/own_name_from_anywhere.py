"""A package that only you publish may come from an index where anybody can publish.

Where several indexes are asked for one name, whichever has the higher version wins: whoever registers your name at the
public index, with the version 99, gets into your builds (dependency confusion). That holds for a name of the
configuration's `names` which is wanted without hashes, and without an index of its own, in a file that adds an index
beside another, or that asks the public one.

## What to do

Give the package an index of its own that is the only one asked for it (`[tool.uv.sources]`, `source` in poetry's and
pipenv's files), or one index for all that puts your packages before the public ones. A locked file with hashes takes
nothing else than what was locked.

## What this rule cannot see

Indexes that are set on the command line, in the environment or in the configuration of the machine; names that `names`
does not list.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.naming import Naming
from weighmaster.model.package import Dependency

_RULE: Final = Rule(
    id="own-name-from-anywhere",
    title="A package of your own that may come from a public index",
    severity=Severity.HIGH,
    cwe=427,
)


def _detect(fact: Naming) -> Iterator[Finding]:
    said = fact.said
    if not fact.own or not isinstance(said, Dependency) or said.source != "index" or said.hashes:
        return
    from weighmaster.knowledge.names.naming import at, is_own, open_index

    index = open_index(said, fact.whole) if is_own(fact) else None
    if index is not None:
        message = f"{at(fact)}{fact.name!r} is your own, and may come from {index.target!r}"
        evidence = (said, index)
        yield Finding(rule=_RULE, where=fact.where, message=message, confidence=Confidence.HIGH, evidence=evidence)


DETECTOR: Final = Detector(rule=_RULE, on=Naming, detect=_detect)
