"""What a configuration has its loader import and call, whatever text it was written in (JSON, YAML).

The idioms that are known, each after what reads it:

* Hydra and all who took it over: `_target_`, with `_args_`, and `${...}` for what stands elsewhere
  (<https://hydra.cc/docs/advanced/instantiate_objects/overview/>, <https://omegaconf.readthedocs.io/>).
* jsonargparse, the command line of Lightning: `class_path` and `init_args`.
* `instantiate_from_config` of latent diffusion and its descendants: `target` and `params`; NeMo: `target`.
* Fiddle, in NeMo 2: `{"type": "pyref", "module": ..., "name": ...}`.
* Python's `logging.config`: `()` names a factory, `class` a handler.
* MONAI bundles: `$` in front of a Python expression.
* Lightning's checkpoints: `_instantiator`.
* MLflow: `loader_module` of each flavour in `MLmodel`.

Nothing is imported. Documents may share their parts and hold themselves: each part is looked at once.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final, NamedTuple

from weighmaster.knowledge.callables import HARMFUL, look_up
from weighmaster.knowledge.expressions import reaches
from weighmaster.knowledge.instantiation import judgement
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.fact import Fact, Instantiation, Reference, Statement
from weighmaster.model.where import Where
from weighmaster.reading.pattern import pattern

KEYS: Final = ("_target_", "class_path", "target", "pyref", "loader_module", "()", "class")
"""One of these stands in every document that names something to call."""

_DOTTED: Final = pattern(r"[A-Za-z_]\w*(?:[.][A-Za-z_]\w*)+\Z")
_NAME: Final = pattern(r"[A-Za-z_][\w.]*\Z")
_REFERENCE: Final = pattern(r"\$\{([^${}]*)\}")
_RESOLVER: Final = pattern(r"\$\{\s*([A-Za-z_][\w.]*)\s*:\s*([^{}]*)", re.DOTALL)
_BRACE: Final = pattern(r"\$\{\s*([A-Za-z_]\w*)\s*:|[{}]")
_CLIMBS: Final = pattern(r"__|\bimport\b")
"""What stands in an expression that is no arithmetic, where it cannot be parsed."""
_CREATED: Final = pattern(r"_target_['\"]?\s*:\s*['\"]?([A-Za-z_][\w.]*)")
"""A mapping in a text that `oc.create` makes a configuration of."""
_FILLED: Final = 20_000
"""Characters of a text in which references are followed."""
_PARTS: Final = 2_000_000
_MOST: Final = 10_000
_LONGEST: Final = 400
"""Characters of a name; nothing that can be imported has a longer one."""
_STEPS: Final = 8
_QUOTED: Final = " \t'\""
_SHOWN: Final = 160
_ITEMS: Final = 4
_RESERVED: Final = frozenset(
    {"_target_", "_convert_", "_recursive_", "_partial_", "class_path", "target", "()", "class", "type"}
)
_LOCATORS: Final = ("hydra.utils.get_", "hydra._internal.utils._locate")
"""Functions of Hydra's that look up what their `path` names."""
_EVALUATES: Final = frozenset({"eval", "python", "py", "expr"})
"""Resolvers that programs register for `eval`, by the names that they give it."""
_ARITHMETIC: Final = frozenset({
    "abs", "all", "any", "bool", "dict", "enumerate", "float", "int", "len", "list", "math.ceil",
    "math.floor", "math.log", "math.log2", "math.pi", "math.sqrt", "max", "min", "np.sqrt", "os.path.abspath",
    "os.path.basename", "os.path.dirname", "os.path.exists", "os.path.isdir", "os.path.join", "print",
    "range", "round", "set", "sorted", "str", "sum", "tuple", "zip",
})  # fmt: skip
_OWN: Final = "_at_"
"""What stands for MONAI's `@`, another part of the same configuration."""

