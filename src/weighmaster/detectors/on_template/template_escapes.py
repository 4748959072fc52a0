"""A chat template that reaches for Python behind the text.

A template is a program. One that takes `__class__`, `__globals__` or `__subclasses__` of whatever is handed to it walks
from there to `os.system`; renderers without a sandbox (CVE-2024-34359, CVE-2026-5760) then run what the model's author
wrote. The template is followed, not searched: names that are put together from pieces, turned round, escaped, kept in
variables, built in loops or handed to a filter are seen as what they become.

Renderers with a sandbox refuse most of this. A template that tries is hostile all the same.

## What to do

Do not use the model. If you must, render with a template of your own, in `ImmutableSandboxedEnvironment`.

## What this rule cannot see

Names that come from outside the template when it is rendered: see `template-may-escape`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from weighmaster.extend.detector import Detector
from weighmaster.extend.templates import minded
from weighmaster.knowledge.chat_templates import CALLS, METHODS, escape, helper_escape
from weighmaster.model.fact import Template
from weighmaster.model.finding import Finding, Rule, Severity

if TYPE_CHECKING:
    from weighmaster.reading.jinja.sight import Sight

_RULE: Final = Rule(
    id="template-escapes",
    title="A template that reaches for Python behind the text",
    severity=Severity.CRITICAL,
    cwe=1336,
)


def _detect(fact: Template) -> Iterator[Finding]:
    yield from minded(fact, _RULE, _why)


def _why(sight: Sight) -> str | None:
    match sight.kind:
        case "attribute":
            return escape(sight.name)
        case "helper":
            return helper_escape(sight.name, sight.detail)
        case "computed" if sight.detail == "built" and sight.name == "attr":
            return "the name of an attribute is put together so that nobody can read it"
        case "method" if sight.name in METHODS:
            return f"{sight.name}() {METHODS[sight.name]}"
        case "call" if sight.name in CALLS:
            return f"{sight.name}() {CALLS[sight.name]}"
    return None


DETECTOR: Final = Detector(rule=_RULE, on=Template, detect=_detect)
