"""Code lies among installed packages, and no package lists it.

Installers list all that they put there. What lies there unlisted was put there by something else: a program that ran,
an editor, somebody. Whatever is imported by its name runs.

## What to do

Find out where the file is from. If nobody knows, delete it, and ask what had the right to write there.

## What this rule cannot see

Compiled modules beside their source, which the interpreter writes as it imports, and packages that list no files.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(
    id="code-of-no-package",
    title="Code among installed packages that none accounts for",
    severity=Severity.MEDIUM,
    cwe=345,
)


def _detect(whole: Repository) -> Iterator[Finding]:
    if not whole.facts:
        return
    from weighmaster.knowledge.packages.records import unaccounted

    for artifact in unaccounted(whole):
        message = "code that no installed package lists as its own"
        yield Finding(rule=_RULE, where=artifact.where, message=message, evidence=(artifact,))


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
