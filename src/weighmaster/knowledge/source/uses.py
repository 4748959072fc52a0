"""What source code does by using a name: the few callables by which anything leaves the interpreter.

`callables.py` says what a pickle may do with a name, and whatever it does not know is not safe. Source code is full of
names that nobody has judged; here only what is known to act counts. `uses.tsv` has one row a name, four columns with a
tab between: `name`, `kind`, `reason`, `source`. `module.*` is every name of a module, `module.?` one that is computed,
`name=` an assignment to it. Kinds:

* `process`, `code`, `native`, `network`, `import`, `load`: as in `callables.POWERS`
* `write`: opens, reads or writes files; which, and how, its arguments say. `delete`: deletes or renames them
* `hook`: is called by the interpreter from then on; `patch`: changes what other code calls
* `descriptor`: joins a connection to a program's input and output
* `trust`: runs the code of a repository if it is told to; `secret`: reads what should stay here
"""

from __future__ import annotations

import os
from functools import cache
from typing import Final

from weighmaster.model.value import Value

_HERE: Final = os.path.dirname(__file__)

ACTING: Final = frozenset({"process", "code", "native", "network", "delete", "hook", "patch"})
"""Kinds that act on the machine."""


class Known(Value):
    """What is known about one name; see the module's docstring."""

    name: str
    kind: str
    reason: str
    source: str


@cache
def known(dotted: str) -> Known | None:
    """Return what using a name does, or None where nothing is known to act."""
    table = _table()
    dotted = _canonical(dotted)
    found = table.get(dotted)
    if found is not None:
        return found if found.kind != "quiet" else None
    assignment = "=" if dotted.endswith("=") else ""
    above = dotted.removesuffix("=")
    while above := above.rpartition(".")[0]:
        found = table.get(f"{above}.*{assignment}")
        # To set something of a builtin class is to keep a note on it; to set a builtin is to change it for all.
        if found and not (assignment and above.count(".") + 2 != dotted.count(".") + 1):
            return found
    return None if assignment else _renamed(dotted)


def _renamed(dotted: str) -> Known | None:
    """Follow a walk through other modules: `logging.os.system`, `builtins.__dict__.exec`."""
    steps = dotted.split(".")
    for start in range(1, min(len(steps) - 1, 12)):
        top = steps[start].lstrip("_")
        if top in TOPS:
            return known(".".join((top, *steps[start + 1 :])))
    return None


TOPS: Final = frozenset(
    {
        "os",
        "posix",
        "nt",
        "subprocess",
        "builtins",
        "sys",
        "ctypes",
        "socket",
        "shutil",
        "importlib",
        "pty",
        "marshal",
        "pickle",
        "runpy",
    }
)
"""Modules that count when they are reached through others."""
PASSED_ON: Final = TOPS | {"cloudpickle", "code", "dill"}
"""Modules that count where a source gives them, or all that is in them, to another under a name of its own."""
SAME: Final = (
    ("posix.", "os."),
    ("nt.", "os."),
    ("_socket.", "socket."),
    ("_pickle.", "pickle."),
    ("__builtin__.", "builtins."),
    ("importlib._bootstrap.", "importlib."),
    ("requests.sessions.Session", "requests.Session"),
    ("_thread.", "threading."),
)
"""How the names of the same things begin."""


def _canonical(dotted: str) -> str:
    for old, new in SAME:
        if dotted.startswith(old):
            return new + dotted.removeprefix(old)
    return dotted


def names() -> tuple[str, ...]:
    """Return the names in the table that count."""
    return tuple(name for name, entry in _table().items() if entry.kind != "quiet")


@cache
def _table() -> dict[str, Known]:
    with open(os.path.join(_HERE, "uses.tsv"), encoding="utf-8", newline="\n") as file:
        rows = [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]
    return {name: Known(name=name, kind=kind, reason=reason, source=source) for name, kind, reason, source in rows}
