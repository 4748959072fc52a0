"""Names inside one function: what an expression in its body leads to, as far as source tells."""

import ast
import builtins
import collections
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from tools.derive.index import FUNCTION, Class, External, Function, Index, Instance, Module, Thing, imported

ARGUMENT = "?argument"
LOCAL = "?local"
RESULT = "?result"
ITEM = "?item"
MINE = "?self"
INNER = "?inner"
_MANY = 5
_LITERALS = {ast.Dict: "dict", ast.List: "list", ast.Tuple: "tuple", ast.Set: "set", ast.JoinedStr: "str",
             ast.DictComp: "dict", ast.ListComp: "list", ast.SetComp: "set"}  # fmt: skip


@dataclass(frozen=True)
class Super:
    """`super()`: the classes after `owner` in the order of `concrete`."""

    owner: Class
    concrete: Class


Value: TypeAlias = Module | Class | Function | External | Instance | Super


def find_method(index: Index, cls: Class, name: str, after: Class | None = None) -> list[Thing]:
    """What `cls().name` is by its classes; an external builtin base answers for what it has."""
    order = index.mro(cls)[0]
    if after is not None and after in order:
        order = order[order.index(after) + 1 :]
    for base in order:
        if isinstance(base, External):
            if base_has(base, name):
                return [External(f"{base.name}.{name}")]
        elif name in base.members:
            return index.own(base, name)
    return [External(f"builtins.object.{name}")] if hasattr(object, name) else []


def base_has(base: External, name: str) -> bool:
    """Does this builtin type define the name itself, beyond what `object` has?"""
    kind = builtin_type(base.name)
    return kind is not None and any(name in vars(c) for c in kind.__mro__[:-1])


def builtin_type(name: str) -> type | None:
    """The builtin or `collections` type of this full name."""
    module, _, attribute = name.rpartition(".")
    room = {"builtins": builtins, "collections": collections}.get(module)
    kind = getattr(room, attribute, None)
    return kind if isinstance(kind, type) else None


def _is_function(name: str) -> bool:
    return name.startswith("builtins.") and builtin_type(name) is None


