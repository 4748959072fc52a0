"""The configuration of an adapter by PEFT: which model it is for, and which class that model is.

Format: <https://huggingface.co/docs/peft/developer_guides/checkpoint>. Where there is no task, PEFT imports the module
`auto_mapping.parent_library` and takes `auto_mapping.base_model_class` out of it; `megatron_core` is imported, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.fact import Instantiation, Reference, Statement
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.document import document, may_be

_BY: Final = "peft"
_LONGEST: Final = 4 << 20
_SHOWN: Final = 200


def _matches(glance: Glance) -> bool:
    if not may_be(glance.head) or glance.size > _LONGEST:
        return False
    found = document(glance.source)
    return isinstance(found, dict) and ("peft_type" in found or isinstance(found.get("auto_mapping"), dict))


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    root = document(cursor.source)
    if not isinstance(root, dict):
        return
    if isinstance(kind := root.get("peft_type"), str):
        yield Statement(where=where, key="adapter", value=kind[:_SHOWN], by=_BY)
    for key in ("base_model_name_or_path", "tokenizer_name_or_path"):
        if isinstance(name := root.get(key), str) and name:
            yield Reference(where=where, kind="base-model", target=name[:_SHOWN], by=_BY)
    found = root.get("auto_mapping")
    if isinstance(found, dict):
        library, name = found.get("parent_library"), found.get("base_model_class")
        if isinstance(library, str) and library:
            last = name if isinstance(name, str) and name else "_"
            yield Instantiation(where=where, by=_BY, module=library[:_SHOWN], name=last[:_SHOWN])
    if isinstance(library := root.get("megatron_core"), str) and library:
        yield Instantiation(where=where, by=_BY, module=library[:_SHOWN], name="_")


FORMAT: Final = Format(
    id="peft-adapter", title="Configuration of a PEFT adapter", matches=_matches, read=_read, layer=True
)
