"""What an expression of Python source gives, by the kinds of the syntax tree.

Specification: <https://docs.python.org/3/library/ast.html>. A kind that is not named here gives what is known of its
parts.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, Final

from weighmaster.reading.python import constants
from weighmaster.reading.python.arithmetic import add, calculate
from weighmaster.reading.python.binding import Binding
from weighmaster.reading.python.names import MAIN, OWN_NAME
from weighmaster.reading.python.values import (
    ALTERNATIVES,
    ASKED,
    FOLDED,
    Env,
    Func,
    Made,
    Ref,
    Thing,
    Value,
    Words,
    blur,
    either,
    flags_of,
    gather,
    plain,
)

_ROUNDS: Final = 20_000
"""Rounds of loops that are gone through one by one."""
_ITEMS: Final = 65_536
"""Items of a comprehension that are worked out one by one."""


class Expressions(Binding):
    """The layer that knows what expressions mean."""

    def __init__(
        self, interesting: Callable[[str], bool], check: Callable[[], None], secret: Callable[[str], bool]
    ) -> None:
        super().__init__(interesting, check, secret)
        self.rounds = _ROUNDS
        self._of: dict[type, Callable[[Any], Value]] = {
            kind: getattr(self, f"_ev_{_SAME.get(name, name)}", self._ev_other) for name, kind in _KINDS.items()
        }

    def ev(self, node: ast.expr) -> Value:
        """Work out an expression."""
        return self._of[node.__class__](node)

    def function(self, node: Any, name: str) -> Func:
        """Return the function that a definition or a `lambda` makes; its body is read later."""
        raise NotImplementedError

    def _ev_other(self, node: ast.expr) -> Value:
        flags = 0
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                flags |= flags_of(self.ev(child))
        return blur(flags & ~FOLDED)

    # Names and what hangs on them.

    def _ev_constant(self, node: ast.Constant) -> Value:
        return node.value

    def _ev_name(self, node: ast.Name) -> Value:
        name = node.id
        names = self.env.names
        if name in names:
            return names[name]
        return MAIN if name == OWN_NAME else self.doc if name == "__doc__" else self.look(name)

    def _ev_attribute(self, node: ast.Attribute) -> Value:
        return self.attribute(self.ev(node.value), node.attr)

    def _ev_call(self, node: ast.Call) -> Value:
        return self.call(node)

    def _ev_subscript(self, node: ast.Subscript) -> Value:
        base = self.ev(node.value)
        part = node.slice
        if type(part) is ast.Slice:
            lower, upper, step = (
                self.ev(bound) if bound is not None else None for bound in (part.lower, part.upper, part.step)
            )
            # Of a step with a sign no more is known than that it is likely to go backwards.
            return constants.cut(base, lower, upper, -1 if type(part.step) is ast.UnaryOp and step is None else step)
        index = self.ev(part)
        return None if base is None else self.subscript(base, index)

    def _ev_lambda(self, node: ast.Lambda) -> Value:
        return self.function(node, "<lambda>")

    def _ev_await(self, node: ast.Await | ast.Starred) -> Value:
        return self.ev(node.value)

    def _ev_yield(self, node: ast.Yield | ast.YieldFrom) -> Value:
        value = self.ev(node.value) if node.value is not None else None
        if value is not None:
            self.returned.append(value)

    def _ev_namedexpr(self, node: ast.NamedExpr) -> Value:
        value = self.ev(node.value)
        self.bind(node.target, value)
        return value

    # Operators.

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
                value = Thing(value.dotted, f"{plain(value.first) or '?'}/{tail if isinstance(tail, str) else '?'}")
            else:
                value = calculate(step.op, value, right)
        return value

    def _ev_unaryop(self, node: ast.UnaryOp) -> Value:
        value = self.ev(node.operand)
        if type(value) is int:
            return -value if type(node.op) is ast.USub else ~value if type(node.op) is ast.Invert else value
        if type(value) is Made and type(node.op) is ast.UAdd:
            return value
        return blur(flags_of(value) & ASKED)

    def _ev_boolop(self, node: ast.BoolOp) -> Value:
        return either([self.ev(value) for value in node.values])

    def _ev_compare(self, node: ast.Compare) -> Value:
        # Whether it holds is not worked out, but on what that depends.
        flags = flags_of(self.ev(node.left))
        for comparator in node.comparators:
            flags |= flags_of(self.ev(comparator))
        return blur(flags & ASKED)

    def _ev_ifexp(self, node: ast.IfExp) -> Value:
        self.ev(node.test)
        return either([self.ev(node.body), self.ev(node.orelse)])

    # Displays.

    def _ev_list(self, node: ast.List | ast.Tuple | ast.Set) -> Value:
        found: list[Value] = []
        for element in node.elts:
            if isinstance(element, ast.Starred):
                items = constants.listed(self.ev(element.value))
                found += items if items is not None else [None]
            else:
                found.append(self._of[element.__class__](element))
        return found

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
                flags |= flags_of(given)
                shown = self._shown(piece, given)
                found = add(found, shown) if found is not None and shown is not None else None
            elif found is not None:
                found = add(found, self.ev(piece))
        return found if found is not None and plain(found) is not None else blur(flags & ~FOLDED)

    def _shown(self, piece: ast.FormattedValue, given: Value) -> Value:
        if piece.format_spec is not None:
            self.ev(piece.format_spec)
            return None
        text = plain(given)
        return Made(str(text), flags_of(given) | FOLDED) if text is not None and piece.conversion == -1 else None

    # Comprehensions.

    def _ev_listcomp(self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp) -> Value:
        found = self._comprehended(node.generators, [node.elt])
        return Words() if found is None and type(node) is ast.ListComp else found

    def _ev_dictcomp(self, node: ast.DictComp) -> Value:
        return blur(flags_of(self._comprehended(node.generators, [node.key, node.value])))

    def _comprehended(self, generators: list[ast.comprehension], elements: list[ast.expr]) -> Value:
        before = self.env
        self.env = Env(before)
        try:
            return self._gone_over(generators, elements)
        finally:
            self.env = before

    def _gone_over(self, generators: list[ast.comprehension], elements: list[ast.expr]) -> Value:
        first, *others = generators
        over = self.ev(first.iter)
        items = constants.listed(over)
        simple = not others and not first.ifs and len(elements) == 1
        if simple and items and len(items) <= min(self.rounds * 8, _ITEMS):
            return self._each(first.target, items, elements[0])
        self._generated(first, over, items)
        for generator in others:
            inner = self.ev(generator.iter)
            self._generated(generator, inner, constants.listed(inner))
        values = [self.ev(element) for element in elements]
        if len(values) == 1 and type(values[0]) in {Ref, Func}:
            return values
        return blur(gather(values) | flags_of(over) & ~FOLDED)

    def _generated(self, generator: ast.comprehension, over: Value, items: list[Value] | None) -> None:
        self.bind_item_of(generator.target, over, items)
        for test in generator.ifs:
            self.ev(test)

    def _each(self, target: ast.expr, items: list[Value], element: ast.expr) -> Value:
        found: list[Value] = []
        for item in tuple(items):
            self.bind(target, item)
            value = self.ev(element)
            found.append(value)
            if value is None and len(found) > ALTERNATIVES:
                break  # Nothing that can be known.
            self.rounds -= 1
            self.env.names.clear()
            if self.rounds <= 0:
                break
        return found if len(found) == len(items) else blur(gather(found))


_KINDS: Final = {
    name.lower(): kind for name, kind in vars(ast).items() if isinstance(kind, type) and issubclass(kind, ast.expr)
}
_SAME: Final = {
    "starred": "await",
    "yieldfrom": "yield",
    "tuple": "list",
    "set": "list",
    "generatorexp": "listcomp",
    "setcomp": "listcomp",
}
"""Kinds that are worked out as another is. Not inside the class: a compiled class has no second names for methods."""
