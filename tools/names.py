"""Make the list of the most downloaded packages, `knowledge/names/pypi.tsv`.

    python -m tools.names LIST [--of "October 2026"] [--count 15000]

LIST is what <https://hugovk.github.io/top-pypi-packages/> publishes (JSON, `rows` of `project`), or a file of two
columns with a tab between: a name and its rank, or a rank and a name. Nothing is fetched. Popularity is not trust: read
what is new before it is committed, which this prints with what each new name looks like.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from weighmaster.knowledge.names.names import imitates, ranked, reported
from weighmaster.knowledge.names.normal import normal

_TABLE = Path(__file__).parents[1] / "src/weighmaster/knowledge/names/pypi.tsv"


def names_of(text: str) -> list[str]:
    r"""Return the names of a list, the most downloaded first.

    >>> names_of('{"rows": [{"project": "Numpy", "download_count": 9}, {"project": "six", "download_count": 1}]}')
    ['numpy', 'six']
    >>> names_of("six\t2\nNumpy\t1\n")
    ['numpy', 'six']
    """
    if text.lstrip().startswith("{"):
        rows = json.loads(text)["rows"]
        rows.sort(key=lambda row: -row["download_count"])
        return [normal(row["project"]) for row in rows]
    pairs = [line.split("\t")[:2] for line in text.splitlines() if line.strip() and not line.startswith("#")]
    ordered = sorted((int(two), one) if two.isdecimal() else (int(one), two) for one, two in pairs)
    return [normal(name) for _, name in ordered]


def table(names: list[str], of: str, count: int) -> str:
    """Return the table: each name once, those that are reported left out."""
    kept = [name for name in dict.fromkeys(names) if name not in reported()][:count]
    head = f"# The {count:,} most downloaded projects of the Python Package Index, {of}, the first the most."
    return "\n".join([f"{head} Made by tools/names.py.", *kept, ""])


def main(arguments: list[str]) -> int:
    """Write the table, and print what is new in it."""
    parser = argparse.ArgumentParser(prog="python -m tools.names")
    parser.add_argument("list", type=Path)
    parser.add_argument("--of", default="October 2026")
    parser.add_argument("--count", type=int, default=15_000)
    asked = parser.parse_args(arguments)
    made = table(names_of(asked.list.read_text("utf-8")), asked.of, asked.count)
    before = set(ranked())
    for name in made.split("\n")[1:-1]:
        if name not in before:
            like = imitates(name)
            print(name, f"looks like {like.name}, by {like.how}" if like else "", sep="\t")
    _TABLE.write_text(made, "utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
