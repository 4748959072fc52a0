"""A text, a picture or a table of an installed package is not the file that its `RECORD` lists.

It was changed after it was installed. Some change what others rely on: certificates added to certifi's list are trusted
by every program that uses it, and companies and proxies add theirs.

## What to do

Find out who changed it, and whether that is wanted. Install the package again with `--force-reinstall` if nobody knows.

## What this rule cannot see

Changes by somebody who wrote the new digest into the `RECORD`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.packages.packages import evidence
from weighmaster.knowledge.packages.records import differing, is_code
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Package

_RULE: Final = Rule(
    id="record-differs-in-data", title="Data of an installed package was changed", severity=Severity.MEDIUM, cwe=345
)


def _detect(package: Package) -> Iterator[Finding]:
    for artifact, how in differing(package):
        if not is_code(package, artifact):
            message = f"a file of {package.distribution.name} {package.distribution.version} {how}"
            yield Finding(rule=_RULE, where=artifact.where, message=message, evidence=evidence(package, artifact))


DETECTOR: Final = Detector(rule=_RULE, on=Package, detect=_detect)
