"""There is evidence beside the target, and it is about other files than those that lie there.

A file was changed, added, removed or renamed after it was signed, or evidence was copied here from another model. What
is claimed holds for exactly the files that it names, by name, size and digest: a scan of one file says nothing of
another, and a file that nobody signed may be the one that a loader runs. A rule of the policy whose mode is `warn` or
`audit` gives `policy-warns` or `policy-notes` in its place.

## What to do

The message names the files. Get the target again from its publisher. Files that tools leave behind (`.cache`, `.git`)
can be left out by `ignore` in the policy; nothing in the target can do that.

## What this rule cannot see

Which of the two is right: the files or the evidence.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Trust
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="evidence-of-other-files", title="The evidence is about other files", severity=Severity.HIGH, cwe=354
)


def _detect(fact: Trust) -> Iterator[Finding]:
    if fact.lack == "not-these-files" and fact.mode == "enforce":
        yield Finding(rule=_RULE, where=fact.where, message=fact.detail, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Trust, detect=_detect)