_WALK: Final = 40
_GATES: Final = frozenset(
    {"sys", "os", "posix", "nt", "builtins", "importlib", "subprocess", "ctypes", "inspect", "gc", "shutil", "pickle"}
)
"""Modules out of which everything can be reached: a name that goes through one is judged from there on."""
_HUB: Final = ("transformers.", "diffusers.", "peft.", "sentence_transformers.", "timm.", "tokenizers.", "open_clip.")
_FROM: Final = ("pretrained_model_name_or_path", "pretrained_model_name", "model_name", "_args_")
_FETCHED: Final = (".from_pretrained", ".from_config")


class Meant(NamedTuple):
    """A document, and what is known of it as a whole."""

    root: Any
    bundle: bool
    nemo: bool


def told(root: Any, where: Where) -> Iterator[Fact]:
    """Yield what a document names: each name once for each way to be called."""
    meant = Meant(root, bundle=_is_bundle(root), nemo=isinstance(root, dict) and "nemo_version" in root)
    seen: set[Fact] = set()
    for part in parts(root):
        found = _mapping(part, meant, where) if isinstance(part, dict) else _text(part, meant, where)
        for fact in found:
            if fact not in seen:
                seen.add(fact)
                yield fact
        if len(seen) > _MOST:
            raise OverBudgetError(f"configuration: more than {_MOST} names")


def parts(root: Any) -> Iterator[Any]:
    """Yield the mappings and texts of a document, each mapping once."""
    waiting, seen = [root], {id(root)}
    count = 0
    while waiting:
        part = waiting.pop()
        count += 1
        if count > _PARTS:
            raise OverBudgetError(f"configuration: more than {_PARTS} parts")
        if isinstance(part, str):
            yield part
            continue
        if isinstance(part, dict):
            yield part
        below = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        for value in below:
            if isinstance(value, (dict, list)):
                if id(value) not in seen:
                    seen.add(id(value))
                    waiting.append(value)
            elif isinstance(value, str) and "$" in value:
                waiting.append(value)


def named(by: str, dotted: str, given: object, where: Where) -> Instantiation:
    """Return the fact that `by` calls `dotted`, taken apart where it does most harm."""
    if len(dotted) > _LONGEST:
        return Instantiation(where=where, by=by, module="", name=dotted[:_SHOWN], arguments=_brief(given))
    module, _, name = dotted.removesuffix(".__call__").rpartition(".")
    if not module and _harms("builtins", name):
        module = "builtins"
    steps = dotted.split(".")
    for at in range(1, len(steps) - 1) if len(steps) < _WALK else ():
        # Modules import others: `os.path.os.system` is `os.system`, whatever the way to it.
        step = steps[at].lstrip("_")
        above, last = ".".join((step, *steps[at + 1 : -1])), steps[-1]
        if step in _GATES or (step in sys.stdlib_module_names and _harms(above, last)):
            module, name = above, last
            break
    return Instantiation(where=where, by=by, module=module, name=name, arguments=_brief(given))


def _is_bundle(root: Any) -> bool:
    if not isinstance(root, dict):
        return False
    return bool({"bundle_root", "_meta_", "imports"} & root.keys()) or any(
        isinstance(value, dict) and "_target_" in value for value in root.values()
    )


def _mapping(part: Mapping[str, Any], meant: Meant, where: Where) -> Iterator[Fact]:
    """Yield what a mapping names in each idiom: one that is written in two is read by two."""
    if isinstance(target := part.get("_target_"), str):
        yield from _hydra(part, target, meant, where)
    if isinstance(target := part.get("target"), str) and _DOTTED.match(target):
        yield from _latent(part, target, meant, where)
    if isinstance(target := part.get("_instantiator"), str):
        yield named("lightning", target, part, where)
    if isinstance(flavours := part.get("flavors"), dict):
        yield from _mlflow(part, flavours, where)
    match part:
        case {"class_path": str(target)} if _DOTTED.match(target):
            yield named("jsonargparse", target, part.get("init_args", ""), where)
        case {"type": "pyref", "module": str(module), "name": str(name)}:
            yield named("fiddle", f"{module}.{name}", "", where)
        case {"()": str(target)}:
            yield named("logging", target.removeprefix("ext://"), part, where)
        case {"class": str(target)} if _DOTTED.match(target):
            yield from _if_harmful(named("logging", target, part, where))
        case _:
            pass


