"""What a policy is, and the weighing that every policy begins with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from weighmaster.model.fact import Call, Fact, Import
from weighmaster.model.finding import Finding, Severity
from weighmaster.model.report import Gap, Report
from weighmaster.model.settings import Settings
from weighmaster.model.term import Name
from weighmaster.model.value import Value
from weighmaster.model.verdict import Judged, Outcome, Verdict, Waiver
from weighmaster.model.where import Where

if TYPE_CHECKING:
    from datetime import date


class Policy(Value):
    """A name, what it holds in a line, and a pure function from a report, the user's settings and today's date.

    Without a date every waiver counts as expired.
    """

    id: str
    title: str
    judge: Callable[[Report, Settings, date | None], Verdict]


class Weighed(Value):
    """A report as the user's settings see it: what still counts, and in sentences what does not, and why."""

    report: Report
    findings: tuple[Judged, ...]
    gaps: tuple[Gap, ...]
    notes: tuple[str, ...]

    def counting(self, least: Severity) -> list[Judged]:
        """Return the findings that no waiver covers, of at least that severity."""
        return [judged for judged in self.findings if judged.waived is None and judged.severity >= least]


def weigh(report: Report, settings: Settings, today: date | None) -> Weighed:
    """Give every finding the severity and the waiver that `settings` say, and set aside the tolerated gaps."""
    scale = _Scale(report, settings, today)
    findings = tuple(scale.judged(finding) for finding in report.findings)
    gaps = tuple(gap for gap in report.gaps if gap.reason not in settings.tolerate)
    notes = (*scale.notes(), *_tolerated(report, gaps))
    return Weighed(report=report, findings=findings, gaps=gaps, notes=notes)


def decide(policy: str, weighed: Weighed, *, block: Severity, review: Severity) -> Verdict:
    """Block from the one severity on, hold for review from the other, or for whatever was not read.

    Laws: what has a gap is never allowed, nor what holds no examined file, nor what was stopped early; a further
    finding never makes the verdict milder.
    """
    blocking = weighed.counting(block)
    reviewing = [judged for judged in weighed.counting(review) if judged.severity < block]
    because = (*_found(blocking), *_found(reviewing), *_unread(weighed))
    outcome = Outcome.BLOCK if blocking else Outcome.REVIEW if because else Outcome.ALLOW
    if outcome is Outcome.ALLOW:
        because = (_clean(weighed, review),)
    notes = (*_excluded(weighed.report), *weighed.notes)
    return Verdict(outcome=outcome, policy=policy, because=(*because, *notes), findings=weighed.findings)


class _Scale:
    """Weighs one finding after the other, and remembers which of the settings were of use."""

    def __init__(self, report: Report, settings: Settings, today: date | None) -> None:
        self._settings = settings
        self._digests = {artifact.where: artifact.sha256 for artifact in report.artifacts} if settings.waivers else {}
        self._today = today
        self._used: dict[Waiver, int] = {}
        self._late: dict[Waiver, int] = {}
        self._allowed = 0
        self._moved = 0

    def judged(self, finding: Finding) -> Judged:
        severity = self._settings.severities.get(finding.rule.id, finding.rule.severity)
        self._moved += severity is not finding.rule.severity
        return Judged(finding=finding, severity=severity, waived=self._waived(finding))

    def _waived(self, finding: Finding) -> str | None:
        reasons = []
        for waiver in self._settings.waivers:
            if self._covers(waiver, finding):
                late = self._today is None or waiver.until < self._today
                counts = self._late if late else self._used
                counts[waiver] = counts.get(waiver, 0) + 1
                if counts is self._used:
                    reasons.append(f"{waiver.reason} ({waiver.owner}, until {waiver.until})")
        if not reasons and _vouched(finding.evidence, self._settings.allow):
            self._allowed += 1
            reasons.append("allowed by the configuration")
        return reasons[0] if reasons else None

    def _covers(self, waiver: Waiver, finding: Finding) -> bool:
        return (
            (waiver.rule is None or waiver.rule == finding.rule.id)
            and (waiver.where is None or _within(str(finding.where), waiver.where))
            and (waiver.sha256 is None or waiver.sha256 in _digests(finding.where, self._digests))
        )

    def notes(self) -> Iterator[str]:
        for waiver in self._settings.waivers:
            if waiver in self._late:
                yield (
                    f"The waiver of {waiver.owner} for {_told(waiver)} expired on {waiver.until} and no longer counts"
                    f" ({_count(self._late[waiver], 'finding')})."
                )
            elif waiver in self._used:
                count = _count(self._used[waiver], "finding")
                yield f"{count} waived by {waiver.owner} until {waiver.until}: {waiver.reason}."
            else:
                yield f"The waiver of {waiver.owner} for {_told(waiver)} matches nothing here."
        if self._allowed:
            yield f"{_count(self._allowed, 'finding')} about callables that the configuration allows."
        if self._moved:
            yield f"The configuration gives {_count(self._moved, 'finding')} another severity."


