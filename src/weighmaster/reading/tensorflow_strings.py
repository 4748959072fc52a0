"""Strings of a graph of TensorFlow that are artifacts of their own: pickles, archives, other graphs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from weighmaster.reading.payload import decoded
from weighmaster.reading.protobuf import Field, Message, outline_of
from weighmaster.reading.source import BytesSource
from weighmaster.reading.tensorflow import Graph, is_graph, strings

_SHORTEST: Final = 24
"""A string below this length stands for nothing that does something."""
_LOOKED_AT: Final = 64 << 20


def hidden(graph: Graph, proves: Callable[[bytes], bool]) -> Iterator[tuple[Field, bytes | None]]:
    """Yield the strings of a graph that are artifacts of their own: where they stand, and what they stand for.

    That is None where the string itself is the artifact: what `proves` takes for one, or a graph.
    """
    for scope in graph.scopes():
        for node in scope.nodes.values():
            if node.field.value < _SHORTEST:
                continue
            for _, field, entry in graph.attributes(node):
                if field.value >= _SHORTEST:
                    yield from worth_a_look(strings(entry.message(field)), proves)


def worth_a_look(
    texts: Iterable[tuple[Message, Field]], proves: Callable[[bytes], bool]
) -> Iterator[tuple[Field, bytes | None]]:
    """Yield those of some strings that are artifacts of their own: see `hidden`."""
    for message, field in texts:
        if field.value < _SHORTEST:
            continue
        data = message.raw(field, _LOOKED_AT)
        if proves(data) or (data[:1] == b"\n" and is_graph(message.part(field), outline_of(data))):
            yield field, None
        elif (plain := decoded(data)) is not None and (proves(plain[1]) or _is_plain_graph(plain[1])):
            yield field, plain[1]


def _is_plain_graph(data: bytes) -> bool:
    return is_graph(BytesSource(data), outline_of(data))
