"""Source tells a library to run the code of a repository of a hub, and does not name the commit.

It does so with `trust_remote_code=True` or `custom_pipeline`.

Whoever may write to that repository, now or after its name was given to somebody else, runs what they like wherever
this program runs.

## What to do

Do without: most architectures are part of the library by now. Else read the code at one commit and name that:
`revision="<40 hexadecimal digits>"`, and `code_revision=` where the code lies in another repository.

## What this rule cannot see

Whether the repository brings code. Names that are put together while the program runs (see `remote-code-trusted`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.loads.load_targets import is_dormant, is_test, pinned, runs_code_of, told
from weighmaster.knowledge.repository import path_of
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.package import Load

_RULE: Final = Rule(
    id="remote-code-unpinned",
    title="Code of another repository is run, at whatever version it has that day",
    severity=Severity.MEDIUM,
    cwe=494,
)


def _detect(fact: Load) -> Iterator[Finding]:
    code = runs_code_of(fact)
    moves = code and pinned(fact) in {"none", "moving"}
    if moves and not is_test(path_of(fact.where)) and not is_dormant(fact):
        version = f"revision {fact.revision[:60]!r} can be moved" if fact.revision else "no revision is given"
        yield Finding(
            rule=_RULE,
            where=fact.where,
            message=f"{told(fact)} runs the code of {code[:80]!r}, and {version}",
            confidence=Confidence.HIGH,
            evidence=(fact,),
        )


DETECTOR: Final = Detector(rule=_RULE, on=Load, detect=_detect)
