"""TorchServe: a zip whose `MAR-INF/MANIFEST.json` names the handler that the server imports.

Format: <https://github.com/pytorch/serve/blob/master/model-archiver/README.md>. A handler is one of the server's own
(`image_classifier`), a file of the archive, or `module:function`; the server calls it with every request.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.errors import OverBudgetError, UnreadableError, WeighmasterError
from weighmaster.model.fact import Instantiation, Reference
from weighmaster.model.where import Where
from weighmaster.reading.budget import Budget
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.zip import Entry, contents, is_zip, names, open_entry

_MANIFEST: Final = "mar-inf/manifest.json"
_BY: Final = "torchserve"
_LONGEST: Final = 4 << 20
_OWN: Final = frozenset({"image_classifier", "text_classifier", "image_segmenter", "object_detector"})
_SHOWN: Final = 160


def _matches(glance: Glance) -> bool:
    if not is_zip(glance.source, glance.head, glance.tail):
        return False
    try:
        return any(_is_manifest(name) for name in names(glance.source, Budget()))
    except WeighmasterError:
        return False


def _is_manifest(name: str) -> bool:
    return name.casefold().replace("\\", "/").removeprefix("./") == _MANIFEST


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    for content in contents(cursor.source, cursor.budget):
        if isinstance(content, Entry) and _is_manifest(content.name):
            yield from _manifest(_document(content, cursor), content.at(where))


def _document(entry: Entry, cursor: Cursor) -> Any:
    opened = open_entry(entry, cursor.source, cursor.budget)
    if opened.size > _LONGEST:
        raise OverBudgetError(f"torchserve: a manifest of {opened.size} bytes, {_LONGEST} allowed")
    try:
        return json.loads(opened.read_at(0, opened.size))
    except (ValueError, RecursionError) as error:
        raise UnreadableError("torchserve: the manifest is not JSON") from error


def _manifest(document: Any, where: Where) -> Iterator[Read]:
    model = document.get("model") if isinstance(document, dict) else None
    if not isinstance(model, dict):
        raise UnreadableError("torchserve: the manifest describes no model")
    if isinstance(handler := model.get("handler"), str) and handler not in _OWN:
        module, colon, function = handler.rpartition(":")
        if colon and not module.endswith(".py"):
            yield Instantiation(where=where, by=_BY, module=module[:_SHOWN], name=function[:_SHOWN])
        else:
            yield Reference(where=where, kind="code", target=(module or handler)[:_SHOWN], by=_BY)
    for key, kind in (("modelFile", "code"), ("serializedFile", "weights"), ("requirementsFile", "requirement")):
        if isinstance(value := model.get(key), str) and value:
            yield Reference(where=where, kind=kind, target=value[:_SHOWN], by=_BY)


FORMAT: Final = Format(id="torchserve", title="TorchServe archive", matches=_matches, read=_read, layer=True)
