"""`torch.hub.load` fetches a repository and imports its `hubconf.py`.

Without a commit behind the name it takes the default branch, or one that can be moved.

Whoever may write to the repository runs what they like wherever this program runs. `trust_repo=True` and
`skip_validation=True` turn off the questions that torch would ask.

## What to do

Name a commit: `torch.hub.load("owner/name:<commit>", ...)`. A branch or tag can be moved. Better: use the package that
brings the model.

## What this rule cannot see

Repositories whose names are put together while the program runs. What a library that somebody else wrote does where it
is called is told by `hub-unpinned`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.loads.load_targets import is_commit, is_dormant, is_test, option, place_of, told
from weighmaster.knowledge.repository import path_of
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.package import Load

_RULE: Final = Rule(
    id="torch-hub-unpinned",
    title="Code of a repository on GitHub is run, at whatever version it has that day",
    severity=Severity.MEDIUM,
    cwe=494,
)


def _detect(fact: Load) -> Iterator[Finding]:
    if place_of(fact) != "hub-code" or is_commit(fact.revision) or is_test(path_of(fact.where)) or is_dormant(fact):
        return
    version = f"{fact.revision[:60]!r} can be moved" if fact.revision else "no version is given"
    asked = ", and no question is asked" if option(fact, "trust_repo") == "True" else ""
    yield Finding(
        rule=_RULE,
        where=fact.where,
        message=f"{told(fact)} runs the code of the repository: {version}{asked}",
        confidence=Confidence.HIGH,
        evidence=(fact,),
    )


DETECTOR: Final = Detector(rule=_RULE, on=Load, detect=_detect)
