"""Configurations of Keras as JSON or YAML: the architecture of a model, how it is compiled, what its layers are.

They stand in `config.json` of a `.keras` file, in attributes of a `.h5` file, beside a SavedModel, or alone
(`model.to_json()`, and `to_yaml()` before Keras 2.6). What is known of them stands in `weighmaster.knowledge.keras`.

Specification: <https://keras.io/api/models/model_saving_apis/model_config_serialization/>.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from weighmaster.extend.format import Format, Glance, Inner, Read
from weighmaster.machine.run import plausible
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.document import LONGEST, document, may_be
from weighmaster.reading.opening import holds
from weighmaster.reading.source import BytesSource, Source

_MARKS: Final = (b"class_name", b"model_config", b"\\u00")
_KEY: Final = b"class_name"


def _matches(glance: Glance) -> bool:
    braced = may_be(glance.head)
    if glance.size > LONGEST:
        return braced and _KEY in glance.head
    if not braced and _KEY not in glance.head:
        return False
    text = glance.head if glance.size <= len(glance.head) else glance.source.read_at(0, glance.size)
    if not holds(glance.source, text, _MARKS):
        return False
    from weighmaster.knowledge.keras import told

    return any(next(told(one, Where.file(""), plausible), None) is not None for one in _documents(glance.source))


def _documents(source: Source) -> list[Any]:
    found = document(source)
    if found is not None:
        return [found]
    if source.size > LONGEST:
        return []
    from weighmaster.reading.yaml import tree

    read = tree(source)
    return [one for one in read.documents if isinstance(one, (dict, list))] if read is not None else []


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    from weighmaster.knowledge.keras import Carried, told

    if cursor.size > LONGEST:
        detail = f"keras: a configuration of {cursor.size} bytes, {LONGEST} are read"
        yield Gap(where=where, reason=GapReason.OVER_BUDGET, detail=detail)
        return
    for document_ in _documents(cursor.source):
        for one in told(document_, where, plausible):
            yield Inner(one.where, partial(BytesSource, one.data)) if isinstance(one, Carried) else one


FORMAT: Final = Format(
    id="keras-config", title="Configuration of a Keras model", matches=_matches, read=_read, layer=True
)
