"""What is known about the callables that an artifact may name.

Knowledge is data: `callables.tsv` is made by hand, `derived/<top-level package>.tsv` and `derived/stdlib.tsv` are made
by a tool from the source of libraries. Both have one row a name, six columns with a tab between:

`name`, `powers`, `uses`, `arguments`, `reason`, `source`

* `name`: dotted, in its canonical spelling (`renamed.tsv` lists other spellings). `module.*` is every name of a module
  and of what lies below it; `*.name` is that name wherever it is re-exported or inherited. Neither has uses.
* `powers`: what it can do, see `POWERS`; `-` for nothing that matters.
* `uses`: what a pickle may do with it, see `USES`; `-` for nothing.
* `arguments`: with which arguments `call` and `new` are safe, one of `ARGUMENTS`; `-` where neither is.
* `reason`: one short sentence. `source`: where that is written.

What no table knows is `None`: not known, which is not safe.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Final

from weighmaster.knowledge.operators import CLASSES
from weighmaster.model.value import Value, replace

POWERS: Final = MappingProxyType(
    {
        "code": "runs code",
        "process": "starts processes",
        "native": "loads or calls machine code",
        "import": "imports modules by name",
        "read": "reads files",
        "write": "writes, changes or deletes files",
        "network": "reaches the network",
        "load": "loads another artifact",
        "reflect": "reaches attributes by name",
        "compose": "builds new callables out of its arguments",
        "control": "changes or stops the running process",
        "input": "waits for a person",
    }
)
"""Each power and how messages say it, the worst first."""

HARMFUL: Final = frozenset({"code", "process", "native", "import", "read", "write", "network", "load"})
"""Powers that harm by themselves; the others climb, compose or meddle."""

USES: Final = frozenset({"refer", "call", "new", "build", "words", "items", "extend"})
"""`refer`: hold a reference; `call`: REDUCE, OBJ, INST; `new`: NEWOBJ, NEWOBJ_EX; `build`: BUILD on what it makes;
`words`: the same with nothing but numbers and plain words; `items`: SETITEM(S) on what it makes; `extend`: APPEND(S)
and ADDITEMS on what it makes."""

ARGUMENTS: Final = MappingProxyType(
    {
        "-": "none is safe",
        "any": "any",
        "none": "no arguments",
        "data": "only constants and containers of constants",
        "text": "only strings, bytes and integers",
        "class-first": "the first argument is a class that is known safe for `new`",
        # So is the function that BUILD puts into a `functools.partial`.
        "callable-first": "the first argument is None or a name that is known safe to refer to and to call",
        "getattr": "the first argument is a class, or an instance of one, that is known safe; the second is a constant"
        " string that does not begin with an underscore; the dotted name they make is known safe",
        "named": "a module and a name in it, which are known safe to refer to",
        "nested": "one constant of bytes, which is read as an artifact of its own",
        "type": "one argument",
        "handle-first": "the first argument comes from the loader's `persistent_load`, or is made by a storage class",
    }
)
"""The words of the column `arguments`, and what they mean."""

_HERE: Final = os.path.dirname(__file__)
_LONGEST: Final = 400
_MODULE_STEPS: Final = 16
_NAME_STEPS: Final = 6
# Dunder names that hold text; every other one leads into the interpreter.
_PLAIN: Final = frozenset({"__version__", "__name__", "__qualname__", "__doc__", "__file__", "__main__"})


class Entry(Value):
    """What is known about one callable; see the module's docstring for the fields."""

    name: str
    powers: frozenset[str]
    uses: frozenset[str]
    arguments: str
    reason: str
    source: str


_SCRIPT: Final = Entry(
    name="__torch__",
    powers=frozenset(),
    uses=frozenset({"refer", "call", "new", "build"}),
    arguments="any",
    reason="a type of the TorchScript source in the same archive, where PyTorch finds it; Python has no such module",
    source="https://github.com/pytorch/pytorch/blob/main/torch/csrc/jit/docs/serialization.md",
)


@lru_cache(maxsize=1 << 14)
def look_up(module: str, name: str) -> Entry | None:
    """Return what is known about `name` of `module`, or None.

    `name` may hold dots, as pickle's protocol 4 allows: each is an attribute, so the walk may leave the module. Such a
    walk is judged by where it ends, and by how it goes where its end is not known.
    """
    # A line that is cut off imports the module alone: what holds for all of its names holds for that.
    name = name or "_"
    # Each step costs searches, and the artifact chooses how many there are.
    if len(module) + len(name) > _LONGEST or module.count(".") > _MODULE_STEPS or name.count(".") > _NAME_STEPS:
        return _walk(f"{module}.{name}"[:_LONGEST]) if "." in name else None
    while name.endswith(".__call__"):
        name = name.removesuffix(".__call__")
    dotted = f"{module}.{name}"
    if not dotted.isprintable():
        return None
    if module == _SCRIPT.name or module.startswith(f"{_SCRIPT.name}."):
        return _SCRIPT if _is_script_type(module) else None
    return _listed(dotted) or _elsewhere(name) or _inside(module, name) or _covered(dotted) or _climb(module, name)


def powers_sentence(powers: Iterable[str]) -> str:
    """Say what the powers do, the worst first.

    >>> powers_sentence({"process", "code"})
    'runs code and starts processes'
    >>> powers_sentence(())
    'does nothing that matters here'
    """
    said = [POWERS[power] for power in POWERS if power in powers]
    if not said:
        return "does nothing that matters here"
    *first, last = said
    return f"{', '.join(first)} and {last}" if first else last


