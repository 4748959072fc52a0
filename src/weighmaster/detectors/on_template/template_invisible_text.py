"""A chat template with characters that nobody sees.

Tag characters spell words that no editor shows and that a model reads; marks of direction make a line read otherwise
than it is; characters of no width hide in the middle of words. A template is a program: it has no reason for them.

## What to do

Look at the template with its characters escaped, and at what it says then.

## What this rule cannot see

Letters of other alphabets that look like Latin ones. What stands in pages and scripts of a browser: no model reads it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.chat_templates import UNSEEN, is_page
from weighmaster.model.errors import WeighmasterError
from weighmaster.model.fact import Template
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="template-invisible-text", title="A template with characters that nobody sees", severity=Severity.MEDIUM, cwe=451
)


def _detect(fact: Template) -> Iterator[Finding]:
    if is_page(fact.name, fact.text):
        return
    texts = [fact.text]
    if "\\" in fact.text and fact.engine == "jinja":
        # Written as escapes, they are seen in the source and not in what it gives out.
        from weighmaster.reading.jinja.walk import sights

        try:
            texts += [sight.name for sight in sights(fact.text) if sight.kind == "text"]
        except WeighmasterError:
            texts = [fact.text]
    for text in texts:
        hit = UNSEEN.search(text)
        if hit is not None:
            line = text.count("\n", 0, hit.start()) + 1
            message = f"{fact.name or 'the template'}, line {line}: U+{ord(hit[0][0]):04X} is not seen"
            yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))
            return


DETECTOR: Final = Detector(rule=_RULE, on=Template, detect=_detect)
