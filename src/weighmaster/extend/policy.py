"""What a policy is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from weighmaster.model.report import Report
from weighmaster.model.settings import Settings
from weighmaster.model.value import Value
from weighmaster.model.verdict import Verdict


class Policy(Value):
    """A name, what it holds in a line, and a pure function from a report, the user's settings and today's date."""

    id: str
    title: str
    judge: Callable[[Report, Settings, date], Verdict]
