"""What each module binds: classes, functions, imports, aliases; and what a dotted name leads to."""

import ast
import builtins
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from tools.derive.trees import Tree

Thing: TypeAlias = "Module | Class | Function | External | Instance"
Binding: TypeAlias = ast.expr | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | str
"""An expression, a definition, or the dotted name of an import."""

FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
BOUNDARY = ("enum.", "typing.", "typing_extensions.", "abc.", "collections.", "_collections_abc.", "numbers.")
"""Modules of the standard library whose classes are bases that are known without reading them."""
TUPLE_FACTORIES = frozenset({"collections.namedtuple", "typing.NamedTuple"})
_HOPS = 30


@dataclass(frozen=True)
class External:
    """A name that no given source defines: a builtin, an extension module, another library."""

    name: str


@dataclass(eq=False, repr=False)
class Module:
    """One parsed module."""

    name: str
    tree: Tree
    package: bool
    body: ast.Module
    names: dict[str, list[Binding]] = field(default_factory=dict)
    typed: dict[str, list[Binding]] = field(default_factory=dict)
    """Bound only under TYPE_CHECKING: what a lazily imported package really holds."""
    stars: list[str] = field(default_factory=list)
    patched: dict[str, list[tuple[str, ast.expr]]] = field(default_factory=dict)
    """`Class.attribute = value` at module level."""


@dataclass(eq=False, repr=False)
class Function:
    """A function or a method."""

    name: str
    module: Module
    node: ast.FunctionDef | ast.AsyncFunctionDef
    owner: "Class | None" = None

    @property
    def place(self) -> str:
        """Where it stands, as the `source` column says it."""
        return place(self.module, self.node.lineno)


