"""TorchScript: a PyTorch zip with the source of its functions under `code/`, in a subset of Python.

Format: <https://github.com/pytorch/pytorch/blob/main/torch/csrc/jit/docs/serialization.md>. The source is parsed and
never run. What it calls decides what running the model does; so every operator is a fact, under the name that the
source gives it: `torch.add` is `aten::add`, `ops.prim.dtype` is `prim::dtype`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.errors import MissingExtraError, OverBudgetError, UnreadableError, WeighmasterError
from weighmaster.model.fact import Operation
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.where import Where
from weighmaster.reading.budget import Budget
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.pattern import pattern
from weighmaster.reading.source import Source
from weighmaster.reading.torchscript import LONGEST, operators
from weighmaster.reading.zip import Entry, contents, is_zip, names, open_entry

_CODE: Final = pattern(r"(?:.*/)?code/.*\.py\Z", re.IGNORECASE | re.DOTALL)
_PICKLES: Final = ("data.pkl", "constants.pkl")


def _matches(glance: Glance) -> bool:
    if not is_zip(glance.source, glance.head, glance.tail):
        return False
    code = pickles = False
    try:
        for name in names(glance.source, Budget()):
            code = code or _CODE.match(name) is not None
            pickles = pickles or name.casefold().endswith(_PICKLES)
    except WeighmasterError:
        return False
    return code and pickles


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    source, budget = cursor.source, cursor.budget
    for content in contents(source, budget):
        if isinstance(content, Entry) and _CODE.match(content.name):
            place = content.at(where)
            try:
                text = _text(content, source, budget)
                found = operators(text)
            except OverBudgetError as error:
                yield Gap(where=place, reason=GapReason.OVER_BUDGET, detail=f"torchscript: {error}")
            except (UnreadableError, MissingExtraError) as error:
                yield Gap(where=place, reason=GapReason.UNREADABLE, detail=f"torchscript: {error}")
            else:
                yield from (Operation(where=place, dialect="torchscript", name=name) for name in found)


def _text(entry: Entry, source: Source, budget: Budget) -> str:
    opened = open_entry(entry, source, budget)
    if opened.size > LONGEST:
        raise OverBudgetError(f"{opened.size} bytes of source, {LONGEST} allowed")
    try:
        return opened.read_at(0, LONGEST).decode()
    except UnicodeDecodeError as error:
        raise UnreadableError("the source is not UTF-8", offset=error.start) from error


FORMAT: Final = Format(id="torchscript", title="TorchScript archive", matches=_matches, read=_read, layer=True)