def _latent(part: Mapping[str, Any], target: str, meant: Meant, where: Where) -> Iterator[Fact]:
    if isinstance(part.get("params"), (dict, list)) or (meant.nemo and part is meant.root):
        yield named("instantiate_from_config", target, part.get("params", ""), where)
    elif len(part) == 1:
        # Builds, pipelines and charts have targets, too.
        yield from _if_harmful(named("instantiate_from_config", target, part, where))


def _if_harmful(fact: Instantiation) -> Iterator[Fact]:
    if judgement(fact.by, fact.module, fact.name).kind == "danger":
        yield fact


def _hydra(part: Mapping[str, Any], target: str, meant: Meant, where: Where) -> Iterator[Fact]:
    target = _resolved(target, meant.root)
    if target.startswith("$"):
        if not target.startswith("${"):
            return  # An expression, which is looked at as one.
        yield Instantiation(where=where, by="hydra", module="", name=target[:_SHOWN], arguments=_brief(part))
        return
    if _NAME.match(target) is None or ("." not in target and not _harms("builtins", target)):
        return  # `???` is to be filled in; a bare name is a module to Hydra, and a component of its own to MONAI.
    for suffix in _FETCHED:
        # The class is what is judged; what it fetches is data, and said to be.
        if target.startswith(_HUB) and target.endswith(suffix):
            target = target.removesuffix(suffix)
            what = next((str(part[key]) for key in _FROM if key in part), "")
            yield Reference(where=where, kind="base-model", target=what[:_SHOWN], by="hydra")
    yield named("hydra", target, part, where)
    if target.startswith(_LOCATORS):
        for value in (part.get("path"), *_listed(part.get("_args_"))):
            if isinstance(value, str) and _DOTTED.match(value):
                yield named("hydra", _resolved(value, meant.root), "", where)
    if str(part.get("trust_remote_code")).lower() in {"true", "yes", "on"}:
        what = next((value for value in part.values() if isinstance(value, str) and "/" in value), "")
        yield Statement(where=where, key="trust-remote-code", value=what[:_SHOWN], by="hydra")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _resolved(target: str, root: Any) -> str:
    """Return `target` with each `${a.b}` replaced by what stands there, as far as that is text."""
    return _followed(target, root)[:_SHOWN]


def _followed(text: str, root: Any) -> str:
    """Return a text with each reference in it replaced by what it stands for, from the innermost on."""
    text = text[:_FILLED]
    for _ in range(_STEPS):
        before = text
        text = _REFERENCE.sub(lambda hit: (_value(hit[1], root) or hit[0])[:_LONGEST], text)[:_FILLED]
        if text == before:
            break
    return text


def _value(reference: str, root: Any) -> str | None:
    """Return what stands where a reference leads to, by way of a resolver of OmegaConf's own."""
    resolver, colon, rest = reference.partition(":")
    if not colon:
        return _at(root, reference)
    first, _, default = rest.partition(",")
    match resolver.strip():
        case "oc.select" | "oc.deprecated":
            return _at(root, first) or default.strip(_QUOTED) or None
        case "oc.env" | "env":
            return default.strip(_QUOTED) or None
        case "oc.decode":
            return rest.strip(_QUOTED)
        case _:
            return None


def _at(root: Any, path: str) -> str | None:
    for key in re.split(r"[.\[\]]+", path.strip().lstrip(".")):
        if isinstance(root, dict):
            root = root.get(key)
        elif isinstance(root, list) and key.isascii() and key.isdigit() and len(key) < 8:
            root = root[int(key)] if int(key) < len(root) else None
        elif key:
            return None
    return root if isinstance(root, str) else None


def _text(text: str, meant: Meant, where: Where) -> Iterator[Fact]:
    if meant.bundle and text.startswith("$") and not text.startswith("${"):
        yield from _evaluated("monai", text[1:].replace("@", _OWN), text, where)
    called = set()
    for hit in _RESOLVER.finditer(text[:_PARTS]):
        called.add(hit[1])
        if hit[1] in {"oc.env", "env"}:
            yield Reference(where=where, kind="environment", target=hit[2].partition(",")[0].strip(), by="omegaconf")
    if not _EVALUATES.isdisjoint(called):
        for expression in _expressions(_followed(text, meant.root)):
            yield from _evaluated("omegaconf", expression, text, where)
    if "oc.create" in called:
        for hit in _CREATED.finditer(_followed(text, meant.root)):
            yield named("hydra", hit[1], text, where)


