"""Source code stands inside the archive that a loader opens.

A TorchServe archive holds the handler that the server imports; a `torch.package` archive holds the modules that its
pickles import from it; other archives are unpacked into a folder from which programs import. Loading the model then
runs this code.

The code of a TorchScript archive (`code/__torch__/`) is in a small language of its own, which its own reader follows:
it is not reported here. Neither is the source of a package: to bring source is what wheels and sdists are for; other
rules say what it does, and say it of source in a plain archive (zip, tar) of a package, too, which no loader opens by
itself. Source in an archive of a model inside a package is reported.

## What to do

Read the code before you load the archive, or take the weights alone, as safetensors.

## What this rule cannot see

What the code does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Script
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.repository import Repository
from weighmaster.model.where import Member

_RULE: Final = Rule(
    id="archive-carries-script", title="Source code inside the archive", severity=Severity.MEDIUM, cwe=829
)

_TORCHSCRIPT: Final = "code/__torch__"
_PLAIN: Final = frozenset({"brotli", "bz2", "gzip", "lz4", "lzma", "seven-zip", "tar", "xz", "zip", "zlib", "zstd"})
"""Archives, and what packs them, that are of no model."""
_SHOWN: Final = frozenset({"html"})
"""Shown by a browser, imported by nobody."""


def _detect(whole: Repository) -> Iterator[Finding]:
    for fact in whole.facts:
        if isinstance(fact, Script) and _is_carried(fact) and not _is_of_package(whole, fact):
            message = f"the archive brings source code in {fact.language}"
            yield Finding(rule=_RULE, where=fact.where, message=message, confidence=Confidence.MEDIUM, evidence=(fact,))


def _is_of_package(whole: Repository, fact: Script) -> bool:
    """Say whether source is a file of a package, or lies in nothing but plain archives that are."""
    from weighmaster.knowledge.packages.packages import owner_of
    from weighmaster.knowledge.repository import path_of, tree_of

    path, tree = path_of(fact.where), tree_of(whole)
    while owner_of(whole, path) is None:
        path = path.rpartition("!")[0]
        if path not in tree.files or not _PLAIN.issuperset(tree.files[path].formats):
            return False
    return True


def _is_carried(fact: Script) -> bool:
    members = [step.name for step in fact.where.steps if isinstance(step, Member)]
    return bool(members) and fact.language not in _SHOWN and f"/{_TORCHSCRIPT}" not in f"/{members[-1]}"


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
