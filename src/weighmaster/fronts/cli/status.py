"""The exit status: the same for every output; the worst target decides."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from weighmaster.model.report import GapReason
from weighmaster.model.verdict import Outcome, Vetted

ALLOWED: Final = 0
BLOCKED: Final = 1
REVIEW: Final = 3
DEFECT: Final = 4

_WORST_LAST: Final = (ALLOWED, REVIEW, DEFECT, BLOCKED)


def of(vetted: Iterable[Vetted], *, defect: bool = False) -> int:
    """Return the status of the worst target, or that of a defect elsewhere: 1 before 4 before 3."""
    statuses = [*map(_one, vetted), *([DEFECT] if defect else [])]
    return max(statuses, key=_WORST_LAST.index, default=REVIEW)


def _one(vetted: Vetted) -> int:
    if vetted.verdict.outcome is Outcome.BLOCK:
        return BLOCKED
    if any(gap.reason is GapReason.DEFECT for gap in vetted.report.gaps):
        return DEFECT
    return ALLOWED if vetted.verdict.outcome is Outcome.ALLOW else REVIEW
