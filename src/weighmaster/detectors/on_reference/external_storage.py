"""A data file takes a part of itself from another file.

HDF5 can keep the elements of a dataset in files beside it, gather them from other files, or link to them; a layer of
Keras can name a file to read its vocabulary from, or a SavedModel to load. No tool that saves whole models writes that,
and Keras has come to refuse it (CVE-2025-12058, CVE-2026-1669): whoever may write the other file decides what the model
is, and what is read may leave through the model's output.

## What to do

Ask for a file that is complete, and look at the file that this one names.

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
_KINDS: Final = {"hdf5": frozenset({"data", "link"}), "keras": frozenset({"vocabulary", "shard", "data"})}


def _detect(fact: Reference) -> Iterator[Finding]:
    if fact.kind in _KINDS.get(fact.by, ()) and leads_out(fact.target) is None:
        message = f"{fact.by} takes a part of the file from {fact.target!r}"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Reference, detect=_detect)
