"""A package is held to an MD5 or SHA-1 digest, and to no better one.

Two files with the same MD5 or SHA-1 can be made at will: whoever builds the package can have a second one ready.

## What to do

Use SHA-256: `pip hash FILE` writes it.

## What this rule cannot see

Packages that carry a stronger digest beside; the installer may use the weaker one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.dependencies.dependencies import at, called
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Dependency

_RULE: Final = Rule(
    id="hash-weak", title="A package is held to a hash that can be forged", severity=Severity.LOW, cwe=328
)


def _detect(fact: Dependency) -> Iterator[Finding]:
    kinds = {value.partition(":")[0].casefold() for value in fact.hashes}
    if kinds and kinds <= {"md5", "sha1"} and fact.ecosystem == "pypi":
        message = f"{at(fact)}{called(fact)} is held to nothing better than {' and '.join(sorted(kinds))}"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Dependency, detect=_detect)
