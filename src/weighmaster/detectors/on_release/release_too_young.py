"""The release is younger than the days that you want one to have been looked at by others.

Packages that steal are mostly found within hours or a few days of their upload, by those who took them first.
`cooldown` in the configuration says how many days a release has to be out; without it that is one day. Age is told by
the index's own clock.

## What to do

Wait, or pin the release before; pip leaves young releases out with `--uploaded-prior-to P3D`, uv with `exclude-newer`.
For a fix that cannot wait, read what changed, and write a waiver.

## What this rule cannot see

How old a release is on an index that does not say when a file was uploaded (PEP 700), or that is wrong about it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Release

_RULE: Final = Rule(id="release-too-young", title="The release is too young", severity=Severity.MEDIUM, cwe=1357)


def _detect(fact: Release) -> Iterator[Finding]:
    if 0 <= fact.age < fact.cooldown:
        age = f"{fact.age} days" if fact.age > 1 else "a day" if fact.age else "less than a day"
        days = f"{fact.cooldown} days are" if fact.cooldown > 1 else "a day is"
        message = f"{fact.name} {fact.version} is {age} old, and {days} wanted"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Release, detect=_detect)
