"""A key or a password was left in the file.

Whoever has the file has the key: the publisher's account, a private bucket, a paid service. It says as well that nobody
looked at what was published. The report does not show it; its place and the beginning of its digest tell which it is.

## What to do

If the key is yours, revoke it: it is known from now on, whatever you delete. If it is not, tell its owner, and do not
use it.

## What this rule cannot see

Whether the key still opens anything: nothing is asked over the network. Passwords without a shape, keys in binary files
and in text above a megabyte. Keys in the
tests and the description of a package are a rule of their own: `secret-in-passing`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.secrets import in_passing
from weighmaster.model.fact import Secret
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(
    id="secret-inside", title="A key or a password was left in the file", severity=Severity.MEDIUM, cwe=798
)


def _detect(whole: Repository) -> Iterator[Finding]:
    for fact in whole.facts:
        if isinstance(fact, Secret) and not in_passing(whole, fact):
            which = f", SHA-256 {fact.digest}..." if fact.digest else ""
            message = f"line {fact.line} holds {fact.kind}{which}"
            yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
