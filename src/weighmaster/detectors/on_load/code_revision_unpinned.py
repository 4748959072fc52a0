"""Source names the commit of a repository and lets its code run (`trust_remote_code=True`), without `code_revision`.

A configuration may name code of another repository (`auto_map: "owner/name--file.Class"`). The commit of the weights
says nothing of that: transformers takes the code's newest version (huggingface/transformers#23799).

## What to do

Look into `auto_map` of `config.json` at that commit. If it names another repository, give `code_revision=` its commit.

## What this rule cannot see

The configuration, unless it lies in the target.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.loads.load_targets import is_commit, is_test, told, trusts_code
from weighmaster.knowledge.repository import path_of
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.package import Load

_RULE: Final = Rule(
    id="code-revision-unpinned", title="The weights are pinned, and the code is not", severity=Severity.LOW, cwe=494
)


def _detect(fact: Load) -> Iterator[Finding]:
    if (
        trusts_code(fact)
        and is_commit(fact.revision)
        and not is_commit(fact.code_revision)
        and fact.code_revision != "?"
        and not is_test(path_of(fact.where))
    ):
        yield Finding(
            rule=_RULE,
            where=fact.where,
            message=f"{told(fact)}: code that the configuration takes from another repository is not pinned",
            confidence=Confidence.MEDIUM,
            evidence=(fact,),
        )


DETECTOR: Final = Detector(rule=_RULE, on=Load, detect=_detect)
