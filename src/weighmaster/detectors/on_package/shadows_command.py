"""A package brings a command with the name of a program that it is not.

A script `python3`, `pip`, `git` or `ssh` in the environment's `bin` comes before the real one on the path of everybody
who activates the environment, and gets whatever that would have been given: sources, passwords, keys.

## What to do

Do not install the package.

## What this rule cannot see

Commands that are not on the list (`knowledge/packages/namespaces.py`), and names that only look like them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.packages.namespaces import commands
from weighmaster.knowledge.packages.packages import evidence
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Package

_RULE: Final = Rule(
    id="shadows-command", title="A package brings a command that is another program's", severity=Severity.HIGH, cwe=427
)


def _detect(package: Package) -> Iterator[Finding]:
    for name, fact in commands(package):
        message = f"{package.distribution.name} brings a command called {name}, which is another program's name"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=evidence(package, fact))


DETECTOR: Final = Detector(rule=_RULE, on=Package, detect=_detect)
