"""The repository was made less than a month ago, by an account that is not known here.

Nobody has had time to find anything in it. Most of what is published to do harm is found and taken down within weeks;
so most of it is young.

## What to do

Wait, if you can. If not, look at who publishes it, and at what.

## What this rule cannot see

Whether an old repository was filled lately: see the rules on what changed in it. The age is what the hub says.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Statement
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(id="young-repository", title="The repository is young", severity=Severity.NOTE, cwe=1357)


_DAYS: Final = 30


def _detect(fact: Repository) -> Iterator[Finding]:
    said = {f.key: f for f in fact.facts if isinstance(f, Statement) and f.by == "hub-repository"}
    age, name = said.get("age-days"), said.get("repository")
    if age is None or name is None or not age.value.isdigit() or int(age.value) >= _DAYS:
        return
    from weighmaster.knowledge.names.publishers import is_account  # a table that few looks need

    if not is_account(name.value.rpartition("/")[0]):
        message = f"{name.value!r} was made {age.value} days ago"
        yield Finding(rule=_RULE, where=age.where, message=message, evidence=(age, name))


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
