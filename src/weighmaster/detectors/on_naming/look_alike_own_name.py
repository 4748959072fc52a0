"""A name looks like one of your own, and is another.

Nobody outside has a reason to call a package or an account almost as you call yours. The configuration's `names` lists
your own: packages that only you publish, and accounts on hubs, which end in `/`. Compared is what `look-alike-package`
and `look-alike-account` compare, and no list of known names excuses a name here.

## What to do

Correct the name. If both names are yours, list both.

## What this rule cannot see

Names that `names` does not list; names of three letters and fewer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.naming import Naming

_RULE: Final = Rule(
    id="look-alike-own-name",
    title="A name that looks like one of your own",
    severity=Severity.HIGH,
    cwe=1007,
)


def _detect(fact: Naming) -> Iterator[Finding]:
    if not fact.own:
        return
    from weighmaster.knowledge.names.naming import at, taken_for_own

    found = taken_for_own(fact)
    if found is not None:
        message = f"{at(fact)}{fact.name!r} looks like your own {found.name!r}, by {found.how}"
        yield Finding(rule=_RULE, where=fact.where, message=message, confidence=Confidence.HIGH, evidence=(fact.said,))


DETECTOR: Final = Detector(rule=_RULE, on=Naming, detect=_detect)
