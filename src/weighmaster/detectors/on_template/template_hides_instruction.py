"""A chat template that says something to the model which the user did not write and does not see.

Nobody who uses a model looks at its template. One that waits for a word in a message, for the tenth turn or for a date,
and then tells the model something, is a back door that no weight shows: the same model answers honestly until the word
falls. So is one that tells the model to ignore its instructions, to keep something from the user, or to put what was
said into an address that is fetched when the answer is shown.

Templates test messages for good reasons: tags of reasoning and of tools, switches such as `/no_think`, an empty system
message. What matters is that words are given out which depend on words that were said.

## What to do

Read the line. Compare the template with that of the model it claims to be or to be made from.

## What this rule cannot see

Instructions that are given out always, and that sound like a system prompt. Words that a template puts together from
what was said.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from weighmaster.extend.detector import Detector
from weighmaster.extend.templates import minded
from weighmaster.knowledge.chat_templates import HIDING, is_page, is_structure, says_something
from weighmaster.model.fact import Template
from weighmaster.model.finding import Confidence, Finding, Rule, Severity

if TYPE_CHECKING:
    from weighmaster.reading.jinja.sight import Sight

_RULE: Final = Rule(
    id="template-hides-instruction",
    title="A template that tells the model something in secret",
    severity=Severity.MEDIUM,
    cwe=506,
)
_SHOWN: Final = 80
_SAID: Final = {
    "text": "where a message has",
    "time": "where the date is compared with",
    "count": "where the conversation is so long:",
    "lookup": "looked up by what a message says",
}


def _detect(fact: Template) -> Iterator[Finding]:
    if not is_page(fact.name, fact.text):
        yield from minded(fact, _RULE, _reason, Confidence.MEDIUM)


def _reason(sight: Sight) -> str | None:
    if sight.kind == "address":
        return f"it puts what was said into an address, {sight.name[:_SHOWN]!r}"
    if sight.kind != "text":
        return None
    tests = [test for test in sight.tests if not is_structure(test)]
    if tests and says_something(sight.name):
        kind, _, value = tests[0].partition(":")
        when = f"{_SAID.get(kind, kind)} {value[:_SHOWN]!r}" if value else _SAID.get(kind, kind)
        return f"it says {_plain(sight.name)!r} {when}"
    for shape, why in HIDING:
        if shape.search(sight.name):
            return f"it says {_plain(sight.name)!r}, which {why}"
    return None


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)[:_SHOWN].strip()


DETECTOR: Final = Detector(rule=_RULE, on=Template, detect=_detect)
