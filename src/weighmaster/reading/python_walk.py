"""Follows Python source over its syntax tree, without running it: what it uses, under which name, and when that runs.

One walk: the module in order, then each function once, with what its parameters could be where that is known. What a
name stands for is followed through imports, assignments, attributes, containers, calls and constants put together.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from weighmaster.reading import python_constants as constants
from weighmaster.reading.python_calls import NAMESPACE, OWN_NAME, Calls
from weighmaster.reading.python_values import (
    DECODED,
    FOLDED,
    Blur,
    Cls,
    Either,
    Env,
    Func,
    Inst,
    Made,
    Part,
    Ref,
    Thing,
    Value,
    add,
    blur,
    calculate,
    either,
    flags_of,
    gather,
    plain,
)

_ROUNDS: Final = 20_000
_LONGEST_BODY: Final = 6
_ITEMS: Final = 65_536


class Near(NamedTuple):
    """An import of what lies beside the file: so many dots, a module, the names that are taken from it."""

    level: int
    module: str
    names: tuple[str, ...]


class Walker(Calls):
    """Reads one or more trees that share their names, such as the cells of a notebook."""

    def __init__(
        self, interesting: Callable[[str], bool], check: Callable[[], None], secret: Callable[[str], bool]
    ) -> None:
        super().__init__(interesting, check, secret)
        self.main = Part()
        self.near: list[Near] = []
        self.deep = False
        """Whether something nests so deep that it was not followed."""
        self._classes: list[Cls] = []
        self._rounds = _ROUNDS
        self._count = 0
        self._of: dict[type, Callable[[Any], Value]] = {
            kind: getattr(self, f"_ev_{kind.__name__.lower()}", self._ev_other) for kind in _EXPRESSIONS
        }
        self._do: dict[type, Callable[[Any], None]] = {
            kind: getattr(self, f"_do_{kind.__name__.lower()}", self._do_other) for kind in _STATEMENTS
        }

    def read(self, tree: ast.Module) -> None:
        """Follow a module."""
        self.walk(tree.body)

    def finish(self) -> None:
        """Follow the bodies of all functions, those that nobody calls as well."""
        at = 0
        while at < len(self.pending):
            function = self.pending[at]
            at += 1
            before, self.part = self.part, Part()
            function.part = self.part
            self.functions.append(function)
            try:
                self.follow(function, [], {})
            except RecursionError:
                self.deep = True
            self.part = before

    # Statements.

    def walk(self, body: list[ast.stmt]) -> None:
        """Follow statements in order."""
        for statement in body:
            self._count += 1
            if not self._count & 255:
                self.check()
            try:
                self._do[statement.__class__](statement)
            except RecursionError:
                self.deep = True

    def _do_other(self, node: ast.stmt) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.ev(child)
            elif isinstance(child, ast.stmt):
                self.walk([child])

    def _do_expr(self, node: ast.Expr) -> None:
        if node.value.__class__ is not ast.Constant:
            self.ev(node.value)

    def _do_pass(self, _: ast.stmt) -> None:
        return

    _do_break = _do_continue = _do_pass

    def _do_global(self, node: ast.Global) -> None:
        for name in node.names:
            self.env.away[name] = self.module

    def _do_nonlocal(self, node: ast.Nonlocal) -> None:
        for name in node.names:
            if self.env.outer is not None:
                self.env.away[name] = self.env.outer

    def _do_import(self, node: ast.Import) -> None:
        for alias in node.names:
            name = alias.name
            if self.interesting(name):
                self.use(Ref(name), "import", node.lineno, [], {})
            self.store(alias.asname or name.partition(".")[0], Ref(name if alias.asname else name.partition(".")[0]))

    def _do_importfrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        if node.level:
            self.near.append(Near(node.level, module, tuple(alias.name for alias in node.names)))
        for alias in node.names:
            if node.level:
                self.store(alias.asname or alias.name, None)
            elif alias.name == "*":
                self.module.stars.append(module)
            else:
                if self.interesting(f"{module}.{alias.name}.*"):
                    self.use(Ref(f"{module}.{alias.name}"), "import", node.lineno, [], {})
                self.store(alias.asname or alias.name, self.attribute(Ref(module), alias.name))
        if not node.level and self.interesting(module):
            self.use(Ref(module), "import", node.lineno, [], {})

    def _do_assign(self, node: ast.Assign) -> None:
        value = self.ev(node.value)
        for target in node.targets:
            self.bind(target, value)

    def _do_annassign(self, node: ast.AnnAssign) -> None:
        self._hint(node.annotation)
        if node.value is not None:
            self.bind(node.target, self.ev(node.value))

    def _do_augassign(self, node: ast.AugAssign) -> None:
        target = node.target
        before = self.look(target.id) if type(target) is ast.Name else self.ev(target)
        value = calculate(node.op, before, self.ev(node.value))
        if type(before) is list and type(value) is list and type(target) is ast.Name:
            self.store(target.id, value)
            return
        self.bind(target, value)

    def _do_return(self, node: ast.Return) -> None:
        if node.value is not None:
            value = self.ev(node.value)
            if value is not None:
                self.returned.append(value)

    def _do_delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if type(target) is not ast.Name:
                self.ev(target)

    def _do_if(self, node: ast.If) -> None:
        current: ast.If | None = node
        while current is not None:
            others = _beside_main(current.test)
            for other in others or ():
                self.ev(other)
            if others is not None and not self._is_renamed():
                self._main(current.body)
            else:
                self.ev(current.test)
                self.walk(current.body)
            last = current.orelse
            # A long chain of `elif` is no nesting to its author.
            current = last[0] if len(last) == 1 and type(last[0]) is ast.If else None
            if current is None:
                self.walk(last)

    def _is_renamed(self) -> bool:
        """Whether the source itself has said what its `__name__` is."""
        env: Env | None = self.env
        while env is not None:
            if OWN_NAME in env.names:
                return True
            env = env.outer
        return False

    def _main(self, body: list[ast.stmt]) -> None:
        if self.part is not self.top:
            self.walk(body)
            return
        self.part = self.main
        try:
            self.walk(body)
        finally:
            self.part = self.top

    def _do_for(self, node: ast.For) -> None:
        over = self.ev(node.iter)
        items = constants.listed(over)
        if items is not None and len(node.body) <= _LONGEST_BODY and 0 < len(items) <= self._rounds:
            if all(isinstance(one, ast.Assign | ast.AugAssign | ast.Expr | ast.If) for one in node.body):
                self._rounds -= len(items)
                for item in tuple(items):
                    self.bind(node.target, item)
                    self.walk(node.body)
                    if not _moves(node.body):
                        break
                self.walk(node.orelse)
                return
        self.bind(node.target, either(items[:8]) if items else self._one_of(over))
        self.walk(node.body)
        self.walk(node.orelse)

    _do_asyncfor = _do_for

    def _one_of(self, over: Value) -> Value:
        return Blur(flags_of(over)) if flags_of(over) else None

    def _do_while(self, node: ast.While) -> None:
        self.ev(node.test)
        self.walk(node.body)
        self.walk(node.orelse)

    def _do_with(self, node: ast.With) -> None:
        for item in node.items:
            value = self.ev(item.context_expr)
            if item.optional_vars is not None:
                self.bind(item.optional_vars, value)
        self.walk(node.body)

    _do_asyncwith = _do_with

    def _do_try(self, node: ast.Try) -> None:
        self.walk(node.body)
        for handler in node.handlers:
            if handler.type is not None:
                self.ev(handler.type)
            if handler.name:
                self.store(handler.name, None)
            self.walk(handler.body)
        self.walk(node.orelse)
        self.walk(node.finalbody)

    _do_trystar = _do_try

    def _do_match(self, node: ast.Match) -> None:
        subject = self.ev(node.subject)
        for case in node.cases:
            self._pattern(case.pattern, subject)
            if case.guard is not None:
                self.ev(case.guard)
            self.walk(case.body)

    def _pattern(self, pattern: ast.pattern, subject: Value) -> None:
        for inner in ast.walk(pattern):
            if isinstance(inner, ast.MatchAs | ast.MatchStar) and inner.name:
                self.store(inner.name, subject)
            elif isinstance(inner, ast.MatchValue):
                self.ev(inner.value)
            elif isinstance(inner, ast.MatchClass):
                self.ev(inner.cls)

    def _do_functiondef(self, node: ast.FunctionDef) -> None:
        decorators = [self.ev(decorator) for decorator in node.decorator_list]
        function = self._function(node, node.name)
        arguments = node.args
        for parameter in (
            *arguments.posonlyargs,
            *arguments.args,
            *arguments.kwonlyargs,
            arguments.vararg,
            arguments.kwarg,
        ):
            if parameter is not None and parameter.annotation is not None:
                self._hint(parameter.annotation)
        if node.returns is not None:
            self._hint(node.returns)
        self.store(node.name, self._decorated(function, decorators, node.lineno) if decorators else function)

    _do_asyncfunctiondef = _do_functiondef

    def _decorated(self, function: Func, decorators: list[Value], line: int) -> Value:
        found: Value = function
        for decorator in reversed(decorators):
            name = decorator.dotted if type(decorator) is Ref else ""
            if name in {"builtins.staticmethod", "builtins.classmethod", "builtins.property"}:
                function.kind = name.removeprefix("builtins.")
            elif decorator is not None:
                given = self.apply(decorator, [found], {}, line)
                found = either([found, given]) if given is not None else found
        return found

    def _function(self, node: Any, name: str) -> Func:
        owner = self._owner()
        function = Func(node, name, self.env if owner is None else self._around(), owner)
        arguments = node.args
        positional = [*arguments.posonlyargs, *arguments.args]
        for parameter, default in zip(
            positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True
        ):
            function.defaults.append((parameter.arg, self.ev(default)))
        for parameter, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            if default is not None:
                function.defaults.append((parameter.arg, self.ev(default)))
        self.pending.append(function)
        return function

    def _owner(self) -> Cls | None:
        return self._classes[-1] if self._classes and self._classes[-1].env is self.env else None

    def _around(self) -> Env:
        # A method does not see the names of its class.
        return self.env.outer or self.module

    def _do_classdef(self, node: ast.ClassDef) -> None:
        decorators = [self.ev(decorator) for decorator in node.decorator_list]
        bases = [self.ev(base) for base in node.bases]
        keywords = {keyword.arg or "**": self.ev(keyword.value) for keyword in node.keywords}
        before = self.env
        cls = Cls(node.name, bases, Env(before))
        self._hooks(bases, keywords, node.lineno)
        self.env = cls.env
        self._classes.append(cls)
        try:
            self.walk(node.body)
        finally:
            self._classes.pop()
            self.env = before
        value: Value = cls
        for decorator in reversed(decorators):
            if decorator is not None:
                found = self.apply(decorator, [value], {}, node.lineno)
                value = either([value, found]) if found is not None else value
        self.store(node.name, value)

    def _hooks(self, bases: list[Value], keywords: dict[str, Value], line: int) -> None:
        """Take down what defining a class runs: its metaclass, and hooks of its bases."""
        meta = keywords.get("metaclass")
        if type(meta) is Func:
            self.apply(meta, ["", [], {}], {}, line)
        elif type(meta) is Cls:
            for function in meta.methods():
                self.runs(function)
        elif type(meta) is Ref and self.interesting(meta.dotted):
            self.use(meta, "call", line, [], {})
        for base in bases:
            for one in base.values if type(base) is Either else (base,):
                if type(one) is Cls:
                    hook = one.find("__init_subclass__")
                    if type(hook) is Func:
                        self.runs(hook)
                elif type(one) is Inst:
                    for function in one.cls.methods():
                        self.runs(function)

    # Binding.

    def store(self, name: str, value: Value) -> None:
        """Let a name stand for a value, and for what it stood for as well where that could be called."""
        env = self.env.away.get(name, self.env) if self.env.away else self.env
        before = env.names.get(name)
        if before is not None and value is not before and self._matters(before):
            value = either([value, before])
        env.names[name] = value

    def _matters(self, value: Value) -> bool:
        kind = type(value)
        return kind is Func or kind is Either or (kind is Ref and self.interesting(value.dotted))

    def bind(self, target: ast.expr, value: Value) -> None:
        """Let the target of an assignment stand for a value."""
        kind = target.__class__
        if kind is ast.Name:
            self.store(target.id, value)  # type: ignore[attr-defined]
        elif isinstance(target, ast.Tuple | ast.List):
            self._bind_each(target.elts, value)
        elif isinstance(target, ast.Attribute):
            self._bind_attribute(self.ev(target.value), target.attr, value, target.lineno)
        elif isinstance(target, ast.Subscript):
            self._bind_item(self.ev(target.value), self.ev(target.slice), value, target.lineno)
        elif isinstance(target, ast.Starred):
            self.bind(target.value, value)

    def _bind_each(self, targets: list[ast.expr], value: Value) -> None:
        items = value if type(value) is list else None
        if items is not None and len(items) == len(targets) and not any(type(t) is ast.Starred for t in targets):
            for target, item in zip(targets, items, strict=True):
                self.bind(target, item)
            return
        one = either(items[:8]) if items else blur(flags_of(value))
        for target in targets:
            self.bind(target, one)

    def _bind_attribute(self, base: Value, name: str, value: Value, line: int) -> None:
        if type(base) is Ref:
            self._set(Ref(f"{base.dotted}.{name}", base.flags), value, line)
        elif type(base) is Inst or type(base) is Cls:
            if value is not None:
                cls = base.cls if isinstance(base, Inst) else base
                cls.attributes[name] = either([value, cls.attributes.get(name)])
        elif type(base) is Either:
            for one in base.values:
                self._bind_attribute(one, name, value, line)

    def _set(self, ref: Ref, value: Value, line: int) -> None:
        if self.interesting(f"{ref.dotted}="):
            self.use(ref, "set", line, [value], {})
        if type(value) is Func and ref.dotted.startswith(("sys.", "builtins.", "threading.")):
            self.runs(value)

    def _bind_item(self, base: Value, index: Value, value: Value, line: int) -> None:
        name = plain(index)
        if type(base) is dict and name is not None:
            base[name] = value
        elif type(base) is Ref and base.dotted in {"sys.modules", "builtins"}:
            if index is not _OWN_NAME:
                self.use(Ref(f"{base.dotted}.{name or '?'}", base.flags | flags_of(index)), "set", line, [value], {})
        elif type(base) is Ref and base.dotted == NAMESPACE and isinstance(name, str):
            self.store(name, value)
        elif type(base) is Ref and base.dotted.endswith(".__dict__"):
            self._set(Ref(f"{base.dotted.removesuffix('.__dict__')}.{name or '?'}", base.flags), value, line)

    # Expressions.

    def ev(self, node: ast.expr) -> Value:
        """Work out an expression."""
        return self._of[node.__class__](node)

    def _hint(self, node: ast.expr) -> None:
        if node.__class__ is not ast.Name and node.__class__ is not ast.Constant:
            self.ev(node)

    def _ev_other(self, node: ast.expr) -> Value:
        flags = 0
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                flags |= flags_of(self.ev(child))
        return blur(flags & ~FOLDED)

    def _ev_constant(self, node: ast.Constant) -> Value:
        return node.value

    def _ev_name(self, node: ast.Name) -> Value:
        name = node.id
        names = self.env.names
        if name in names:
            return names[name]
        return _OWN_NAME if name == "__name__" else self.look(name)

    def _ev_attribute(self, node: ast.Attribute) -> Value:
        return self.attribute(self.ev(node.value), node.attr)

    def _ev_call(self, node: ast.Call) -> Value:
        return self.call(node)

    def _ev_subscript(self, node: ast.Subscript) -> Value:
        base = self.ev(node.value)
        part = node.slice
        if type(part) is ast.Slice:
            bounds = [self.ev(bound) if bound is not None else None for bound in (part.lower, part.upper, part.step)]
            step = -1 if type(part.step) is ast.UnaryOp and bounds[2] is None else bounds[2]
            return constants.cut(base, bounds[0], bounds[1], step)
        index = self.ev(part)
        return None if base is None else self.subscript(base, index)

    def _ev_binop(self, node: ast.BinOp) -> Value:
        # A long sum leans to the left, and is no nesting to its author.
        chain: list[ast.BinOp] = []
        left: ast.expr = node
        while left.__class__ is ast.BinOp:
            chain.append(left)
            left = left.left
        value = self.ev(left)
        for step in reversed(chain):
            right = self.ev(step.right)
            if value is None and right is None:
                continue
            if type(value) is Thing and type(step.op) is ast.Div:
                tail = plain(right)
                first = plain(value.first)
                value = Thing(value.dotted, f"{first or '?'}/{tail if isinstance(tail, str) else '?'}")
                continue
            value = calculate(step.op, value, right)
        return value

    def _ev_boolop(self, node: ast.BoolOp) -> Value:
        return either([self.ev(value) for value in node.values])

    def _ev_compare(self, node: ast.Compare) -> Value:
        self.ev(node.left)
        for comparator in node.comparators:
            self.ev(comparator)
        return None

    def _ev_unaryop(self, node: ast.UnaryOp) -> Value:
        value = self.ev(node.operand)
        if type(value) is int:
            return -value if type(node.op) is ast.USub else ~value if type(node.op) is ast.Invert else value
        return None if type(value) is not Made else value if type(node.op) is ast.UAdd else None

    def _ev_ifexp(self, node: ast.IfExp) -> Value:
        self.ev(node.test)
        return either([self.ev(node.body), self.ev(node.orelse)])

    def _ev_namedexpr(self, node: ast.NamedExpr) -> Value:
        value = self.ev(node.value)
        self.bind(node.target, value)
        return value

    def _ev_lambda(self, node: ast.Lambda) -> Value:
        return self._function(node, "<lambda>")

    def _ev_list(self, node: ast.List | ast.Tuple | ast.Set) -> Value:
        found: list[Value] = []
        for element in node.elts:
            if element.__class__ is ast.Starred:
                items = constants.listed(self.ev(element.value))
                found += items if items is not None else [None]
            else:
                found.append(self._of[element.__class__](element))
        return found

    _ev_tuple = _ev_set = _ev_list

    def _ev_starred(self, node: ast.Starred) -> Value:
        return self.ev(node.value)

    def _ev_dict(self, node: ast.Dict) -> Value:
        found: dict[Any, Value] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            name = plain(self.ev(key)) if key is not None else None
            held = self.ev(value)
            if name is not None:
                found[name] = held
            elif held is not None:
                # What stands under an unknown key may be asked for by any.
                found[len(found)] = held
        return found

    def _ev_joinedstr(self, node: ast.JoinedStr) -> Value:
        found: Value = ""
        flags = 0
        for piece in node.values:
            if isinstance(piece, ast.FormattedValue):
                given = self.ev(piece.value)
                if piece.format_spec is not None:
                    self.ev(piece.format_spec)
                flags |= flags_of(given)
                text = plain(given)
                if found is not None and text is not None and piece.conversion == -1 and piece.format_spec is None:
                    found = add(found, Made(str(text), flags_of(given) | FOLDED))
                else:
                    found = None
            elif found is not None:
                found = add(found, piece.value)  # type: ignore[attr-defined]
        return found if found is not None and plain(found) is not None else blur(flags & ~FOLDED)

    def _ev_await(self, node: ast.Await) -> Value:
        return self.ev(node.value)

    def _ev_yield(self, node: ast.Yield) -> Value:
        if node.value is not None:
            value = self.ev(node.value)
            if value is not None:
                self.returned.append(value)
        return None

    _ev_yieldfrom = _ev_yield

    def _ev_listcomp(self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp) -> Value:
        before = self.env
        self.env = Env(before)
        try:
            return self._comprehended(node.generators, [node.elt])
        finally:
            self.env = before

    _ev_generatorexp = _ev_setcomp = _ev_listcomp

    def _ev_dictcomp(self, node: ast.DictComp) -> Value:
        before = self.env
        self.env = Env(before)
        try:
            found = self._comprehended(node.generators, [node.key, node.value])
            return blur(flags_of(found))
        finally:
            self.env = before

    def _comprehended(self, generators: list[ast.comprehension], elements: list[ast.expr]) -> Value:
        first, *others = generators
        over = self.ev(first.iter)
        items = constants.listed(over)
        if (
            items
            and not others
            and not first.ifs
            and len(elements) == 1
            and len(items) <= min(self._rounds * 8, _ITEMS)
        ):
            return self._each(first.target, items, elements[0])
        self.bind(first.target, either(items[:8]) if items else self._one_of(over))
        for test in first.ifs:
            self.ev(test)
        for generator in others:
            inner = self.ev(generator.iter)
            some = constants.listed(inner)
            self.bind(generator.target, either(some[:8]) if some else self._one_of(inner))
            for test in generator.ifs:
                self.ev(test)
        values = [self.ev(element) for element in elements]
        flags = gather(values) | flags_of(over) & ~FOLDED
        return (
            values if len(values) == 1 and type(values[0]) in {Ref, Func} else blur(flags | (DECODED & gather(values)))
        )

    def _each(self, target: ast.expr, items: list[Value], element: ast.expr) -> Value:
        found: list[Value] = []
        for item in tuple(items):
            self.bind(target, item)
            value = self.ev(element)
            found.append(value)
            if value is None and len(found) > 8:
                break  # Nothing that can be known.
            self._rounds -= 1
            self.env.names.clear()
            if self._rounds <= 0:
                break
        return found if len(found) == len(items) else blur(gather(found))


_OWN_NAME: Final = "__main__"


def _beside_main(test: ast.expr) -> list[ast.expr] | None:
    """Return what a condition asks beside `__name__ == "__main__"`; None where it may hold without that."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        others = [value for value in test.values if not _is_main(value)]
        return others if len(others) < len(test.values) else None
    return [] if _is_main(test) else None


def _is_main(test: ast.expr) -> bool:
    """Whether a condition is `__name__ == "__main__"`, and nothing else."""
    match test:
        case ast.Compare(left=ast.Name(id="__name__"), ops=[ast.Eq()], comparators=[ast.Constant(value="__main__")]):
            return True
        case ast.Compare(left=ast.Constant(value="__main__"), ops=[ast.Eq()], comparators=[ast.Name(id="__name__")]):
            return True
        case _:
            return False


def _moves(body: list[ast.stmt]) -> bool:
    """Whether going through a body again can change anything."""
    return any(isinstance(one, ast.AugAssign | ast.Expr | ast.Assign) for one in body)


_EXPRESSIONS: Final = tuple(
    kind for kind in vars(ast).values() if isinstance(kind, type) and issubclass(kind, ast.expr)
)
_STATEMENTS: Final = tuple(kind for kind in vars(ast).values() if isinstance(kind, type) and issubclass(kind, ast.stmt))
