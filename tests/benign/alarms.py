"""Which harmless files are not allowed, and why: `python -m tests.benign.alarms FOLDER` prints a table."""

from __future__ import annotations

import collections
import os
import sys
from collections.abc import Iterator
from typing import NamedTuple

from tests.samples.vetting import report_on, verdict_on

from weighmaster.model.finding import Severity


class Alarm(NamedTuple):
    """A harmless file that was not allowed."""

    file: str
    outcome: str
    reasons: tuple[str, ...]


def files(folder: str) -> list[str]:
    """Return the paths of all files below a folder, relative to it."""
    found = (os.path.relpath(os.path.join(root, name), folder) for root, _, names in os.walk(folder) for name in names)
    return sorted(found)


def alarms(folder: str) -> Iterator[Alarm]:
    """Vet every file below a folder."""
    for path in files(folder):
        with open(os.path.join(folder, path), "rb") as file:
            data = file.read()
        name = os.path.basename(path)
        outcome = verdict_on(data, name)
        if outcome != "allow":
            yield Alarm(path, outcome, _reasons(data, name))


def _reasons(data: bytes, name: str) -> tuple[str, ...]:
    report = report_on(data, name)
    findings = {
        f"{found.rule.id}: {found.message}" for found in report.findings if found.rule.severity >= Severity.MEDIUM
    }
    return (*sorted(findings), *sorted({f"gap {gap.reason}: {gap.detail}" for gap in report.gaps}))


def table(found: list[Alarm], count: int) -> str:
    """Write the reasons, the most frequent first, with an example of each."""
    by_reason: dict[str, list[Alarm]] = collections.defaultdict(list)
    for alarm in found:
        for reason in alarm.reasons:
            by_reason[reason].append(alarm)
    lines = [f"{count} harmless files, {len(found)} not allowed"]
    for reason, those in sorted(by_reason.items(), key=lambda pair: -len(pair[1])):
        lines.append(f"{len(those):4}  {those[0].outcome:6}  {reason[:150]}  ({those[0].file})")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(table(list(alarms(sys.argv[1])), len(files(sys.argv[1]))) + "\n")
