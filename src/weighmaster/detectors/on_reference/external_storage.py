"""A data file takes a part of itself from another file.

HDF5 can keep the elements of a dataset in files beside it, gather them from other files, or link to them. Keras has
refused that in models since CVE-2026-1669, and no tool that saves models writes it: whoever may write the other file
decides what the model is, and what is read may leave through the model's output.

## What to do

Ask for a file that is complete (`h5repack` makes one), and look at the file that this one names.

## What this rule cannot see

What the other file is a link to. Paths that leave the folder: those are `reaches-outside`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.references import leads_out
from weighmaster.model.fact import Reference
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="external-storage",
    title="A data file takes a part of itself from another file",
    severity=Severity.MEDIUM,
    cwe=73,
)
_KINDS: Final = frozenset({"data", "link"})


def _detect(fact: Reference) -> Iterator[Finding]:
    if fact.by == "hdf5" and fact.kind in _KINDS and leads_out(fact.target) is None:
        message = f"{fact.by} takes a part of the file from {fact.target!r}"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Reference, detect=_detect)
