"""Reading this file loads a plug-in of the library that reads it.

HDF5 unpacks data with filters. Those that it does not have itself it looks for in the folders of its plug-ins, and
loads the library that it finds there. Such filters are common in science (Blosc, Zstandard, Bitshuffle); models seldom
have any. What lies behind one was not read here.

A schema of SQLite that calls `load_extension` has the library of that name loaded when the view or trigger is used, by
programs that allow it.

## What to do

Find out which plug-in the filter is, and whether you trust the one that is installed. `h5repack` writes the file anew
with a filter that every reader has.

## What this rule cannot see

What the plug-in does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Reference
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(id="needs-plugin", title="Reading the file loads a plug-in", severity=Severity.MEDIUM, cwe=829)


def _detect(fact: Reference) -> Iterator[Finding]:
    if fact.kind == "plugin":
        message = f"{fact.by} loads a plug-in for {fact.target!r}"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Reference, detect=_detect)
