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
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.errors import WeighmasterError
from weighmaster.model.fact import Template
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(id="template-bomb", title="A template that is costly to render", severity=Severity.MEDIUM, cwe=1333)


def _detect(fact: Template) -> Iterator[Finding]:
    from weighmaster.reading.jinja.walk import sights

    try:
        found = sights(fact.text) if fact.engine == "jinja" else ()
    except WeighmasterError:
        return
    for sight in found:
        if sight.kind == "repeat":
            message = f"{fact.name or 'the template'}, line {sight.line}: {sight.detail}, {sight.name} times"
            yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Template, detect=_detect)
