"""All that one look at a target learned, including what it could not learn."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Final, TypeAlias

from weighmaster.model.fact import Artifact, Reference, Shared
from weighmaster.model.finding import Finding
from weighmaster.model.package import Blob
from weighmaster.model.value import Value
from weighmaster.model.where import Member, Where, beside

_SPARE: Final = 64 << 10
"""Bytes that numbers may be followed by: writers align to pages."""


class GapReason(enum.StrEnum):
    """Why something was not read."""

    UNREADABLE = "unreadable"
    """The bytes break the format they claim."""
    UNKNOWN_FORMAT = "unknown-format"
    """No reader knows the bytes."""
    OVER_BUDGET = "over-budget"
    """Reading on would cost more bytes, depth, members, opcodes or seconds than allowed."""
    ENCRYPTED = "encrypted"
    """The bytes cannot be read without a key."""
    MISSING_EXTRA = "missing-extra"
    """A library that reads the bytes is not installed."""
    NOT_FOLLOWED = "not-followed"
    """A link, and links are not followed, or it leaves the target."""
    NOT_A_FILE = "not-a-file"
    """A socket, a pipe, a device."""
    NO_PERMISSION = "no-permission"
    """The system did not let us read it."""
    UNREACHABLE = "unreachable"
    """It lies elsewhere, and could not be had from there."""
    CHANGED = "changed"
    """The file changed while it was read."""
    CRASHED = "crashed"
    """The worker that read it died."""
    INTERRUPTED = "interrupted"
    """The user stopped the work before this."""
    DEFECT = "defect"
    """A mistake of ours."""


class Gap(Value):
    """A place that was not read. A report with gaps is never a clean report."""

    where: Where
    reason: GapReason
    detail: str


Item: TypeAlias = Artifact | Finding | Gap | Shared


class Report(Value):
    """Artifacts, findings and gaps, in one fixed order whatever order they came in.

    `files` counts the files of the target, `examined` those that a reader looked into. `excluded` counts
    those that the user left out; they are not among `files`. A `partial` report was stopped before its end.
    """

    target: str
    files: int
    examined: int
    artifacts: tuple[Artifact, ...]
    findings: tuple[Finding, ...]
    gaps: tuple[Gap, ...]
    partial: bool = False
    excluded: int = 0

    @classmethod
    def of(cls, target: str, items: Iterable[Item], *, files: int, partial: bool = False, excluded: int = 0) -> Report:
        """Sort `items` into a report; doubles are dropped.

        Bytes that no reader knows are no gap where a model beside them says that they are its numbers, and how many,
        nor where a finding tells of them (`data-unread`): what hides in unknown bytes was looked for all the same.
        """
        items = list(items)
        numbers = _numbers(items) | _shown(items)
        artifacts: dict[Artifact, str] = {}
        findings: dict[Finding, tuple[int, str, str, str]] = {}
        gaps: dict[Gap, tuple[str, str, str]] = {}
        for item in items:
            match item:
                case Artifact():
                    artifacts[item] = str(item.where)
                case Finding(rule=rule):
                    findings[item] = (-rule.severity, rule.id, str(item.where), item.message)
                case Gap(reason=GapReason.UNKNOWN_FORMAT, where=where) if where in numbers:
                    continue
                case Gap():
                    gaps[item] = (str(item.where), item.reason, item.detail)
                case Shared():
                    continue  # What rules made of it is among the findings.
        return cls(
            target=target,
            files=files,
            examined=sum(bool(artifact.formats) and not artifact.where.steps for artifact in artifacts),
            artifacts=tuple(sorted(artifacts, key=artifacts.__getitem__)),
            findings=tuple(sorted(findings, key=findings.__getitem__)),
            gaps=tuple(sorted(gaps, key=gaps.__getitem__)),
            partial=partial,
            excluded=excluded,
        )


def _numbers(items: Iterable[Item]) -> set[Where]:
    """Return the files without a format of their own that a model names as its numbers."""
    wanted: dict[tuple[str, ...], int] = {}
    unknown: dict[tuple[str, ...], tuple[Where, int]] = {}
    for item in items:
        match item:
            case Reference(needs=needs) if needs:
                *around, path = _names(item.where)
                place = (*around, beside(path, item.target))
                wanted[place] = max(wanted.get(place, 0), needs)
            case Artifact(formats=(), where=where) if all(type(step) is Member for step in where.steps):
                unknown[_names(where)] = where, item.size
            case _:
                continue
    return {where for place, (where, size) in unknown.items() if size <= wanted.get(place, -_SPARE - 1) + _SPARE}


def _shown(items: Iterable[Item]) -> set[Where]:
    """Return the unknown bytes that a finding says something of: they are its evidence."""
    found = (fact for item in items if isinstance(item, Finding) for fact in item.evidence)
    return {fact.where for fact in found if type(fact) is Blob and fact.form == "unknown"}


def _names(where: Where) -> tuple[str, ...]:
    return (where.root, *(step.name for step in where.steps if isinstance(step, Member)))
