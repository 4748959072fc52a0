"""Source reads a file with a library that runs what the file says.

That is `pickle`, `joblib`, `dill`, `pandas.read_pickle`, `shelve`, `numpy.load(allow_pickle=True)`, a vector store with
`allow_dangerous_deserialization=True`.

## What to do

Vet the file with `weighmaster vet` before it is loaded, and keep it where only you can write. For new files take a
format that holds only data: safetensors, skops, Parquet, JSON.

## What this rule cannot see

Where the file comes from. `pickle.load` of a file that is opened elsewhere is told by `weighmaster inventory` alone:
programs read back what they wrote.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.loads.load_targets import is_test, option, told
from weighmaster.knowledge.repository import path_of
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.package import Load

_RULE: Final = Rule(id="loads-pickle", title="Source loads a file that may run code", severity=Severity.LOW, cwe=502)


def _detect(fact: Load) -> Iterator[Finding]:
    allowed = option(fact, "allow_pickle") == "True" or option(fact, "allow_dangerous_deserialization") == "True"
    named = fact.kind == "pickle" and fact.target and fact.resolved != "unknown"
    if (named or allowed) and not is_test(path_of(fact.where)):
        yield Finding(
            rule=_RULE,
            where=fact.where,
            message=f"{told(fact)}: the file may run code",
            confidence=Confidence.MEDIUM,
            evidence=(fact,),
        )


DETECTOR: Final = Detector(rule=_RULE, on=Load, detect=_detect)
