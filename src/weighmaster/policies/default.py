"""Block what is high or worse; allow only what was read in full and holds nothing above low."""

from __future__ import annotations

from datetime import date
from typing import Final

from weighmaster.extend.policy import Policy
from weighmaster.model.finding import Severity
from weighmaster.model.report import Report
from weighmaster.model.settings import Settings
from weighmaster.model.verdict import Judged, Outcome, Verdict

_ID: Final = "default"


def _judge(report: Report, settings: Settings, today: date) -> Verdict:
    worst = max((f.rule.severity for f in report.findings), default=Severity.NOTE)
    outcome = Outcome.BLOCK if worst >= Severity.HIGH else Outcome.REVIEW if worst >= Severity.MEDIUM or report.gaps or not report.examined else Outcome.ALLOW
    return Verdict(outcome=outcome, policy=_ID, because=(), findings=tuple(Judged(finding=f, severity=f.rule.severity) for f in report.findings))


POLICY: Final = Policy(id=_ID, title="blocks what is dangerous, holds what is unknown or unread", judge=_judge)
