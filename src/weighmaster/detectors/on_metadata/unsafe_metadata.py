"""Text that the file keeps beside its data would act where it is shown.

Model pages, notebooks and terminals show the metadata of files. A script tag, an event handler or a `javascript:` link
acts in a browser that does not escape it; an escape sequence acts in a terminal.

## What to do

Do not render the metadata unescaped. The weights themselves are not concerned; a publisher who sends this is.

## What this rule cannot see

Text that is harmful by what it says to a person or to another model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Metadata
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.reading.pattern import pattern

_RULE: Final = Rule(
    id="unsafe-metadata", title="Metadata that acts where it is shown", severity=Severity.MEDIUM, cwe=79
)

_ACTIVE: Final = pattern(
    r"<\s*(?:script|iframe|object|embed|meta|base|form|link)[\s>/]"
    r"|<[a-z][^<>]{0,2000}[\s/]on[a-z]{3,20}\s*="
    r"|<[a-z][^<>]{0,2000}(?:href|src|action)\s*=\s*[\"']?\s*(?:javascript|vbscript|data\s*:\s*text/html)",
    re.IGNORECASE,
)
_CONTROL: Final = pattern(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f]")


def _detect(fact: Metadata) -> Iterator[Finding]:
    for text in (fact.key, fact.text):
        if _ACTIVE.search(text):
            said = "holds active HTML"
        elif _CONTROL.search(text):
            said = "holds control characters"
        else:
            continue
        yield Finding(rule=_RULE, where=fact.where, message=f"metadata {fact.key[:80]!r} {said}", evidence=(fact,))
        return


DETECTOR: Final = Detector(rule=_RULE, on=Metadata, detect=_detect)
