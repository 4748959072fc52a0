"""Which functions reach a primitive, and by which chain of calls."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tools.derive.index import Class, External, Function, Index, Instance, Module
from tools.derive.leaves import CONSTANT_IS_FINE, LEAVES, METHOD_POWERS, OPENS, QUIET, STRONG
from tools.derive.scope import ARGUMENT, Scope, Value, find_method, walk

Node = Function | Class
FAR = 6
NEAR = 3


@dataclass
class Reach:
    """What one function or constructor can do: power to (steps, reason, next function on the way)."""

    powers: dict[str, tuple[int, str, Node | None]] = field(default_factory=dict)
    calls: list[Node] = field(default_factory=list)
    calls_argument: bool = False


class Graph:
    """The calls of some modules, and the powers that flow up along them."""

    def __init__(self, index: Index, known: Mapping[str, frozenset[str]], far: int = FAR) -> None:
        self.index = index
        self._far = far
        self.known = known
        self.reach: dict[Node, Reach] = {}
        self._inside: set[str] = set()

    def run(self, modules: Iterable[Module]) -> None:
        """Analyse every definition of these modules, then let the powers flow."""
        modules = list(modules)
        self._inside = {module.name for module in modules}
        for module in modules:
            for node in definitions(self.index, module):
                self._node(node)
        self._flow()

    def why(self, node: Node, power: str) -> str:
        """The chain that shows the power, at most four names long."""
        steps: list[str] = []
        reason = ""
        here: Node | None = node
        while here is not None and len(steps) < 8:
            _, reason, here = self.reach[here].powers[power]
            if here is not None:
                steps.append(here.name.removeprefix(node.module.name + ".").rpartition("._init")[2])
        via = f" via {' > '.join(_short(s) for s in steps[:3])}" if steps else ""
        return reason + via

    def _node(self, node: Node) -> Reach:
        found = self.reach.get(node)
        if found is not None:
            return found
        found = self.reach[node] = Reach()
        if isinstance(node, Class):
            for hook in ("__init__", "__new__", "__post_init__"):
                for method in find_method(self.index, node, hook):
                    if isinstance(method, Function):
                        self._edge(found, method)
            for power in LEAVES.get(node.name, ()):
                found.powers[power] = (0, "primitive", None)
            for base in self.index.mro(node)[0][1:]:
                if base.name in LEAVES and "__init__" not in node.members:
                    for power in LEAVES[base.name]:
                        found.powers.setdefault(power, (1, f"is a {base.name}", None))
        else:
            self._function(node, found)
        return found

    def _function(self, node: Function, found: Reach) -> None:
        for power in LEAVES.get(node.name, ()):
            found.powers[power] = (0, "primitive", None)
        scope = Scope(self.index, node)
        for part in walk(node.node):
            if isinstance(part, ast.Call):
                for thing in scope.evaluate(part.func):
                    self._call(found, scope, part, thing)
            elif isinstance(part, ast.Subscript) and Instance(External("ctypes.LibraryLoader")) in map(
                _plain, scope.evaluate(part.value)
            ):
                found.powers.setdefault("native", (0, "takes an item of ctypes.cdll", None))

    def _call(self, found: Reach, scope: Scope, call: ast.Call, thing: Value) -> None:
        name = _name(thing)
        if name.startswith(ARGUMENT) and not isinstance(call.func, ast.Attribute):
            found.calls_argument = found.calls_argument or hands_on(scope, call)
        if name.startswith("?"):
            method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            if method in METHOD_POWERS:
                found.powers.setdefault(METHOD_POWERS[method], (0, f"calls .{method}", None))
            elif method in {"load", "loads", "Unpickler"} and "pickle" in ast.unparse(call.func):
                found.powers.setdefault("load", (0, f"calls {ast.unparse(call.func)}", None))
            return
        powers = LEAVES.get(name) or LEAVES.get(name.removeprefix("builtins.module."))
        if powers is not None:
            for power in self._of_leaf(scope, call, name, powers):
                found.powers.setdefault(power, (0, f"calls {name.removeprefix('builtins.')}", None))
        elif name == "builtins.getattr" and len(call.args) > 1 and tainted(scope, call.args[1]):
            found.powers.setdefault("reflect", (0, "calls getattr", None))
        elif isinstance(thing, Function | Class):
            self._edge_or_known(found, scope, thing)
        elif name in self.known:
            self._take(found, name)

    def _of_leaf(self, scope: Scope, call: ast.Call, name: str, powers: frozenset[str]) -> Iterable[str]:
        first = call.args[0] if call.args else None
        if name in CONSTANT_IS_FINE and first is not None and not tainted(scope, first):
            return ()
        if name in OPENS:
            return _mode(call)
        return powers

    def _edge_or_known(self, found: Reach, scope: Scope, thing: Node) -> None:
        if thing.module.name in self._inside:
            if not _is_quiet(scope.module.name, thing.module.name):
                self._edge(found, thing)
        elif thing.name in self.known and not QUIET.match(thing.module.name):
            self._take(found, thing.name)

    def _edge(self, found: Reach, thing: Node) -> None:
        if thing.module.name in self._inside and not isinstance(thing, Instance):
            found.calls.append(thing)

    def _take(self, found: Reach, name: str) -> None:
        for power in self.known[name]:
            if power in STRONG or power in {"read", "write"}:
                found.powers.setdefault(power, (1, f"calls {name}", None))

    def _flow(self) -> None:
        for node in list(self.reach):
            for callee in self.reach[node].calls:
                self._node(callee)
        for step in range(1, self._far + 1):
            for node, powers in self._gains(step):
                for power, (callee, reason) in powers.items():
                    self.reach[node].powers.setdefault(power, (step, reason, callee))

    def _gains(self, step: int) -> list[tuple[Node, dict[str, tuple[Node, str]]]]:
        gains = []
        for node, reach in self.reach.items():
            new: dict[str, tuple[Node, str]] = {}
            for callee in reach.calls:
                source = self.reach.get(callee)
                for power, (_, reason, _) in source.powers.items() if source else ():
                    if power not in reach.powers and power not in new and _travels(power, step):
                        new[power] = (callee, reason)
            if new:
                gains.append((node, new))
        return gains


def definitions(index: Index, module: Module) -> Iterator[Node]:
    """Classes, methods, and functions that can be reached as attributes of the module."""
    for name, bindings in module.names.items():
        for binding in bindings:
            thing = index.define(module, binding, name)
            if thing is not None:
                yield thing
            if isinstance(thing, Class):
                yield from _inside(index, thing, 0)


def _inside(index: Index, cls: Class, depth: int) -> Iterator[Node]:
    prefix = cls.name[len(cls.module.name) + 1 :]
    for name, bindings in cls.members.items():
        for binding in bindings:
            thing = index.define(cls.module, binding, f"{prefix}.{name}", cls)
            if thing is not None:
                yield thing
            if isinstance(thing, Class) and depth < 4:
                yield from _inside(index, thing, depth + 1)


def tainted(scope: Scope, node: ast.expr, hops: int = 4) -> bool:
    """Can the caller decide this value?"""
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            if (part.id == scope.me and not scope.me_is_class) or part.id in scope.arguments:
                return True
            for value in scope.values.get(part.id, ()):
                if value is None or hops <= 0 or (value is not node and tainted(scope, value, hops - 1)):
                    return True
    return False


def hands_on(scope: Scope, call: ast.Call) -> bool:
    """Is the called argument given arguments that the caller decides too?"""
    return any(tainted(scope, value) for value in [*call.args, *(k.value for k in call.keywords)])


def _travels(power: str, step: int) -> bool:
    if power == "control":
        return step <= 1
    return power not in {"reflect", "input"} and step <= (FAR if power in STRONG else NEAR)


def _is_quiet(caller: str, callee: str) -> bool:
    return QUIET.match(callee) is not None and caller.partition(".")[0] != callee.partition(".")[0]


def _plain(thing: Value) -> Value:
    return Instance(External(thing.of.name)) if isinstance(thing, Instance) else thing


def _name(thing: Value) -> str:
    if isinstance(thing, Instance):
        return thing.of.name + ".__call__"
    return thing.name if isinstance(thing, Function | Class | External | Module) else "?"


def _short(name: str) -> str:
    return ".".join(name.split(".")[-2:])


def _mode(call: ast.Call) -> Iterable[str]:
    given = [k.value for k in call.keywords if k.arg == "mode"] or call.args[1:2]
    if not given:
        return ("read",)
    if isinstance(given[0], ast.Constant) and isinstance(given[0].value, str):
        writes = not set(given[0].value).isdisjoint("wax+")
        return ("write",) if writes else ("read",)
    return ("read", "write")
