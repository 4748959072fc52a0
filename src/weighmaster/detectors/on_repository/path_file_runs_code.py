"""A path file (`.pth`) holds code.

Python reads the path files in `site-packages` whenever it starts, and runs each line that begins with `import`, with
whatever follows on that line. It was made for packages that must be found; attackers use it to run in every program of
an environment without being imported (`litellm_init.pth` in litellm 1.82.8, March 2026).

Lines that setuptools, coverage, virtualenv, editable installs and namespace packages write are known by their exact
text, and not reported.

## What to do

Do not install the package. In an environment, take the file away and find out what put it there.

## What this rule cannot see

What the code does; see the rules on source.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(
    id="path-file-runs-code", title="A path file runs code whenever Python starts", severity=Severity.HIGH, cwe=829
)


def _detect(whole: Repository) -> Iterator[Finding]:
    if not whole.facts:
        return
    from weighmaster.knowledge.packages.starts import path_lines

    for use, facts in path_lines(whole, bare=False):
        message = f"every Python that starts with this installed runs {use.detail[:100]!a}"
        yield Finding(rule=_RULE, where=use.where, message=message, evidence=(*facts, use))


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
