"""Follows the statements of Python source: what it uses, under which name, and when that runs.

One walk: the module in order, then each function once, with what its parameters could be where that is known. What a
name stands for is followed through imports, assignments, attributes, containers, calls and constants put together.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Final, NamedTuple

from weighmaster.reading.python import constants, triggers
from weighmaster.reading.python.arithmetic import calculate
from weighmaster.reading.python.expressions import Expressions
from weighmaster.reading.python.library import LIBRARY
from weighmaster.reading.python.lookup import inside
from weighmaster.reading.python.names import MAIN, OWN_NAME, TASKS
from weighmaster.reading.python.values import (
    BESIDE,
    Cls,
    Either,
    Env,
    Func,
    Given,
    Inst,
    Part,
    Ref,
    Value,
    either,
    flags_of,
)

_LONGEST_BODY: Final = 6
"""Statements of a loop's body that is gone through once an item."""
_CHECKED: Final = 256
"""Statements between two looks at the clock."""
_KINDS_OF_METHODS: Final = frozenset({"builtins.classmethod", "builtins.property", "builtins.staticmethod"})


class Near(NamedTuple):
    """An import of what lies beside the file: so many dots, a module, the names that are taken from it."""

    level: int
    module: str
    names: tuple[str, ...]


class Walker(Expressions):
    """Reads one or more trees that share their names, such as the cells of a notebook.

    After `finish`, `top` is what runs when the source is imported, `main` what runs when it is run as a program, and
    `functions` are all others, each with its part.
    """

    library: ClassVar[Any] = LIBRARY

    def __init__(
        self, interesting: Callable[[str], bool], check: Callable[[], None], secret: Callable[[str], bool]
    ) -> None:
        super().__init__(interesting, check, secret)
        self.main = Part()
        self.near: list[Near] = []
        self.deep = False
        """Whether something nests so deep that it was not followed."""
        self._classes: list[Cls] = []
        self._count = 0
        self._do: dict[type, Callable[[Any], None]] = {
            kind: getattr(self, f"_do_{_SAME.get(name, name)}", self._do_other) for name, kind in _KINDS.items()
        }

    def read(self, tree: ast.Module) -> None:
        """Follow a module."""
        self.doc = ast.get_docstring(tree, clean=False)
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
                self.follow(function, Given([]))
            except RecursionError:
                self.deep = True
            self.part = before

    def close(self) -> None:
        """Let go of all that was followed, but for what it used.

        Functions and classes lead to the names around them and back: to look for such circles takes longer than to
        break them here.
        """
        for function in self.pending:
            function.part = None
            function.defaults.clear()
            function.env.close()
            if function.owner is not None:
                function.owner.attributes.clear()
                function.owner.env.close()
        self.module.close()
        for table in (self._attributes, self._of, self._applied, self._do):
            table.clear()

    def walk(self, body: list[ast.stmt]) -> None:
        """Follow statements in order."""
        under = self.under
        for statement in body:
            self._count += 1
            if not self._count % _CHECKED:
                self.check()
            self.spot = statement
            try:
                self._do[statement.__class__](statement)
            except RecursionError:
                self.deep = True
        self.under = under

    def _do_other(self, node: ast.stmt) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.ev(child)
            elif isinstance(child, ast.stmt):
                self.walk([child])

    # Simple statements.

    def _do_expr(self, node: ast.Expr) -> None:
        if node.value.__class__ is not ast.Constant:
            self.ev(node.value)

    def _do_pass(self, _: ast.stmt) -> None:
        return

    def _do_global(self, node: ast.Global) -> None:
        for name in node.names:
            self.env.away[name] = self.module

    def _do_nonlocal(self, node: ast.Nonlocal) -> None:
        for name in node.names:
            if self.env.outer is not None:
                self.env.away[name] = self.env.outer

    def _do_import(self, node: ast.Import) -> None:
        for alias in node.names:
            top = alias.name.partition(".")[0]
            self._imported(alias.name)
            self.bring(alias.name)
            self.store(alias.asname or top, self.beside(alias.name if alias.asname else top))

    def _do_importfrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        self._bring_from("." * node.level + module, [alias.name for alias in node.names])
        if node.level:
            self.near.append(Near(node.level, module, tuple(alias.name for alias in node.names)))
            for alias in node.names:
                self._near("." * node.level + module, alias)
            return
        for alias in node.names:
            if alias.name == "*":
                self.module.stars.append(module)
                continue
            name = f"{module}.{alias.name}"
            if self.interesting(f"{name}.*"):
                self.use(Ref(name), "import", Given([]))
            self.store(alias.asname or alias.name, self.attribute(self.beside(module), alias.name))
        self._imported(module)

    def _near(self, module: str, alias: ast.alias) -> None:
        if alias.name == "*":
            self.module.stars.append(module)
        else:
            self.store(alias.asname or alias.name, self.beside(inside(module, alias.name)))

    def _bring_from(self, module: str, names: list[str]) -> None:
        if module.strip("."):
            self.bring(module)
            module += "."
        for name in names:
            # It may be a module, too.
            self.bring(f"{module}{name}", sure=False)

    def _imported(self, module: str) -> None:
        if self.interesting(module):
            self.use(Ref(module), "import", Given([]))

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
        self.bind(target, calculate(node.op, before, self.ev(node.value)))

    def _do_return(self, node: ast.Return) -> None:
        value = self.ev(node.value) if node.value is not None else None
        if value is not None:
            self.returned.append(value)

    def _do_delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if type(target) is not ast.Name:
                self.ev(target)

    def _hint(self, node: ast.expr | None) -> None:
        if node is not None and node.__class__ is not ast.Name and node.__class__ is not ast.Constant:
            self.ev(node)

    # Branches.

    def _do_if(self, node: ast.If) -> None:
        current: ast.If | None = node
        while current is not None:
            others = _beside_main(current.test)
            for other in others or ():
                self.ev(other)
            if others is not None and not self._is_renamed():
                self._main(current.body)
            elif _is_publishing(current.test):
                self._apart(current.body)
            else:
                self._branch(current)
            last = current.orelse
            # A long chain of `elif` is no nesting to its author.
            current = last[0] if len(last) == 1 and isinstance(last[0], ast.If) else None
            if current is None:
                self.walk(last)

    def _branch(self, node: ast.If) -> None:
        """Follow what is run where a condition holds, and take down what that is if it may be a trigger."""
        test = self.ev(node.test)
        before = self.checking, self.under
        self.checking = self.checking or _is_never(test)
        found = triggers.condition(node.test, flags_of(test), unseen=self.unseen)
        if found:
            self.under = found
            if triggers.swaps(node, found):
                self.spot = node.test
                self.use(Ref(triggers.SWAP), "call", Given([found]))
        self.walk(node.body)
        self.checking, self.under = before
        if found and triggers.leaves(node):
            self.under = found  # What comes after it in the same body.

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

    def _apart(self, body: list[ast.stmt]) -> None:
        """Follow what is done on somebody's word alone, as the body of a function that nothing here calls."""
        function = Func(None, "", self.env, None)
        function.part = Part()
        self.functions.append(function)
        before, self.part = self.part, function.part
        try:
            self.walk(body)
        finally:
            self.part = before

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

    # Loops and contexts.

    def _do_for(self, node: ast.For | ast.AsyncFor) -> None:
        over = self.ev(node.iter)
        items = constants.listed(over)
        if items and len(items) <= self.rounds and _is_simple(node.body):
            self.rounds -= len(items)
            for item in tuple(items):
                self.bind(node.target, item)
                self.walk(node.body)
                if not _moves(node.body):
                    break
        else:
            self.bind_item_of(node.target, over, items)
            self.walk(node.body)
        self.walk(node.orelse)

    def _do_while(self, node: ast.While) -> None:
        self.ev(node.test)
        self.walk(node.body)
        self.walk(node.orelse)

    def _do_with(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            value = self.ev(item.context_expr)
            if item.optional_vars is not None:
                self.bind(item.optional_vars, value)
        self.walk(node.body)

    # Definitions.

    def _do_functiondef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        decorators = [self.ev(decorator) for decorator in node.decorator_list]
        function = self.function(node, node.name)
        for parameter in _parameters(node.args):
            self._hint(parameter.annotation)
        self._hint(node.returns)
        self.store(node.name, self._decorated(function, decorators))

    def _decorated(self, defined: Func | Cls, decorators: list[Value]) -> Value:
        """Return what a definition is after its decorators: what they give, and still what was defined."""
        found: Value = defined
        for decorator in reversed(decorators):
            name = decorator.dotted if type(decorator) is Ref else ""
            if isinstance(defined, Func) and name in _KINDS_OF_METHODS:
                defined.kind = name.removeprefix("builtins.")
            elif _plans(decorator):
                found = self.apply(decorator, Given([found]))
            elif decorator is not None:
                given = self.apply(decorator, Given([found]))
                found = either([found, given]) if given is not None else found
        return found

    def function(self, node: Any, name: str) -> Func:
        """Return the function that a definition or a `lambda` makes; its body is read later."""
        owner = self._classes[-1] if self._classes and self._classes[-1].env is self.env else None
        # A method does not see the names of its class.
        around = self.env if owner is None else self.env.outer or self.module
        function = Func(node, name, around, owner)
        for parameter, default in _defaults(node.args):
            function.defaults.append((parameter.arg, self.ev(default)))
        self.pending.append(function)
        return function

    def _do_classdef(self, node: ast.ClassDef) -> None:
        decorators = [self.ev(decorator) for decorator in node.decorator_list]
        bases = [self.ev(base) for base in node.bases]
        keywords = {keyword.arg or "**": self.ev(keyword.value) for keyword in node.keywords}
        before = self.env
        cls = Cls(node.name, bases, Env(before))
        self._made_by(keywords.get("metaclass"))
        self._told_to(bases)
        self.env = cls.env
        self._classes.append(cls)
        try:
            self.walk(node.body)
        finally:
            self._classes.pop()
            self.env = before
        self.store(node.name, self._decorated(cls, decorators))

    def _made_by(self, meta: Value) -> None:
        """Take down what a metaclass runs where a class is defined."""
        if type(meta) is Func:
            self.apply(meta, Given(["", [], {}]))
        elif type(meta) is Cls:
            for function in meta.methods():
                self.runs(function)
        elif type(meta) is Ref and self.interesting(meta.dotted):
            self.use(meta, "call", Given([]))
        elif type(meta) is Ref and meta.flags & BESIDE:
            self.asks(meta, Given([]))

    def _told_to(self, bases: list[Value]) -> None:
        """Take down what bases run where a class is defined that inherits from them."""
        for base in bases:
            for one in base.values if type(base) is Either else (base,):
                if type(one) is Cls:
                    hook = one.find("__init_subclass__")
                    if type(hook) is Func:
                        self.runs(hook)
                elif type(one) is Inst:
                    for function in one.cls.methods():
                        self.runs(function)
                elif type(one) is Ref and one.flags & BESIDE:
                    self.asks(Ref(f"{one.dotted}.__init_subclass__", one.flags), Given([]))


def _plans(decorator: Value) -> bool:
    """Whether a decorator is one of `TASKS`, whichever of several imports it comes from."""
    each = decorator.values if type(decorator) is Either else (decorator,)
    return all(type(one) is Ref and one.dotted in TASKS and not one.flags & BESIDE for one in each)


def _parameters(arguments: ast.arguments) -> Iterator[ast.arg]:
    yield from (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    yield from (one for one in (arguments.vararg, arguments.kwarg) if one is not None)


def _defaults(arguments: ast.arguments) -> Iterator[tuple[ast.arg, ast.expr]]:
    positional = [*arguments.posonlyargs, *arguments.args]
    yield from zip(positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True)
    for parameter, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if default is not None:
            yield parameter, default


def _beside_main(test: ast.expr) -> list[ast.expr] | None:
    """Return what a condition asks beside `__name__ == "__main__"`; None where it may hold without that."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        others = [value for value in test.values if not _is_main(value)]
        return others if len(others) < len(test.values) else None
    return [] if _is_main(test) else None


def _is_publishing(test: ast.expr) -> bool:
    """Whether a condition is that somebody who looks after a project gave a word to its `setup.py`, as in `publish`."""
    match test:
        case ast.Compare(left=ast.Subscript() as given, ops=[ast.Eq()], comparators=[ast.Constant(value=word)]):
            return ast.unparse(given) in {"sys.argv[-1]", "sys.argv[1]"} and word in _PUBLISHING
        case ast.Compare(left=ast.Constant(value=word), ops=[ast.In()], comparators=[given]):
            return ast.unparse(given) in {"sys.argv", "sys.argv[1:]"} and word in _PUBLISHING
        case _:
            return False


_PUBLISHING: Final = frozenset(
    {"bump", "deploy", "docs", "lint", "publish", "register", "release", "tag", "test", "upload"}
)
"""Words that no installation gives to a `setup.py`."""


def _is_never(test: Value) -> bool:
    """Whether a condition holds only where nothing is run."""
    return type(test) is Ref and test.dotted in {"typing.TYPE_CHECKING", "typing_extensions.TYPE_CHECKING"}


def _is_main(test: ast.expr) -> bool:
    """Whether a condition is `__name__ == "__main__"`, and nothing else."""
    match test:
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            pass
        case _:
            return False
    match (left, right):
        case (ast.Name(id=name), ast.Constant(value=value)) | (ast.Constant(value=value), ast.Name(id=name)):
            return (name, value) == (OWN_NAME, MAIN)
        case _:
            return False


def _is_simple(body: list[ast.stmt]) -> bool:
    """Whether a body is worth going through once an item."""
    return len(body) <= _LONGEST_BODY and all(
        isinstance(one, ast.Assign | ast.AugAssign | ast.Expr | ast.If) for one in body
    )


def _moves(body: list[ast.stmt]) -> bool:
    """Whether going through a body again can change anything."""
    return any(isinstance(one, ast.AugAssign | ast.Expr | ast.Assign) for one in body)


_KINDS: Final = {
    name.lower(): kind for name, kind in vars(ast).items() if isinstance(kind, type) and issubclass(kind, ast.stmt)
}
_SAME: Final = {
    "break": "pass",
    "continue": "pass",
    "trystar": "try",
    "asyncfor": "for",
    "asyncwith": "with",
    "asyncfunctiondef": "functiondef",
}
"""Kinds that are worked out as another is. Not inside the class: a compiled class has no second names for methods."""
