"""`modules.json` of Sentence Transformers: the modules of a model in order, each with the class that makes it.

Format: <https://sbert.net/docs/sentence_transformer/usage/custom_models.html>. A class outside the library is looked
for in a file of the repository, then among what is installed. Dense layers, classifiers of pairs and routers name
classes by their full names, too; releases before 3.4 import whatever they say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.knowledge.instantiation import judgement
from weighmaster.model.fact import Instantiation, Reference
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.document import document, may_be
from weighmaster.reading.pattern import pattern

_BY: Final = "sentence-transformers"
_LONGEST: Final = 1 << 20
_SHOWN: Final = 200
_MOST: Final = 500
_NEEDED: Final = frozenset({"name", "path", "type"})
_KEYS: Final = _NEEDED | {"idx", "kwargs"}
_DOTTED: Final = pattern(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+\Z")


def _matches(glance: Glance) -> bool:
    if not may_be(glance.head) or glance.size > _LONGEST:
        return False
    return next(_classes(document(glance.source)), None) is not None


def _classes(root: Any) -> Iterator[tuple[str, str]]:
    """Yield the classes that a document names, and the folder that each is given."""
    if isinstance(root, list):
        for module in root[:_MOST]:
            if isinstance(module, dict) and _is_module(module):
                path = module["path"]
                yield module["type"], path if isinstance(path, str) else ""
    elif isinstance(root, dict):
        if isinstance(kind := root.get("activation_function"), str) and {"in_features", "out_features"} <= root.keys():
            yield kind, ""
        types = root.get("types")
        if isinstance(types, dict) and {"structure", "parameters"} & root.keys():
            for key, kind in list(types.items())[:_MOST]:
                if isinstance(kind, str):
                    yield kind, key


def _is_module(module: Mapping[str, Any]) -> bool:
    # Lists of files have names, paths and types, too.
    if not module.keys() >= _NEEDED or not (module.keys() <= _KEYS or "idx" in module):
        return False
    return isinstance(module["type"], str) and _DOTTED.match(module["type"]) is not None


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    for kind, path in _classes(document(cursor.source)):
        module, _, name = kind[:_SHOWN].rpartition(".")
        yield Instantiation(where=where, by=_BY, module=module, name=name)
        if module and judgement(_BY, module, name).kind == "unknown" and "." not in module:
            yield Reference(where=where, kind="code", target=f"{module}.py", by=_BY)
        if path:
            yield Reference(where=where, kind="include", target=path[:_SHOWN], by=_BY)


FORMAT: Final = Format(
    id="sentence-transformers", title="Modules of a sentence transformer", matches=_matches, read=_read, layer=True
)
