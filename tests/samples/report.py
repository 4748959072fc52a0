"""Say where the verdicts on the corpora are not what they should be: `python -m tests.samples.report [ID-PART...]`.

A miss is a hostile sample whose verdict is too mild. With `--fire`, samples that do not fire are listed as well.
"""

from __future__ import annotations

import sys

from tests.samples.hostile import SAMPLES, fire, lacks
from tests.samples.vetting import report_on, verdict_on


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _misses(parts: list[str]) -> None:
    wanted = [sample for sample in SAMPLES.values() if not parts or any(part in sample.id for part in parts)]
    misses = 0
    for sample in wanted:
        try:
            data = sample.build()
        except ImportError as error:
            _say(f"not built   {sample.id}: {error}")
            continue
        outcome = verdict_on(data, sample.file)
        if outcome in {"block", sample.expected}:
            continue
        misses += 1
        report = report_on(data, sample.file)
        rules = sorted({f"{finding.rule.id}({finding.rule.severity.name})" for finding in report.findings})
        gaps = sorted({gap.reason for gap in report.gaps})
        _say(f"MISS {sample.expected} != {outcome:6}  {sample.id}  {' '.join(rules)} {' '.join(gaps)}")
    _say(f"{len(wanted)} samples, {misses} misses")


def _duds(parts: list[str]) -> None:
    wanted = [sample for sample in SAMPLES.values() if not parts or any(part in sample.id for part in parts)]
    firings = fire(wanted)
    for sample in wanted:
        reason = lacks(sample)
        if reason is not None:
            _say(f"UNPROVEN {sample.id}: {reason}")
        elif not firings[sample.id].fired:
            _say(f"DUD {sample.id}: {firings[sample.id].saw}")
    _say(f"{len(firings)} fired or not, {sum(not firing.fired for firing in firings.values())} duds")


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    if "--fire" in sys.argv:
        _duds(arguments)
    else:
        _misses(arguments)
