"""From what was derived to the rows that ship."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from tools.derive.harmless import Judge
from tools.derive.index import Class, External, Function, Index, Instance, Module, place
from tools.derive.leaves import LEAVES, POWERS, QUIET, SHOWN, STRONG
from tools.derive.powers import Graph, Node, definitions
from tools.derive.scope import base_has, find_method

USES = ("refer", "call", "new", "build", "items", "extend")
_CONTAINERS = {"items": (("dict", "OrderedDict", "defaultdict", "Counter", "UserDict"), ("__setitem__",)),
               "extend": (("list", "set", "deque", "UserList"), ("append", "extend", "add", "__iadd__"))}  # fmt: skip
_METHOD = 2
"""A method needs an object to be called on; a primitive farther away than this many calls is not worth a row."""
_NEAR_HARM = frozenset({"code", "process", "load", "network", "write"})
_ENUM = re.compile(r"enum\.(Enum|IntEnum|StrEnum|Flag|IntFlag|ReprEnum)$")


@dataclass(frozen=True)
class Row:
    """One name: what it can do, what a pickle may do with it, why, and where that was read."""

    name: str
    powers: frozenset[str] = frozenset()
    uses: frozenset[str] = frozenset()
    arguments: str = "-"
    reason: str = ""
    source: str = ""

    def line(self) -> str:
        """The row as it stands in a table."""
        powers = ",".join(p for p in POWERS if p in self.powers) or "-"
        uses = ",".join(u for u in USES if u in self.uses) or "-"
        return f"{self.name}\t{powers}\t{uses}\t{self.arguments}\t{self.reason}\t{self.source}"

    @classmethod
    def parse(cls, line: str) -> "Row":
        r"""The row of a line; raises ValueError when it does not have six columns of known words.

        >>> Row.parse("a.b\tcode\trefer,new\t-\tbecause\tlib 1 a.py:1").uses == {"refer", "new"}
        True
        """
        name, powers, uses, arguments, reason, source = line.rstrip("\n").split("\t")
        words = [frozenset() if column == "-" else frozenset(column.split(",")) for column in (powers, uses)]
        if not words[0] <= set(POWERS) or not words[1] <= set(USES):
            raise ValueError(f"unknown word in {line!r}")
        return cls(name, words[0], words[1], arguments, reason, source)


class Maker:
    """Makes the rows of some modules of an index."""

    def __init__(self, index: Index, judge: Judge, graph: Graph, functions: tuple[str, ...] = ()) -> None:
        self.index = index
        self.judge = judge
        self.graph = graph
        self.functions = functions

    def rows(self, modules: Iterable[Module], *, safe: tuple[str, ...]) -> Iterator[Row]:
        """A row for every definition, the empty ones too; names outside the `safe` prefixes get powers only."""
        for module in modules:
            for node in definitions(self.index, module):
                row = self._row(node, safe=bool(safe) and node.name.startswith(safe) and node.name not in LEAVES)
                yield row
                for name in public_names(node):
                    yield replace(row, name=name)
            yield from self._aliases(module)
            yield from self._moved(module, safe)
            yield from (row for row in self._made(module) if safe and row.name.startswith(safe))

    def _moved(self, module: Module, safe: tuple[str, ...]) -> Iterator[Row]:
        """`Name.__module__ = "other"` in whatever module."""
        for name, values in module.patched.items():
            for attribute, value in values:
                if attribute == "__module__" and _text(value):
                    for thing in self.index.step(module, name):
                        if isinstance(thing, Class | Function):
                            full = f"{_text(value)}.{thing.name[len(thing.module.name) + 1 :]}"
                            yield replace(self._row(thing, safe=full.startswith(safe or ("?",))), name=full)

    def _row(self, node: Node, *, safe: bool) -> Row:
        powers, why = self._powers(node)
        uses: frozenset[str] = frozenset()
        reason = ""
        if safe and isinstance(node, Class):
            uses, reason = self.uses(node)
        elif safe and isinstance(node, Function) and node.owner is None and self._may_refer(node):
            uses, reason = frozenset({"refer"}), "no powers found in its calls"
        if powers:
            uses -= {"call"}
        arguments = "any" if {"call", "new"} & uses else "-"
        said = (reason, why) if uses or not why else (why,)
        return Row(node.name, powers, uses, arguments, "; ".join(r for r in said if r), node.place)

    def _powers(self, node: Node) -> tuple[frozenset[str], str]:
        reach = self.graph.reach.get(node)
        limit = _METHOD if isinstance(node, Function) and node.owner else 99
        shown = [
            p
            for p in POWERS
            if reach and p in reach.powers and (p in SHOWN or p in {"input", "reflect"}) and reach.powers[p][0] <= limit
        ]
        if not SHOWN.intersection(shown):
            return frozenset(), ""
        return frozenset(shown), self.graph.why(node, shown[0])

    def _may_refer(self, node: Function) -> bool:
        reach = self.graph.reach.get(node)
        clean = reach is not None and not reach.powers and not reach.calls_argument
        return clean and node.name.startswith(self.functions or ("?",)) and not node.node.name.startswith("_")

    def uses(self, cls: Class) -> tuple[frozenset[str], str]:
        """What a pickle may do with the class, and why; nothing when a base or a hook is not understood."""
        order, missing = self.index.mro(cls)
        strange = [b.name for b in order if isinstance(b, External) and not self.judge.good_base(b)]
        if missing or strange:
            return frozenset(), f"base {[*missing, *strange][0]} is not known"
        fault = self.judge.hook(cls, "__new__") or self._quiet_hooks(cls, order)
        if any(isinstance(b, External) and _ENUM.match(b.name) for b in order):
            fault = fault or self.judge.hook(cls, "_missing_")
            if not fault:
                return frozenset({"refer", "call"}), "enumeration: a call looks a member up"
        if fault:
            return frozenset(), fault
        return self._reconstruct(cls, order)

    def _reconstruct(self, cls: Class, order: list[Class | External]) -> tuple[frozenset[str], str]:
        uses = {"refer", "new"}
        no_build = self._build_fault(cls)
        if not no_build:
            uses.add("build")
        if not self.judge.construct(cls):
            uses.add("call")
        for use, (kinds, hooks) in _CONTAINERS.items():
            if self._holds(order, kinds) and not any(self.judge.hook(cls, hook) for hook in hooks):
                uses.add(use)
        if no_build:
            return frozenset(uses), f"no build: {no_build}"
        known = sum(isinstance(base, Class) for base in order) - 1
        if self._own(order, "__setstate__"):
            return frozenset(uses), f"__setstate__ is harmless, {known} bases"
        return frozenset(uses), f"plain class, {known} bases" if known else "plain class"

    def _build_fault(self, cls: Class) -> str:
        order = self.index.mro(cls)[0]
        if self._own(order, "__getattribute__"):
            fault = self.judge.hook(cls, "__getattribute__")
            if fault:
                return fault
        if self._own(order, "__setstate__"):
            return self.judge.hook(cls, "__setstate__")
        fault = self.judge.hook(cls, "__getattr__") if self._own(order, "__getattr__") else ""
        # Without __setstate__, the second half of a pair is set attribute by attribute.
        return fault or self.judge.setters(cls)

    def _quiet_hooks(self, cls: Class, order: list[Class | External]) -> str:
        fault = self.judge.hook(cls, "__del__") if self._own(order, "__del__") else ""
        for hook in ("__hash__", "__eq__"):
            for thing in find_method(self.index, cls, hook):
                reach = self.graph.reach.get(thing) if isinstance(thing, Function) else None
                if reach and SHOWN.intersection(reach.powers):
                    fault = fault or f"{hook} has powers"
        return fault

    @staticmethod
    def _own(order: list[Class | External], hook: str) -> bool:
        return any(hook in b.members if isinstance(b, Class) else base_has(b, hook) for b in order)

    @staticmethod
    def _holds(order: list[Class | External], kinds: tuple[str, ...]) -> bool:
        return any(isinstance(b, External) and b.name.rpartition(".")[2] in kinds for b in order)

    def _made(self, module: Module) -> Iterator[Row]:
        """Named tuples and enumerations made by a call."""
        for name, bindings in module.names.items():
            for binding in bindings:
                if isinstance(binding, ast.Call):
                    made = self.index.made_by(module, binding)
                    source = place(module, binding.lineno)
                    if made & self.index.factories:
                        uses = frozenset({"refer", "call", "new", "build"})
                        yield Row(
                            f"{module.name}.{name}", uses=uses, arguments="any", reason="named tuple", source=source
                        )
                    elif any(_ENUM.match(one) for one in made):
                        uses = frozenset({"refer", "call"})
                        yield Row(
                            f"{module.name}.{name}", uses=uses, arguments="any", reason="enumeration", source=source
                        )

    def _aliases(self, module: Module) -> Iterator[Row]:
        for name, bindings in module.names.items():
            for binding in bindings:
                if isinstance(binding, str | ast.Name | ast.Attribute):
                    for thing in self.index.bound(module, binding, name, 10):
                        yield from self._alias(module, name, thing)
        for star in module.stars:
            other = self.index.module(star)
            for name in other.names if other else ():
                if not name.startswith("_") and name not in module.names:
                    for thing in self.index.step(module, name):
                        yield from self._alias(module, name, thing)

    def _alias(self, module: Module, name: str, thing: object) -> Iterator[Row]:
        full = f"{module.name}.{name}"
        target = thing.of.name if isinstance(thing, Instance) else getattr(thing, "name", "")
        if isinstance(thing, Module | Instance) or target == full:
            return
        known: Mapping[str, frozenset[str]] = self.graph.known
        if QUIET.match(target) and target not in LEAVES:
            return
        powers = frozenset(known.get(target, ()))
        if isinstance(thing, Function | Class) and thing in self.graph.reach:
            powers = self._powers(thing)[0]
        source = f"{module.tree.library} {module.tree.version} {module.tree.modules[module.name]}"
        if powers & STRONG:
            yield Row(full, powers, reason=f"is {target}", source=source)


def public_names(node: Node) -> Iterator[str]:
    """Other full names that pickle writes for the object, because the source sets its `__module__`."""
    if isinstance(node, Function) and node.owner is not None:
        return
    for decorator in node.node.decorator_list:
        module = _set_module(node.module, decorator)
        if module:
            yield f"{module}.{node.name[len(node.module.name) + 1 :]}"
    if isinstance(node, Class):
        for value in node.members.get("__module__", ()):
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield f"{value.value}.{node.name[len(node.module.name) + 1 :]}"


def _set_module(module: Module, decorator: ast.expr) -> str:
    if not isinstance(decorator, ast.Call):
        return ""
    name = ast.unparse(decorator.func).rpartition(".")[2]
    if name == "set_module" and decorator.args:
        return _text(decorator.args[0])
    if "array_function" not in name:
        return ""
    partials = [b for b in module.names.get(name, ()) if isinstance(b, ast.Call)]
    for call in [decorator, *partials]:
        for keyword in call.keywords:
            if keyword.arg == "module":
                return _text(keyword.value)
    return ""


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def compact(rows: Iterable[Row]) -> Iterator[Row]:
    """For a package of very many names: only powers that harm from near, and no path that the name says already.

    >>> [row.source for row in compact([Row("a.b.C", uses=frozenset({"new"}), source="a 1 a/b.py:3")])]
    ['a 1 :3']
    """
    for row in rows:
        if not row.uses and (not row.powers & _NEAR_HARM or " > " in row.reason or row.reason.startswith("is ")):
            continue
        before, _, path = row.source.rpartition(" ")
        inside, _, line = path.partition(":")
        own = row.name.startswith(inside.removesuffix(".py").removesuffix("/__init__").replace("/", ".") + ".")
        reason = row.reason if row.powers else re.sub(r", \d+ bases$", "", row.reason)
        yield replace(row, source=f"{before} :{line}" if own and line else row.source, reason=reason)


def merge(tables: Iterable[Iterable[Row]]) -> dict[str, Row]:
    """One row a name: powers add up; what is safe is what every row of the name allows.

    Within one version a name can be bound twice (try/except); over versions a name is safe only where all that have it
    agree.
    """
    merged: dict[str, Row] = {}
    for table in tables:
        for row in table:
            old = merged.get(row.name)
            if old is None:
                merged[row.name] = row
                continue
            uses = old.uses & row.uses
            better = row if row.powers and not old.powers else old
            merged[row.name] = Row(
                row.name, old.powers | row.powers, uses, old.arguments if uses else "-", better.reason, better.source
            )
    return merged
