"""A package brings `sitecustomize.py` or `usercustomize.py` to the top of `site-packages`.

Python imports modules of these names whenever it starts, in every program of the environment, before anything else and
without being asked. They are for whoever runs the machine; a package that brings one takes that place.

The name counts only where it is installed to: `x/sitecustomize.py` inside a package is a module like others.

## What to do

Do not install the package. In an environment, read the file, and ask who put it there.

## What this rule cannot see

Whether the file does harm. Path files (`.pth`) are told by `path-file-runs-code`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(
    id="site-hook", title="Code that every interpreter runs as it starts", severity=Severity.HIGH, cwe=829
)


def _detect(whole: Repository) -> Iterator[Finding]:
    if not whole.facts:
        return
    from weighmaster.knowledge.packages.starts import hooks

    for artifact, facts in hooks(whole):
        message = "every Python that starts with this installed runs it first"
        yield Finding(rule=_RULE, where=artifact.where, message=message, evidence=(*facts, artifact))


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
