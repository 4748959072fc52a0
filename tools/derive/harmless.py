"""Is a body of code harmless whatever its arguments are? Strict: what is not understood is not harmless.

A harmless body assigns to its own object, reads constants, builds containers, raises, warns, and calls only what is
harmless itself: known builtins, methods of containers and strings, functions and constructors of known source that are
judged the same way.
"""

import ast
from collections.abc import Iterator

from tools.derive.index import BOUNDARY, Class, External, Function, Index, Instance
from tools.derive.leaves import WORDS
from tools.derive.scope import Scope, Super, Value, builtin_type, find_method, walk

_DEPTH = 10
_WORDS = WORDS["harmless"]
BUILTINS = frozenset(_WORDS["builtins"])
METHODS = frozenset(_WORDS["methods"])
_PURE = tuple(_WORDS["pure"])
_IMPURE = tuple(_WORDS["impure"])
_DECORATORS = frozenset(_WORDS["decorators"])
_SETATTR = ("builtins.setattr", "builtins.object.__setattr__", "builtins.delattr", "builtins.object.__delattr__")
_LOG_METHODS = frozenset({"debug", "info", "warning", "warning_once", "warning_advice", "error", "info_once"})
_NO_TYPE = frozenset({"type", "super", "property", "map", "filter"})


