"""An index that nobody here knows is asked for every package, beside another.

pip takes the highest version that any of its indexes offers: whoever can add a package to one of them can give out any
package of the other under a higher number (dependency confusion). uv and Poetry ask in an order and take the first
index that has the name: whoever holds that one decides. `unsafe-best-match` makes uv do as pip does. Background:
<https://pip.pypa.io/en/stable/cli/pip_install/#cmdoption-extra-index-url>,
<https://docs.astral.sh/uv/concepts/indexes/#searching-across-multiple-indexes>.

## What to do

Name one index that has all packages, or say for each package which index it comes from (uv: `explicit = true` and
`tool.uv.sources`; Poetry: `priority = "explicit"`); and hold all of them to hashes.

## What this rule cannot see

Which names each index really has. Extra indexes of projects that are known are `index-extra`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.dependencies.dependencies import at
from weighmaster.knowledge.dependencies.indexes import host, is_known, is_loopback
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Index

_RULE: Final = Rule(
    id="index-mixed", title="A package may come from any of several indexes", severity=Severity.MEDIUM, cwe=427
)

_STRATEGIES: Final = frozenset({"unsafe-best-match", "unsafe-first-match"})
_HIGHEST: Final = frozenset({"pip", "pip.conf", "dockerfile", "shell", "workflow", "notebook", "pdm"})


def _detect(fact: Index) -> Iterator[Finding]:
    message = ""
    if fact.role == "strategy" and fact.target in _STRATEGIES:
        message = f"{at(fact)}{fact.target}: the best version of any index is taken, whichever index that is"
    elif fact.role == "extra" and host(fact.target) and not is_known(fact.target) and not is_loopback(fact.target):
        how = "the highest version wins" if fact.by in _HIGHEST else "the first that has a name wins"
        message = f"{at(fact)}{fact.target}, which nobody here knows, is asked for every package, beside another: {how}"
    if message:
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Index, detect=_detect)
