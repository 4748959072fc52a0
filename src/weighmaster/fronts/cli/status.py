"""The exit status: the same for every output; the worst target decides."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from weighmaster.model.report import GapReason
from weighmaster.model.verdict import Outcome, Vetted

ALLOWED: Final = 0
BLOCKED: Final = 1
USAGE: Final = 2
REVIEW: Final = 3
DEFECT: Final = 4

_WORST_LAST: Final = (ALLOWED, REVIEW, USAGE, DEFECT, BLOCKED)


def of(vetted: Iterable[Vetted], *, defect: bool = False, unwritten: bool = False) -> int:
    """Return the status of the worst target: 1 before 4 before 3.

    After a `defect` elsewhere it is at least 4. Where the answer could not be written (`unwritten`) it is at least 2.
    """
    statuses = [*map(_one, vetted), *([DEFECT] if defect else []), *([USAGE] if unwritten else [])]
    return max(statuses, key=_WORST_LAST.index, default=REVIEW)


def _one(vetted: Vetted) -> int:
    if vetted.verdict.outcome is Outcome.BLOCK:
        return BLOCKED
    if any(gap.reason is GapReason.DEFECT for gap in vetted.report.gaps):
        return DEFECT
    return ALLOWED if vetted.verdict.outcome is Outcome.ALLOW else REVIEW
