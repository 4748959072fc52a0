"""Jupyter notebooks: code in cells, commands behind marks, and outputs that a browser runs when it shows them.

Specifications: <https://nbformat.readthedocs.io/en/latest/format_description.html>,
<https://ipython.readthedocs.io/en/stable/interactive/magics.html>. A person runs the cells, one after the other: they
share their names, and run as a program does (`main`).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Any, Final

from weighmaster.extend.format import Format, Glance, Inner, Read
from weighmaster.machine.run import plausible
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.fact import Use
from weighmaster.model.package import Load
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.value import replace
from weighmaster.model.where import Member, Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.document import document
from weighmaster.reading.pattern import pattern
from weighmaster.reading.source import BytesSource

_CELLS: Final = 5_000
_COMMAND: Final = pattern(
    r"^([ \t]*)(?:[\w, .\[\]]+ = )?(!{1,2}|%sx |%system |%%sh\b|%%bash\b|%%script\b.*)(.*)$", re.MULTILINE
)
_MAGIC: Final = pattern(r"^([ \t]*)(?:[%?].*|.*\?\??)$", re.MULTILINE)
_CELL: Final = pattern(r"\s*%%(\w+)[^\n]*\n?")
_SHELLS: Final = frozenset({"bash", "sh", "script", "system", "sx", "cmd"})
_PLAIN: Final = frozenset({"time", "timeit", "capture", "prun"})
"""Magics of a cell whose text is Python."""
_PIP: Final = pattern(r"%(?:pip|conda)\b(.*)")
_ACTIVE: Final = pattern(
    r"kernel\.execute|IPython\.notebook|Jupyter\.notebook|document\.cookie|XMLHttpRequest|\bfetch\s*\(|sendBeacon|\beval\s*\(",
)
_SCRIPT: Final = pattern(r"<script[\s>]|\son\w+\s*=|javascript:", re.IGNORECASE)


def _matches(glance: Glance) -> bool:
    found = document(glance.source)
    return isinstance(found, dict) and "nbformat" in found and ("cells" in found or "worksheets" in found)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    from weighmaster.knowledge.source.sources import Reading

    cursor.budget.hold(cursor.size)
    found = document(cursor.source)
    if not isinstance(found, dict):
        raise UnreadableError("no notebook")
    reading = Reading(where, cursor.budget.check_time, run_by="main")
    python = _is_python(found)
    numbers: list[int] = []
    for number, cell in enumerate(_cells(found)):
        if number >= _CELLS:
            raise OverBudgetError(f"more than {_CELLS} cells")
        cursor.budget.check_time()
        if cell.get("cell_type") == "code" and python:
            place = where / Member(name=f"cell {number + 1}")
            for told in _code(_text(cell.get("source", cell.get("input"))), reading, where):
                yield replace(told, where=place) if isinstance(told, Load) else told
            numbers += [number + 1] * (len(reading.begins) - len(numbers))
        yield from _outputs(cell.get("outputs"), where)
    for fact in reading.facts():
        yield _in_cell(fact, reading.begins, numbers) if isinstance(fact, Load) else fact
    for number, data in enumerate(reading.payloads):
        from weighmaster.reading.payload import is_artifact, is_code

        if is_artifact(data, plausible) or is_code(data):
            yield Inner(where / Member(name=f"constant {number}"), lambda data=data: BytesSource(data))  # type: ignore[misc]
    for said in reading.unread:
        yield Gap(where=where, reason=GapReason.UNREADABLE, detail=f"notebook: {said}")


def _code(text: str, reading: Any, where: Where) -> Iterator[Use | Load]:
    from weighmaster.knowledge.loads.command_loads import command_loads
    from weighmaster.knowledge.source.scripts import command_uses
    from weighmaster.knowledge.source.sources import glanced

    if hit := _CELL.match(text):
        if hit[1] in _SHELLS:
            yield from command_uses(text[hit.end() :], where, "main")
            yield from _below(hit[0].count("\n"), command_loads(text[hit.end() :], where))
            return
        if hit[1] in {"javascript", "js", "html"}:
            yield from _shown(text, where)
        if hit[1] not in _PLAIN:
            return
        text = "\n" * hit[0].count("\n") + text[hit.end() :]
    for line in _COMMAND.finditer(text):
        yield from command_uses(line[3], where, "main")
        yield from _below(text.count("\n", 0, line.start(3)), command_loads(line[3], where))
    for line in _PIP.finditer(text):
        yield Use(
            where=where,
            language="shell",
            module="",
            name="installs-packages",
            when="main",
            detail=line[1][:160].strip(),
        )
    plain = _MAGIC.sub(r"\1pass", _COMMAND.sub(r"\1pass", text))
    try:
        reading.read(plain)
    except (UnreadableError, OverBudgetError):
        yield from glanced(plain, where)


def _below(lines: int, loads: Iterable[Load]) -> Iterator[Load]:
    """Yield loads with the lines that stand before them counted."""
    for load in loads:
        line, column, end, end_column = load.span
        yield replace(load, span=(line + lines, column, end + lines, end_column))


def _in_cell(load: Load, begins: list[int], numbers: list[int]) -> Load:
    """Return what a cell loads with the cell, counted from 1 among all, and the line in it."""
    at = bisect_left(begins, load.span[0]) - 1
    line, column, end, end_column = load.span
    span = (line - begins[at], column, end - begins[at], end_column)
    found: Load = replace(load, where=load.where / Member(name=f"cell {numbers[at]}"), span=span)
    return found


def _outputs(outputs: Any, where: Where) -> Iterator[Use]:
    for output in outputs if isinstance(outputs, list) else []:
        data = output.get("data") if isinstance(output, dict) else None
        for kind, held in data.items() if isinstance(data, dict) else ():
            text = _text(held)
            if "javascript" in kind or ("html" in kind and _SCRIPT.search(text)):
                yield from _shown(text, where)


def _shown(text: str, where: Where) -> Iterator[Use]:
    """Yield what a browser does as soon as it shows the notebook, where that reaches further than the page."""
    if hit := _ACTIVE.search(text):
        start = max(0, hit.start() - 40)
        yield Use(where=where, language="javascript", module="", name="runs-when-shown", when="load",
                  detail=" ".join(text[start : start + 160].split()))  # fmt: skip


def _cells(found: Any) -> Iterator[dict[str, Any]]:
    # Version 3 of the notebook format keeps its cells in work sheets.
    sheets = found.get("worksheets")
    for group in [found, *(sheets if isinstance(sheets, list) else [])]:
        cells = group.get("cells") if isinstance(group, dict) else None
        yield from (cell for cell in (cells if isinstance(cells, list) else []) if isinstance(cell, dict))


def _is_python(found: Any) -> bool:
    held = found.get("metadata")
    for key in ("kernelspec", "language"):
        held = held.get(key) if isinstance(held, dict) else None
    return not isinstance(held, str) or held.casefold().startswith(("python", "ipython", "sage"))


def _text(source: Any) -> str:
    if isinstance(source, list):
        return "".join(line for line in source if isinstance(line, str))
    return source if isinstance(source, str) else ""


FORMAT: Final = Format(id="notebook", title="Jupyter notebook", matches=_matches, read=_read, layer=True)
