"""Caffe: a net as text (`.prototxt`), or what it is trained with (a solver).

What matters of it is written as the message that it stands for, and read as such. See `weighmaster.reading.caffe`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.fact import Fact, Reference
from weighmaster.model.value import replace
from weighmaster.model.where import Where
from weighmaster.reading.caffe import NET_TEXT, net
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.protobuf import BYTES, Message
from weighmaster.reading.prototext import Schema, encoded, glimpsed
from weighmaster.reading.source import BytesSource
from weighmaster.reading.tags import may_be_text

_NETS: Final = ("net_param", "train_net_param", "test_net_param")
_FILES: Final = ("net", "train_net", "test_net", "weights")
# Each field of the whole gets a number of its own: a net is at the top, or inside a solver.
_WHOLE: Final[Schema] = {
    **NET_TEXT,
    **dict.fromkeys(_NETS, (2001, NET_TEXT)),
    **dict.fromkeys(_FILES, (2002, str)),
}
_LAYERS: Final = frozenset({"layer", "layers"})
_PATH: Final = 4096


def _matches(glance: Glance) -> bool:
    if not may_be_text(glance.head):
        return False
    names: set[str] = set()
    for inside, name in glimpsed(glance.source):
        if not inside:
            names.add(name)
            if names >= {"base_lr", "lr_policy"} and names & {"net", "train_net", "solver_mode", "type"}:
                return True
        elif name == "type" and inside[-1] in _LAYERS and set(inside[:-1]) <= {*_NETS}:
            return True
    return False


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    source = BytesSource(encoded(cursor.source, cursor.budget, _WHOLE))
    whole = Message(source, cursor.budget)
    yield from (_here(fact, where) for fact in net(whole, where))
    for field in whole.fields():
        if field.number == 2001 and field.wire == BYTES:
            yield from (_here(fact, where) for fact in net(whole.message(field), where))
        elif field.number == 2002 and field.wire == BYTES:
            yield Reference(where=where, kind="include", target=whole.text(field, _PATH), by="caffe")


def _here(fact: Fact, where: Where) -> Fact:
    """Return a fact whose place is the text: the message has other offsets."""
    placed: Fact = replace(fact, where=where)
    return placed


FORMAT: Final = Format(id="caffe-text", title="Caffe model as text", matches=_matches, read=_read, layer=True)
