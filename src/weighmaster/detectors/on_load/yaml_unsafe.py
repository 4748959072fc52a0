"""Source reads YAML with a loader that builds any Python object: `Loader`, `UnsafeLoader`, `FullLoader`.

Such a document runs what it likes when it is read:
<https://github.com/yaml/pyyaml/wiki/PyYAML-yaml.load(input)-Deprecation>.

## What to do

Use `yaml.safe_load`.

## What this rule cannot see

Where the document comes from; loaders that the program derives from others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.loads.load_targets import is_test, option, told
from weighmaster.knowledge.repository import path_of
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.package import Load

_RULE: Final = Rule(id="yaml-unsafe", title="YAML is read that may make any object", severity=Severity.LOW, cwe=502)


def _detect(fact: Load) -> Iterator[Finding]:
    if fact.kind != "yaml" or is_test(path_of(fact.where)):
        return
    with_ = option(fact, "Loader").rpartition(".")[2]
    if with_ in {"Loader", "UnsafeLoader", "FullLoader", "CLoader"} or fact.loader.rpartition(".")[2].startswith(
        "unsafe"
    ):
        yield Finding(
            rule=_RULE,
            where=fact.where,
            message=f"{told(fact)} builds any object{with_ and f', with {with_}'}",
            confidence=Confidence.HIGH,
            evidence=(fact,),
        )


DETECTOR: Final = Detector(rule=_RULE, on=Load, detect=_detect)
