"""A package is wanted that is in no list of known names, and that nothing here pins by its hash.

Most honest packages are in no list. But names that language models make up are in none either, do not look like any
other name, and are registered by those who wait for them. So this is a note beside a name, for whoever wonders where it
came from.

Known are the 15,000 most downloaded projects of the Python Package Index, what the configuration's `names` lists, what
the target holds itself, and what is locked with a hash: somebody has had that file already.

## What to do

Look the project up before you install it: who publishes it, since when, and from which source. Then lock it with its
hash.

## What this rule cannot see

Whether the name exists; it asks nobody. Packages of other ecosystems than Python's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.naming import Naming
from weighmaster.model.package import Dependency

_RULE: Final = Rule(
    id="unknown-package",
    title="A wanted package that is in no list of known names",
    severity=Severity.NOTE,
    cwe=1357,
)


def _detect(fact: Naming) -> Iterator[Finding]:
    said = fact.said
    if not isinstance(said, Dependency) or said.source != "index" or said.hashes or said.ecosystem != "pypi":
        return
    from weighmaster.knowledge.names.names import is_known, reported
    from weighmaster.knowledge.names.naming import at, is_held, is_own, taken_for, taken_for_own
    from weighmaster.knowledge.names.normal import normal

    known = is_known(said.name) or normal(said.name) in reported()
    if not (known or is_own(fact) or is_held(fact) or taken_for(fact) or taken_for_own(fact)):
        message = f"{at(fact)}{said.name!r} is not among the packages that many people use"
        yield Finding(rule=_RULE, where=fact.where, message=message, confidence=Confidence.LOW, evidence=(said,))


DETECTOR: Final = Detector(rule=_RULE, on=Naming, detect=_detect)
