"""Code or a model of a package is not the file that its `RECORD` lists.

The `RECORD` of a wheel holds the digest of every file; installing copies it. A file with another digest was changed
after the wheel was built, or after it was installed, by somebody who did not mind that it shows.

## What to do

Do not use the package. Install it again from where you trust, with `--force-reinstall`; if the file was yours to
change, build the package with the change in it.

## What this rule cannot see

Changes by somebody who wrote the new digest into the `RECORD`, and files that it lists without a digest, such as
compiled Python. Data of installed packages is told by `record-differs-in-data`.
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
    id="record-differs", title="A file of a package is not what its RECORD says", severity=Severity.HIGH, cwe=345
)


def _detect(package: Package) -> Iterator[Finding]:
    for artifact, how in differing(package):
        if is_code(package, artifact):
            message = f"a file of {package.distribution.name} {package.distribution.version} {how}"
            yield Finding(rule=_RULE, where=artifact.where, message=message, evidence=evidence(package, artifact))


DETECTOR: Final = Detector(rule=_RULE, on=Package, detect=_detect)
