"""Source fetches a file and turns the check of the server's certificate off (`verify=False`).

Anybody on the way may send something else.

## What to do

Leave the check on. For an authority of your own name its certificate (`verify="ca.pem"`, `SSL_CERT_FILE`).

## What this rule cannot see

Sessions and contexts that are told so elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.loads.load_targets import is_test, option, told
from weighmaster.knowledge.repository import path_of
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.package import Load

_RULE: Final = Rule(
    id="certificate-unchecked",
    title="Something is fetched without looking who sends it",
    severity=Severity.LOW,
    cwe=295,
)


def _detect(fact: Load) -> Iterator[Finding]:
    if option(fact, "verify") == "False" and not is_test(path_of(fact.where)):
        yield Finding(
            rule=_RULE,
            where=fact.where,
            message=f"{told(fact)}: the certificate is not checked",
            confidence=Confidence.HIGH,
            evidence=(fact,),
        )


DETECTOR: Final = Detector(rule=_RULE, on=Load, detect=_detect)