@dataclass(eq=False, repr=False)
class Class:
    """A class; members are what its body binds."""

    name: str
    module: Module
    node: ast.ClassDef
    members: dict[str, list[Binding]] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Where it stands, as the `source` column says it."""
        return place(self.module, self.node.lineno)


@dataclass(frozen=True)
class Instance:
    """An object of a class, or of what a call of an external name gives."""

    of: "Class | External"


def place(module: Module, line: int) -> str:
    """`library version path:line`."""
    tree = module.tree
    return f"{tree.library} {tree.version} {tree.modules[module.name]}:{line}"


class Index:
    """All the given trees; modules are parsed when first asked for."""

    def __init__(self, trees: list[Tree], factories: frozenset[str] = frozenset()) -> None:
        self.trees = trees
        self.factories = factories | TUPLE_FACTORIES
        self._where = {name: tree for tree in reversed(trees) for name in tree.modules}
        self._modules: dict[str, Module | None] = {}
        self._things: dict[int, Class | Function] = {}
        self._resolving: list[Class] = []
        self._found: dict[tuple[str, str], list[Thing]] = {}
        self._looking: set[tuple[str, str]] = set()
        self._loops = 0

    def has(self, name: str) -> bool:
        """Is there a module of this name?"""
        return name in self._where

    def module(self, name: str) -> Module | None:
        """The parsed module, or None when there is none or it is no Python 3."""
        if name not in self._modules:
            self._modules[name] = self._parse(name)
        return self._modules[name]

    def _parse(self, name: str) -> Module | None:
        tree = self._where.get(name)
        if tree is None or not tree.modules[name].endswith(".py"):
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                body = ast.parse(tree.text(name))
        except (SyntaxError, ValueError, RecursionError):
            return None
        module = Module(name, tree, tree.modules[name].endswith("__init__.py"), body)
        _bind(module, body.body, module.names)
        return module

    def define(
        self, module: Module, node: Binding, qualname: str, owner: Class | None = None
    ) -> Class | Function | None:
        """The one object that stands for a definition."""
        if isinstance(node, (str, ast.expr)):
            return None
        found = self._things.get(id(node))
        if found is None:
            name = f"{module.name}.{qualname}"
            if isinstance(node, ast.ClassDef):
                found = Class(name, module, node)
                _bind(module, node.body, found.members)
                for attribute, value in module.patched.get(qualname, ()):
                    found.members.setdefault(attribute, []).append(value)
            else:
                found = Function(name, module, node, owner)
            self._things[id(node)] = found
        return found

    def lookup(self, dotted: str, hops: int = _HOPS) -> list[Thing]:
        """What a full dotted name leads to, through re-exports; more than one thing when bound in several ways."""
        first, *rest = dotted.split(".")
        module = self.module(first)
        things: list[Thing] = [External(first)] if module is None else [module]
        for part in rest:
            things = [found for thing in things for found in self.step(thing, part, hops)]
        return _distinct(things)

    def step(self, thing: Thing, part: str, hops: int = _HOPS) -> list[Thing]:
        """What `thing.part` is."""
        if hops <= 0:
            return []
        if isinstance(thing, Module):
            return self._in_module(thing, part, hops - 1)
        if isinstance(thing, Class):
            return self.member(thing, part, hops - 1)
        if isinstance(thing, Instance):
            return self.step(thing.of, part, hops - 1)
        if isinstance(thing, External):
            return [External(f"{thing.name}.{part}")]
        return []

    def _in_module(self, module: Module, part: str, hops: int) -> list[Thing]:
        key = (module.name, part)
        found = self._found.get(key)
        if found is not None:
            return found
        if key in self._looking:
            self._loops += 1
            return []
        self._looking.add(key)
        loops = self._loops
        found = self._search(module, part, hops)
        self._looking.discard(key)
        if loops == self._loops or not self._looking:
            # An answer given inside a loop of imports may lack what the loop's start will find.
            self._found[key] = found
        return found

    def _search(self, module: Module, part: str, hops: int) -> list[Thing]:
        full = f"{module.name}.{part}"
        bound = [binding for binding in module.names.get(part, ()) if binding != full]
        things = [found for binding in bound for found in self.bound(module, binding, part, hops)]
        if not things and self.has(full):
            inner = self.module(full)
            things = [External(full)] if inner is None else [inner]
        if not things and not bound:
            things = self._starred(module, part, hops)
        if not things:
            typed = module.typed.get(part) or []
            things = [found for binding in typed for found in self.bound(module, binding, part, hops)]
        return _distinct(things)

    def _starred(self, module: Module, part: str, hops: int) -> list[Thing]:
        if hops <= 0 or part.startswith("_"):
            return []
        for star in module.stars:
            other = self.module(star)
            if other is not None and (part in other.names or other.stars):
                found = self._in_module(other, part, hops - 1)
                if found:
                    return found
        return []

    def bound(self, module: Module, binding: Binding, name: str, hops: int, owner: Class | None = None) -> list[Thing]:
        """What one binding leads to."""
        if hops <= 0:
            return []
        if isinstance(binding, str):
            return self.lookup(binding, hops - 1) or [External(binding)]
        if isinstance(binding, ast.expr):
            return self.static(module, binding, hops - 1, owner)
        prefix = owner.name[len(owner.module.name) + 1 :] + "." if owner else ""
        found = self.define(module, binding, prefix + name, owner)
        return [found] if found else []

    def static(  # noqa: PLR0911 - one way out for each kind of expression
        self, module: Module, node: ast.expr, hops: int = _HOPS, owner: Class | None = None
    ) -> list[Thing]:
        """What a module-level expression is, as far as names lead."""
        if isinstance(node, ast.Name):
            if owner is not None and node.id in owner.members:
                return [t for b in owner.members[node.id] for t in self.bound(module, b, node.id, hops - 1, owner)]
            return self.named(module, node.id, hops)
        if isinstance(node, ast.Attribute):
            return [
                f for thing in self.static(module, node.value, hops, owner) for f in self.step(thing, node.attr, hops)
            ]
        if isinstance(node, ast.Call):
            return [
                Instance(thing) if not isinstance(thing, Module | Function | Instance) else External("?")
                for thing in self.static(module, node.func, hops, owner)
            ]
        if isinstance(node, ast.Subscript):
            return self.static(module, node.value, hops, owner)
        if isinstance(node, ast.IfExp):
            return self.static(module, node.body, hops, owner) + self.static(module, node.orelse, hops, owner)
        return []

    def named(self, module: Module, name: str, hops: int = _HOPS) -> list[Thing]:
        """What a bare name means in a module: its own, else a builtin."""
        found = self._in_module(module, name, hops - 1)
        submodule = len(found) == 1 and isinstance(found[0], Module) and name not in module.names
        if found and not (submodule and hasattr(builtins, name)):
            return found
        return [] if name in module.names else [External(f"builtins.{name}")]

    def member(self, owner: Class, part: str, hops: int = _HOPS) -> list[Thing]:
        """What `Class.part` is, through the bases."""
        for cls in self.mro(owner)[0]:
            if isinstance(cls, Class) and part in cls.members:
                return self.own(cls, part, hops)
        return []

    def own(self, cls: Class, part: str, hops: int = _HOPS) -> list[Thing]:
        """What a class's own body binds to this name."""
        return [t for b in cls.members.get(part, ()) for t in self.bound(cls.module, b, part, hops - 1, cls)]

    def held(self, cls: Class) -> dict[str, list[ast.expr]]:
        """What a class's own `__init__` assigns to attributes of the object, when made by a call or named in full."""
        found: dict[str, list[ast.expr]] | None = getattr(cls, "_held", None)
        if found is None:
            found = {}
            for init in cls.members.get("__init__", ()):
                if isinstance(init, FUNCTION) and init.args.args:
                    locals_ = {a.arg for a in ast.walk(init.args) if isinstance(a, ast.arg)}
                    for node in ast.walk(init):
                        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call | ast.Attribute):
                            for target in node.targets:
                                root = ast.unparse(node.value).split(".")[0].split("(")[0]
                                if isinstance(target, ast.Attribute) and root not in locals_:
                                    found.setdefault(target.attr, []).append(node.value)
            cls._held = found  # type: ignore[attr-defined]
        return found

    def mro(self, cls: Class) -> tuple[list[Class | External], list[str]]:
        """The classes in lookup order and the bases that could not be resolved."""
        cached: tuple[list[Class | External], list[str]] | None = getattr(cls, "_mro", None)
        if cached is not None:
            return cached
        if cls in self._resolving:
            return [cls], [f"{cls.name} derives from itself"]
        self._resolving.append(cls)
        try:
            return self._mro(cls)
        finally:
            self._resolving.pop()

    def _mro(self, cls: Class) -> tuple[list[Class | External], list[str]]:
        lines: list[list[Class | External]] = []
        missing: list[str] = []
        heads: list[Class | External] = []
        for node in cls.node.bases:
            bases = self._bases(cls, node)
            if not bases:
                missing.append(ast.unparse(node))
            for base in bases:
                heads.append(base)
                if isinstance(base, Class):
                    line, lost = self.mro(base)
                    lines.append(list(line))
                    missing += lost
                else:
                    lines.append([base])
        result: tuple[list[Class | External], list[str]] = ([cls, *_merge([*lines, heads])], missing)
        if len(self._resolving) == 1 or not missing:
            cls._mro = result  # type: ignore[attr-defined]
        return result

    def made_by(self, module: Module, call: ast.Call) -> frozenset[str]:
        """The full names of what is called."""
        things = self.static(module, call.func)
        return frozenset(t.name for t in things if isinstance(t, External | Function | Class))

    def _is_made(self, module: Module, name: str) -> bool:
        calls = [binding for binding in module.names.get(name, ()) if isinstance(binding, ast.Call)]
        return any(not self.factories.isdisjoint(self.made_by(module, call)) for call in calls)

    def _bases(self, cls: Class, node: ast.expr) -> list[Class | External]:
        if isinstance(node, ast.Call):
            made = self.made_by(cls.module, node)
            if not self.factories.isdisjoint(made):
                return [External("builtins.tuple")]
            if any(name.endswith("with_metaclass") for name in made):
                return [base for argument in node.args[1:] for base in self._bases(cls, argument)]
            return []
        if isinstance(node, ast.Name) and self._is_made(cls.module, node.id):
            return [External("builtins.tuple")]
        things = self.static(cls.module, node)
        outer = cls.name[len(cls.module.name) + 1 :].rpartition(".")[0]
        if outer and isinstance(node, ast.Name) and (not things or things == [External(f"builtins.{node.id}")]):
            things = self.lookup(f"{cls.module.name}.{outer}.{node.id}")
        things = [External(t.name) if isinstance(t, Class) and t.name.startswith(BOUNDARY) else t for t in things]
        bases = [t for t in things if isinstance(t, Class | External) and t is not cls]
        return bases if len(bases) == len([t for t in things if t is not cls]) else []


