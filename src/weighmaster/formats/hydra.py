"""JSON that names functions for its loader to call: Hydra's `_target_`, and what others write for it.

What is known of the idioms stands in `weighmaster.knowledge.configured`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.document import LONGEST, document, may_be
from weighmaster.reading.opening import holds

_MARKS: Final = (
    b"_target_",
    b"class_path",
    b'"target"',
    b"pyref",
    b"loader_module",
    b'"flavors"',
    b'"()"',
    b'"class"',
    b'"$',
    b"${",
    b"\\u00",
)


def _matches(glance: Glance) -> bool:
    if not may_be(glance.head) or glance.size > LONGEST:
        return False
    text = glance.head if glance.size <= len(glance.head) else glance.source.read_at(0, glance.size)
    if not holds(glance.source, text, _MARKS):
        return False
    from weighmaster.knowledge.configured import told

    found = document(glance.source)
    try:
        return isinstance(found, (dict, list)) and next(told(found, Where.file("")), None) is not None
    except OverBudgetError:
        return True  # Reading it says so again.


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    from weighmaster.knowledge.configured import told

    yield from told(document(cursor.source), where)


FORMAT: Final = Format(id="hydra", title="JSON that names what to call", matches=_matches, read=_read, layer=True)
