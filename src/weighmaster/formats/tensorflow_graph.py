"""Graphs of TensorFlow: a `GraphDef` (frozen graphs, graphs inside graphs) or a `MetaGraphDef` (`.meta`).

Both are protocol buffers without a magic number: the first node proves them. Messages:
<https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/framework/graph.proto>,
<https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/meta_graph.proto>.
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
from weighmaster.reading.protobuf import outline
from weighmaster.reading.source import BytesSource, PartSource
from weighmaster.reading.tensorflow import Graph, is_graph, is_meta_graph
from weighmaster.reading.tensorflow_meta import MetaGraph
from weighmaster.reading.tensorflow_strings import hidden


def _matches(glance: Glance) -> bool:
    fields = outline(glance.source)
    return bool(fields) and (is_graph(glance.source, fields) or is_meta_graph(glance.source, fields))


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    source, budget = cursor.source, cursor.budget
    fields = outline(source)
    if is_graph(source, fields):
        yield from _graph(cursor, where, Graph(source, budget))
    if is_meta_graph(source, fields):
        meta = MetaGraph(source, budget)
        yield from meta.references(where)
        yield from _graph(cursor, where, meta.graph())


def _graph(cursor: Cursor, where: Where, graph: Graph) -> Iterator[Read]:
    yield from operations(graph, where)
    for field, data in hidden(graph, lambda raw: is_artifact(raw, plausible)):
        place = where.span(field.start, field.end)
        source = PartSource(cursor.source, field.start, field.end) if data is None else BytesSource(data)
        yield Inner(place, lambda source=source: source)  # type: ignore[misc]


FORMAT: Final = Format(id="tensorflow-graph", title="TensorFlow graph", matches=_matches, read=_read)