def _distinct(things: list[Thing]) -> list[Thing]:
    return list(dict.fromkeys(things))


def _merge(lines: list[list[Class | External]]) -> list[Class | External]:
    """C3; where the order is inconsistent (several bindings of one base), the first comes first."""
    merged: list[Class | External] = []
    lines = [line for line in lines if line]
    while lines:
        for line in lines:
            head = line[0]
            if not any(head in other[1:] for other in lines):
                break
        else:
            head = lines[0][0]
        merged.append(head)
        lines = [rest for line in lines if (rest := [cls for cls in line if cls != head])]
    return merged


def _bind(module: Module, body: list[ast.stmt], names: dict[str, list[Binding]]) -> None:
    for node in _statements(body):
        if isinstance(node, ast.ClassDef) or (isinstance(node, FUNCTION) and not _is_overload(node)):
            names.setdefault(node.name, []).append(node)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            _bind_import(module, node, names)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                _bind_target(module, target, node.value, names)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            _bind_target(module, node.target, node.value, names)
        elif isinstance(node, ast.If) and _type_checking(node.test) and names is module.names:
            _bind(module, node.body, module.typed)


def _bind_import(module: Module, node: ast.Import | ast.ImportFrom, names: dict[str, list[Binding]]) -> None:
    for name, dotted in imported(module, node):
        if name == "*":
            module.stars.append(dotted)
        else:
            names.setdefault(name, []).append(dotted)


