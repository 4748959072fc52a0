"""A chat template that takes very long, or a lot of memory, to render.

Loops over a range of a billion, loops inside loops, text that is multiplied or doubled: one request then occupies the
server that answers with this model. Jinja's sandbox bounds a single range, and nothing else.

## What to do

Do not render the template. No conversation needs such a loop.

## What this rule cannot see

Loops over what the user sends.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from weighmaster.extend.detector import Detector
from weighmaster.extend.templates import minded
from weighmaster.model.fact import Template
from weighmaster.model.finding import Finding, Rule, Severity

if TYPE_CHECKING:
    from weighmaster.reading.jinja.sight import Sight

_RULE: Final = Rule(id="template-bomb", title="A template that is costly to render", severity=Severity.MEDIUM, cwe=1333)


def _detect(fact: Template) -> Iterator[Finding]:
    yield from minded(fact, _RULE, _why)


def _why(sight: Sight) -> str | None:
    return f"{sight.detail}, {sight.name} times" if sight.kind == "repeat" else None


DETECTOR: Final = Detector(rule=_RULE, on=Template, detect=_detect)
