"""A lock says that a package comes from an index, and takes its file from somewhere else, or another project's file.

Installers take the file from the address in the lock, whatever the index is called there. Nobody reads a lock line by
line: an address that was changed in it, with the hash that fits, is how a package is replaced in a pull request.

## What to do

Make the lock again from its manifest, and compare. If a mirror wrote it, name the mirror as the index.

## What this rule cannot see

Locks that keep no addresses (Poetry, Pipenv), and files that were replaced at the same host.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.dependencies.dependencies import at, called
from weighmaster.knowledge.dependencies.indexes import homes, host, is_loopback
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Dependency
from weighmaster.reading.dependencies.locks import is_of_another

_RULE: Final = Rule(
    id="locked-file-elsewhere",
    title="A lock takes a file from another host than its index, or of another project",
    severity=Severity.MEDIUM,
    cwe=829,
)


def _detect(fact: Dependency) -> Iterator[Finding]:
    if not fact.locked or fact.source != "index" or not host(fact.target) or fact.ecosystem != "pypi":
        return
    if host(fact.index) and not is_loopback(fact.target) and host(fact.target) not in homes(fact.index):
        message = f"{at(fact)}{called(fact)} is said to come from {fact.index}, and is taken from {fact.target}"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))
    elif is_of_another(fact.target, fact.name):
        message = f"{at(fact)}{called(fact)} is taken from {fact.target}, which is a file of another project"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Dependency, detect=_detect)
