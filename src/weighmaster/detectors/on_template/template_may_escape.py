"""A chat template that could reach further than the text of a conversation.

It takes an attribute whose name only the conversation decides, an attribute that is private to an object, a format
string that somebody else writes, another template, or what a web framework offers to its pages. None of this is needed
to write a conversation down.

## What to do

Read the line. Render foreign templates in `ImmutableSandboxedEnvironment`, with nothing offered to them but the
messages.

## What this rule cannot see

What the program that renders the template offers to it, beyond what Jinja and transformers do. Templates of pages and
documents, such as `base.html`, in which no word of a conversation stands, do all this as their trade: nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from weighmaster.extend.detector import Detector
from weighmaster.extend.templates import minded
from weighmaster.knowledge.chat_templates import call_may_escape, helper_may_escape, is_page, may_escape
from weighmaster.model.fact import Template
from weighmaster.model.finding import Finding, Rule, Severity

if TYPE_CHECKING:
    from weighmaster.reading.jinja.sight import Sight

_RULE: Final = Rule(
    id="template-may-escape", title="A template that could reach further than text", severity=Severity.MEDIUM, cwe=1336
)


def _detect(fact: Template) -> Iterator[Finding]:
    if not is_page(fact.name, fact.text):
        yield from minded(fact, _RULE, _why)


def _why(sight: Sight) -> str | None:
    match sight.kind:
        case "attribute":
            return may_escape(sight.name)
        case "helper":
            return helper_may_escape(sight.name, sight.detail)
        case "computed" if not (sight.detail == "built" and sight.name == "attr"):
            return "what it takes from an object is decided when it is rendered"
        case "include":
            return f"it takes in another template, {sight.name[:80]!r}"
        case "call":
            return call_may_escape(sight.name)
        case _:
            return None


DETECTOR: Final = Detector(rule=_RULE, on=Template, detect=_detect)
