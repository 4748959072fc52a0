"""`model_index.json` of a diffusers pipeline: for each component the library and the class that make it.

Format: <https://huggingface.co/docs/diffusers/using-diffusers/loading>. A library is one of diffusers' own pipelines, a
module of the repository (`unet/my_unet.py`), or whatever Python finds under that name; `_class_name` may be a pair as
well, whose first is a module of the repository.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.knowledge.instantiation import judgement
from weighmaster.model.fact import Instantiation, Reference, Statement
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.document import document, may_be

_BY: Final = "diffusers"
_LONGEST: Final = 4 << 20
_SHOWN: Final = 200
_MOST: Final = 500


def _matches(glance: Glance) -> bool:
    if not may_be(glance.head) or glance.size > _LONGEST:
        return False
    found = document(glance.source)
    if not isinstance(found, dict) or "_class_name" not in found:
        return False
    return "_diffusers_version" in found or any(_pair(value) for value in found.values())


def _pair(value: Any) -> tuple[str, str] | None:
    """Return a library and a class; what a modular pipeline adds about where the component comes from, is third."""
    if isinstance(value, list) and 2 <= len(value) <= 3 and all(isinstance(part, str) for part in value[:2]):
        return (value[0][:_SHOWN], value[1][:_SHOWN]) if len(value) == 2 or isinstance(value[2], dict) else None
    return None


def _components(root: Mapping[str, Any]) -> Iterator[tuple[str, str, str, list[Any]]]:
    """Yield name, library and class of each component.

    Models have their configurations in the same shape, and lists of two kinds of blocks in them.
    """
    whole = not isinstance(root.get("_class_name"), str) or "Pipeline" in root["_class_name"]
    for key, value in list(root.items())[:_MOST]:
        pair = _pair(value)
        if pair is None or key == "_class_name" or key.endswith("_types"):
            continue
        if whole or (pair[1][:1].isupper() and not pair[0][:1].isupper()):
            yield key, *pair, value[2:]


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    root = document(cursor.source)
    if not isinstance(root, dict):
        return
    yield from _whole(root.get("_class_name"), where)
    if isinstance(name := root.get("_name_or_path"), str):
        yield Statement(where=where, key="name", value=name[:_SHOWN], by=_BY)
    if isinstance(version := root.get("_diffusers_version"), str):
        yield Statement(where=where, key="requires", value=f"diffusers =={version[:_SHOWN]}", by=_BY)
    for key, library, last, more in _components(root):
        yield from _component(key, library, last, where)
        yield from _elsewhere(more, where)


def _whole(value: Any, where: Where) -> Iterator[Read]:
    if isinstance(value, str):
        yield Statement(where=where, key="pipeline", value=value[:_SHOWN], by=_BY)
    elif pair := _pair(value):
        yield Reference(where=where, kind="code", target=_file(pair[0]), by=_BY)


def _component(key: str, library: str, name: str, where: Where) -> Iterator[Read]:
    yield Instantiation(where=where, by=_BY, module=library, name=name)
    # A file of that name in the component's folder comes before what is installed.
    kind = "code" if judgement(_BY, library, name).kind == "unknown" else "component"
    yield Reference(where=where, kind=kind, target=f"{key[:_SHOWN]}/{_file(library)}", by=_BY)


def _elsewhere(more: list[Any], where: Where) -> Iterator[Read]:
    for found in more:
        name = (found.get("repo") or found.get("pretrained_model_name_or_path")) if isinstance(found, dict) else None
        if isinstance(name, str):
            yield Reference(where=where, kind="base-model", target=name[:_SHOWN], by=_BY)


def _file(module: str) -> str:
    return module if module.endswith(".py") else module + ".py"


FORMAT: Final = Format(id="diffusers", title="Index of a diffusers pipeline", matches=_matches, read=_read, layer=True)