def _is_script_type(module: str) -> bool:
    """Whether the types of `module` are TorchScript's own, and none of a native library that nobody knows."""
    native = module.removeprefix(f"{_SCRIPT.name}.torch.classes.")
    return native == module or native.partition(".")[0] in CLASSES


def _listed(dotted: str) -> Entry | None:
    """Return the row for `dotted`, in its own spelling or in the canonical one; what was judged by hand goes first."""
    hand = _table("callables")
    if row := _find(hand, dotted):
        return _entry(row)
    renamed = _renamed(dotted)
    if row := _find(hand, renamed):
        return _entry(row)
    return _from_source(dotted) or (_from_source(renamed) if renamed != dotted else None)


def _covered(dotted: str) -> Entry | None:
    """Return the row of a module or of a dangerous callable that `dotted` is a part of."""
    return _above(dotted) or (_above(renamed) if (renamed := _renamed(dotted)) != dotted else None)


def _elsewhere(name: str) -> Entry | None:
    """Return the row of something dangerous in another module, if the attribute walk `name` goes there."""
    steps = name.split(".")
    for start in range(len(steps) - 1):
        rest = ".".join(steps[start:])
        # Modules import others under private names: `tempfile._os`.
        for walk in {rest: 0, rest.lstrip("_"): 0}:
            if (entry := _listed(walk) or _covered(walk)) and not entry.uses:
                return entry
    return None


def _from_source(dotted: str) -> Entry | None:
    """Return the row that was derived from a library's source."""
    # The name comes from the artifact, so it opens no file that was not listed before.
    top = dotted.partition(".")[0]
    derived = top if top in _derived() else "stdlib"
    row = _find(_table(f"derived/{derived}"), dotted) if derived in _derived() else None
    entry = _entry(row) if row else None
    if entry is None or entry.uses or (cover := _above(dotted)) is None:
        return entry
    # What a function was seen to do is less than what its whole module was judged for.
    merged: Entry = replace(entry, powers=entry.powers | cover.powers, reason=cover.reason, source=cover.source)
    return merged


def _above(dotted: str) -> Entry | None:
    """Return the row of the nearest `module.*` above, or of a dangerous callable that `dotted` is a part of."""
    hand = _table("callables")
    above = dotted
    while above := above.rpartition(".")[0]:
        if row := _find(hand, f"{above}.*"):
            return _entry(row)
        if (row := _find(hand, above)) and not (entry := _entry(row)).uses:
            part: Entry = replace(entry, name=dotted)
            return part
    return None


def _inside(module: str, name: str) -> Entry | None:
    """Judge a walk through a dunder attribute, such as `__globals__` or `__subclasses__`."""
    for step in name.split("."):
        if step[:2] == "__" == step[-2:] and len(step) > 4 and step not in _PLAIN:
            return _walk(f"{module}.{name}", "reaches into the interpreter's own objects")
    return None


def _climb(module: str, name: str) -> Entry | None:
    """Judge a name that is not known by the way it goes."""
    hand = _table("callables")
    steps = name.split(".")
    last = steps[-1]
    if row := _find(hand, f"*.{last}") or _find(hand, f"*.{last.lstrip('_')}"):
        return _entry(row)
    if len(steps) == 1 or steps[0].lstrip("_")[:1].isupper():
        return None
    first = _listed(f"{module}.{steps[0]}")
    return None if first and first.uses else _walk(f"{module}.{name}")


def _walk(dotted: str, reason: str = "walks through another module's attributes") -> Entry:
    return Entry(
        name=dotted,
        powers=frozenset({"reflect"}),
        uses=frozenset(),
        arguments="-",
        reason=reason,
        source="https://docs.python.org/3/library/pickle.html#pickle.Unpickler.find_class",
    )


def _renamed(dotted: str) -> str:
    """Return the canonical spelling: Python 2's names, and modules that several names reach."""
    table = _table("renamed")
    above, below = dotted, ""
    while above:
        if (new := _find(table, above)) is not None:
            return new.partition("\t")[2] + below
        above = above.rpartition(".")[0]
        below = dotted[len(above) :]
    return dotted


def _entry(row: str) -> Entry:
    name, powers, uses, arguments, reason, source = row.split("\t")
    return Entry(name=name, powers=_words(powers), uses=_words(uses), arguments=arguments, reason=reason, source=source)


def _words(column: str) -> frozenset[str]:
    return frozenset() if column == "-" else frozenset(column.split(","))


def _find(table: str, name: str) -> str | None:
    """Return the row that begins with `name`; the rows of `table` are sorted, and each ends with a line break."""
    key = f"{name}\t"
    low, high = 0, len(table)
    while low < high:
        start = table.rfind("\n", low, (low + high) // 2) + 1 or low
        end = table.index("\n", start)
        row = table[start:end]
        if row.startswith(key):
            return row
        if row < key:
            low = end + 1
        else:
            high = start
    return None


@cache
def _table(name: str) -> str:
    # Text, searched as it is: see docs/adr/0003.
    with open(os.path.join(_HERE, f"{name}.tsv"), encoding="utf-8", newline="\n") as file:
        return file.read()


@cache
def _derived() -> frozenset[str]:
    place = os.path.join(_HERE, "derived")
    names = os.listdir(place) if os.path.isdir(place) else []
    return frozenset(name.removesuffix(".tsv") for name in names if name.endswith(".tsv"))
