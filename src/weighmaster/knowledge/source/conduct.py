"""What a `Use` of source code comes to: how bad it is that this is used, at the time at which it runs."""

from __future__ import annotations

from typing import Final, Literal

from weighmaster.knowledge.callables import POWERS
from weighmaster.knowledge.source import shapes
from weighmaster.knowledge.source.commands import builds, installs, is_query
from weighmaster.knowledge.source.uses import known
from weighmaster.model.fact import Use
from weighmaster.model.value import Value

Level = Literal["hides", "acts", "touches", "writes", "can-harm", "has-powers", ""]
"""`hides`: runs hidden code before anybody asks; `acts`: acts on the machine then; `touches`: reaches out then;
`writes`: writes files of its own then, as scripts do that somebody runs, and nothing that a loader imports needs to;
`can-harm`: hides or attacks, where somebody runs it; `has-powers`: could, and most programs can."""

SOON: Final = frozenset({"import", "load", "install"})
"""Times at which nobody has asked for more than the file."""

WHEN: Final = {
    "import": "when it is imported",
    "load": "when its loader makes the object",
    "install": "when it is installed",
    "main": "when it is run",
    "call": "in a function",
}
"""How messages say when."""

_DOES: Final = {
    "delete": "deletes or renames files",
    "hook": "has itself called by the interpreter from then on",
    "patch": "changes what other code calls",
    "network": "reaches the network",
}
_KINDS: Final[dict[str, Level]] = {
    "code": "touches",
    "hook": "touches",
    "load": "has-powers",
    "native": "touches",
    "network": "touches",
    "patch": "touches",
}
"""The level of a use that is made soon, by the kind of what is used; none of other kinds."""


_SHAPES: Final[dict[str, tuple[Level, Level]]] = {
    # What is said of disguises is a rule of its own, whatever runs and whenever.
    **dict.fromkeys(shapes.DISGUISES, ("", "")),
    "downloads-and-loads": ("", "touches"),
    "tells-who-runs-it": ("", "touches"),
    "waits-for-a-trigger": ("can-harm", "can-harm"),
    "writes-files": ("", "writes"),
}
"""The levels of shapes: later, and where that runs soon."""


class Conduct(Value):
    """A level, and the sentence that says what is done."""

    level: Level
    does: str


_NOTHING: Final = Conduct(level="", does="")


def conduct(use: Use) -> Conduct:
    """Return what a use comes to."""
    soon = use.when in SOON
    if not use.module and use.name in shapes.SHAPES:
        return Conduct(level=_of_shape(use, soon=soon), does=shapes.SHAPES[use.name])
    entry = known(use.dotted)
    if entry is None:
        return _NOTHING
    does = _DOES.get(entry.kind) or POWERS.get(entry.kind, entry.reason)
    if use.computed and use.module != "webbrowser":
        return Conduct(level="hides" if soon else "can-harm", does=f"{does}, and hides it")
    return Conduct(level=_of_kind(entry.kind, use) if soon else _later(entry.kind), does=does)


def _of_shape(use: Use, *, soon: bool) -> Level:
    if use.name in shapes.HIDDEN:
        return "hides" if soon else "can-harm"
    if use.name in _SHAPES:
        return _SHAPES[use.name][soon]
    if use.name in shapes.ATTACKS:
        return "acts" if soon else "can-harm"
    # To install packages is what an installation does.
    return "touches" if soon and (use.name, use.when) != ("installs-packages", "install") else "has-powers"


def _of_kind(kind: str, use: Use) -> Level:
    """Return the level of a use that is made soon."""
    if kind == "process":
        return _of_process(use)
    if kind == "native" and shapes.is_system_library(use.detail):
        return "has-powers"
    if kind == "network" and shapes.gives_data(use.detail):
        return ""
    return _KINDS.get(kind, "")


def _of_process(use: Use) -> Level:
    if is_query(use.detail) or installs(use.detail):
        return "has-powers"
    if use.when != "install":
        return "acts"
    if builds(use.detail):
        return "has-powers"
    # Installations start compilers: what cannot be read here is likely to be one.
    return "acts" if use.detail and "?" not in use.detail else "touches"


def _later(kind: str) -> Level:
    return "has-powers" if kind in {"process", "code", "native"} else ""
