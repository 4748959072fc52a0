"""What a `Use` of source code comes to: how bad it is that this is used, at the time at which it runs."""

from __future__ import annotations

from typing import Final, Literal

from weighmaster.knowledge import shapes
from weighmaster.knowledge.callables import POWERS
from weighmaster.knowledge.commands import builds, installs, is_query
from weighmaster.knowledge.uses import known
from weighmaster.model.fact import Use
from weighmaster.model.value import Value

Level = Literal["hides", "acts", "touches", "can-harm", "has-powers", ""]
"""`hides`: runs hidden code before anybody asks; `acts`: acts on the machine then; `touches`: reaches out then;
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
_SHAPES: Final[dict[str, tuple[Level, Level]]] = {
    "reads-secrets": ("touches", "has-powers"),
    "writes-outside": ("touches", "has-powers"),
    "installs-packages": ("touches", "has-powers"),
    "trusts-remote-code": ("touches", "has-powers"),
    "runs-when-shown": ("touches", "has-powers"),
}
"""The level of a shape that runs soon, and of one that somebody runs."""


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
    if use.computed:
        return Conduct(level="hides" if soon else "can-harm", does=f"{does}, and hides it")
    return Conduct(level=_of_kind(entry.kind, use) if soon else _later(entry.kind), does=does)


def _of_shape(use: Use, *, soon: bool) -> Level:
    if use.name in shapes.HIDDEN:
        return "hides" if soon else "can-harm"
    if use.name in shapes.ATTACKS:
        return "acts" if soon else "can-harm"
    now, later = _SHAPES[use.name]
    return now if soon and not (use.name == "installs-packages" and use.when == "install") else later


def _of_kind(kind: str, use: Use) -> Level:
    match kind:
        case "process":
            if is_query(use.detail) or installs(use.detail):
                return "has-powers"
            if use.when == "install":
                if builds(use.detail):
                    return "has-powers"
                return "acts" if use.detail and "?" not in use.detail else "touches"
            return "acts"
        case "native" if shapes.is_system_library(use.detail):
            return "has-powers"
        case "code" | "native" | "hook" | "patch":
            return "touches"
        case "network":
            return "" if shapes.gives_data(use.detail) else "touches"
        case "load":
            return "has-powers"
        case _:
            return ""


def _later(kind: str) -> Level:
    return "has-powers" if kind in {"process", "code", "native"} else ""


def sentence(use: Use, found: Conduct) -> str:
    """Say what a use does, when, and with what."""
    what = use.dotted.rstrip("=") if use.module else ""
    given = f": {use.detail[:_SHOWN]!r}" if use.detail else ""
    return f"{found.does} {WHEN.get(use.when, use.when)}{f', by {what}' if what else ''}{given}"


_SHOWN: Final = 100
