"""What a policy decided about a report."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from weighmaster.model.finding import Finding, Severity
from weighmaster.model.report import Report
from weighmaster.model.value import Value

if TYPE_CHECKING:
    from datetime import date


class Outcome(enum.StrEnum):
    """The three answers. What is not known is `REVIEW`, never `ALLOW`."""

    ALLOW = "allow"
    REVIEW = "review"
    BLOCK = "block"


class Waiver(Value):
    """A user's exception: which findings (any of rule, digest, place), why, whose, and until when."""

    rule: str | None
    sha256: str | None
    where: str | None
    reason: str
    owner: str
    until: date


class Judged(Value):
    """A finding, the severity that the policy gives it, and why it does not count, if it does not."""

    finding: Finding
    severity: Severity
    waived: str | None = None


class Verdict(Value):
    """An answer, the policy that gave it, the findings as it judged them, and in sentences what decided."""

    outcome: Outcome
    policy: str
    because: tuple[str, ...]
    findings: tuple[Judged, ...]


class Vetted(Value):
    """A target's report and the verdict on it."""

    report: Report
    verdict: Verdict
