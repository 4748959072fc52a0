"""What Python source loads (`loads`), told of the calls that the follower saw: what, which version, and how.

A call that is reached with several names is told once for each. What the follower does not know may still be a default:
of an option of `argparse` or `click`, or of a field of a class, that has the name of the attribute that is handed over.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from weighmaster.knowledge.loads.load_targets import OF_HUB, is_file_of_model
from weighmaster.knowledge.loads.loads import ANY_FUNCTION, Argument, Loader, loader
from weighmaster.model.package import Load
from weighmaster.model.where import Where
from weighmaster.reading.pattern import pattern
from weighmaster.reading.python.values import NOWHERE, Either, Ref, Span, plain
from weighmaster.reading.python.values import Use as Seen

_MOST: Final = 2_000
"""Loads of one source that are told."""
_SEVERAL: Final = 8
"""Names for one call that are told."""
_LONGEST: Final = 300
_SHOWN: Final = 80
_TIMES: Final = ("import", "install", "load", "main", "call")
_FIELDS: Final = frozenset({"field", "Field", "Option", "Argument"})
_OPTIONS: Final = frozenset({"add_argument", "option", "argument", "add_option"})
_FLAGS: Final = frozenset({"DEFINE_string", "DEFINE_enum"})
_HUBS: Final = ("hf_hub:", "hf-hub:", "hf://")
_SAFE_YAML: Final = ("SafeLoader", "CSafeLoader", "BaseLoader", "CBaseLoader")
_FETCHES: Final = frozenset({
    "httpx.get", "httpx.post", "httpx.request", "requests.get", "requests.post", "requests.request",
    "urllib.request.urlopen", "urllib.request.urlretrieve",
})  # fmt: skip
_OF_LIBRARY: Final = {"?.compile_model": "openvino", "?.read_model": "openvino"}
"""Methods that load something where the source has imported that library."""
_WITH_MODEL: Final = frozenset({"?.messages.create"})
"""Calls that load a model where one is named; a name on its own is any."""
_MODE: Final = pattern(r"[rwaxbtU+]{1,4}")
_ONLY_NAMED: Final = frozenset({"?.compile_model", "openvino.compile_model", "openvino.runtime.compile_model"})
"""What takes a model as well as the path of one."""
_NOT: Final = frozenset({"", "None", "False"})
_Functions = tuple[ast.FunctionDef | ast.AsyncFunctionDef, ...]


class _Call(NamedTuple):
    """A call in the source, and the functions around it, the outermost first."""

    node: ast.Call
    functions: _Functions


class Loads:
    """Gathers the loads of one source."""

    def __init__(self, where: Where) -> None:
        self._where = where
        self._seen: dict[tuple[Span, str], list[tuple[Seen, str]]] = {}
        self.left_out = False
        """Whether there are more than are told."""

    def take(self, seen: Seen, when: str) -> None:
        """Take down a use of a name, if it loads something."""
        if seen.how != "call" or seen.span == NOWHERE or loader(seen.dotted) is None:
            return
        key = (seen.span, seen.dotted)
        if key not in self._seen and len(self._seen) >= _MOST:
            self.left_out = True
            return
        uses = self._seen.setdefault(key, [])
        if len(uses) < _SEVERAL * 4:
            uses.append((seen, when))

    def facts(self, trees: Iterable[ast.Module]) -> Iterator[Load]:
        """Yield what was taken down; `trees` are the syntax trees that it stands in."""
        if not self._seen:
            return
        source = _Source(trees, {span for span, _ in self._seen})
        for (span, dotted), uses in self._seen.items():
            known = loader(dotted)
            if known is not None:
                yield from self._told(source, known, span, uses)

    def _told(self, source: _Source, known: Loader, span: Span, uses: list[tuple[Seen, str]]) -> Iterator[Load]:
        call = source.calls.get(span)
        if call is not None and not _is_called(call.node, known):
            call = None  # Text that is run, which stands where it is run.
        if known.callee in _WITH_MODEL and call is not None and not _names_model(call.node):
            return  # Messages are sent by telephone, too.
        if _OF_LIBRARY.get(known.callee, "") not in {"", *source.modules} or _is_harmless(known, call, uses[0][0]):
            return
        found: dict[tuple[str, str], tuple[str, Seen, tuple[str, ...]]] = {}
        for seen, _ in uses:
            for target, how in _targets(source, known, call, seen) or [("", "unknown")]:
                key = (target, _revision(known, call, seen))
                options = _options(known, call, seen, known_target=bool(target))
                before = found.get(key)
                found[key] = (how, seen, options) if before is None else (*before[:2], _both(before[2], options))
        named = {key: said for key, said in found.items() if key[0]}
        if not named and known.callee in _ONLY_NAMED:
            return
        named = named or found
        when = min((when for _, when in uses), key=_TIMES.index, default="call") if uses else "call"
        for (target, revision), (how, seen, options) in list(named.items())[:_SEVERAL]:
            several = how != "unknown" and len({target for target, _ in named}) > 1
            name, version = _apart(known, target)
            yield Load(
                where=self._where,
                loader=_called(call, seen),
                kind=known.kind,
                target=name,
                resolved="several" if several else how,
                revision=revision or version,
                code_revision=_text_of(_argument(call, seen, Argument(place=-1, names=("code_revision",)))),
                options=options,
                span=span,
                when=when,
            )


def _both(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """Return what two calls of one place have in common; of an option that differs no more than that it is given."""
    names = dict.fromkeys(option.partition("=")[0] for option in (*one, *other))
    both = {*one} & {*other}
    return tuple(next((held for held in both if held.startswith(f"{name}=")), f"{name}=?") for name in names)


class _Source:
    """Where in the source the calls stand, and which names it gives a default."""

    def __init__(self, trees: Iterable[ast.Module], wanted: set[Span]) -> None:
        self.calls: dict[Span, _Call] = {}
        self.defaults: dict[str, list[str]] = {}
        self.opened: dict[str, list[str]] = {}
        """Paths that are opened under a name."""
        self.modules: set[str] = set()
        """Modules at the top that are imported."""
        self.given: set[str] = set()
        """Defaults of parameters."""
        for tree in trees:
            self._look(tree, wanted)

    def _look(self, tree: ast.Module, wanted: set[Span]) -> None:
        waiting: list[tuple[ast.AST, _Functions]] = [(tree, ())]
        while waiting:
            node, functions = waiting.pop()
            if isinstance(node, ast.Call):
                place = (node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0)
                if place in wanted:
                    self.calls[place] = _Call(node, functions)
                self._option(node)
            elif isinstance(node, ast.ClassDef):
                self._fields(node)
            elif isinstance(node, ast.Import):
                self.modules.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                self.modules.add(node.module.partition(".")[0])
            elif isinstance(node, ast.withitem) and isinstance(node.optional_vars, ast.Name):
                _add(self.opened, node.optional_vars.id, _opened(node.context_expr))
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                _add(self.opened, node.targets[0].id, _opened(node.value))
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                functions = (*functions, node)[-4:]
                spec = node.args
                self.given.update(filter(None, (_field(one) for one in (*spec.defaults, *spec.kw_defaults) if one)))
            waiting += ((child, functions) for child in ast.iter_child_nodes(node))

    def _option(self, node: ast.Call) -> None:
        """Take down the default of an option of a command line."""
        name = _last(node.func)
        if name in _FLAGS and len(node.args) > 1:
            _add(self.defaults, _constant(node.args[0]), _constant(node.args[1]))
        if name not in _OPTIONS:
            return
        words = [text for text in map(_constant, node.args) if text]
        keywords = {keyword.arg: _constant(keyword.value) for keyword in node.keywords}
        longest = max((word for word in words if word.startswith("--")), key=len, default=words[0] if words else "")
        named = keywords.get("dest") or longest.partition("/")[0].lstrip("-").replace("-", "_")
        _add(self.defaults, named, keywords.get("default", ""))

    def _fields(self, node: ast.ClassDef) -> None:
        """Take down the defaults of the fields of a class."""
        for statement in node.body:
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value:
                _add(self.defaults, statement.target.id, _field(statement.value))


def _add(found: dict[str, list[str]], name: str, value: str) -> None:
    if name and value:
        held = found.setdefault(name, [])
        if value not in held and len(held) < _SEVERAL:
            held.append(value)


def _names_model(node: ast.Call) -> bool:
    return any(keyword.arg in {"model", None} for keyword in node.keywords)


def _opened(node: ast.expr) -> str:
    """Return the path that an expression opens, where it is written down: `open("x")`, `Path("x").open()`."""
    if not isinstance(node, ast.Call) or _last(node.func) != "open":
        return ""
    if isinstance(node.func, ast.Attribute) and isinstance(path := node.func.value, ast.Call):
        return _constant(path.args[0]) if path.args else ""
    found = _constant(node.args[0]) if node.args else ""
    # `path.open("rb")` opens what it hangs on.
    return "" if isinstance(node.func, ast.Attribute) and _MODE.fullmatch(found) else found


def _field(value: ast.expr) -> str:
    """Return the default that `field(default="x")` gives, or the constant itself."""
    if isinstance(value, ast.Call) and _last(value.func) in _FIELDS:
        found = next((_constant(keyword.value) for keyword in value.keywords if keyword.arg == "default"), "")
        first = value.args[0] if value.args and _last(value.func) != "field" else None
        return found or (_constant(first) if first is not None else "")
    return _constant(value)


# What a call says.


def _targets(source: _Source, known: Loader, call: _Call | None, seen: Seen) -> list[tuple[str, str]]:
    """Return what a call may load, each with how that was found."""
    if known.callee.endswith(ANY_FUNCTION):
        return [(seen.dotted.rpartition(".")[2], "literal")]
    if known.target is None:
        return []
    node, value = _argument(call, seen, known.target)
    texts = [text for text in _texts(value) if text.strip("?/")][:_SEVERAL]
    if texts:
        how = _how(source, call, node, texts)
        return [(text[:_LONGEST], how) for text in texts]
    if node is not None and (path := _opened(node)):
        return [(path[:_LONGEST], "literal")]
    name = _asked_of(node)
    if isinstance(node, ast.Name) and name in source.opened:
        return [(text[:_LONGEST], "constant") for text in source.opened[name]]
    return [(text[:_LONGEST], "default") for text in source.defaults.get(name, ())] if name else []


def _how(source: _Source, call: _Call | None, node: ast.expr | None, texts: list[str]) -> str:
    if len(texts) > 1:
        return "several"
    if isinstance(node, ast.Constant):
        return "literal"
    if isinstance(node, ast.Call):
        return "default"  # `os.environ.get(name, default)`
    if isinstance(node, ast.Attribute) and texts[0] in source.given:
        return "default"  # `self.name`, which whoever makes the object may give.
    if isinstance(node, ast.Name) and call is not None:
        for function in call.functions:
            if texts[0] in _defaults(function, node.id):
                return "default"
    return "constant"


def _defaults(function: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> Iterator[str]:
    spec = function.args
    positional = [*spec.posonlyargs, *spec.args]
    pairs = [*zip(positional[len(positional) - len(spec.defaults) :], spec.defaults, strict=True)]
    pairs += [(one, default) for one, default in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if default]
    return (_field(default) for parameter, default in pairs if parameter.arg == name)


def _asked_of(node: ast.expr | None) -> str:
    """Return the name under which an option or a field is asked for: `args.model`, `args["model"]`, `model`."""
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name) | ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
        case ast.BoolOp(values=[first, *_]):
            return _asked_of(first)
        case _:
            return ""


def _argument(call: _Call | None, seen: Seen, wanted: Argument) -> tuple[ast.expr | None, Any]:
    """Return an argument as it is written, and what the follower knows of it."""
    given = seen.given
    spread = given.named.get("**")
    named = {**spread, **given.named} if isinstance(spread, dict) else given.named
    node: ast.expr | None = None
    value: Any = None
    if 0 <= wanted.place < len(given.placed):
        value = given.placed[wanted.place]
        if call is not None and wanted.place < len(call.node.args):
            node = call.node.args[wanted.place]
    for name in wanted.names:
        if name in named and value is None and node is None:
            value = named[name]
            if call is not None:
                node = next((keyword.value for keyword in call.node.keywords if keyword.arg == name), None)
    return node, value


def _options(known: Loader, call: _Call | None, seen: Seen, *, known_target: bool) -> tuple[str, ...]:
    found = [f"{option.names[0]}={text}" for option in known.options
             if (text := _text_of(_argument(call, seen, option)))]  # fmt: skip
    if "**" in seen.given.named and not isinstance(seen.given.named["**"], dict):
        found.append("**=?")
    if not known_target and known.target is not None:
        node, _ = _argument(call, seen, known.target)
        if node is not None and not isinstance(node, ast.Constant):
            found.append(f"target={_written(node)}")
    return tuple(found)


def _revision(known: Loader, call: _Call | None, seen: Seen) -> str:
    if not known.revision:
        return ""
    text = _text_of(_argument(call, seen, Argument(place=-1, names=(known.revision,))))
    return "" if text == "None" else text


def _text_of(argument: tuple[ast.expr | None, Any]) -> str:
    """Return what an argument says: a constant, a name, `?` where it is not known; nothing where it is not given."""
    node, value = argument
    if isinstance(node, ast.Constant):
        return str(node.value)[:_SHOWN]
    if node is None and value is None:
        return ""
    if isinstance(value, Ref):
        return value.dotted[:_SHOWN]
    text = value if isinstance(value, bool) else plain(value)
    return str(text)[:_SHOWN] if isinstance(text, str | int | float) else "?"


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Either):
        for one in value.values:
            yield from _texts(one)
    elif isinstance(text := plain(value), str):
        yield text


def _apart(known: Loader, target: str) -> tuple[str, str]:
    """Return the name and the version that one text says.

    `owner/name:ref` of torch.hub, `hf_hub:owner/name@ref`, an address of the hub.
    """
    if known.kind == "hub-code" and "/" in target and not target.startswith(("/", ".", "~")):
        name, _, ref = target.partition(":")
        return name, ref
    if hit := OF_HUB.match(target):
        return hit[2], hit[3] or ""
    for prefix in _HUBS:
        if target.startswith(prefix):
            name, _, ref = target.removeprefix(prefix).partition("@")
            return name, ref
    return target, ""


def _is_harmless(known: Loader, call: _Call | None, seen: Seen) -> bool:
    """Say whether nothing comes in: what was just written is read back, or YAML as plain values."""
    if known.kind == "yaml":
        given = _text_of(_argument(call, seen, Argument(place=1, names=("Loader",))))
        return given.endswith(_SAFE_YAML)
    if known.callee.endswith(ANY_FUNCTION):
        return all(text in _NOT for text in _given(known, call, seen))
    if known.callee == "timm.create_model":
        # Without them it is a model of random numbers, unless its name leads to a hub.
        _, value = _argument(call, seen, known.target) if known.target else (None, None)
        is_random = not any(":" in text for text in _texts(value))
        return is_random and all(text in _NOT for text in _given(known, call, seen)[:2])
    if known.callee in _FETCHES:
        # Most of what programs fetch is no model.
        _, value = _argument(call, seen, known.target) if known.target else (None, None)
        unchecked = _text_of(_argument(call, seen, Argument(place=-1, names=("verify",)))) == "False"
        return not unchecked and not any(is_file_of_model(text) for text in _texts(value))
    if call is None or not call.node.args or not isinstance(first := call.node.args[0], ast.Call):
        return False
    return known.kind == "pickle" and _last(first.func) == "dumps"


def _given(known: Loader, call: _Call | None, seen: Seen) -> list[str]:
    """Return what the options of a load are, empty where they are not given."""
    return [_text_of(_argument(call, seen, option)) for option in known.options]


def _is_called(node: ast.Call, known: Loader) -> bool:
    """Say whether a call in the source may be the one that was followed, and not one that it stands for."""
    return not isinstance(node.func, ast.Name) or node.func.id not in {"exec", "eval"} or known.callee == node.func.id


def _called(call: _Call | None, seen: Seen) -> str:
    if not seen.dotted.startswith("?."):
        return seen.dotted[:_SHOWN]
    return _written(call.node.func) if call is not None else seen.dotted.removeprefix("?.")


# What is written.


def _constant(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _written(node: ast.expr) -> str:
    try:
        return " ".join(ast.unparse(node).split())[:_SHOWN]
    except RecursionError:
        return "?"
