"""What rules on templates share: the sights of a template, and a finding for each that one of them minds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from weighmaster.model.errors import WeighmasterError
from weighmaster.model.fact import Template
from weighmaster.model.finding import Confidence, Finding, Rule

if TYPE_CHECKING:
    from weighmaster.reading.jinja.sight import Sight


def minded(
    fact: Template, rule: Rule, why: Callable[[Sight], str | None], confidence: Confidence = Confidence.HIGH
) -> Iterator[Finding]:
    """Yield a finding for each sight of a template of which `why` gives a reason.

    What cannot be parsed or followed has no sights here: the rule `template-unread` says so.
    """
    from weighmaster.reading.jinja.walk import sights

    try:
        found = sights(fact.text) if fact.engine == "jinja" else ()
    except WeighmasterError:
        return
    for sight in found:
        reason = why(sight)
        if reason is not None:
            message = f"{fact.name or 'the template'}, line {sight.line}: {reason}"
            yield Finding(rule=rule, where=fact.where, message=message, confidence=confidence, evidence=(fact,))
