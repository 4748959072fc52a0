"""What a configuration of Keras has its loader import, build, open and run, whatever text it was written in.

Every mapping with a `class_name` is looked at, as deep as it lies, as the loaders of Keras 1, 2 and 3 and of `tf.keras`
read it: <https://github.com/keras-team/keras/blob/master/keras/src/saving/serialization_lib.py>, and before that
<https://github.com/keras-team/keras/blob/r2.15/keras/saving/legacy/serialization.py>.

* Classes and functions: `module` and `class_name`, `registered_name`; a function has its name in `config`. Keras before
  3.9 imported whatever stood there (CVE-2025-1550), before 3.11 what lies in Keras itself (CVE-2025-8747, -9906).
* Code: a `Lambda` layer and `__lambda__` hold marshalled code in Base64 (CVE-2024-3660; `.h5`: CVE-2025-9905), a
  `TorchModuleWrapper` a pickled module (CVE-2025-49655), a `TFOpLambda` the name of a function of TensorFlow's.
* Files: a vocabulary may be a path or an address (CVE-2025-12058), a `TFSMLayer` names a SavedModel.
"""

from __future__ import annotations

import binascii
import json
from collections.abc import Callable, Iterator, Mapping
from reprlib import Repr
from typing import Any, Final, NamedTuple, TypeAlias

from weighmaster.knowledge.instantiation import judgement
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.fact import CodeObject, Fact, Instantiation, Operation, Reference
from weighmaster.model.where import Member, Where
from weighmaster.reading.pattern import pattern
from weighmaster.reading.payload import decoded, is_artifact, is_code

_PARTS: Final = 4_000_000
_SHOWN: Final = 200
_SHORTEST: Final = 24
_DOTTED: Final = pattern(r"[A-Za-z_]\w*(?:[.][A-Za-z_]\w*)+\Z")
_ROOTS: Final = frozenset(
    {"model_config", "optimizer_config", "modelTopology", "layers", "keras_version", "compile_config"}
)
_VALUES: Final = frozenset({
    "__tuple__", "__ellipsis__", "__keras_tensor__", "__tensor__", "__numpy__", "__bytes__", "__slice__",
    "TensorShape", "TypeSpec", "CompositeTensor",
})  # fmt: skip
"""What stands for a value, not for a class that is looked up."""
_UNNAMED: Final = _VALUES | {"__lambda__", "function"}
_VOCABULARIES: Final = frozenset({"vocabulary", "merges", "proto", "vocabulary_file", "vocab_file", "vocabulary_path"})
_NAMES: Final = frozenset({"name", "module", "class_name", "registered_name", "spec_name"})
_PATHLIKE: Final = pattern(r"[^\n]{0,400}(?:[/\\]|[.](?:txt|json|csv|tsv|model|spm|vocab|bpe|pkl|npy)\Z)")
_TENSORFLOW: Final = frozenset({"TFOpLambda", "SlicingOpLambda"})
_UNSAVED: Final = "layer was saved without config"
_NODE: Final = "TensorFlowOpLayer"

_repr = Repr()
_repr.maxstring = _repr.maxother = 100
_repr.maxlevel = 4


class Carried(NamedTuple):
    """Bytes that a configuration carries in a text: code, or an artifact of its own."""

    where: Where
    data: bytes


Told: TypeAlias = Fact | Carried


class _Part(NamedTuple):
    """A value, the key it stands under, and the layer that it belongs to."""

    value: Any
    key: str
    layer: str


def told(root: Any, where: Where, plausible: Callable[[bytes], bool]) -> Iterator[Told]:
    """Yield what a configuration names and carries: each name once. Nothing for what is no configuration of Keras.

    `plausible` knows a pickle.
    """
    return _Teller(root, where, plausible).told()


def _is_keras(root: Any) -> bool:
    if isinstance(root, list):
        return bool(root) and all(isinstance(one, dict) and _is_object(one) for one in root)
    return isinstance(root, dict) and (_is_object(root) or not _ROOTS.isdisjoint(root))


def _is_object(part: Mapping[str, Any]) -> bool:
    return isinstance(part.get("class_name"), str) and ("config" in part or "module" in part)


