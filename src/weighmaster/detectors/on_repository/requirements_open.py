"""Requirements that are installed as they stand may be several versions.

What is installed is whatever is newest on the day: a release that was taken over an hour ago, for one. What a lock
beside them or a file of constraints holds to one version is not counted, and neither is what a package asks for in its
own metadata, where ranges belong.

## What to do

Write a lock, and install from that: `weighmaster pin`, `pip lock`, `uv lock`, `pip-compile --generate-hashes`.

## What this rule cannot see

Locks that are kept elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.extend.showing import count
from weighmaster.knowledge.dependencies.dependencies import INSTALLED, Files, is_of_package, is_open, named
from weighmaster.knowledge.names.normal import normal
from weighmaster.knowledge.repository import tree_of
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Dependency
from weighmaster.model.repository import Repository

_RULE: Final = Rule(
    id="requirements-open", title="What is installed may be any of several versions", severity=Severity.LOW, cwe=1357
)


def _detect(whole: Repository) -> Iterator[Finding]:
    if not any(isinstance(fact, Dependency) for fact in whole.facts):
        return
    files = Files(tree_of(whole))
    for said in files.all:
        if is_of_package(said.path):
            continue
        wanted = [fact for fact in said.wanted if fact.by in INSTALLED and not fact.locked]
        loose = [fact for fact in wanted if is_open(fact)]
        if loose:
            held = files.pins(said) | {normal(f.name) for lock in files.locks_of(said) for f in lock.wanted}
            loose = [fact for fact in loose if normal(fact.name) not in held]
        if loose:
            message = f"{len(loose)} of {count(len(wanted), 'package')} may be any of several versions: {named(loose)}"
            yield Finding(rule=_RULE, where=loose[0].where, message=message, evidence=tuple(loose[:20]))


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
