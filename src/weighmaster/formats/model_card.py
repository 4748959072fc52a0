"""A model card or the card of a dataset: Markdown that begins with what it says of itself in YAML.

Format: <https://huggingface.co/docs/hub/model-cards>, <https://huggingface.co/docs/hub/datasets-cards>. Tools read the
licence, what the model was made from, and which files of a dataset to take.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.knowledge.cards import counts, sections, title
from weighmaster.knowledge.hub import amount, items, mapping, metrics
from weighmaster.knowledge.references import leads_out
from weighmaster.knowledge.remote_code import strings
from weighmaster.model.fact import Reference, Statement
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.pattern import pattern
from weighmaster.reading.source import BytesSource, Source

_BY: Final = "card"
_LONGEST: Final = 256 << 10
_SHOWN: Final = 200
_MOST: Final = 200
_FEW: Final = 20
_FENCE: Final = pattern(rb"\r?\n---[ \t]*(?:\r?\n|\Z)")
_MARKS: Final = (b"\r\n---\r\n", b"---\n", b"---\r\n")
_KEYS: Final = {
    "license": "licence",
    "license_name": "licence-name",
    "base_model": "base-model",
    "base_model_relation": "relation",
    "pipeline_tag": "task",
    "library_name": "library",
    "task_categories": "task",
    "language": "language",
    "tags": "tag",
    "model_name": "name",
    "pretty_name": "name",
    "new_version": "newer",
}
"""What is read, and how a `Statement` calls it."""
_OTHERS: Final = frozenset(
    {"tags", "datasets", "language", "metrics", "model-index", "widget", "dataset_info", "configs", "pretty_name"}
)


def _matches(glance: Glance) -> bool:
    return bool(_front(glance.source) & (_KEYS.keys() | _OTHERS)) if glance.head.startswith(_MARKS[1:]) else False


def _front(source: Source) -> set[str]:
    return set(_said(source))


def _said(source: Source) -> Mapping[str, Any]:
    """Return what stands between the fences, if that is a mapping."""
    text = source.read_at(0, _LONGEST)
    end = _FENCE.search(text, 3)
    if end is None:
        return {}
    from weighmaster.reading.yaml import tree

    found = tree(BytesSource(text[4 : end.start()]))
    first = found.documents[0] if found is not None and found.documents else None
    return first if isinstance(first, dict) else {}


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    said = _said(cursor.source)
    yield from _body(cursor, where)
    yield from _measured(said, where)
    for key, name in _KEYS.items():
        for value in strings(said.get(key))[:_MOST]:
            if value:
                yield Statement(where=where, key=name, value=value[:_SHOWN], by=_BY)
    for kind, key in (("base-model", "base_model"), ("dataset", "datasets")):
        for value in strings(said.get(key))[:_MOST]:
            yield Reference(where=where, kind=kind, target=value[:_SHOWN], by=_BY)
    configs = said.get("configs")
    for config in configs[:_MOST] if isinstance(configs, list) else ():
        for file in _files(config.get("data_files") if isinstance(config, dict) else None):
            elsewhere = leads_out(file) == "is an address"
            yield Reference(where=where, kind="dataset" if elsewhere else "data", target=file[:_SHOWN], by="datasets")


def _body(cursor: Cursor, where: Where) -> Iterator[Read]:
    """Yield what stands below the fences: the title, the parts, and how many parameters there are said to be."""
    text = cursor.source.read_at(0, _LONGEST)
    end = _FENCE.search(text, 3)
    body = text[end.end() if end else 0 :].decode("utf-8", "replace")
    if not body.strip():
        return
    if found := title(body):
        yield Statement(where=where, key="title", value=found[:_SHOWN], by=_BY)
    for section in sections(body):
        yield Statement(where=where, key=f"section:{section.kind}", value=section.text, by=_BY)
    for count in list(dict.fromkeys(counts(body)))[:_FEW]:
        yield Statement(where=where, key="parameters", value=str(count), by=_BY)


def _measured(said: Mapping[str, Any], where: Where) -> Iterator[Read]:
    """Yield what was measured: scores as measure, value and data, and emissions in grams of CO2 equivalent."""
    for model in items(said.get("model-index"))[:1]:
        if isinstance(name := mapping(model).get("name"), str) and name:
            yield Statement(where=where, key="name", value=name[:_SHOWN], by=_BY)
    for dataset, measure, value in islice(metrics(said), _MOST):
        yield Statement(where=where, key="metric", value=f"{measure}\t{value:g}\t{dataset}"[:_SHOWN], by=_BY)
    carbon = said.get("co2_eq_emissions")
    grams = amount(carbon.get("emissions") if isinstance(carbon, dict) else carbon)
    if grams is not None:
        yield Statement(where=where, key="carbon", value=f"{grams:g}", by=_BY)
    if isinstance(carbon, dict):
        for key in ("source", "training_type", "geographical_location", "hardware_used"):
            if isinstance(text := carbon.get(key), str) and text:
                yield Statement(where=where, key=f"carbon:{key}", value=text[:_SHOWN], by=_BY)


def _files(value: Any) -> list[str]:
    """Return the names and patterns of files, in any of the shapes that a card may have them."""
    if not isinstance(value, list):
        return strings(value)[:_MOST]
    return [file for part in value for file in strings(part.get("path") if isinstance(part, dict) else part)][:_MOST]


FORMAT: Final = Format(id="model-card", title="Card of a model or dataset", matches=_matches, read=_read, layer=True)
