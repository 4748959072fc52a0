"""The name of this package looks like that of a known package, and is another.

`huggingface-transformers`, `torch-cuda`, `scikitlearn`, `reqeusts`: whoever makes such a name hopes that somebody types
it, believes it, or reads it over. Compared are the characters as they are drawn, separators, the order of words, words
that say nothing, numbers behind a name, what people call a package, and slips of the hand. Names that many people use
are known and not compared; many honest packages have names like others all the same, so this is a question for a
person.

## What to do

Ask who told you that name, and look up what the project itself says it is called. If you mean this package, put its
name into `names` of the configuration.

## What this rule cannot see

Packages that it does not know, your own among them unless `names` lists them; names that language models make up, which
look like no other; a package of the right name in other hands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.naming import Naming

_RULE: Final = Rule(
    id="look-alike-package",
    title="A package whose name looks like that of a known one",
    severity=Severity.MEDIUM,
    cwe=1007,
)


def _detect(fact: Naming) -> Iterator[Finding]:
    if fact.role != "is":
        return
    from weighmaster.knowledge.names.naming import taken_for

    found = taken_for(fact)
    if found is not None:
        message = f"the package {fact.name!r} looks like {found.name!r}, by {found.how}"
        sure = Confidence.HIGH if found.how == "characters that look alike" else Confidence.MEDIUM
        yield Finding(rule=_RULE, where=fact.where, message=message, confidence=sure, evidence=(fact.said,))


DETECTOR: Final = Detector(rule=_RULE, on=Naming, detect=_detect)
