"""The name of the account that publishes this looks like that of a known publisher, and is another.

`meta-IIama` with two capital `I`, `deepseek-ai-official`, `openaii`: whoever makes such a name hopes that nobody reads
it twice. Compared are the characters as they are drawn, separators, the order of words, words that claim to be the real
one, digits for letters, and slips of the hand. Many honest people have names that look like others; so this is a
question for a person, and more of one where the repository is named after a well-known model of that publisher.

The account is the one that the hub names; of a folder it is the one in the path that hubs' clients make of it
(`models--owner--name`).

## What to do

Go to the publisher's own account by hand, and take the model from there. If the account is the one that you want, put
its name, with a `/` behind it, into `names` of the configuration, or waive the rule for this repository.

## What this rule cannot see

Publishers that it does not know, your own among them; names that an account may show beside its own; an account of the
right name in other hands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Fact, Statement
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.naming import Own
from weighmaster.model.repository import Repository
from weighmaster.reading.pattern import pattern

_RULE: Final = Rule(
    id="look-alike-publisher",
    title="An account that looks like a known publisher's",
    severity=Severity.MEDIUM,
    cwe=1007,
)
_CACHED: Final = pattern(r"(?:.*[/\\])?(?:models|datasets|spaces)--([^/\\]+?)--([^/\\]+)(?:[/\\].*)?", re.DOTALL)
"""Where clients of the hub keep what they fetched."""


def _detect(fact: Repository) -> Iterator[Finding]:
    accounts = _accounts(fact)
    if not accounts:
        return
    from weighmaster.knowledge.names.lookalike import look_alike  # tables that few looks need

    own = {name.casefold() for said in fact.facts if isinstance(said, Own) for name in said.names}
    for (owner, name), evidence in accounts.items():
        found = look_alike(owner)
        if found is None or f"{owner}/".casefold() in own:
            continue
        publisher = found.publisher
        models = {model.casefold() for model in publisher.models}
        model = f"; {name!r} is the name of a model of theirs" if name.casefold() in models else ""
        message = f"{owner!r} looks like {publisher.name!r}, by {found.how}{model}"
        sure = Confidence.HIGH if model or found.how == "characters that look alike" else Confidence.MEDIUM
        yield Finding(rule=_RULE, where=evidence.where, message=message, confidence=sure, evidence=(evidence,))


def _accounts(fact: Repository) -> dict[tuple[str, str], Fact]:
    """Return the accounts and repositories that the target is from, and what shows it."""
    found: dict[tuple[str, str], Fact] = {}
    for said in fact.facts:
        if isinstance(said, Statement) and said.by == "hub-repository" and said.key == "repository":
            owner, _, name = said.value.rpartition("/")
            found.setdefault((owner, name), said)
    for artifact in fact.artifacts:
        for root in (fact.where.root, artifact.where.root):
            if "--" in root and (cached := _CACHED.fullmatch(root)):
                found.setdefault((cached[1], cached[2]), artifact)
    return found


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
