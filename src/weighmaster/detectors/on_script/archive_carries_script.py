"""Source code stands inside the archive that a loader opens.

A TorchServe archive holds the handler that the server imports; a `torch.package` archive holds the modules that its
pickles import from it; other archives are unpacked into a folder from which programs import. Loading the model then
runs this code.

The code of a TorchScript archive (`code/__torch__/`) is in a small language of its own, which its own reader follows:
it is not reported here.

## What to do

Read the code before you load the archive, or take the weights alone, as safetensors.

## What this rule cannot see

What the code does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Script
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.where import Member

_RULE: Final = Rule(
    id="archive-carries-script", title="Source code inside the archive", severity=Severity.MEDIUM, cwe=829
)

_TORCHSCRIPT: Final = "code/__torch__"
_SHOWN: Final = frozenset({"html"})
"""Shown by a browser, imported by nobody."""


def _detect(fact: Script) -> Iterator[Finding]:
    members = [step.name for step in fact.where.steps if isinstance(step, Member)]
    if not members or fact.language in _SHOWN or f"/{_TORCHSCRIPT}" in f"/{members[-1]}":
        return
    message = f"the archive brings source code in {fact.language}"
    yield Finding(rule=_RULE, where=fact.where, message=message, confidence=Confidence.MEDIUM, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Script, detect=_detect)
