"""The name shows something other than it is.

A right-to-left override turns a name round as it is shown, so that `exe.gpj` reads as a picture; a Cyrillic letter
stands for a Latin one that looks the same; control characters and spaces hide the end of a name. Whoever chose such a
name wanted it to be read wrongly.

## What to do

Do not trust the name: look at what the file is, and at the name with its characters escaped.

## What this rule cannot see

Names that deceive by their meaning, such as one letter left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Artifact
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.where import Member
from weighmaster.reading.pattern import pattern

_RULE: Final = Rule(
    id="deceptive-name", title="A name that shows something else than it is", severity=Severity.MEDIUM, cwe=451
)

_TRICKS: Final = (
    (re.compile("[\u202a-\u202e\u2066-\u2069]"), "turns the direction of writing"),
    (re.compile("[\u200b\u2060\ufeff\u00ad\u180e]"), "holds invisible characters"),
    (re.compile("[\x00-\x1f\x7f-\x9f]"), "holds control characters"),
    (re.compile(r"\s{4,}\.|\s$"), "hides its end behind spaces"),
)
# Letters of other alphabets that look like Latin ones (Unicode Technical Standard 39, confusables).
_ALIKE: Final = "асеһіјӏорԛѕԝхуԁкАВСЕНІЈКМОРЅТХУΑΒΕΖΗΙΚΜΝΟΡΤΥΧοιν"
_MIXED: Final = pattern(f"[a-zA-Z][{_ALIKE}]|[{_ALIKE}][a-zA-Z]")


def _detect(fact: Artifact) -> Iterator[Finding]:
    last = fact.where.steps[-1] if fact.where.steps else None
    if last is None:
        name = fact.where.root
    elif isinstance(last, Member):
        name = last.name
    else:
        return
    if name.isascii() and name.isprintable() and " " not in name:
        return
    said = [what for pattern, what in _TRICKS if pattern.search(name)]
    if _MIXED.search(name):
        said.append("mixes letters that look alike")
    if said:
        message = f"the name {name[-100:]!a} {' and '.join(said)}"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Artifact, detect=_detect)