def _vouched(evidence: Iterable[Fact], allow: frozenset[str]) -> bool:
    """Say whether all the callables that the evidence names are allowed, and there is one."""
    names = []
    for fact in evidence:
        match fact:
            case Import():
                names.append(fact.dotted)
            case Call(callee=Name() as callee):
                names.append(callee.dotted)
            case _:
                # What is not a plain callable is not what the user vouched for.
                return False
    return bool(names) and allow.issuperset(names)


def _within(place: str, outer: str) -> bool:
    # The marks of a place never stand in a name unescaped: comparing text cannot confuse two places.
    outer = outer.removesuffix("/")
    return place == outer or (place.startswith(outer) and place[len(outer)] in "!@/")


def _digests(where: Where, digests: Mapping[Where, str]) -> Iterator[str]:
    """Yield the digests of the artifacts around the place, from the file inwards."""
    for count in range(len(where.steps) + 1):
        digest = digests.get(Where(root=where.root, steps=where.steps[:count]))
        if digest is not None:
            yield digest


def _told(waiver: Waiver) -> str:
    parts = (waiver.rule, waiver.where, waiver.sha256 and f"sha256 {waiver.sha256[:12]}")
    return ", ".join(part for part in parts if part)


def _found(findings: list[Judged]) -> Iterator[str]:
    by_word: dict[str, dict[str, None]] = {}
    counts: dict[str, int] = {}
    for judged in sorted(findings, key=lambda judged: -judged.severity):
        word = judged.severity.word
        by_word.setdefault(word, {})[judged.finding.rule.id] = None
        counts[word] = counts.get(word, 0) + 1
    for word, rules in by_word.items():
        yield f"{_count(counts[word], f'{word} finding')}: {', '.join(rules)}."


def _unread(weighed: Weighed) -> Iterator[str]:
    if weighed.gaps:
        reasons = ", ".join(sorted({gap.reason.value for gap in weighed.gaps}))
        yield f"{_count(len(weighed.gaps), 'place')} not read: {reasons}."
    if weighed.report.partial:
        yield "The look was stopped before its end."
    if not weighed.report.examined:
        yield "No file was examined."


def _tolerated(report: Report, gaps: tuple[Gap, ...]) -> Iterator[str]:
    tolerated = set(report.gaps).difference(gaps)
    if tolerated:
        reasons = ", ".join(sorted({gap.reason.value for gap in tolerated}))
        yield f"{_count(len(tolerated), 'place')} not read, which the configuration tolerates: {reasons}."


def _excluded(report: Report) -> Iterator[str]:
    if report.excluded:
        yield f"{_count(report.excluded, 'file')} excluded by the user and not examined."


def _clean(weighed: Weighed, review: Severity) -> str:
    beneath = len(weighed.counting(Severity.NOTE))
    if beneath:
        found = f"{_count(beneath, 'finding')}, none of {review.word} severity or above"
    else:
        found = "every finding is waived" if weighed.findings else "nothing was found"
    return f"{_count(weighed.report.examined, 'file')} examined: {found}."


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