class _Teller:
    """One pass over a document; `rooted` says that all of it is a configuration of Keras."""

    def __init__(self, root: Any, where: Where, plausible: Callable[[bytes], bool]) -> None:
        self._root = root
        self._plausible = plausible
        self._where = where
        self._rooted = _is_keras(root)
        self._seen: set[tuple[str, str]] = set()
        self._targets: set[tuple[str, str]] = set()
        self._members = 0

    def told(self) -> Iterator[Told]:
        """Yield what stands there."""
        waiting, count = [_Part(self._root, "", "")], 0
        while waiting:
            value, key, layer = waiting.pop()
            count += 1
            if count > _PARTS:
                raise OverBudgetError(f"keras: more than {_PARTS} parts")
            if isinstance(value, dict):
                layer = _name_of(value) or layer
                yield from self._mapping(value, layer)
                waiting += [_Part(one, str(at), layer) for at, one in reversed(value.items()) if _may_hold(one)]
            elif isinstance(value, list):
                words = key in _VOCABULARIES
                below = "" if words else f"{key}[]" if not key.endswith("[]") else key
                waiting += [_Part(one, below, layer) for one in reversed(value) if _may_hold(one, words=words)]
            else:
                yield from self._text(value, key, layer)

    def _mapping(self, part: Mapping[str, Any], layer: str) -> Iterator[Told]:
        kind = part.get("class_name")
        if not isinstance(kind, str) or kind in _VALUES:
            return
        config = part.get("config")
        if kind == "__lambda__":
            yield from self._code(config, layer)
        elif "spec_name" in part:
            yield from self._named(part.get("module"), part["spec_name"], None, config)
        elif isinstance(config, dict) and _UNSAVED in config:
            return  # Keras brings back a class of no name in its place.
        elif "config" in part or "module" in part:
            name = config if kind == "function" else kind
            yield from self._named(part.get("module"), name, part.get("registered_name"), config)
        if isinstance(config, dict):
            yield from self._special(kind, config, layer)

    def _special(self, kind: str, config: Mapping[str, Any], layer: str) -> Iterator[Told]:
        """Yield what some classes do with their configuration beyond building a layer."""
        bare = kind.rpartition(">")[2].rpartition(".")[2]
        if "function" in config and bare not in _TENSORFLOW:
            yield from self._lambda(config, layer)
        if bare in _TENSORFLOW and isinstance(config.get("function"), str):
            yield from self._named("tensorflow", config["function"], None, config, sure=True)
        elif bare == _NODE:
            yield from self._node(config.get("node_def"))
        elif bare in {"ClassMethod", "InstanceMethod"} and isinstance(config.get("cls_ref"), str):
            yield from self._named("tensorflow", f"{config['cls_ref']}.{config.get('method_name', '')}", None, config)
        elif bare == "TorchModuleWrapper" and isinstance(config.get("module"), str):
            yield from self._inner(_unpacked(config["module"]), f"{layer}.module")
        elif bare == "TFSMLayer" and isinstance(config.get("filepath"), str):
            yield from self._reference("shard", config["filepath"])

    def _lambda(self, config: Mapping[str, Any], layer: str) -> Iterator[Told]:
        for key in ("function", "mask", "output_shape"):
            given = config.get(key)
            if isinstance(given, dict) and given.get("class_name") == "__tuple__":
                given = given.get("items")
            of_kind = config.get(f"{key}_type")
            if isinstance(given, dict) and given.get("class_name") == "function":
                yield from self._named(given.get("module"), given.get("config"), None, config.get("arguments"))
            elif isinstance(given, list) and given and isinstance(given[0], str):
                yield from self._code({"code": given[0]}, layer)
            elif isinstance(given, str) and of_kind == "lambda":
                yield from self._code({"code": given}, layer)
            elif isinstance(given, str) and of_kind == "function":
                module = config.get("module" if key == "function" else f"{key}_module")
                yield from self._named(None if module == "__main__" else module, given, None, config.get("arguments"))

    def _code(self, config: Any, layer: str) -> Iterator[Told]:
        """Yield the code of a lambda: `config` holds it under `code`, or under `value`, alone or first in a list."""
        found = config.get("code", config.get("value")) if isinstance(config, dict) else config
        if isinstance(found, dict):
            found = found.get("items", found.get("code"))
        if isinstance(found, list):
            found = found[0] if found else ""
        if isinstance(found, str) and found:
            yield CodeObject(where=self._where, form=f"a lambda of the layer {layer[:_SHOWN]!r}")
            yield from self._inner(_unpacked(found), f"{layer}.function")

    def _node(self, given: Any) -> Iterator[Told]:
        try:
            node = json.loads(given) if isinstance(given, str) else given
        except (ValueError, RecursionError):
            return
        if isinstance(node, dict) and isinstance(node.get("op"), str):
            detail = " ".join(one for one in node.get("input") or () if isinstance(one, str))[:_SHOWN]
            yield Operation(where=self._where, dialect="tensorflow", name=node["op"][:_SHOWN], detail=detail)

    def _named(self, module: Any, name: Any, registered: Any, given: Any, *, sure: bool = False) -> Iterator[Told]:
        """Yield that `name` of `module` is called, and the name under which a class of one's own is registered."""
        module = module if isinstance(module, str) else ""
        pairs = []
        if isinstance(name, str) and name:
            package, arrow, rest = name.partition(">")
            pairs.append((module or package, rest) if arrow else (module, name))
        if isinstance(registered, str) and ">" in registered:
            package, _, rest = registered.partition(">")
            # What is registered under that name goes before what the module has.
            pairs = [*(pairs if module else []), (package, rest)]
        for pair in pairs:
            if pair in self._seen:
                continue
            if self._rooted or sure or module or judgement("keras", *pair).kind == "danger":
                self._seen.add(pair)
                yield Instantiation(
                    where=self._where,
                    by="keras",
                    module=pair[0][:_SHOWN],
                    name=pair[1][:_SHOWN],
                    arguments=_brief(given),
                )

    def _text(self, text: str, key: str, layer: str) -> Iterator[Told]:
        if key in _VOCABULARIES and (_is_path(text) or (key == "vocabulary" and _is_name(text))):
            yield from self._reference("vocabulary", text)
        elif text[:7].lower() == "file://":
            yield from self._reference("data", text)
        if self._rooted and key not in _NAMES and len(text) < _SHOWN and _DOTTED.match(text):
            module, _, name = text.rpartition(".")
            if judgement("keras", module, name).kind == "danger":
                yield from self._named(module, name, None, None)
        elif len(text) >= _SHORTEST:
            found = decoded(text.encode("utf-8", "replace"))
            if found is not None and (is_artifact(found[1], self._plausible) or is_code(found[1])):
                yield from self._inner(found[1], f"{layer}.{key}")

    def _reference(self, kind: str, target: str) -> Iterator[Told]:
        if (kind, target) not in self._targets:
            self._targets.add((kind, target))
            yield Reference(where=self._where, kind=kind, target=target[:_SHOWN], by="keras")

    def _inner(self, data: bytes, name: str) -> Iterator[Told]:
        self._members += 1
        member = name.replace("/", "_")[:_SHOWN]
        place = self._where / Member(name=member if self._members == 1 else f"{member} {self._members}")
        yield Carried(place, data)


