"""A package is wanted whose name looks like that of a known package, and is another.

A requirement is typed once and installed everywhere. `openai-sdk`, `tensorfow`, `sentencetransformers` may be a slip, a
suggestion of a language model, or the name under which somebody waits for either. Compared is what
`look-alike-package` compares.

## What to do

Look up what the project itself says it is called, and write that. If you mean this package, put its name into `names`
of the configuration.

## What this rule cannot see

Packages that it does not know, your own among them unless `names` lists them; names that language models make up, which
look like no other (see `unknown-package`); what is installed by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.naming import Naming

_RULE: Final = Rule(
    id="look-alike-dependency",
    title="A wanted package whose name looks like that of a known one",
    severity=Severity.MEDIUM,
    cwe=1007,
)


def _detect(fact: Naming) -> Iterator[Finding]:
    if fact.role != "wants":
        return
    from weighmaster.knowledge.names.naming import at, taken_for

    found = taken_for(fact)
    if found is not None:
        message = f"{at(fact)}{fact.name!r} is wanted, which looks like {found.name!r}, by {found.how}"
        sure = Confidence.HIGH if found.how == "characters that look alike" else Confidence.MEDIUM
        yield Finding(rule=_RULE, where=fact.where, message=message, confidence=sure, evidence=(fact.said,))


DETECTOR: Final = Detector(rule=_RULE, on=Naming, detect=_detect)
