"""An installed package came from an address, a repository or a folder, and from no index.

No index has its files, no advisory names its version, and what lies at the address may be another tomorrow. Editable
installs run what lies in a folder at the moment.

## What to do

Nothing, if you know where it is from. Otherwise install a release from your index, with its digest.

## What this rule cannot see

Packages that were installed by tools that do not write down where they got them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Direct

_RULE: Final = Rule(
    id="installed-from-elsewhere", title="An installed package that is from no index", severity=Severity.LOW, cwe=829
)
_SAID: Final = {
    "archive": "installed from the archive {}",
    "editable": "what is imported lies in {}, and may change at any time",
    "path": "installed from the folder {}",
    "vcs": "installed from the repository {}",
}


def _detect(fact: Direct) -> Iterator[Finding]:
    message = _SAID[fact.source].format(fact.target) + (f" at {fact.revision[:12]}" if fact.revision else "")
    yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Direct, detect=_detect)
