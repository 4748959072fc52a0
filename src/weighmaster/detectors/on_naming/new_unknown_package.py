"""A package that is in no list of known names had its first release days ago.

Whoever waits for names that others mistype, or that language models make up, registers them shortly before they are
used. Honest packages are new once, too; so this is a question: does anybody whom you trust speak of this one?

The index says when the release was uploaded, and that there was none before.

## What to do

Look at who published it, from which source, and who told you of it. If it is yours, put its name into `names` of the
configuration.

## What this rule cannot see

An index that does not say when files were uploaded; a project that lay there for long before it was used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.naming import Naming
from weighmaster.model.package import Release

_RULE: Final = Rule(
    id="new-unknown-package",
    title="A new package that is in no list of known names",
    severity=Severity.MEDIUM,
    cwe=1357,
)
_NEW: Final = 30
"""Days. Most names that were registered to be mistaken for others are taken down before."""


def _detect(fact: Naming) -> Iterator[Finding]:
    said = fact.said
    if not isinstance(said, Release) or said.previous or not 0 <= said.age < _NEW:
        return
    from weighmaster.knowledge.names.names import is_known
    from weighmaster.knowledge.names.naming import is_own

    if not (is_known(said.name) or is_own(fact)):
        days = f"{said.age} days" if said.age != 1 else "a day"
        message = f"{said.name!r} is not among the packages that many people use, and its first release is {days} old"
        yield Finding(rule=_RULE, where=fact.where, message=message, confidence=Confidence.LOW, evidence=(said,))


DETECTOR: Final = Detector(rule=_RULE, on=Naming, detect=_detect)
