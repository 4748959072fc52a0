"""Names that source takes from a file of configuration beside it: `cfg.model.name`, where a YAML file says what it is.

A file counts where the source writes its name down, and only if it lies in the target. The keys that are asked for are
looked up in it; where two files say different things, nothing is known.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from weighmaster.bom.look import Seen
from weighmaster.knowledge.loads.load_targets import option
from weighmaster.model.package import Load
from weighmaster.model.repository import Repository
from weighmaster.model.value import replace
from weighmaster.reading.pattern import pattern

_NAME: Final = pattern(r"""["'](?:\./)?([\w./-]{1,200}\.(?:ya?ml|json|toml))["']""")
_HYDRA: Final = pattern(r"""config_name\s*=\s*["']([\w/-]{1,100})(?:\.yaml)?["']""")
_LONGEST: Final = 1 << 20
_FILES: Final = 16
"""Files of configuration of one source that are looked into."""
_SOURCES: Final = 2_000
_DEEPEST: Final = 8


def configured(seen: Seen) -> Seen:
    """Return what was seen, with the names that configuration beside the source says."""
    wanted = [fact for fact in seen.whole.facts if isinstance(fact, Load) and _keys(fact)]
    if not wanted or not seen.whole.folder:
        return seen
    files = [artifact.where.root for artifact in seen.whole.artifacts if not artifact.where.steps]
    by_name: dict[str, list[str]] = {}
    for file in files:
        by_name.setdefault(file.rpartition("/")[2], []).append(file)
    told: dict[Load, Load] = {}
    known: dict[str, list[Any]] = {}
    for load in wanted:
        source = load.where.root
        if source not in known and len(known) < _SOURCES:
            known[source] = list(_documents(seen.target, source, by_name))
        values = {value for document in known.get(source, ()) if (value := _asked(document, _keys(load)))}
        if len(values) == 1:
            options = tuple(one for one in load.options if not one.startswith("target="))
            told[load] = replace(load, target=values.pop()[:300], resolved="configuration", options=options)
    if not told:
        return seen
    facts = tuple(told.get(fact, fact) if isinstance(fact, Load) else fact for fact in seen.whole.facts)
    whole: Repository = replace(seen.whole, facts=facts)
    found: Seen = replace(seen, whole=whole)
    return found


def _keys(load: Load) -> tuple[str, ...]:
    """Return the keys under which a load asks for its target: of `cfg.model["name"]`, `model` and `name`."""
    written = option(load, "target")
    if load.target or not written:
        return ()
    try:
        node: ast.expr = ast.parse(written, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    keys: list[str] = []
    while len(keys) < _DEEPEST:
        match node:
            case ast.Attribute(value=inner, attr=name):
                pass
            case ast.Subscript(value=inner, slice=ast.Constant(value=str(name))):
                pass
            case ast.Call(func=ast.Attribute(value=inner, attr="get"), args=[ast.Constant(value=str(name)), *_]):
                pass
            case _:
                break
        keys.append(name)
        node = inner
    return tuple(reversed(keys))


def _documents(target: str, source: str, by_name: Mapping[str, Sequence[str]]) -> Iterator[Any]:
    """Yield what the files of configuration hold that a source names."""
    text = _content(os.path.join(target, source)).decode("utf-8", "replace")
    names = [hit[1] for hit in _NAME.finditer(text)] + [f"{hit[1]}.yaml" for hit in _HYDRA.finditer(text)]
    for name in list(dict.fromkeys(names))[:_FILES]:
        path = _nearest(source, name, by_name.get(name.rpartition("/")[2], ()))
        if path:
            yield _parsed(path, _content(os.path.join(target, path)))


def _nearest(source: str, name: str, paths: Iterable[str]) -> str:
    """Return the file of that name that lies nearest to a source: as many folders as possible are the same."""
    fitting = [path for path in paths if path == name or path.endswith(f"/{name}")]
    if not fitting:
        return ""
    return max(fitting, key=lambda path: (_shared(path, source), -len(path)))


def _shared(path: str, other: str) -> int:
    """Return in how many folders both of two files lie."""
    pairs = zip(path.split("/")[:-1], other.split("/")[:-1], strict=False)
    return next(
        (number for number, (one, two) in enumerate(pairs) if one != two), min(path.count("/"), other.count("/"))
    )


def _parsed(path: str, data: bytes) -> Any:
    from weighmaster.reading.source import BytesSource

    source = BytesSource(data)
    if path.endswith(".json"):
        from weighmaster.reading.document import document

        return document(source)
    if path.endswith(".toml"):
        from weighmaster.reading.tables import table

        return table(source)
    from weighmaster.reading.yaml import tree

    found = tree(source)
    return found.documents[0] if found is not None and found.documents else None


def _asked(document: Any, keys: tuple[str, ...]) -> str:
    """Return the text under some keys, or under the last of them: the first may be names in the source."""
    for start in range(len(keys)):
        held = document
        for key in keys[start:]:
            held = held.get(key) if isinstance(held, dict) else None
        if isinstance(held, str) and held.strip():
            return held
    return ""


def _content(path: str) -> bytes:
    if os.path.islink(path) or not os.path.isfile(path):
        return b""
    try:
        with open(path, "rb") as file:
            return file.read(_LONGEST)
    except OSError:
        return b""
