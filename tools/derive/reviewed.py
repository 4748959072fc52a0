"""What people decided because source alone cannot: tools/reviewed.tsv."""

import os
from dataclasses import dataclass, field

from tools.derive.rows import Row

KINDS = frozenset({"row", "base", "harmless", "renamed", "drop", "factory"})


@dataclass
class Reviewed:
    """The decisions, by kind.

    `row`: a row shipped as it stands. `base`: a class without source that is a harmless base. `harmless`: a callable
    that counts as harmless in a body. `renamed`: an old module name (name) for a new one (the reason's first word).
    `drop`: a row not to ship. `factory`: a callable that makes classes like named tuples.
    """

    rows: dict[str, Row] = field(default_factory=dict)
    bases: frozenset[str] = frozenset()
    harmless: frozenset[str] = frozenset()
    renamed: dict[str, str] = field(default_factory=dict)
    dropped: frozenset[str] = frozenset()
    factories: frozenset[str] = frozenset()
    by_hand: frozenset[str] = frozenset()
    """Modules that the hand-made table calls dangerous as a whole."""

    @classmethod
    def read(cls, path: str) -> "Reviewed":
        """Read the file; a bad line is a ValueError that says its number."""
        found = cls()
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip() and not line.startswith("#"):
                    try:
                        found._take(line.rstrip("\n"))
                    except ValueError as error:
                        raise ValueError(f"{path}:{number}: {error}") from None
        return found

    def read_by_hand(self, path: str) -> None:
        """Remember the `module.*` rows of the hand-made table: what is below such a module is never derived safe."""
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                rows = [line.split("\t") for line in file if not line.startswith("#")]
            names = [row[0] for row in rows if len(row) > 2 and row[1] != "-" and row[2] == "-"]
            self.by_hand = frozenset(name[:-2] for name in names if name.endswith(".*") and not name.startswith("*"))

    def is_by_hand(self, name: str) -> bool:
        """Does the name lie below such a module, without a decision of its own?"""
        parts = name.split(".")
        above = (".".join(parts[:n]) for n in range(1, len(parts)))
        return name not in self.rows and any(module in self.by_hand for module in above)

    def _take(self, line: str) -> None:
        kind, _, rest = line.partition("\t")
        if kind not in KINDS:
            raise ValueError(f"unknown kind {kind!r}")
        row = Row.parse(rest)
        if not row.reason or not row.source:
            raise ValueError("a decision needs a reason and a source")
        if kind == "row":
            for name in expand(row.name):
                self.rows[name] = Row(name, row.powers, row.uses, row.arguments, row.reason, row.source)
        elif kind == "renamed":
            self.renamed[row.name] = row.reason.split()[0]
        else:
            names = frozenset(expand(row.name))
            self.bases |= names if kind == "base" else frozenset()
            self.harmless |= names if kind == "harmless" else frozenset()
            self.factories |= names if kind == "factory" else frozenset()
            self.dropped |= names if kind == "drop" else frozenset()

    def apply(self, library: str, rows: dict[str, Row]) -> dict[str, Row]:
        """The derived rows with the decisions for this library in place; decisions win."""
        found = {name: row for name, row in rows.items() if name not in self.dropped}
        found |= {name: row for name, row in self.rows.items() if self._belongs(name, library)}
        for old, new in self.renamed.items():
            if self._belongs(old, library):
                for name, row in list(found.items()):
                    if name.startswith(new + ".") and (other := old + name[len(new) :]) not in found:
                        found[other] = Row(other, row.powers, row.uses, row.arguments, row.reason, row.source)
        return found

    @staticmethod
    def _belongs(name: str, library: str) -> bool:
        return name.partition(".")[0] == library


def expand(name: str) -> list[str]:
    """`a.{b,c}.d` stands for `a.b.d` and `a.c.d`.

    >>> expand("m.{a,b}.{x,y}")
    ['m.a.x', 'm.a.y', 'm.b.x', 'm.b.y']
    """
    before, brace, rest = name.partition("{")
    if not brace:
        return [name]
    inside, _, after = rest.partition("}")
    return [found for word in inside.split(",") for found in expand(before + word.strip() + after)]
