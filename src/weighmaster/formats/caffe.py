"""Caffe: a net of layers with their weights (`.caffemodel`).

A layer of the type `Python` names a module and a class, which Caffe imports and calls. Layers that read or write data
name files. Message: see `weighmaster.reading.caffe`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.where import Where
from weighmaster.reading.caffe import is_net, net
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.protobuf import Message, outline


def _matches(glance: Glance) -> bool:
    fields = outline(glance.source)
    return bool(fields) and is_net(glance.source, fields)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    yield from net(Message(cursor.source, cursor.budget), where)


FORMAT: Final = Format(id="caffe", title="Caffe model", matches=_matches, read=_read)
