"""Keras's notes beside a SavedModel: `keras_metadata.pb`, for each object its configuration as JSON.

Message: <https://github.com/keras-team/tf-keras/blob/master/tf_keras/protobuf/saved_metadata.proto>. Keras builds the
layers that the configurations name; a `Lambda` layer has its code in there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Inner, Read
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.protobuf import BYTES, VARINT, Message, inside, outline, shaped

_NODE: Final = {1: BYTES, 2: VARINT, 3: BYTES, 4: BYTES, 5: BYTES}
_PREFIX: Final = b"_tf_keras_"


def _matches(glance: Glance) -> bool:
    fields = outline(glance.source)
    for field in fields[:8]:
        inner = inside(glance.source, field)
        if field.number == 1 and shaped(inner, _NODE):
            names = [glance.source.read_at(f.start, len(_PREFIX)) for f in inner if f.number == 4]
            if any(name == _PREFIX for name in names):
                return True
    return False


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    whole = Message(cursor.source, cursor.budget)
    for field in whole.fields():
        if field.number == 1 and field.wire == BYTES:
            node = whole.message(field)
            for inner in node.fields():
                if inner.number == 5 and inner.wire == BYTES and inner.value:
                    yield Inner(where.span(inner.start, inner.end), lambda m=node, f=inner: m.part(f))  # type: ignore[misc]


FORMAT: Final = Format(id="keras-metadata", title="Keras's notes beside a SavedModel", matches=_matches, read=_read)
