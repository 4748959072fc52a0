"""A link in this archive leads outside the folder that it is unpacked to.

Unpacking makes the link; whatever is then written or read through it lands where the link points: a member of the same
archive can so overwrite any file of the user's, or a loader can be made to read one.

## What to do

Do not unpack the file with a tool that makes links. Ask its publisher why the link is there.

## What this rule cannot see

What a target inside the archive is replaced by later. A link to a link is judged by its own text alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Link
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.where import Member
from weighmaster.reading.pattern import pattern

_RULE: Final = Rule(
    id="link-outside-archive",
    title="A link leads outside its archive",
    severity=Severity.HIGH,
    cwe=59,
)

_DRIVE: Final = pattern(r"[A-Za-z]:/")


def _detect(fact: Link) -> Iterator[Finding]:
    if _leads_out(_name(fact), fact.kind, fact.target):
        message = f"is a {fact.kind} link to {fact.target!r}"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


def _name(fact: Link) -> str:
    return next((step.name for step in reversed(fact.where.steps) if isinstance(step, Member)), "")


def _leads_out(name: str, kind: str, target: str) -> bool:
    target = target.replace("\\", "/")
    if target.startswith("/") or _DRIVE.match(target):
        return True
    # A symbolic link counts from its own folder, a hard link from the top of the archive.
    folder = name.replace("\\", "/").split("/")[:-1] if kind == "symbolic" else []
    depth = len([part for part in folder if part not in ("", ".")])
    for part in target.split("/"):
        depth += {"..": -1, "": 0, ".": 0}.get(part, 1)
        if depth < 0:
            return True
    return False


DETECTOR: Final = Detector(rule=_RULE, on=Link, detect=_detect)
