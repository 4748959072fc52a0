"""What source code loads: the callables by which models, data sets and the files of both come into a program.

`loads.tsv` has one row a callable, six columns with a tab between: `callee`, `kind`, `target`, `revision`, `options`,
`source`. `head.*.last` is `last` of anything inside `head`; `?.last` is a method of that name of an object of which
nothing is known, for names that mean the same wherever they are used; `head.*()` is any function inside `head` (names
that begin with a small letter), where the function is what names the model. `target` is where the name, path or address
stands: a place among the arguments, a colon, the names that it may have, with `|` between; `revision` is the argument
that says which version; `options` are other arguments that matter, each with its place behind `=` where it has one.
Kinds:

* `model`, `dataset`: what a repository on a hub or a folder holds; `file`: one file of it
* `hub-code`: a repository whose code is imported (`torch.hub`)
* `checkpoint`: a file of weights that may be a pickle, and may be held to weights; `pickle`: any other pickle
* `array`, `keras`, `yaml`: files that run code if they are told to
* `graph`, `tensors`: files that hold operators, or only numbers
* `native`: machine code; `address`: whatever a URL gives; `package`: models that a library brings as packages
* `registry`: what a registry holds under a name; `service`: a model that runs elsewhere
"""

from __future__ import annotations

import os
from functools import cache
from typing import Final

from weighmaster.model.value import Value

_HERE: Final = os.path.dirname(__file__)
_ANY: Final = "?"
ANY_FUNCTION: Final = "*()"
_FUNCTIONS: Final = frozenset({"cached_file", "get_class_from_dynamic_module", "hf_hub_download", "snapshot_download"})
"""Names that mean the same as functions, too, wherever they were imported from."""

HUB: Final = frozenset({"model", "dataset", "file"})
"""Kinds whose target may be a repository of a hub."""
EXECUTING: Final = frozenset({"checkpoint", "pickle"})
"""Kinds whose files may be pickles."""


class Argument(Value):
    """An argument of a callable: its place (-1 where it has none) and the names that it may have."""

    place: int
    names: tuple[str, ...]


class Loader(Value):
    """What is known of one callable; see the module's docstring."""

    callee: str
    kind: str
    target: Argument | None
    revision: str
    options: tuple[Argument, ...]
    source: str


@cache
def loader(dotted: str) -> Loader | None:
    """Return what is known of a callable that loads something.

    >>> loader("transformers.models.bert.BertModel.from_pretrained").kind
    'model'
    >>> loader("transformers.set_seed") is None
    True
    """
    table = _table()
    found = table.get(dotted)
    if found is not None:
        return found
    head, _, last = dotted.rpartition(".")
    if last not in _lasts():
        return _within(head) if last[:1].islower() else None
    near = head.rpartition(".")[2]
    while head := head.rpartition(".")[0]:
        found = table.get(f"{head}.*.{last}")
        if found is not None:
            return found
    return table.get(f"{_ANY}.{last}") or table.get(f"{_ANY}.{near}.{last}")


def _within(head: str) -> Loader | None:
    """Return what is known of the functions inside a module, and inside those in it."""
    table, modules = _table(), _whole()
    while head:
        if head in modules:
            return table[f"{head}.{ANY_FUNCTION}"]
        head = head.rpartition(".")[0]
    return None


def is_loader(dotted: str) -> bool:
    """Say whether calling a name loads something."""
    return loader(dotted) is not None


@cache
def methods() -> frozenset[str]:
    """Return the methods that load something, whatever the object is; with what they hang on, where that matters.

    Functions of which the name says as much end in `()`.
    """
    found = {callee.removeprefix("?.") for callee in _table() if callee.startswith("?.")}
    return frozenset(found | {f"{name}()" for name in _FUNCTIONS})


def names() -> tuple[str, ...]:
    """Return the names in the table."""
    return tuple(_table())


@cache
def words() -> frozenset[str]:
    """Return the last words of all names in the table: source that has none of them loads nothing that is known."""
    return frozenset(callee.rpartition(".")[2] for callee in _table())


@cache
def _whole() -> frozenset[str]:
    """Return the modules of which every function loads something."""
    return frozenset(callee.removesuffix(f".{ANY_FUNCTION}") for callee in _table() if callee.endswith(ANY_FUNCTION))


@cache
def _lasts() -> frozenset[str]:
    return frozenset(callee.rpartition(".")[2] for callee in _table() if "*" in callee or callee.startswith("?."))


@cache
def _table() -> dict[str, Loader]:
    with open(os.path.join(_HERE, "loads.tsv"), encoding="utf-8", newline="\n") as file:
        rows = [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]
    return {row[0]: _loader(*row) for row in rows}


def _loader(callee: str, kind: str, target: str, revision: str, options: str, source: str) -> Loader:  # noqa: PLR0913, PLR0917 - columns
    return Loader(
        callee=callee,
        kind=kind,
        target=_argument(target) if target else None,
        revision=revision,
        options=tuple(map(_option, options.split(","))) if options else (),
        source=source,
    )


def _argument(text: str) -> Argument:
    place, _, names = text.partition(":")
    return Argument(place=int(place) if place else -1, names=tuple(names.split("|")))


def _option(text: str) -> Argument:
    name, _, place = text.partition("=")
    return Argument(place=int(place) if place else -1, names=(name,))
