"""Loading the model runs code of the repository that acts on the machine before anybody asks for anything.

`auto_map` in a configuration, a custom pipeline, `hubconf.py`, `handler.py`: a loader that was told to trust the
repository imports what they name. That code, or a module that it imports in turn, starts programs, reaches the network,
loads machine code or runs text as code while it is imported. What each file does is said of the file; this rule says
that a loader gets there, and on which way.

## What to do

Do not load the model with `trust_remote_code`. Read the code of the files that the finding names. Ask the publisher for
a model that a library's own classes load.

## What this rule cannot see

Code that is imported by a name that is computed. What a class does when it is used, which is `remote-code-can-act`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(
    id="remote-code-acts", title="Loading runs code that acts on the machine", severity=Severity.CRITICAL, cwe=94
)
_LEVELS: Final = frozenset({"hides", "acts", "touches", "writes"})


def _detect(whole: Repository) -> Iterator[Finding]:
    if not whole.facts:
        return
    from weighmaster.knowledge.chains.reach import acts_of
    from weighmaster.knowledge.source.conduct import SOON, WHEN

    for act in acts_of(whole):
        if act.use.when in SOON and act.level in _LEVELS:
            message = f"{act.way} uses {act.use.dotted} {WHEN[act.use.when]}, which {act.does}"
            yield Finding(rule=_RULE, where=act.use.where, message=message, evidence=(*act.facts, act.use))


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
