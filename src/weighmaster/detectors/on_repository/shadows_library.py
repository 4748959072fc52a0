"""A file of the repository is called like the library that a pipeline names.

`model_index.json` says `["diffusers", "AutoencoderKL"]`, and in the component's folder lies `diffusers.py`: the loader
takes the class out of that file. The index looks like any other.

## What to do

Do not load the pipeline with `trust_remote_code`. Read the file, and ask its publisher why it is called so.

## What this rule cannot see

Files that shadow a module of Python for the code of the repository itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(
    id="shadows-library",
    title="A file is called like the library that a pipeline names",
    severity=Severity.MEDIUM,
    cwe=427,
)


def _detect(whole: Repository) -> Iterator[Finding]:
    if not whole.facts:
        return
    from weighmaster.knowledge.repository import split, tree_of
    from weighmaster.knowledge.source.entries import shadowing

    tree = tree_of(whole)
    for entry in shadowing(tree):
        library = split(entry.path)[1].removesuffix(".py")
        message = f"{entry.by} takes a class out of {entry.path} and not out of the library {library}"
        yield Finding(rule=_RULE, where=tree.artifact(entry.path).where, message=message, evidence=entry.facts)


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
