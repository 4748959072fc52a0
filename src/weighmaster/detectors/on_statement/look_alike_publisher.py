"""The name of the account that publishes this looks like that of a known publisher, and is another.

`meta-IIama` with two capital `I`, `deepseek-ai-official`, `openaii`: whoever makes such a name hopes that nobody reads
it twice. Compared are the characters as they are drawn, separators, the order of words, words that claim to be the real
one, digits for letters, and slips of the hand. Many honest people have names that look like others; so this is a
question for a person, and more of one where the repository is named after a well-known model of that publisher.

## What to do

Go to the publisher's own account by hand, and take the model from there. If the account is the one that you want, waive
the rule for this repository.

## What this rule cannot see

Publishers that it does not know, your own among them; names that an account may show beside its own; an account of the
right name in other hands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.lookalike import look_alike
from weighmaster.model.fact import Statement
from weighmaster.model.finding import Confidence, Finding, Rule, Severity

_RULE: Final = Rule(
    id="look-alike-publisher",
    title="An account that looks like a known publisher's",
    severity=Severity.MEDIUM,
    cwe=1007,
)


def _detect(fact: Statement) -> Iterator[Finding]:
    if fact.key != "repository" or fact.by != "hub-repository":
        return
    owner, _, name = fact.value.rpartition("/")
    found = look_alike(owner)
    if found is None:
        return
    publisher = found.publisher
    models = {model.casefold() for model in publisher.models}
    model = f"; {name!r} is the name of a model of theirs" if name.casefold() in models else ""
    message = f"{owner!r} looks like {publisher.name!r}, by {found.how}{model}"
    sure = Confidence.HIGH if model or found.how == "characters that look alike" else Confidence.MEDIUM
    yield Finding(rule=_RULE, where=fact.where, message=message, confidence=sure, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Statement, detect=_detect)