def _expressions(text: str) -> Iterator[str]:
    """Yield what stands between the braces of resolvers that evaluate; what they refer to has a name of its own."""
    opened: list[tuple[str, int]] = []
    count = 0
    for hit in _BRACE.finditer(text):
        if hit[0] != "}":
            opened.append((hit[1] or "", hit.end()))
        elif opened:
            resolver, start = opened.pop()
            if resolver in _EVALUATES and count < _SHOWN:
                count += 1
                yield _REFERENCE.sub(_OWN, text[start : hit.start()]).strip(_QUOTED).replace("$", "")


def _evaluated(by: str, expression: str, text: str, where: Where) -> Iterator[Fact]:
    for reach in reaches(expression, _ARITHMETIC):
        if reach.danger or (_NAME.match(reach.name) is None and _CLIMBS.search(expression)):
            yield Instantiation(where=where, by=by, module="builtins", name="eval", arguments=text[:_SHOWN])
            return
        if _NAME.match(reach.name) and not reach.name.startswith(_OWN):
            yield named(by, reach.name, text, where)


def _mlflow(part: Mapping[str, Any], flavours: Mapping[str, Any], where: Where) -> Iterator[Fact]:
    for flavour in flavours.values():
        if isinstance(flavour, dict):
            yield from _flavour(flavour, where)
    for key in ("model_id", "mlflow_version"):
        if isinstance(value := part.get(key), str):
            yield Statement(where=where, key=key, value=value[:_SHOWN], by="mlflow")


def _flavour(flavour: Mapping[str, Any], where: Where) -> Iterator[Fact]:
    if isinstance(module := flavour.get("loader_module"), str):
        yield Instantiation(
            where=where, by="mlflow", module=module[:_LONGEST], name="_load_pyfunc", arguments="loader_module"
        )
    for key, kind in _FOLLOWED.items():
        if isinstance(value := flavour.get(key), str) and value not in {"null", "~", ""}:
            yield Reference(where=where, kind=kind, target=value[:_LONGEST], by="mlflow")
    artifacts = flavour.get("artifacts")
    for value in artifacts.values() if isinstance(artifacts, dict) else ():
        if isinstance(value, dict) and isinstance(value.get("path"), str):
            yield Reference(where=where, kind="data", target=value["path"][:_LONGEST], by="mlflow")


_FOLLOWED: Final = {
    "code": "code", "data": "data", "model_path": "weights", "pickled_model": "weights", "model_data": "weights",
    "python_model": "weights", "model_binary": "weights", "model_code_path": "code",
}  # fmt: skip


def _harms(module: str, name: str) -> bool:
    entry = look_up(module, name) if name else None
    return entry is not None and bool(entry.powers & HARMFUL)


def _brief(given: object) -> str:
    """Return how a call's arguments read, cut where they get long: they may be large, and hold themselves."""
    if isinstance(given, dict):
        given = {key: given[key] for key in islice(given, _ITEMS + len(_RESERVED)) if key not in _RESERVED}
    return _shown(given, 3)[:_SHOWN] if given not in ("", {}) else ""


def _shown(value: object, depth: int) -> str:
    if isinstance(value, str):
        return repr(value if len(value) <= _SHOWN else f"{value[:_SHOWN]}...")
    if isinstance(value, dict):
        inside = (f"{key[:_SHOWN]}={_shown(item, depth - 1)}" for key, item in islice(value.items(), _ITEMS))
        return f"{{{', '.join(inside)}}}" if depth else "{...}"
    if isinstance(value, list):
        return f"[{', '.join(_shown(item, depth - 1) for item in islice(value, _ITEMS))}]" if depth else "[...]"
    return repr(value)
