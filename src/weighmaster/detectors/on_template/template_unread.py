"""A chat template that could not be read to its end.

It is not Jinja, it is of a dialect that is not known here, or it is too long or too deep to be followed. What is not
read is not vouched for.

## What to do

Read the template, or leave it away and render with one of your own.

## What this rule cannot see

What the part that was not read does. Templates of pages, such as those of Django, are none of a conversation, and are
left to the program that they come with.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.chat_templates import is_page
from weighmaster.model.errors import WeighmasterError
from weighmaster.model.fact import Template
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="template-unread", title="A template that could not be read to its end", severity=Severity.MEDIUM, cwe=1059
)


def _detect(fact: Template) -> Iterator[Finding]:
    from weighmaster.reading.jinja.walk import sights

    if fact.engine != "jinja" or is_page(fact.name, fact.text):
        return
    try:
        unread = [sight.name for sight in sights(fact.text) if sight.kind == "unfinished"]
    except WeighmasterError as error:
        unread = [str(error)[:200]]
    for reason in unread:
        message = f"{fact.name or 'the template'}: {reason}"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Template, detect=_detect)
