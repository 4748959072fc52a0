"""A configuration names code of its own repository, which a loader runs if it is told to trust it.

`auto_map`, `custom_pipelines`, a component of a pipeline or a module of a sentence transformer: the class is not the
library's, it comes with the model. A loader asks first (`trust_remote_code`), and people say yes because the model does
not load otherwise. What that code does, it does with the rights of whoever loads the model.

## What to do

Read the file that the finding names, and those that it imports. Look at the whole folder: what the code does is said
then, and on which way a loader gets there.

## What this rule cannot see

What the code does. Code of other repositories is `code-from-elsewhere`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.references import leads_out
from weighmaster.model.fact import Reference
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="loads-remote-code",
    title="Loading runs code of the repository if told to trust it",
    severity=Severity.MEDIUM,
    cwe=829,
)
_ASKING: Final = frozenset({"transformers", "diffusers", "sentence-transformers"})


def _detect(fact: Reference) -> Iterator[Finding]:
    # What leads out of the folder is another rule's, and worse.
    if fact.kind == "code" and fact.by in _ASKING and leads_out(fact.target) is None:
        message = f"{fact.by} imports {fact.target!r} with trust_remote_code"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Reference, detect=_detect)
