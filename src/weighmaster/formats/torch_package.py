"""torch.package: a PyTorch zip that brings the Python modules its pickles need; loading it runs them.

Format: <https://docs.pytorch.org/docs/stable/package.html>. What a module calls when it is imported, outside of any
function, under a name that is known to do harm, is an import with opcode `source`. What its functions do is not
followed: they are source code like any other in the archive.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.knowledge.callables import look_up
from weighmaster.model.errors import OverBudgetError, UnreadableError, WeighmasterError
from weighmaster.model.fact import Import
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.where import Where
from weighmaster.reading.budget import Budget
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.python.source import LONGEST, decoded
from weighmaster.reading.source import Source
from weighmaster.reading.zip import Entry, contents, is_zip, names, open_entry

_MARK: Final = ".data/extern_modules"


def _matches(glance: Glance) -> bool:
    if not is_zip(glance.source, glance.head, glance.tail):
        return False
    try:
        return any(name.casefold().endswith(_MARK) for name in names(glance.source, Budget()))
    except WeighmasterError:
        return False


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    source, budget = cursor.source, cursor.budget
    for content in contents(source, budget):
        if not (isinstance(content, Entry) and content.name.casefold().endswith(".py")):
            continue
        place = content.at(where)
        try:
            harmful = _harmful(_text(content, source, budget), place, budget)
        except WeighmasterError as error:
            reason = GapReason.OVER_BUDGET if isinstance(error, OverBudgetError) else GapReason.UNREADABLE
            yield Gap(where=place, reason=reason, detail=f"torch.package: {error}")
            continue
        for module, name in sorted(harmful):
            yield Import(where=place, module=module, name=name, opcode="source")


def _text(entry: Entry, source: Source, budget: Budget) -> str:
    opened = open_entry(entry, source, budget)
    if opened.size > LONGEST:
        raise OverBudgetError(f"{opened.size} bytes of source, {LONGEST} allowed")
    text = decoded(opened.read_at(0, LONGEST))
    if text is None:
        raise UnreadableError("the source is no Python that can be parsed")
    return text


def _harmful(text: str, where: Where, budget: Budget) -> set[tuple[str, str]]:
    """Return the harmful names that importing the module calls."""
    from weighmaster.knowledge.source.sources import Reading

    reading = Reading(where, budget.check_time)
    reading.read(text)
    return {name for name in reading.called("import") if (entry := look_up(*name)) is not None and entry.powers}


FORMAT: Final = Format(id="torch-package", title="torch.package archive", matches=_matches, read=_read, layer=True)
