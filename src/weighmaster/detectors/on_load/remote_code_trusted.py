"""Source tells a library that it may run the code of a repository (`trust_remote_code=True`).

The repository is named at a commit, or its name is not known here, or a library that somebody else wrote does so where
it is called.

A commit cannot be changed. It is still code that no package brings: what is vetted of the package is not vetted of it.

## What to do

Vet the repository at that commit: `weighmaster vet hf://owner/name@commit`. Where the name comes from outside, take
only names of a list.

## What this rule cannot see

Which names come in while the program runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.loads.load_targets import is_dormant, is_test, pinned, runs_code_of, told, trusts_code
from weighmaster.knowledge.repository import path_of
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.package import Load

_RULE: Final = Rule(
    id="remote-code-trusted", title="Code of another repository may be run", severity=Severity.LOW, cwe=829
)


def _detect(fact: Load) -> Iterator[Finding]:
    moves = runs_code_of(fact) and pinned(fact) in {"none", "moving"}
    if trusts_code(fact) and (not moves or is_dormant(fact)) and not is_test(path_of(fact.where)):
        unnamed = "at no version" if fact.target else "of a name that is not known here"
        which = f"at {fact.revision[:60]!r}" if fact.revision else unnamed
        yield Finding(
            rule=_RULE,
            where=fact.where,
            message=f"{told(fact)} may run the code of the repository, {which}",
            confidence=Confidence.MEDIUM,
            evidence=(fact,),
        )


DETECTOR: Final = Detector(rule=_RULE, on=Load, detect=_detect)
