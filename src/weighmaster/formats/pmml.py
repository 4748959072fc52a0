"""PMML: a model as XML. Most of it is numbers; functions that it does not define may be Java classes.

JPMML takes the name of a function that PMML does not have for the name of a class, loads it and calls it.

Specification: <https://dmg.org/pmml/v4-4-1/GeneralStructure.html>,
<https://dmg.org/pmml/v4-4-1/BuiltinFunctions.html>; <https://github.com/jpmml/jpmml-evaluator#user-defined-functions>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.fact import Metadata, Operation
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor

_MOST: Final = 1_000
_TEXT: Final = 2_000
_SAID: Final = {"Application": "name", "Header": "description"}


def _matches(glance: Glance) -> bool:
    from weighmaster.reading.xml import may_be, root

    return may_be(glance.head) and root(glance.source) == "PMML"


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    from weighmaster.reading.xml import Element, events

    applied: dict[str, None] = {}
    defined: set[str] = set()
    for event in events(cursor.source, cursor.budget):
        if not isinstance(event, Element):
            continue
        name = event.name.rpartition(":")[2]
        if name not in _INTERESTING:
            continue
        attributes = dict(event.attributes)
        if name == "Apply" and len(applied) < _MOST:
            applied[attributes.get("function", "")[:_TEXT]] = None
        elif name == "DefineFunction":
            defined.add(attributes.get("name", "")[:_TEXT])
        elif name in _SAID and attributes.get(_SAID[name]):
            yield Metadata(where=where, key=name, text=attributes[_SAID[name]][:_TEXT])
        elif name == "Extension":
            yield Metadata(where=where, key=attributes.get("name", name)[:80], text=attributes.get("value", "")[:_TEXT])
    for function in applied:
        if function not in defined:
            yield Operation(where=where, dialect="pmml", name=function)


_INTERESTING: Final = frozenset({"Apply", "DefineFunction", "Extension", *_SAID})

FORMAT: Final = Format(id="pmml", title="PMML model", matches=_matches, read=_read, layer=True)
