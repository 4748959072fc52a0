"""A package is taken from a repository of source code as it is on the day.

A branch moves, and so may a tag: what was looked at is not what is installed tomorrow. Installing from source also runs
the code that builds the package.

## What to do

Name the commit by all 40 digits: `name @ git+https://host/owner/name@<commit>`.

## What this rule cannot see

What is in the repository. That a commit was made in a fork: hosts give it out under the address of the original, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.dependencies.dependencies import at, called
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Dependency
from weighmaster.reading.dependencies.wanted import is_commit

_RULE: Final = Rule(
    id="requirement-mutable",
    title="A package is taken from a repository without naming a commit",
    severity=Severity.MEDIUM,
    cwe=829,
)


def _detect(fact: Dependency) -> Iterator[Finding]:
    if fact.source == "vcs" and not is_commit(fact.revision, fact.target):
        state = f"{fact.revision!r}, which may move" if fact.revision else "whatever it is on the day"
        message = f"{at(fact)}{called(fact)} is taken from {fact.target} at {state}: no commit is named"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Dependency, detect=_detect)
