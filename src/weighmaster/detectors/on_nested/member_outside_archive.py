"""A member's name leads outside the archive when it is unpacked.

`../` in a name, a name that begins at the root of the file system or with a drive letter: a tool that joins the name to
the folder it unpacks to writes where the archive's author wants, over a start-up script for example.

## What to do

Do not unpack the file with a tool that trusts member names. Ask its publisher why the name is there.

## What this rule cannot see

Links whose target leads outside: see link-outside-archive.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Nested
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.where import Member
from weighmaster.reading.pattern import pattern

_RULE: Final = Rule(
    id="member-outside-archive",
    title="A member unpacks outside its archive",
    severity=Severity.HIGH,
    cwe=22,
)

_DRIVE: Final = pattern(r"[A-Za-z]:")


def _detect(fact: Nested) -> Iterator[Finding]:
    match fact.where.steps[-1:]:
        case (Member(name=name),) if _leads_out(name):
            yield Finding(rule=_RULE, where=fact.where, message=f"unpacks to {name!r}", evidence=(fact,))
        case _:
            return


def _leads_out(name: str) -> bool:
    # Some tools stop at a NUL, and Windows drops what follows a dot or a space at the end of a part.
    parts = name.replace("\\", "/").split("\0", maxsplit=1)[0].split("/")
    return parts[0] == "" or _DRIVE.fullmatch(parts[0]) is not None or any(part.rstrip(" ") == ".." for part in parts)


DETECTOR: Final = Detector(rule=_RULE, on=Nested, detect=_detect)