def _is_overload(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(ast.unparse(d).rpartition(".")[2] == "overload" for d in node.decorator_list)


def _bind_target(module: Module, target: ast.expr, value: ast.expr, names: dict[str, list[Binding]]) -> None:
    if isinstance(target, ast.Name):
        names.setdefault(target.id, []).append(value)
    elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
        module.patched.setdefault(target.value.id, []).append((target.attr, value))
    elif isinstance(target, ast.Tuple):
        values = value.elts if isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts) else None
        for number, part in enumerate(target.elts):
            _bind_target(module, part, values[number] if values else ast.Constant(None), names)


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that run when the body runs, those under if/try/with/for too."""
    for node in body:
        yield node
        if isinstance(node, ast.If) and _type_checking(node.test):
            yield from _statements(node.orelse)
        elif isinstance(node, ast.If | ast.For | ast.While):
            yield from _statements([*node.body, *node.orelse])
        elif isinstance(node, ast.With):
            yield from _statements(node.body)
        elif isinstance(node, ast.Try | ast.TryStar):
            handled = [inner for handler in node.handlers for inner in handler.body]
            yield from _statements([*node.body, *handled, *node.orelse, *node.finalbody])


def _type_checking(test: ast.expr) -> bool:
    return ast.unparse(test).rpartition(".")[2] == "TYPE_CHECKING"


def imported(module: Module, node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """Name and full dotted target of each name that an import statement binds."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield (alias.asname, alias.name) if alias.asname else (alias.name.partition(".")[0],) * 2
        return
    base = node.module or ""
    if node.level:
        parts = module.name.split(".")
        parts = parts[: len(parts) - node.level + (1 if module.package else 0)]
        base = ".".join([*parts, base] if base else parts)
    for alias in node.names:
        yield ("*", base) if alias.name == "*" else (alias.asname or alias.name, f"{base}.{alias.name}")
