"""The release was yanked: whoever published it took it back, and installers leave it out unless asked for by name.

That is done for a mistake, and after a break-in as well. Files that are yanked stay where they are, so a pin goes on
installing them. Specification: PEP 592 (<https://peps.python.org/pep-0592/>).

## What to do

Read the reason in the message, and move the pin to a release that stands.

## What this rule cannot see

Releases that were deleted, and why one was yanked where no reason is given.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.repository import shown
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Release

_RULE: Final = Rule(
    id="release-yanked", title="The release was taken back by its publisher", severity=Severity.MEDIUM, cwe=672
)


def _detect(fact: Release) -> Iterator[Finding]:
    if fact.yanked:
        why = "" if fact.yanked == "yes" else f": {shown(fact.yanked)}"
        message = f"{fact.name} {fact.version} was yanked{why}"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Release, detect=_detect)
