"""What TensorFlow keeps around a graph: assets, collections, and the objects that it was made from.

Messages: <https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/meta_graph.proto> and
`saved_object_graph.proto` beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from weighmaster.model.errors import OverBudgetError
from weighmaster.model.fact import Reference
from weighmaster.model.where import Where
from weighmaster.reading.budget import Budget
from weighmaster.reading.protobuf import BYTES, Field, Message
from weighmaster.reading.source import Source
from weighmaster.reading.tensorflow import GIVEN, LONGEST, LONGEST_NAME, UNKNOWN, Graph, Text, entries, map_entry

_NO_FIELD: Final = (Field(2, BYTES, 0, 0, 0),)
"""Where there is no graph: one without a node."""
_OBJECTS: Final = 1_000_000


class MetaGraph:
    """A `MetaGraphDef`: a graph, its assets, its collections, and the objects that it was made from."""

    def __init__(self, source: Source, budget: Budget, field: Field | None = None) -> None:
        self._source = source
        self._budget = budget
        whole = Message(source, budget, field.start, field.end) if field else Message(source, budget)
        self._fields: dict[int, list[Field]] = {}
        for inner in whole.fields():
            if inner.wire == BYTES:
                self._fields.setdefault(inner.number, []).append(inner)
        assets = [*self._fields.get(6, ()), *self._old_assets()]
        self._assets = [(asset, *self._asset(self._message(asset))) for asset in assets]

    def references(self, where: Where) -> Iterator[Reference]:
        """Yield the files that the loader feeds to the graph."""
        for field, _, name in self._assets:
            place = where.span(field.start, field.end)
            # Joined as paths are: an absolute one stays what it is.
            target = name if name.startswith("/") else f"assets/{name}"
            yield Reference(where=place, kind="vocabulary", target=target, by="tensorflow")

    def graph(self) -> Graph:
        """Return the graph, which knows what the loader feeds and passes."""
        graph = Graph(self._source, self._budget, self._fields.get(2, ()) or _NO_FIELD)
        # `name:0` is the first output of the node `name`.
        graph.given |= {tensor.partition(":")[0] for _, tensor, _ in self._assets}
        nodes: list[Text] = []
        for field in self._fields.get(7, ()):
            nodes += self._objects(graph, self._message(field))
        for field in self._fields.get(7, ()):
            for name, value, entry in entries(self._message(field), 2):
                if name in graph.functions:
                    bound = _bound(entry.message(value), nodes)
                    graph.functions[name].bound = bound
        return graph

    def strings(self) -> Iterator[tuple[Message, Field]]:
        """Yield the bytes of the collections, and what objects keep about themselves."""
        for field in self._fields.get(4, ()):
            for _, value, entry in map_entry(self._message(field)):
                collection = entry.message(value)
                for inner in collection.fields():
                    if inner.number == 2 and inner.wire == BYTES:
                        items = collection.message(inner)
                        yield from ((items, item) for item in items.fields() if item.wire == BYTES)

    def descriptions(self) -> Iterator[tuple[Message, Field]]:
        """Yield what objects keep about themselves: Keras keeps the configuration of a layer there, as JSON."""
        for field in self._fields.get(7, ()):
            graph = self._message(field)
            for node in graph.fields():
                if node.number == 1 and node.wire == BYTES:
                    message = graph.message(node)
                    for inner in message.fields():
                        if inner.number == 4 and inner.wire == BYTES:
                            user = message.message(inner)
                            yield from ((user, f) for f in user.fields() if f.number == 3 and f.wire == BYTES)

    def _message(self, field: Field) -> Message:
        return Message(self._source, self._budget, field.start, field.end)

    def _old_assets(self) -> Iterator[Field]:
        """Yield the assets that a collection holds, each in an `Any`, as TensorFlow 1 writes them."""
        for field in self._fields.get(4, ()):
            for key, value, entry in map_entry(self._message(field)):
                collection = entry.message(value)
                lists = (f for f in collection.fields() if f.number == 5 and f.wire == BYTES)
                for items in lists if key == "saved_model_assets" else ():
                    listed = collection.message(items)
                    for item in listed.fields():
                        if item.number == 1 and item.wire == BYTES:
                            whole = listed.message(item)
                            yield from (f for f in whole.fields() if f.number == 2 and f.wire == BYTES)

    def _asset(self, message: Message) -> tuple[str, str]:
        tensor = name = ""
        for field in message.fields():
            if field.number == 1 and field.wire == BYTES:
                info = message.message(field)
                tensor = "".join(info.text(f, LONGEST_NAME) for f in info.fields() if f.number == 1)
            elif field.number == 2 and field.wire == BYTES:
                name = message.text(field, LONGEST)
        return tensor, name

    def _objects(self, graph: Graph, message: Message) -> list[Text]:
        """Return, for each object, the text that a function gets that is bound to it."""
        found: list[Text] = []
        for field in message.fields():
            if field.number != 1 or field.wire != BYTES:
                continue
            node, origin = message.message(field), UNKNOWN
            kinds = {inner.number: inner for inner in node.fields() if inner.wire == BYTES}
            texts: list[Text] = [origin]
            if 5 in kinds:
                texts = [GIVEN]  # An asset, whose path is looked at as a reference.
            elif 9 in kinds:
                constant = node.message(kinds[9])
                for inner in constant.fields():
                    if inner.number == 1 and inner.wire == BYTES:
                        texts = sorted(graph.origins(graph.main, constant.text(inner, LONGEST_NAME)), key=str)
            found.append(_worst(texts))
            if len(found) > _OBJECTS:
                raise OverBudgetError(f"tensorflow: more than {_OBJECTS} objects")
        return found


def _worst(texts: Sequence[Text]) -> Text:
    """Return the one of several texts that a path had best not be."""
    climbing = [text for text in texts if isinstance(text, str) and (text.startswith("/") or ".." in text)]
    plain = [text for text in texts if text is not GIVEN]
    return (climbing or plain or list(texts) or [UNKNOWN])[0]


def _bound(function: Message, nodes: Sequence[Text]) -> tuple[Text, ...]:
    found: list[Text] = []
    for field in function.fields():
        if field.number == 2:
            found += [nodes[at] if at < len(nodes) else UNKNOWN for at in function.numbers(field)]
    return tuple(found)
