"""Nearly all downloads of this repository were made in the last month, though it is old.

Downloads are counted by the hub and cost nothing to make. A number that comes all at once is a campaign: somebody
advertises the repository, or counts on numbers being believed.

## What to do

Do not take the number of downloads for a sign of trust.

## What this rule cannot see

Numbers that were raised slowly, and why a number rose: a mention in the news does the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Statement
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(id="downloads-jump", title="Downloads came all at once", severity=Severity.LOW, cwe=345)


_OLD_DAYS: Final = 180
_MANY: Final = 10_000
_SHARE: Final = 0.9


def _detect(fact: Repository) -> Iterator[Finding]:
    said = {f.key: f for f in fact.facts if isinstance(f, Statement) and f.by == "hub-repository"}
    keys = ("age-days", "downloads", "downloads-all-time")
    evidence = tuple(said[key] for key in keys if key in said and said[key].value.isdigit())
    if len(evidence) < len(keys):
        return
    age, lately, ever = (int(f.value) for f in evidence)
    if age >= _OLD_DAYS and lately >= _MANY and lately >= _SHARE * ever:
        message = f"{lately} of {ever} downloads were made in the last month, of {age // 30} that the repository is old"
        yield Finding(rule=_RULE, where=evidence[0].where, message=message, evidence=evidence)


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
