"""Command line: `python -m tools.derive WHEELS... [--stdlib FOLDER...] [--only NAME...]`."""

import argparse
import os
import re
import sys
import time
import tomllib
from collections.abc import Iterable, Sequence

from tools.derive.harmless import Judge
from tools.derive.index import Index
from tools.derive.leaves import LEAVES, THIRD_PARTY
from tools.derive.powers import FAR, Graph
from tools.derive.reviewed import Reviewed
from tools.derive.rows import Maker, Row, merge
from tools.derive.trees import Tree, folder, wheel

_HERE = os.path.dirname(os.path.abspath(__file__))
_SHIPPED = os.path.join(_HERE, "..", "..", "src", "weighmaster", "knowledge", "derived")
_REVIEWED = os.path.join(_HERE, "..", "reviewed.tsv")


def main(arguments: Sequence[str] | None = None) -> int:
    """Derive the tables that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m tools.derive", description=__doc__)
    parser.add_argument(
        "wheels", nargs="*", help="wheel files, or folders of them; all of them answer for each other's names"
    )
    parser.add_argument("--stdlib", nargs="*", default=[], help="Lib folders of CPython, one for each version")
    parser.add_argument(
        "--only", nargs="*", default=[], help="top-level packages to derive; all that the recipe names when left out"
    )
    parser.add_argument("--out", default=_SHIPPED, help="where the tables go")
    options = parser.parse_args(arguments)
    sys.setrecursionlimit(10_000)
    with open(os.path.join(_HERE, "libraries.toml"), "rb") as file:
        recipe = tomllib.load(file)
    trees = [wheel(path) for path in _wheels(options.wheels)]
    libraries = [_stdlib(path) for path in options.stdlib]
    reviewed = Reviewed.read(_REVIEWED)
    reviewed.read_by_hand(os.path.join(_SHIPPED, "..", "callables.tsv"))
    os.makedirs(options.out, exist_ok=True)
    wanted = options.only or list(recipe)
    for name in recipe:
        if name in wanted:
            began = time.monotonic()
            rows = derive(name, recipe[name], trees, libraries, reviewed, options.out)
            print(f"{name}: {rows} rows, {time.monotonic() - began:.0f} s", file=sys.stderr)
    return 0


def derive(
    name: str, how: dict[str, object], trees: list[Tree], libraries: list[Tree], reviewed: Reviewed, out: str
) -> int:
    """Write the table of one top-level package; the number of rows."""
    versions = libraries if name == "stdlib" else [tree for tree in trees if name in tree.tops]
    if not versions:
        print(f"{name}: no source given", file=sys.stderr)
        return 0
    tables = []
    known = _known(out, name) | dict(LEAVES)
    for version in versions:
        tables.append(_derive_one(name, how, version, [*trees, *libraries], known, reviewed))
    rows = merge(table.values() for table in tables)
    if name == "stdlib":
        for leaf, powers in LEAVES.items():
            if leaf.partition(".")[0] not in THIRD_PARTY and leaf not in rows:
                rows[leaf] = Row(leaf, powers, reason="primitive", source="tools/derive/leaves.py")
    rows = reviewed.apply(name, rows)
    rows = {n: row for n, row in rows.items() if not (row.uses and reviewed.is_by_hand(n))}
    _write(os.path.join(out, name + ".tsv"), versions, rows.values())
    return len(rows)


def _derive_one(
    name: str,
    how: dict[str, object],
    version: Tree,
    others: list[Tree],
    known: dict[str, frozenset[str]],
    reviewed: Reviewed,
) -> dict[str, Row]:
    own = [tree for tree in others if tree is not version and tree.tops.isdisjoint(version.tops)]
    index = Index([version, *own])
    skip = re.compile("|".join(map(str, _list(how, "skip"))) or r"(?!)")
    names = [m for m in version.modules if (name == "stdlib" or m.split(".")[0] == name) and not skip.match(m)]
    modules = [module for m in names if (module := index.module(m)) is not None]
    graph = Graph(index, known, int(str(how.get("far", FAR))))
    graph.run(modules)
    functions = tuple(map(str, _list(how, "functions")))
    maker = Maker(index, Judge(index, reviewed.harmless, reviewed.bases), graph, functions)
    rows = merge([maker.rows(modules, safe=tuple(map(str, _list(how, "safe"))))])
    narrow = frozenset(map(str, _list(how, "without")))
    return {n: r for n, row in rows.items() if (r := _narrow(row, narrow)).powers or r.uses}


def _narrow(row: Row, without: frozenset[str]) -> Row:
    """Leave out rows whose only powers are these."""
    if row.uses or not row.powers <= without:
        return row
    return Row(row.name)


def _list(how: dict[str, object], key: str) -> list[object]:
    value = how.get(key, [])
    return value if isinstance(value, list) else [value]


def _wheels(paths: Iterable[str]) -> list[str]:
    found = []
    for path in paths:
        inside = sorted(os.listdir(path)) if os.path.isdir(path) else None
        found += [path] if inside is None else [os.path.join(path, name) for name in inside if name.endswith(".whl")]
    return found


def _stdlib(path: str) -> Tree:
    version = re.search(r"(\d+\.\d+)/?$", path)
    return folder(path, "cpython", version.group(1) if version else "")


def _known(out: str, name: str) -> dict[str, frozenset[str]]:
    """Powers from the tables of the other libraries."""
    known: dict[str, frozenset[str]] = {}
    for file_name in sorted(os.listdir(out)):
        if file_name.endswith(".tsv") and file_name != name + ".tsv":
            with open(os.path.join(out, file_name), encoding="utf-8") as file:
                rows = [Row.parse(line) for line in file if not line.startswith("#")]
            known |= {row.name: row.powers for row in rows if row.powers}
    return known


def _write(path: str, versions: list[Tree], rows: Iterable[Row]) -> None:
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write("# Derived by tools/derive from source that was read, never imported. See docs/knowledge.md.\n")
        for tree in versions:
            file.write(
                f"# {tree.library} {tree.version} {'sha256:' + tree.digest if tree.digest else ''}".rstrip() + "\n"
            )
        for row in sorted(rows, key=lambda r: r.name):
            file.write(row.line() + "\n")


if __name__ == "__main__":
    sys.exit(main())
