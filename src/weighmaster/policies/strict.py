"""Block whatever was found, down to low; allow only what was read in full and holds notes at most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from weighmaster.extend.policy import Policy, decide, weigh
from weighmaster.model.finding import Severity
from weighmaster.model.report import Report
from weighmaster.model.settings import Settings
from weighmaster.model.verdict import Verdict

if TYPE_CHECKING:
    from datetime import date

_ID: Final = "strict"


def _judge(report: Report, settings: Settings, today: date | None) -> Verdict:
    return decide(_ID, weigh(report, settings, today), block=Severity.LOW, review=Severity.LOW)


POLICY: Final = Policy(id=_ID, title="blocks every finding above a note, holds whatever was not read", judge=_judge)
