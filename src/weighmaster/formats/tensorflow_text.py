"""Graphs of TensorFlow as text: `saved_model.pbtxt`, `.pbtxt` of a `GraphDef` or a `MetaGraphDef`.

TensorFlow loads a saved model that is text as it loads one that is not. What matters of it is written as the message
that it stands for, and read as such. Messages: see `tensorflow_graph`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Inner, Read
from weighmaster.knowledge.tensorflow import operations
from weighmaster.machine.run import plausible
from weighmaster.model.fact import Fact
from weighmaster.model.value import replace
from weighmaster.model.where import Member, Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.payload import is_artifact
from weighmaster.reading.protobuf import BYTES, Message
from weighmaster.reading.prototext import Schema, encoded, glimpsed, varint
from weighmaster.reading.source import BytesSource, PartSource
from weighmaster.reading.tags import may_be_text
from weighmaster.reading.tensorflow import Graph
from weighmaster.reading.tensorflow_meta import MetaGraph
from weighmaster.reading.tensorflow_strings import hidden

_FUNCTION_NAME: Final[Schema] = {"name": (1, str)}
_VALUE: Final[Schema] = {
    "list": (1, {"s": (2, str), "func": (9, _FUNCTION_NAME)}),
    "s": (2, str),
    "tensor": (8, {"string_val": (8, str)}),
    "func": (10, _FUNCTION_NAME),
}
_NODE: Final[Schema] = {
    "name": (1, str),
    "op": (2, str),
    "input": (3, str),
    "attr": (5, {"key": (1, str), "value": (2, _VALUE)}),
}
_SIGNATURE: Final[Schema] = {"name": (1, str), "input_arg": (2, {"name": (1, str)})}
_FUNCTION: Final[Schema] = {"signature": (1, _SIGNATURE), "node_def": (3, _NODE)}
_GRAPH: Final[Schema] = {"node": (1, _NODE), "library": (2, {"function": (1, _FUNCTION)})}
_OBJECTS: Final[Schema] = {
    "nodes": (
        1,
        {
            "user_object": (4, {"metadata": (3, str)}),
            "asset": (5, {"asset_file_def_index": (1, int)}),
            "constant": (9, {"operation": (1, str)}),
        },
    ),
    "concrete_functions": (2, {"key": (1, str), "value": (2, {"bound_inputs": (2, int)})}),
}
_ASSET: Final[Schema] = {"tensor_info": (1, {"name": (1, str)}), "filename": (2, str)}
# `[type.googleapis.com/...] { }` writes out what an `Any` holds; it stands for the type and the bytes.
_ANY: Final[Schema] = {"value": (2, str), "[type.googleapis.com/tensorflow.AssetFileDef]": (2, _ASSET)}
_COLLECTION: Final[Schema] = {"key": (1, str), "value": (2, {"any_list": (5, {"value": (1, _ANY)})})}
_META: Final[Schema] = {
    "graph_def": (2, _GRAPH),
    "collection_def": (4, _COLLECTION),
    "asset_file_def": (6, _ASSET),
    "object_graph_def": (7, _OBJECTS),
}
# The three messages have no name in common: each field of the whole gets a number of its own.
_WHOLE: Final[Schema] = {
    "node": (1, _NODE),
    "library": (2, _GRAPH["library"][1]),
    "meta_graphs": (3, _META),
    **{name: (10 + number, kind) for name, (number, kind) in _META.items()},
}
_HOLDERS: Final = frozenset({"graph_def", "meta_graphs", "library", "function"})


def _matches(glance: Glance) -> bool:
    return may_be_text(glance.head) and any(
        name == "op" and inside[-1:] in (["node"], ["node_def"]) and set(inside[:-1]) <= _HOLDERS
        for inside, name in glimpsed(glance.source)
    )


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    source = BytesSource(encoded(cursor.source, cursor.budget, _WHOLE))
    plain, told, metas = bytearray(), bytearray(), []
    whole = Message(source, cursor.budget)
    for field in whole.fields():
        if field.wire != BYTES:
            continue
        content = whole.raw(field, field.value)
        if field.number == 3:
            metas.append(content)
        elif field.number > 10:
            told += _field(field.number - 10, content)
        else:
            plain += _field(field.number, content)
    if told:
        metas.append(bytes(told))
    for data in metas:
        inner = BytesSource(data)
        meta = MetaGraph(inner, cursor.budget)
        yield from (_here(fact, where) for fact in meta.references(where))
        yield from _graph(meta.graph(), inner, where)
        for message, description in meta.descriptions():
            text = message.raw(description, description.value)
            place = where / Member(name=f"metadata {description.start}")
            yield Inner(place, lambda text=text: BytesSource(text))  # type: ignore[misc]
    if plain:
        inner = BytesSource(bytes(plain))
        yield from _graph(Graph(inner, cursor.budget), inner, where)


def _graph(graph: Graph, source: BytesSource, where: Where) -> Iterator[Read]:
    yield from (_here(fact, where) for fact in operations(graph, where))
    for field, data in hidden(graph, lambda raw: is_artifact(raw, plausible)):
        place = where / Member(name=f"string {field.start}")
        inner = PartSource(source, field.start, field.end) if data is None else BytesSource(data)
        yield Inner(place, lambda inner=inner: inner)  # type: ignore[misc]


def _here(fact: Fact, where: Where) -> Fact:
    """Return a fact whose place is the text: the message has other offsets."""
    placed: Fact = replace(fact, where=where)
    return placed


def _field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | BYTES) + varint(len(content)) + content


FORMAT: Final = Format(id="tensorflow-text", title="TensorFlow graph as text", matches=_matches, read=_read, layer=True)