class Judge:
    """Remembers what it has judged; a recursion counts as harmless until shown otherwise."""

    def __init__(
        self, index: Index, pure: frozenset[str] = frozenset(), reviewed_bases: frozenset[str] = frozenset()
    ) -> None:
        self.index = index
        self.pure = pure
        self.reviewed_bases = reviewed_bases
        self._known: dict[tuple[int, int], str] = {}
        self._depth = 0

    def function(self, function: Function, concrete: Class | None = None) -> str:
        """Empty when harmless, else what is not."""
        if self._external_ok(function.name):
            return ""
        key = (id(function.node), id(concrete))
        if key not in self._known:
            if self._depth >= _DEPTH:
                return f"{_tail(function.name)} goes too deep"
            self._known[key] = ""
            self._depth += 1
            try:
                self._known[key] = next(self._faults(function, concrete), "")
            finally:
                self._depth -= 1
        return self._known[key]

    def construct(self, cls: Class) -> str:
        """Is `cls(...)` harmless?"""
        if self._external_ok(cls.name):
            return ""
        order, missing = self.index.mro(cls)
        if missing:
            return f"base {missing[0]} is not known"
        for base in order:
            if isinstance(base, External) and not self.good_base(base):
                return f"base {base.name} is not known"
        meta = self._metaclass(order)
        return meta or self.hook(cls, "__new__") or self.hook(cls, "__init__") or self._post_init(cls)

    def good_base(self, base: External) -> bool:
        """A base without source that is known to have no harmful hook."""
        name = base.name
        if name in self.reviewed_bases or (name.startswith(BOUNDARY) and builtin_type(name) is None):
            return True
        kind = builtin_type(name)
        return kind is not None and kind not in {type, super, property, memoryview, map, filter}

    def hook(self, cls: Class, name: str) -> str:
        """Is the hook that this class would run harmless?"""
        for thing in find_method(self.index, cls, name):
            fault = self._thing(thing, cls, name)
            if fault:
                return fault
        return ""

    def _thing(self, thing: object, cls: Class, name: str) -> str:
        if isinstance(thing, Function):
            return self.function(thing, cls)
        if isinstance(thing, External):
            return (
                ""
                if self._external_ok(thing.name) or builtin_type(thing.name.rpartition(".")[0])
                else f"{name} is {thing.name}"
            )
        return f"{name} is bound to something else than a function"

    def _post_init(self, cls: Class) -> str:
        return self.hook(cls, "__post_init__") if find_method(self.index, cls, "__post_init__") else ""

    def _metaclass(self, order: list[Class | External]) -> str:
        for base in order:
            if isinstance(base, Class):
                for keyword in base.node.keywords:
                    if keyword.arg == "metaclass":
                        fault = self._meta(base, keyword.value)
                        if fault:
                            return fault
        return ""

    def _meta(self, base: Class, node: ast.expr) -> str:
        for thing in self.index.static(base.module, node):
            if isinstance(thing, Class):
                for hook in ("__call__",):
                    for found in find_method(self.index, thing, hook):
                        if isinstance(found, Function):
                            return f"metaclass {_tail(thing.name)} has __call__"
            elif not (isinstance(thing, External) and (thing.name.startswith(("abc.", "enum.", "builtins.type")))):
                return f"metaclass {ast.unparse(node)} is not known"
        return ""

    def _faults(self, function: Function, concrete: Class | None) -> Iterator[str]:
        for decorator in function.node.decorator_list:
            yield from self._decorator(function, decorator)
        scope = Scope(self.index, function, concrete)
        for node in walk(function.node):
            fault = self._node(scope, node)
            if fault:
                yield f"{fault} ({_tail(function.name)}:{getattr(node, 'lineno', 0)})"

    def _decorator(self, function: Function, decorator: ast.expr) -> Iterator[str]:
        node = decorator.func if isinstance(decorator, ast.Call) else decorator
        name = ast.unparse(node)
        if name in _DECORATORS or name.rpartition(".")[2] in _DECORATORS:
            return
        things = self.index.static(function.module, node)
        if not things or any(getattr(t, "name", "") not in self.pure for t in things):
            yield f"decorator {name}"

    def _node(self, scope: Scope, node: ast.AST) -> str:
        if isinstance(node, ast.Call):
            return self._call(scope, node)
        if isinstance(node, ast.Global):
            return "assigns a global"
        if isinstance(node, ast.Attribute):
            return self._attribute(scope, node)
        if isinstance(node, ast.With | ast.AsyncWith):
            return self._with(node)
        return ""

    @staticmethod
    def _with(node: ast.With | ast.AsyncWith) -> str:
        for item in node.items:
            call = item.context_expr
            if not isinstance(call, ast.Call):
                name = ast.unparse(call)
                if "lock" not in name.lower():
                    return f"enters {name}"
        return ""

    def _attribute(self, scope: Scope, node: ast.Attribute) -> str:
        mine = isinstance(node.value, ast.Name) and node.value.id == scope.me
        if isinstance(node.ctx, ast.Load):
            return self._property(scope, node.attr) if mine else ""
        if mine:
            return self._assigned(scope, node.attr)
        if any(isinstance(thing, Instance) for thing in scope.evaluate(node.value)):
            return ""
        return f"sets {ast.unparse(node)}"

    def _property(self, scope: Scope, name: str) -> str:
        if scope.concrete is None:
            return ""
        for thing in find_method(self.index, scope.concrete, name):
            if isinstance(thing, Function) and any("property" in ast.unparse(d) for d in thing.node.decorator_list):
                return self.function(thing, scope.concrete)
        return ""

    def _assigned(self, scope: Scope, name: str) -> str:
        if scope.concrete is None:
            return ""
        if scope.me_is_class:
            return f"sets {name} of the class"
        for thing in find_method(self.index, scope.concrete, name):
            if isinstance(thing, Function) and ast.unparse(thing.node).startswith("@" + name + ".setter"):
                return self.function(thing, scope.concrete)
        return self.hook(scope.concrete, "__setattr__")

    def _call(self, scope: Scope, call: ast.Call) -> str:
        if _logs(scope, call.func):
            return ""
        things = scope.evaluate(call.func)
        if not things:
            return f"calls {_source(call)}, not known"
        for thing in things:
            fault = self._callee(scope, call, thing)
            if fault:
                return fault
        return ""

    def _callee(self, scope: Scope, call: ast.Call, thing: Value) -> str:
        if isinstance(thing, Function):
            return self.function(thing, self._receiver(scope, call))
        if isinstance(thing, Class):
            return self.construct(thing)
        if isinstance(thing, External):
            return self._external(scope, call, thing.name)
        if isinstance(thing, Instance) and isinstance(thing.of, External) and self._external_ok(thing.of.name):
            return f"calls a made object {_source(call)}"
        return f"calls {_source(call)}"

    def _receiver(self, scope: Scope, call: ast.Call) -> Class | None:
        if not isinstance(call.func, ast.Attribute):
            return None
        for thing in scope.evaluate(call.func.value):
            if isinstance(thing, Super):
                return thing.concrete
            if isinstance(thing, Instance) and isinstance(thing.of, Class):
                return thing.of
            if isinstance(thing, Class):
                first = call.args[0] if call.args else None
                return scope.concrete if isinstance(first, ast.Name) and first.id == scope.me else thing
        return None

    def _external(self, scope: Scope, call: ast.Call, name: str) -> str:
        if name.startswith("?inner"):
            return ""
        if name.startswith("?"):
            method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            return "" if method in METHODS else f"calls {_source(call)}"
        if name.startswith("builtins.") or name in _SETATTR:
            fault = self._special(scope, call, name)
            if fault is not None:
                return fault
        return "" if self._external_ok(name) else f"calls {name.removeprefix('builtins.')}"

    def _special(self, scope: Scope, call: ast.Call, name: str) -> str | None:
        if name == "builtins.getattr":
            return self._getattr(scope, call)
        if name in _SETATTR:
            return self._setattr(scope, call)
        if name == "builtins.type" and len(call.args) != 1:
            return "makes a class"
        return "" if name == "builtins.vars" else None

    def _external_ok(self, name: str) -> bool:
        owner, _, last = name.rpartition(".")
        if name in self.pure or (owner in self.pure and last in METHODS):
            return True
        first, _, rest = name.partition(".")
        if first == "builtins":
            kind, _, method = rest.partition(".")
            if not method:
                return kind in BUILTINS or self._is_exception(kind)
            return builtin_type(f"builtins.{kind}") is not None and kind not in _NO_TYPE
        return name.startswith(_PURE) and not name.startswith(_IMPURE)

    @staticmethod
    def _is_exception(name: str) -> bool:
        kind = builtin_type(f"builtins.{name}")
        return kind is not None and issubclass(kind, BaseException)

    def _getattr(self, scope: Scope, call: ast.Call) -> str:
        constant = len(call.args) > 1 and isinstance(call.args[1], ast.Constant)
        mine = bool(call.args) and isinstance(call.args[0], ast.Name) and call.args[0].id == scope.me
        return "" if constant or mine else f"getattr of a name not fixed: {_source(call)}"

    def _setattr(self, scope: Scope, call: ast.Call) -> str:
        target = call.args[0] if call.args else None
        if not isinstance(target, ast.Name) or target.id != scope.me or scope.me_is_class:
            if target is not None and any(isinstance(t, Instance) for t in scope.evaluate(target)):
                return ""
            if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Call):
                return ""
            return f"sets attributes of another object: {_source(call)}"
        return self.setters(scope.concrete) if scope.concrete else ""

    def setters(self, cls: Class) -> str:
        """Are all property setters and `__setattr__` of the class harmless?"""
        for base in self.index.mro(cls)[0]:
            if isinstance(base, Class):
                for name, bindings in base.members.items():
                    for binding in bindings:
                        if isinstance(binding, ast.FunctionDef) and any(
                            ast.unparse(d) == f"{name}.setter" for d in binding.decorator_list
                        ):
                            thing = self.index.define(base.module, binding, f"{_qualname(base)}.{name}", base)
                            fault = self.function(thing, cls) if isinstance(thing, Function) else ""
                            if fault:
                                return f"setter of {name}: {fault}"
        return self.hook(cls, "__setattr__")


def _logs(scope: Scope, node: ast.expr) -> bool:
    """Is it a message to the module's own logger?"""
    if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name) or node.attr not in _LOG_METHODS:
        return False
    name = node.value.id
    return name.lower().strip("_") in {"logger", "log"} and name not in scope.arguments and name not in scope.values


def _qualname(cls: Class) -> str:
    return cls.name[len(cls.module.name) + 1 :]


def _tail(name: str) -> str:
    return ".".join(name.split(".")[-2:])


def _source(call: ast.Call) -> str:
    text = ast.unparse(call.func)
    return text if len(text) < 50 else text[:47] + "..."