class Scope:
    """One function's names."""

    def __init__(self, index: Index, function: Function, concrete: Class | None = None) -> None:
        self.index = index
        self.function = function
        self.module: Module = function.module
        self.concrete = concrete or function.owner
        arguments = function.node.args
        names = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        self.arguments = {a.arg for a in names if a is not None}
        self.values: dict[str, list[ast.expr | None]] = {}
        self.imports: dict[str, list[str]] = {}
        self.inner: set[str] = set()
        for node in walk(function.node):
            self._note(node)
        self.me, self.me_is_class = self._receiver()

    def _receiver(self) -> tuple[str, bool]:
        node = self.function.node
        first = [*node.args.posonlyargs, *node.args.args][:1]
        marks = {ast.unparse(d) for d in node.decorator_list}
        if self.function.owner is None or not first or ("staticmethod" in marks and node.name != "__new__"):
            return "", False
        return first[0].arg, "classmethod" in marks or node.name in {
            "__new__",
            "__init_subclass__",
            "__class_getitem__",
        }

    def _note(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for name, dotted in imported(self.module, node):
                self.imports.setdefault(name, []).append(dotted)
        elif isinstance(node, (*FUNCTION, ast.ClassDef, ast.Lambda)):
            self._note_inner(node)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                self._assign(target, node.value)
        else:
            self._note_other(node)

    def _note_inner(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda) -> None:
        if not isinstance(node, ast.Lambda):
            self.inner.add(node.name)
        if not isinstance(node, ast.ClassDef):
            self.arguments |= {a.arg for a in ast.walk(node.args) if isinstance(a, ast.arg)}

    def _note_other(self, node: ast.AST) -> None:
        if isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            self._assign(node.target, node.value)
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            self._assign(node.optional_vars, node.context_expr)
        elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            self._assign(node.target, None)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            self.values.setdefault(node.name, []).append(None)

    def _assign(self, target: ast.expr, value: ast.expr | None) -> None:
        if isinstance(target, ast.Name):
            self.values.setdefault(target.id, []).append(value)
        elif isinstance(target, ast.Tuple | ast.List):
            pairs = value.elts if isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts) else None
            for number, part in enumerate(target.elts):
                self._assign(part, pairs[number] if pairs else None)
        elif isinstance(target, ast.Starred):
            self._assign(target.value, None)

    def evaluate(self, node: ast.expr, hops: int = 6) -> list[Value]:
        """What the expression leads to."""
        if hops <= 0:
            return [External(LOCAL)]
        return list(dict.fromkeys(self._evaluate(node, hops - 1)))

    def _evaluate(self, node: ast.expr, hops: int) -> Iterator[Value]:
        if isinstance(node, ast.Name):
            yield from self._name(node.id, hops)
        elif isinstance(node, ast.Attribute):
            for thing in self.evaluate(node.value, hops):
                yield from self.attribute(thing, node.attr)
        elif isinstance(node, ast.Call):
            yield from self._called(node, hops)
        elif isinstance(node, ast.Subscript):
            yield from self._item(node, hops)
        elif isinstance(node, ast.IfExp):
            yield from (*self.evaluate(node.body, hops), *self.evaluate(node.orelse, hops))
        elif isinstance(node, ast.BoolOp):
            for part in node.values:
                yield from self.evaluate(part, hops)
        elif isinstance(node, ast.Constant):
            yield Instance(External(f"builtins.{type(node.value).__name__}"))
        else:
            kind = _LITERALS.get(type(node))
            yield Instance(External(f"builtins.{kind}")) if kind else External(RESULT)

    def _name(self, name: str, hops: int) -> Iterator[Value]:
        if name == self.me and self.concrete is not None:
            yield self.concrete if self.me_is_class else Instance(self.concrete)
        elif name in self.arguments:
            yield External(ARGUMENT)
        elif name in self.inner:
            yield External(INNER)
        elif name in self.values or name in self.imports:
            given = self.values.get(name, [])
            if len(given) > _MANY:
                yield External(LOCAL)
            for value in given[:_MANY]:
                yield from [External(LOCAL)] if value is None else self.evaluate(value, hops)
            for dotted in self.imports.get(name, ()):
                yield from self.index.lookup(dotted)
        else:
            yield from self.index.named(self.module, name)

    def attribute(self, thing: Value, name: str) -> list[Value]:  # noqa: PLR0911 - one way out for each kind of thing
        """What `thing.name` is."""
        if isinstance(thing, Super):
            # What no class of the order has is an AttributeError.
            return list(find_method(self.index, thing.concrete, name, thing.owner)) or [
                External(f"builtins.object.{name}")
            ]
        if isinstance(thing, Instance):
            if name == "__class__":
                return [thing.of]
            if isinstance(thing.of, Class):
                return list(find_method(self.index, thing.of, name)) or self._held(thing.of, name)
            return [External(f"{thing.of.name}.{name}")]
        if isinstance(thing, Class):
            return list(find_method(self.index, thing, name)) or [External(f"{MINE}.{name}")]
        if isinstance(thing, External) and thing.name.startswith("?"):
            return [External(thing.name.partition(".")[0] + "." + name)]
        unknown = f"{thing.name}.{name}" if isinstance(thing, Module) else f"{RESULT}.{name}"
        return list(self.index.step(thing, name)) or [External(unknown)]

    def _held(self, cls: Class, name: str) -> list[Value]:
        """What `__init__` puts into the attribute, where that is a plain call or name of the module."""
        found: list[Value] = [External(f"{MINE}.{name}")]
        for base in self.index.mro(cls)[0]:
            if isinstance(base, Class):
                for value in self.index.held(base).get(name, ()):
                    found += [
                        t for t in self.index.static(base.module, value) if not isinstance(t, External) or t.name != "?"
                    ]
        return found

    def _called(self, node: ast.Call, hops: int) -> Iterator[Value]:
        for thing in self.evaluate(node.func, hops):
            if thing == External("builtins.super") and self.function.owner and self.concrete:
                yield Super(self.function.owner, self.concrete)
            elif thing == External("builtins.type") and len(node.args) == 1:
                for value in self.evaluate(node.args[0], hops):
                    yield value.of if isinstance(value, Instance) else External(RESULT)
            elif isinstance(thing, Class):
                yield Instance(thing)
            elif isinstance(thing, External) and thing.name.endswith((".__new__", "._from_parts")) and self.concrete:
                yield Instance(self.concrete)
            elif isinstance(thing, External) and not thing.name.startswith("?") and not _is_function(thing.name):
                yield Instance(thing)
            else:
                yield External(RESULT)

    def _item(self, node: ast.Subscript, hops: int) -> Iterator[Value]:
        for thing in self.evaluate(node.value, hops):
            yield thing if isinstance(thing, Class) else External(ITEM)


def walk(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.AST]:
    """Every node of the body; annotations, defaults and decorators ran when the library was imported."""
    for statement in node.body:
        yield from _walk(statement)


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns"}:
            continue
        for child in value if isinstance(value, list) else (value,):
            if isinstance(child, ast.AST):
                yield from _walk(child)
