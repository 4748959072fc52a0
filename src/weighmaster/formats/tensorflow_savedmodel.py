"""SavedModel of TensorFlow: `saved_model.pb`, one or several graphs with their functions, assets and objects.

Message: <https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/saved_model.proto>. Functions
named as initializers run when the model is loaded, the others when it is called. Keras keeps the configurations of its
layers beside the objects, as JSON.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Inner, Read
from weighmaster.knowledge.tensorflow import operations
from weighmaster.machine.run import plausible
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.payload import is_artifact
from weighmaster.reading.protobuf import BYTES, VARINT, Field, Message, inside, outline, shaped
from weighmaster.reading.source import BytesSource, PartSource
from weighmaster.reading.tensorflow import is_meta_graph
from weighmaster.reading.tensorflow_meta import MetaGraph
from weighmaster.reading.tensorflow_strings import hidden, worth_a_look

_FIELDS: Final = {1: VARINT, 2: BYTES}
_SHORTEST: Final = 2
"""A description below this length describes nothing."""


def _matches(glance: Glance) -> bool:
    fields = outline(glance.source)
    if not shaped(fields, _FIELDS):
        return False
    graphs = [field for field in fields if field.number == 2]
    return any(is_meta_graph(glance.source, inside(glance.source, field)) for field in graphs[:4])


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    for field in Message(cursor.source, cursor.budget).fields():
        if field.number == 2 and field.wire == BYTES:
            yield from _meta_graph(cursor, where, field)


def _meta_graph(cursor: Cursor, where: Where, field: Field) -> Iterator[Read]:
    meta = MetaGraph(cursor.source, cursor.budget, field)
    yield from meta.references(where)
    graph = meta.graph()
    yield from operations(graph, where)
    for strings in (hidden(graph, _proves), worth_a_look(meta.strings(), _proves)):
        for inner, data in strings:
            place = where.span(inner.start, inner.end)
            source = PartSource(cursor.source, inner.start, inner.end) if data is None else BytesSource(data)
            yield Inner(place, lambda source=source: source)  # type: ignore[misc]
    for message, inner in meta.descriptions():
        if inner.value > _SHORTEST:
            yield Inner(where.span(inner.start, inner.end), lambda m=message, f=inner: m.part(f))  # type: ignore[misc]


def _proves(data: bytes) -> bool:
    return is_artifact(data, plausible)


FORMAT: Final = Format(id="tensorflow-savedmodel", title="SavedModel of TensorFlow", matches=_matches, read=_read)
