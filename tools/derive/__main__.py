"""Command line: `python -m tools.derive WHEELS... [--stdlib FOLDER...] [--only NAME...] [--why NAME...]`."""

import argparse
import os
import re
import sys
import time
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tools.derive.harmless import Judge
from tools.derive.index import Index
from tools.derive.leaves import LEAVES, THIRD_PARTY
from tools.derive.powers import FAR, Graph
from tools.derive.reviewed import Reviewed
from tools.derive.rows import Maker, Row, compact, merge
from tools.derive.trees import Tree, folder, wheel

_HERE = os.path.dirname(os.path.abspath(__file__))
_KNOWLEDGE = os.path.join(_HERE, "..", "..", "src", "weighmaster", "knowledge")
_REVIEWED = os.path.join(_HERE, "..", "reviewed.tsv")
_RECURSION = 10_000


@dataclass(frozen=True)
class Recipe:
    """How one top-level package is derived; see libraries.toml."""

    name: str
    safe: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    far: int = FAR
    compact: bool = False

    @classmethod
    def read(cls, path: str) -> list["Recipe"]:
        """All recipes of the file, in its order."""
        with open(path, "rb") as file:
            tables = tomllib.load(file)
        return [cls(name, **{k: _frozen(v) for k, v in table.items()}) for name, table in tables.items()]


class Shop:
    """All the source that was given, and the tables made from it."""

    def __init__(self, trees: list[Tree], libraries: list[Tree], out: str, reviewed: Reviewed) -> None:
        self.trees = trees
        self.libraries = libraries
        self.out = out
        self.reviewed = reviewed

    def versions(self, name: str) -> list[Tree]:
        """The given versions of a package."""
        return self.libraries if name == "stdlib" else [tree for tree in self.trees if name in tree.tops]

    def make(self, recipe: Recipe) -> int:
        """Write the table of one top-level package; the number of rows."""
        versions = self.versions(recipe.name)
        if not versions:
            print(f"{recipe.name}: no source given", file=sys.stderr)
            return 0
        rows = self.rows(recipe)
        _write(os.path.join(self.out, recipe.name + ".tsv"), versions, rows.values())
        return len(rows)

    def rows(self, recipe: Recipe) -> dict[str, Row]:
        """The rows of one package over all its given versions, with the decisions of people in place."""
        known = self._known(recipe.name) | LEAVES
        rows = merge(self._one(recipe, version, known).values() for version in self.versions(recipe.name))
        for leaf, powers in LEAVES.items():
            top = leaf.partition(".")[0]
            if (top if top in THIRD_PARTY else "stdlib") == recipe.name:
                row = Row(leaf, powers, reason="primitive", source="tools/derive/words.toml")
                rows = merge([rows.values(), [row]]) if leaf in rows and not rows[leaf].powers else {leaf: row} | rows
        rows = self.reviewed.apply(recipe.name, rows)
        rows = {n: self._bounded(row) for n, row in rows.items()}
        rows = {n: row for n, row in rows.items() if row.powers or row.uses}
        return {row.name: row for row in compact(rows.values())} if recipe.compact else rows

    def _bounded(self, row: Row) -> Row:
        """The row without uses where people judged the whole module dangerous."""
        if row.uses and self.reviewed.is_by_hand(row.name):
            return replace(row, uses=frozenset(), arguments="-")
        return row

    def _one(self, recipe: Recipe, version: Tree, known: Mapping[str, frozenset[str]]) -> dict[str, Row]:
        others = [tree for tree in (*self.trees, *self.libraries) if tree.tops.isdisjoint(version.tops)]
        index = Index([version, *others], self.reviewed.factories)
        skip = re.compile("|".join(recipe.skip) or r"(?!)")
        mine = recipe.name == "stdlib"
        names = [m for m in version.modules if (mine or m.split(".")[0] == recipe.name) and not skip.match(m)]
        modules = [module for m in names if (module := index.module(m)) is not None]
        graph = Graph(index, known, recipe.far)
        graph.run(modules)
        maker = Maker(index, Judge(index, self.reviewed.harmless, self.reviewed.bases), graph, recipe.functions)
        return merge([maker.rows(modules, safe=recipe.safe)])

    def _known(self, name: str) -> dict[str, frozenset[str]]:
        """Powers from the tables of the other libraries."""
        known: dict[str, frozenset[str]] = {}
        for file_name in sorted(os.listdir(self.out)):
            if file_name.endswith(".tsv") and file_name != name + ".tsv":
                with open(os.path.join(self.out, file_name), encoding="utf-8") as file:
                    rows = [Row.parse(line) for line in file if not line.startswith("#")]
                known |= {row.name: row.powers for row in rows if row.powers}
        return known

    def why(self, recipe: Recipe, names: Sequence[str]) -> Iterator[str]:
        """For each version, what is said of these names, the refusals too."""
        for version in self.versions(recipe.name):
            rows = self._one(recipe, version, self._known(recipe.name) | LEAVES)
            for name in names:
                if name in rows:
                    yield f"{version.version}\t{rows[name].line()}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Derive the tables that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m tools.derive", description=__doc__)
    parser.add_argument("wheels", nargs="*", help="wheel files or folders of them; all answer for each other's names")
    parser.add_argument("--stdlib", nargs="*", default=[], help="Lib folders of CPython, one for each version")
    parser.add_argument("--only", nargs="*", default=[], help="top-level packages; all of libraries.toml when left out")
    parser.add_argument("--out", default=os.path.join(_KNOWLEDGE, "derived"), help="where the tables go")
    parser.add_argument("--why", nargs="*", default=[], help="print what is derived of these names, and write nothing")
    options = parser.parse_args(arguments)
    sys.setrecursionlimit(_RECURSION)
    reviewed = Reviewed.read(_REVIEWED)
    reviewed.read_by_hand(os.path.join(_KNOWLEDGE, "callables.tsv"))
    os.makedirs(options.out, exist_ok=True)
    shop = Shop(
        [wheel(path) for path in _wheels(options.wheels)], [*map(_stdlib, options.stdlib)], options.out, reviewed
    )
    for recipe in Recipe.read(os.path.join(_HERE, "libraries.toml")):
        if options.why:
            print(*shop.why(recipe, options.why) if recipe.name in options.only else (), sep="\n", end="")
        elif recipe.name in options.only or not options.only:
            began = time.monotonic()
            print(f"{recipe.name}: {shop.make(recipe)} rows, {time.monotonic() - began:.0f} s", file=sys.stderr)
    return 0


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _wheels(paths: Iterable[str]) -> list[str]:
    found = []
    for path in paths:
        inside = sorted(os.listdir(path)) if os.path.isdir(path) else None
        found += [path] if inside is None else [os.path.join(path, name) for name in inside if name.endswith(".whl")]
    return found


def _stdlib(path: str) -> Tree:
    version = re.search(r"(\d+\.\d+)/?$", path)
    return folder(path, "cpython", version.group(1) if version else "")


def _write(path: str, versions: list[Tree], rows: Iterable[Row]) -> None:
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write("# Derived by tools/derive from source that was read, never imported. See docs/knowledge.md.\n")
        file.writelines(
            f"# {tree.library} {tree.version} {tree.digest and 'sha256:' + tree.digest}".rstrip() + "\n"
            for tree in versions
        )
        file.writelines(sorted(row.line() + "\n" for row in rows))


if __name__ == "__main__":
    sys.exit(main())