def _may_hold(value: Any, *, words: bool = False) -> bool:
    """Whether there may be something in a value. Words of a vocabulary name nothing; what is long may be encoded."""
    return isinstance(value, (dict, list)) or (isinstance(value, str) and (not words or len(value) >= _SHOWN))


def _name_of(part: Mapping[str, Any]) -> str:
    kind, config = part.get("class_name"), part.get("config")
    if not isinstance(kind, str) or kind in _UNNAMED:
        return ""
    name = config.get("name") if isinstance(config, dict) else None
    return name if isinstance(name, str) else kind


def _is_name(text: str) -> bool:
    # Words are a list; one text is the file that has them, and needs no ending.
    return 0 < len(text) <= 255 and "\n" not in text


def _is_path(text: str) -> bool:
    # A vocabulary in one text, or a SentencePiece model in Base64, is no path.
    return _PATHLIKE.match(text) is not None and len(text) <= 1024 and not (len(text) > 256 and decoded(text.encode()))


def _unpacked(text: str) -> bytes:
    """Return what Base64 stands for as Python reads it, passing over what is not of its alphabet.

    Keras 1 wrote the bytes themselves, one character each.
    """
    try:
        return binascii.a2b_base64(text.encode("ascii"))
    except (UnicodeEncodeError, binascii.Error):
        return text.encode("raw_unicode_escape", "backslashreplace")


def _brief(given: Any) -> str:
    return "" if given is None or given in ({}, []) else _repr.repr(given)[:_SHOWN]
