"""Files lie beside a signature that does not list them, or files that it lists are missing.

Tools leave files of their own in a folder, and downloads are often of some files only. But a file that nobody signed
may also be one that was put there for a loader to find.

## What to do

Compare with the publisher's copy. `weighmaster verify` refuses such a folder; what may lie there unsigned is for you to
name (`--ignore`, or `ignore` in a policy of trust).

## What this rule cannot see

Files that whoever signed left out on purpose, as the signature itself says: git's own are never covered by the format.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.extend.showing import count, listed
from weighmaster.model.fact import Listed
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(
    id="signature-incomplete", title="Other files than a signature lists", severity=Severity.LOW, cwe=353
)
_SHOWN: Final = 5


def _detect(whole: Repository) -> Iterator[Finding]:
    if not any(type(fact) is Listed for fact in whole.facts):
        return
    from weighmaster.knowledge.signed import signatures

    for one in signatures(whole):
        said = [_told([str(artifact.where) for artifact in one.added], "not listed")]
        said.append(_told(one.missing, "missing"))
        if any(said):
            message = f"lists {count(one.files, 'file')}: {'; '.join(filter(None, said))}"
            yield Finding(
                rule=_RULE, where=one.fact.where, message=message, evidence=(*one.added[:1], _short(one.fact))
            )


def _told(names: Sequence[str], what: str) -> str:
    if not names:
        return ""
    return f"{listed(names, _SHOWN)} {'is' if len(names) == 1 else 'are'} {what}"


def _short(fact: Listed) -> Listed:
    """Return the fact with so much of it as a report has room for."""
    return Listed(where=fact.where, paths=fact.paths[:_SHOWN], digests=fact.digests[:_SHOWN], left_out=fact.left_out)


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
