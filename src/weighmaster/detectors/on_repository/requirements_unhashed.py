"""Packages are pinned to a version, and no hash says which bytes that is.

An index, a mirror or a proxy can give out another file under the same version. With hashes the installer refuses it.

## What to do

`weighmaster pin` or `pip-compile --generate-hashes` write them; `pip install --require-hashes` asks for them.

## What this rule cannot see

Hashes that are kept elsewhere. Locks of conda are held to their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.extend.showing import count
from weighmaster.knowledge.dependencies.dependencies import Files, is_fixed, is_of_package, named
from weighmaster.knowledge.repository import tree_of
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Dependency
from weighmaster.model.repository import Repository

_RULE: Final = Rule(
    id="requirements-unhashed",
    title="What is installed is held to a version and not to its bytes",
    severity=Severity.LOW,
    cwe=494,
)


def _detect(whole: Repository) -> Iterator[Finding]:
    if not any(isinstance(fact, Dependency) for fact in whole.facts):
        return
    files = Files(tree_of(whole))
    for said in files.all:
        fixed = [fact for fact in said.wanted if is_fixed(fact)]
        bare = [fact for fact in fixed if not fact.hashes]
        # Where some have one and others not, `locked-without-hash` says so.
        if not bare or len(bare) < len(fixed) or is_of_package(said.path) or next(files.locks_of(said), None):
            continue
        message = f"{count(len(bare), 'package')} held to a version and to no hash: {named(bare)}"
        yield Finding(rule=_RULE, where=bare[0].where, message=message, evidence=tuple(bare[:20]))


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
