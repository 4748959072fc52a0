"""The account has the name of a known publisher, and was made after that publisher was known.

When an account is deleted or renamed, others may take its name. Every script, document and lock file that names it then
leads to them. An account keeps its date of birth when it is renamed; so this one is not the one that was meant.

## What to do

Do not use the name. Find out where the publisher went, and pin the commit that you fetch.

## What this rule cannot see

Accounts that it does not know, names that were taken again before they were noted here, and hubs that do not say when
an account was made.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Statement
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(
    id="reused-name",
    title="A later account has the name of a known publisher",
    severity=Severity.MEDIUM,
    cwe=1357,
)


def _detect(fact: Repository) -> Iterator[Finding]:
    said = {f.key: f for f in fact.facts if isinstance(f, Statement) and f.by in {"hub-repository", "hub-account"}}
    name, made = said.get("repository"), said.get("account-created")
    if name is None or made is None:
        return
    from weighmaster.knowledge.names.publishers import publishers  # a table that few looks need

    known = publishers().get(name.value.rpartition("/")[0].casefold())
    if known is not None and known.known_by and made.value[:10] > known.known_by:
        message = f"{known.name!r} was made on {made.value[:10]}, and the publisher was known by {known.known_by}"
        yield Finding(rule=_RULE, where=name.where, message=message, evidence=(name, made))


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
