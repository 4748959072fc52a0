"""A model, data set or code is taken from an account whose name looks like that of a known publisher, and is another.

`from_pretrained("meta-IIama/Llama-3.1-8B")`, a base model of `deepseek-ai-official`: what the code, a card or a
configuration names is fetched and loaded without anybody reading the name twice. Compared is what
`look-alike-publisher` compares for the repository itself. The same holds for the owners of code that `torch.hub.load`
and requirements such as `git+https://github.com/hugginface/transformers` name.

## What to do

Go to the publisher's own account by hand, and write its name as it is spelled there. If the account is the one that you
want, put its name, with a `/` behind it, into `names` of the configuration.

## What this rule cannot see

Publishers that it does not know, your own among them unless `names` lists them; names that are put together while the
code runs; an account of the right name in other hands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.naming import Naming

_RULE: Final = Rule(
    id="look-alike-account",
    title="A model, data set or code from an account that looks like a known one",
    severity=Severity.MEDIUM,
    cwe=1007,
)


def _detect(fact: Naming) -> Iterator[Finding]:
    if fact.role not in {"from", "code"}:
        return
    from weighmaster.knowledge.names.naming import at, poses_as

    found = poses_as(fact)
    if found is not None:
        wanted = f"{fact.name}/{fact.rest}"
        message = f"{at(fact)}{wanted!r} is from an account that looks like {found.name!r}, by {found.how}"
        sure = Confidence.HIGH if found.how == "characters that look alike" else Confidence.MEDIUM
        yield Finding(rule=_RULE, where=fact.where, message=message, confidence=sure, evidence=(fact.said,))


DETECTOR: Final = Detector(rule=_RULE, on=Naming, detect=_detect)
