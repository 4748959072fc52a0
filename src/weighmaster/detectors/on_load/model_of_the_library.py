"""A pipeline is made for a task without saying which model.

The library has a model for each task and may change it: another release, another model.

## What to do

Name the model and its commit: `pipeline("task", model="owner/name", revision="<commit>")`.

## What this rule cannot see

Models that are handed over in a variable.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.loads.load_targets import is_test, option, told
from weighmaster.knowledge.repository import path_of
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.package import Load

_RULE: Final = Rule(
    id="model-of-the-library", title="The library chooses which model is loaded", severity=Severity.LOW, cwe=1104
)


def _detect(fact: Load) -> Iterator[Finding]:
    task = option(fact, "task")
    says = fact.target or option(fact, "target") or option(fact, "**") or option(fact, "model")
    if (
        fact.loader.endswith("pipeline")
        and task not in {"", "?", "None"}
        and not says
        and not is_test(path_of(fact.where))
    ):
        yield Finding(
            rule=_RULE,
            where=fact.where,
            message=f"{told(fact)}: no model is named for {task!r}",
            confidence=Confidence.MEDIUM,
            evidence=(fact,),
        )


DETECTOR: Final = Detector(rule=_RULE, on=Load, detect=_detect)
