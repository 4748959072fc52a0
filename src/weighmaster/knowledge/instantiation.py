"""What is known about the classes and functions that a configuration may name for its loader to call.

One table for each loader, `instantiable/<by>.tsv`, four columns with a tab between: `name`, `verdict`, `reason`,
`source`. A name that ends in `.*` stands for all that begins so, one that ends in `.+` for classes only: names whose
last part has a capital letter in front. The longest that fits decides. The verdicts:

* `ordinary`: what honest configurations of that loader name. It computes, and takes what its arguments say.
* `danger`: calling it with arguments of the configuration's choice does harm.

What no table knows is asked of the tables on callables; what those do not know either is not known. Loaders that import
whatever a dotted name says are all served by the table of Hydra, whose configurations name the same libraries.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Final, Literal, TypeAlias

from weighmaster.knowledge.callables import HARMFUL, look_up, powers_sentence
from weighmaster.model.value import Value

Kind: TypeAlias = Literal["ordinary", "danger", "unknown"]

_HERE: Final = os.path.join(os.path.dirname(__file__), "instantiable")

_SHARED: Final = dict.fromkeys(
    ("jsonargparse", "instantiate_from_config", "fiddle", "monai", "omegaconf", "logging", "hyperpyyaml", "lightning"),
    "hydra",
)


_SPELLED: Final = {
    "keras": (
        "tensorflow.python.keras",
        "tensorflow.compat.v1.keras",
        "tensorflow.compat.v2.keras",
        "tensorflow.keras",
        "tf_keras",
        "keras._tf_keras.keras",
        "keras._legacy",
        "keras.api._v1.keras",
        "keras.api._v2.keras",
        "keras.api",
    )
}
"""Other places at which a loader's own library is found."""


_CLASSES: Final = frozenset({"peft", "diffusers", "sentence-transformers"})
"""Loaders that call a method of their own on the class that is named: what building it with any arguments could do,
which is what the tables on callables say, does not matter where a table of theirs knows its library."""


class Judgement(Value):
    """What calling a name from a configuration amounts to, and why."""

    kind: Kind
    reason: str


_UNKNOWN: Final = Judgement(kind="unknown", reason="is not known to be safe to call with what a configuration says")


def judgement(by: str, module: str, name: str) -> Judgement:
    """Return what is known about `module`.`name` when the loader `by` calls it."""
    module = _respelled(by, module)
    dotted = f"{module}.{name}" if module else name
    table = _table(_SHARED.get(by, by))
    row = table.get(dotted)
    if row is not None:
        return row
    danger, reach = _danger(module, name)
    if danger is not None and by not in _CLASSES and not reach:
        return danger
    is_class = dotted.rpartition(".")[2][:1].isupper()
    above = dotted
    while above := above.rpartition(".")[0]:
        if danger is not None and by not in _CLASSES and not above.startswith(f"{reach}."):
            return danger
        row = table.get(f"{above}.*") or (table.get(f"{above}.+") if is_class else None)
        if row is not None:
            return row
    return danger or _UNKNOWN


def _danger(module: str, name: str) -> tuple[Judgement | None, str]:
    """Return what the tables on callables hold against a name, and the module that they say it of, if not of itself."""
    entry = look_up(module, name)
    if entry is None or not entry.powers & HARMFUL:
        return None, ""
    reason = f"{powers_sentence(entry.powers)}: {entry.reason}"
    return Judgement(kind="danger", reason=reason), entry.name.removesuffix(".*") if entry.name.endswith(".*") else ""


def _respelled(by: str, module: str) -> str:
    for other in _SPELLED.get(by, ()):
        if module == other or module.startswith(f"{other}."):
            return by + module.removeprefix(other)
    return module


@cache
def _table(by: str) -> dict[str, Judgement]:
    path = os.path.join(_HERE, f"{by}.tsv")
    found: dict[str, Judgement] = {}
    if not os.path.isfile(path):
        return found
    with open(path, encoding="utf-8") as file:
        for line in file:
            name, verdict, reason, _source = line.rstrip("\n").split("\t")
            if name in found or verdict not in {"ordinary", "danger"}:
                raise ValueError(f"{path}: {name} is there twice, or has no verdict")
            found[name] = Judgement(kind="danger" if verdict == "danger" else "ordinary", reason=reason)
    return found
