"""This source is not what it looks like on a screen.

Controls of direction show a line in another order than the interpreter reads it: a comment looks like code, or code
like a comment. Letters that are not drawn carry a text that no reviewer sees. A name with a letter of another script is
another name than the one that it is read as. Source has no use for any of it: where a program works on such letters, it
writes them as escapes.

## What to do

Look at the line with an editor that shows such characters, and do not run it before you know why they are there.

## What this rule cannot see

Single letters that are not drawn, which emoji and some scripts need. Names that are alike in one script. Controls of
direction on a line in the middle of a docstring, where there is no code that could change places with anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.source.shapes import DISGUISES, SHAPES
from weighmaster.model.fact import Use
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(id="trojan-source", title="The source is not what it looks like", severity=Severity.HIGH, cwe=1007)


def _detect(fact: Use) -> Iterator[Finding]:
    if fact.name in DISGUISES and not fact.module:
        message = f"line {fact.line} {SHAPES[fact.name]}: {fact.detail}"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Use, detect=_detect)
