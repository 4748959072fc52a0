"""A path file (`.pth`) imports a module.

Python reads the path files in `site-packages` whenever it starts, and runs each line that begins with `import`: the
module runs in every program of the environment, whether or not anybody wants it. Tracers, debuggers and tools of
coverage do so; lines that are known by their exact text are not reported.

## What to do

Read the module that is imported, or ask the package's authors why every program must run it.

## What this rule cannot see

What the module does; see the rules on source.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(
    id="path-file-imports",
    title="A path file imports a module whenever Python starts",
    severity=Severity.MEDIUM,
    cwe=829,
)


def _detect(whole: Repository) -> Iterator[Finding]:
    if not whole.facts:
        return
    from weighmaster.knowledge.packages.starts import path_lines

    for use, facts in path_lines(whole, bare=True):
        message = f"every Python that starts with this installed runs {use.detail[:100]!a}"
        yield Finding(rule=_RULE, where=use.where, message=message, evidence=(*facts, use))


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
