"""The primitives of `words.toml`: what each can do. Everything else is derived from calls that reach one."""

import os
import re
import tomllib

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "words.toml"), "rb") as _file:
    WORDS = tomllib.load(_file)

POWERS = (
    *("code", "process", "native", "load", "network", "import"),
    *("write", "read", "control", "reflect", "compose", "input"),
)
SHOWN = frozenset(POWERS[:9])
"""A row is worth shipping for these."""
STRONG = frozenset(POWERS[:6])
CONSTANT_IS_FINE = frozenset(WORDS["calls"]["constant_is_fine"])
OPENS = frozenset(WORDS["calls"]["opens"])
THIRD_PARTY = frozenset(WORDS["calls"]["third_party"])
QUIET = re.compile(f"(?:{'|'.join(WORDS['calls']['quiet'])})(?:\\.|$)")
METHOD_POWERS = {name: power for power, names in WORDS["methods"].items() for name in names}


def _table() -> dict[str, frozenset[str]]:
    table: dict[str, set[str]] = {}
    for power, names in WORDS["posix"].items():
        for name in names:
            for module in ("os", "posix", "nt"):
                table.setdefault(f"{module}.{name}", set()).add(power)
    for power, names in WORDS["names"].items():
        for name in names:
            table.setdefault(name, set()).add(power)
    return {name: frozenset(powers) for name, powers in table.items()}


LEAVES = _table()
