"""Files of weights are loaded by a torch that runs what they say.

Until torch 2.6, `torch.load` takes any pickle unless `weights_only=True` is given; and until 2.6 that argument could be
got around (CVE-2025-32434, GHSA-53q9-r3pm-6pq6). The target wants such a torch, and loads without the argument.

## What to do

Take torch 2.6 or newer. Give `weights_only=True` besides: `weighmaster inventory --fix` adds it.

## What this rule cannot see

Which torch is installed where the program runs, if no lock or requirement says it. Where the files come from.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.names.normal import normal
from weighmaster.knowledge.repository import path_of, tree_of
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.package import Dependency, Distribution, Load
from weighmaster.model.repository import Repository
from weighmaster.reading.pattern import pattern

_RULE: Final = Rule(
    id="old-torch-loads-pickles",
    title="Weights are loaded by a torch that takes any pickle",
    severity=Severity.MEDIUM,
    cwe=502,
)
_SAFE: Final = (2, 6)
_VERSION: Final = pattern(r"(\d{1,4})\.(\d{1,4})")


def _is_old(version: str) -> bool:
    hit = _VERSION.match(version)
    return hit is not None and (int(hit[1]), int(hit[2])) < _SAFE


def _detect(fact: Repository) -> Iterator[Finding]:
    tree = tree_of(fact)
    said: list[Dependency | Distribution] = [*tree.facts(Dependency), *tree.facts(Distribution)]
    wanted = [one for one in said if normal(one.name) == "torch" and _is_old(one.version)]
    if not wanted:
        return
    from weighmaster.knowledge.loads.load_targets import is_dormant, is_test, option, told

    loads = [
        load
        for load in tree.facts(Load)
        if load.kind == "checkpoint" and option(load, "weights_only") in {"", "None"}
        and load.loader.startswith("torch.") and not is_test(path_of(load.where)) and not is_dormant(load)
    ]  # fmt: skip
    if loads:
        old = wanted[0]
        calls = "1 call loads" if len(loads) == 1 else f"{len(loads)} calls load"
        wants = f"{path_of(old.where)} wants torch {old.version}"
        yield Finding(
            rule=_RULE,
            where=loads[0].where,
            message=f"{calls} without weights_only, and {wants}: {told(loads[0])}",
            confidence=Confidence.HIGH,
            evidence=(old, *loads[:8]),
        )


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
