"""Weights that may run code lie beside weights that cannot.

Libraries of today take the safetensors file and leave the other alone. Older ones, and programs that ask for the file
by its name, take the pickle. What is in it is said of the file itself.

## What to do

Load the model with `use_safetensors=True`, or delete the other copy.

## What this rule cannot see

Which of the two your program takes. Copies under names that no library looks for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(
    id="pickle-beside-safetensors", title="A pickle lies beside safetensors", severity=Severity.LOW, cwe=502
)


def _detect(whole: Repository) -> Iterator[Finding]:
    if len(whole.artifacts) < 2:
        return
    from weighmaster.knowledge.loaders import UNSAFE, loads
    from weighmaster.knowledge.repository import tree_of

    tree = tree_of(whole)
    for load in loads(path for path in tree.files if tree.is_whole(path)):
        safe = next((path for path in load.opens if ".safetensors" in path), None)
        left = [path for path in load.leaves if path.endswith(UNSAFE)]
        if safe and left:
            more = f" and {len(left) - 1} more" if len(left) > 1 else ""
            message = f"{load.loader} takes {safe} and leaves {left[0]}{more}, which may run code where it is taken"
            artifacts = tree.artifact(left[0]), tree.artifact(safe)
            yield Finding(rule=_RULE, where=artifacts[0].where, message=message, evidence=artifacts)


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
