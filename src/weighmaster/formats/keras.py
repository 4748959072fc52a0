"""Keras 3: a zip of `config.json`, `metadata.json`, weights (`model.weights.h5` or `.npz`) and assets.

The members are the business of the zip reader, and each is looked at for what it is. This one reads `config.json` as
Keras does, in whatever encoding and under every reading of the archive, where nobody else would take it for one.

Specification: <https://keras.io/api/models/model_saving_apis/model_saving_and_loading/>; reader:
<https://github.com/keras-team/keras/blob/master/keras/src/saving/saving_lib.py>.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from weighmaster.extend.format import Format, Glance, Inner, Read
from weighmaster.machine.run import plausible
from weighmaster.model.errors import WeighmasterError
from weighmaster.model.fact import Statement
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.where import Where
from weighmaster.reading.budget import Budget
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.document import LONGEST, document
from weighmaster.reading.source import BytesSource, Source
from weighmaster.reading.zip import Entry, contents, is_zip, names, open_entry

_CONFIG: Final = "config.json"
_METADATA: Final = "metadata.json"
_SHOWN: Final = 100
_BESIDE: Final = frozenset({"metadata.json", "model.weights.h5", "model.weights.npz", "model.weights.json"})


def _matches(glance: Glance) -> bool:
    if not is_zip(glance.source, glance.head, glance.tail):
        return False
    try:
        found = set(names(glance.source, Budget()))
    except WeighmasterError:
        return False
    return _CONFIG in found and not _BESIDE.isdisjoint(found)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    # Under every reading: of two members of one name, some readers take the first.
    for content in contents(cursor.source, cursor.budget):
        cursor.budget.check_time()
        if isinstance(content, Entry) and content.name == _CONFIG:
            yield from _config(content, cursor, where)
        elif isinstance(content, Entry) and content.name == _METADATA:
            yield from _metadata(content, cursor, where)


def _metadata(entry: Entry, cursor: Cursor, where: Where) -> Iterator[Read]:
    """Yield which release wrote the model."""
    try:
        found = document(open_entry(entry, cursor.source, cursor.budget))
    except WeighmasterError:
        return  # The zip reader opens it too, and says so.
    if isinstance(found, dict) and isinstance(version := found.get("keras_version"), str):
        yield Statement(where=where, key="requires", value=f"keras =={version[:_SHOWN]}", by="keras")


def _config(entry: Entry, cursor: Cursor, where: Where) -> Iterator[Read]:
    from weighmaster.knowledge.keras import Carried, told

    place = entry.at(where)
    try:
        opened = open_entry(entry, cursor.source, cursor.budget)
    except WeighmasterError:
        return  # The zip reader opens it too, and says so.
    if opened.size > LONGEST:
        detail = f"keras: a configuration of {opened.size} bytes, {LONGEST} are read"
        yield Gap(where=place, reason=GapReason.OVER_BUDGET, detail=detail)
        return
    found = document(opened)
    if found is None:
        found = _leniently(opened, cursor.budget)
        if found is None:
            yield Gap(where=place, reason=GapReason.UNREADABLE, detail="keras: config.json is not JSON")
            return
        for one in told(found, place, plausible):
            yield Inner(one.where, partial(BytesSource, one.data)) if isinstance(one, Carried) else one


def _leniently(source: Source, budget: Budget) -> Any:
    """Return what Python's `json` makes of the bytes, which guesses their encoding (RFC 4627 §3)."""
    budget.hold(source.size)
    try:
        return json.loads(source.read_at(0, source.size))
    except (ValueError, RecursionError):
        return None


FORMAT: Final = Format(id="keras", title="Keras model", matches=_matches, read=_read, layer=True)
