"""Who publishes on the hub, under which names, and what they are known for.

`publishers.tsv` has one row an account, seven columns with a tab between:

* `name`: the account, as it is spelled
* `kind`: `famous`, worth posing as; or `known`: an honest account that looks like a famous one and is none
* `others`: accounts of the same publisher, old names among them
* `stems`: what people call the publisher; `-` where that is a word of its own, as `apple`, which others may use
* `models`: names of well-known models
* `known_by`: a day on which the account was there already; one that was made later is another of the same name
* `source`: where the account is named
"""

from __future__ import annotations

import os
from functools import cache
from typing import Final

from weighmaster.model.value import Value

_HERE: Final = os.path.dirname(__file__)


class Publisher(Value):
    """What is known about one account; see the module's docstring."""

    name: str
    famous: bool
    others: frozenset[str]
    stems: tuple[str, ...]
    word: bool
    models: frozenset[str]
    known_by: str
    source: str


@cache
def publishers() -> dict[str, Publisher]:
    """Return the accounts that are known, by their names in lower case: the hub does not tell cases apart.

    >>> sorted(publishers()["zai-org"].others)
    ['THUDM', 'ZhipuAI']
    """
    with open(os.path.join(_HERE, "publishers.tsv"), encoding="utf-8", newline="\n") as file:
        rows = [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]
    return {name.casefold(): _publisher(name, kind, *rest) for name, kind, *rest in rows}


def _publisher(name: str, kind: str, *rest: str) -> Publisher:
    others, stems, models, known_by, source = rest
    return Publisher(
        name=name,
        famous=kind == "famous",
        others=frozenset(others.split(",")) - {""},
        stems=() if stems == "-" else tuple(stems.split(",")) if stems else (),
        word=stems == "-",
        models=frozenset(models.split(",")) - {""},
        known_by=known_by,
        source=source,
    )


@cache
def _accounts() -> frozenset[str]:
    return frozenset(account.casefold() for known in publishers().values() for account in (known.name, *known.others))


def is_account(name: str) -> bool:
    """Whether a name is that of a known account.

    >>> is_account("Meta-Llama"), is_account("meta-llama-official")
    (True, False)
    """
    return name.casefold() in _accounts()
