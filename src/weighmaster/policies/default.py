"""Block what is high or worse; allow only what was read in full and holds nothing above low."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from weighmaster.extend.policy import Policy, decide, weigh
from weighmaster.model.finding import Severity
from weighmaster.model.report import Report
from weighmaster.model.settings import Settings
from weighmaster.model.verdict import Verdict

if TYPE_CHECKING:
    from datetime import date

_ID: Final = "default"


def _judge(report: Report, settings: Settings, today: date | None) -> Verdict:
    return decide(_ID, weigh(report, settings, today), block=Severity.HIGH, review=Severity.MEDIUM)


POLICY: Final = Policy(id=_ID, title="blocks high and critical, holds medium and whatever was not read", judge=_judge)
