"""What an expression of a template may be, by the kinds of the syntax tree: names, items, operators, comparisons."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Final

from weighmaster.reading.jinja.guess import (
    HOLE,
    LONGEST,
    UNKNOWN,
    Alternative,
    Guess,
    Helper,
    Items,
    Pairs,
    Space,
    by_all,
    each,
    either,
    holds,
    joined,
    literal,
    of_all,
    sure,
    truthy,
    unknown,
)
from weighmaster.reading.jinja.sight import Names, Noting
from weighmaster.reading.jinja.sums import COMPARING, added, because, calculated, chain, derived, tests

if TYPE_CHECKING:
    from jinja2 import nodes

_OFFERED: Final = frozenset({"request", "config", "url_for", "get_flashed_messages", "current_app", "session", "g"})
"""What web frameworks offer to each template that they render."""
_HELPERS: Final = frozenset({"cycler", "joiner", "namespace", "lipsum", "self", "range", "dict"})
_WRITTEN: Final = frozenset({"content", "prompt", "query", "user_message", "user_input", "instruction", "question"})
"""Names under which what somebody wrote is handed in, where it is not in `messages`."""
_PYTHON: Final = frozenset(
    f"__{name}__"
    for name in (
        *("builtins", "import", "loader", "spec", "build_class", "class", "globals", "dict", "init", "code", "call"),
        *("self", "func", "mro", "base", "bases", "subclasses", "getattribute", "getattr", "reduce", "reduce_ex"),
    )
)
"""Names that nobody who renders a chat would offer, and that only whoever looks for Python would ask for."""


class Expressions(Noting):
    """Evaluates expressions; what is called is its subclass's."""

    # Expressions, by kind.

    def _constant(self, node: nodes.Const, _names: Names) -> Guess:
        return literal(node.value)

    def _data(self, node: nodes.TemplateData, _names: Names) -> Guess:
        return sure(node.data)

    def _name(self, node: nodes.Name, names: Names) -> Guess:
        found = names.get(node.name)
        if found is not None:
            return found
        if node.name in _HELPERS:
            return sure(Helper(node.name), of=frozenset({"helper"}))
        # A name is looked up among what the renderer offers, which may well be a `__version__`, and nowhere in Python.
        if node.name in _PYTHON:
            self.saw("attribute", node.name)
        said = ("messages", "content") if node.name in _WRITTEN else ("messages",) if "message" in node.name else ()
        return unknown(of=(*said, "loop") if node.name == "loop" else said)

    def _list(self, node: nodes.List | nodes.Tuple, names: Names) -> Guess:
        return sure(Items(self.guess(item, names) for item in node.items[:LONGEST]))

    def _dict(self, node: nodes.Dict, names: Names) -> Guess:
        return sure(Pairs((self.guess(pair.key, names), self.guess(pair.value, names)) for pair in node.items))

    def _attribute(self, node: nodes.Getattr, names: Names) -> Guess:
        base = self.guess(node.node, names)
        self.offered(node.node, node.attr, names)
        self.touch(base, node.attr)
        return self._taken(base, node.attr)

    def offered(self, base: nodes.Expr, attribute: str, names: Names) -> None:
        """Note that an attribute is taken of what a web framework offers."""
        name = getattr(base, "name", "")
        if name in _OFFERED and name not in names and type(base).__name__ == "Name":
            self.saw("helper", name, attribute)

    def _item(self, node: nodes.Getitem, names: Names) -> Guess:
        from jinja2 import nodes as kinds

        base = self.guess(node.node, names)
        if isinstance(node.arg, kinds.Slice):
            return self._slice(base, node.arg, names)
        key = self.guess(node.arg, names)
        self.touch_computed(base, key, "item")
        found = [self.picked(one, other) for one in base for other in key]
        return either(*found) if found else unknown()

    def picked(self, base: Alternative, key: Alternative) -> Guess:
        """Return what stands under a key."""
        of, by = base.of | key.of, base.by | key.by
        if isinstance(key.value, str) and HOLE not in key.value:
            found = self._taken((base,), key.value)
            return tuple(Alternative(one.value, one.of, one.by | by) for one in found)
        if isinstance(base.value, Pairs) or (isinstance(base.value, Items) and not isinstance(key.value, int)):
            return self.looked_up(base.value, of, by | ({"lookup"} if "content" in key.of else set()))
        if isinstance(key.value, int):
            try:
                if isinstance(base.value, Items):
                    return tuple(Alternative(o.value, o.of, o.by | by) for o in base.value.items[key.value])
                if isinstance(base.value, str) and HOLE not in base.value:
                    return sure(base.value[key.value], of=of | {"built"}, by=by)
            except IndexError:
                return sure("", of=of, by=by)
        kept = base.of if isinstance(key.value, int) else of & {"messages", "content", "built"}
        built = {"built"} if isinstance(base.value, str) or "shown" in base.of else set()
        return (Alternative(UNKNOWN, frozenset(kept | built), by),)

    def looked_up(self, base: Items | Pairs, of: frozenset[str], by: frozenset[str]) -> Guess:
        """Return any value that a list or a dict holds."""
        values = base.items if isinstance(base, Items) else [value for _, value in base.pairs]
        found = either(*values[:LONGEST]) if values else unknown()
        return tuple(Alternative(one.value, one.of | of, one.by | by) for one in found)

    def _taken(self, base: Guess, name: str) -> Guess:
        found: list[Guess] = []
        for one in base:
            value = one.value
            if isinstance(value, Space):
                found.append(value.names.get(name, unknown(of=["built"])))
            elif isinstance(value, Pairs):
                hits = [item for key, item in value.pairs if any(other.value == name for other in key)]
                found.append(either(*hits) if hits else (Alternative(UNKNOWN, one.of, one.by),))
            else:
                made = {"built"} if isinstance(value, (str, bytes)) else set()
                found.append((Alternative(UNKNOWN, derived(one.of, name) | made, one.by),))
        return either(*found) if found else unknown()

    def _slice(self, base: Guess, node: nodes.Slice, names: Names) -> Guess:
        bounds = [self.guess(at, names) if at is not None else sure(None) for at in (node.start, node.stop, node.step)]

        def cut(value: object, *at: Any) -> Guess:
            try:
                window = slice(*at)
                if isinstance(value, Items):
                    return sure(Items(value.items[window]))
                if isinstance(value, str) and HOLE not in value:
                    return sure(value[window], of=frozenset({"built"}))
            except (TypeError, ValueError):
                return unknown(of=["built"])
            return unknown(of=["built"] if isinstance(value, str) else ())

        return each(cut, base, *bounds)

    def _together(self, node: nodes.Concat, names: Names) -> Guess:
        return self.grown(joined([self.guess(part, names) for part in node.nodes]))

    def _sum(self, node: nodes.Add, names: Names) -> Guess:
        parts = [self.guess(part, names) for part in chain(node, type(node))]
        total = parts[0]
        for part in parts[1:]:
            total = each(added, total, part)
        return self.grown(total)

    def grown(self, total: Guess) -> Guess:
        """Return a sum as it is, and note where it has no end."""
        if "huge" in of_all([total]):
            self.saw("repeat", "many", "text that grows without end")
        return total

    def _arithmetic(self, node: nodes.BinExpr, names: Names) -> Guess:
        parts = [self.guess(part, names) for part in chain(node, type(node))]
        operator = node.operator
        total = parts[0]
        for part in parts[1:]:
            for one in (*total, *part):
                if isinstance(one.value, (int, float)) and abs(one.value) >= LONGEST and operator in {"*", "**"}:
                    self.saw("repeat", str(one.value)[:30], f"a multiplication ({operator})")
            total = each(lambda left, right: calculated(operator, left, right), total, part)
        return self.grown(total)

    def _signed(self, node: nodes.Neg | nodes.Pos, names: Names) -> Guess:
        sign = -1 if node.operator == "-" else 1
        return each(
            lambda value: sure(sign * value) if isinstance(value, (int, float)) else unknown(),
            self.guess(node.node, names),
        )

    def _not(self, node: nodes.Not, names: Names) -> Guess:
        return each(
            lambda value: unknown() if holds(value) is None else sure(not holds(value)), self.guess(node.node, names)
        )

    def _logic(self, node: nodes.And | nodes.Or, names: Names) -> Guess:
        parts = chain(node, type(node))
        total = self.guess(parts[0], names)
        stop = node.operator == "or"
        for part in parts[1:]:
            right = self.guess(part, names)
            found: list[Alternative] = []
            for one in total:
                truth = holds(one.value)
                if truth is None or truth is stop:
                    found.append(Alternative(one.value if truth is not None else UNKNOWN, one.of, one.by))
                if truth is None or truth is not stop:
                    found += (Alternative(other.value, other.of, other.by | one.by) for other in right)
            total = either(tuple(found))
        return total

    def _choice(self, node: nodes.CondExpr, names: Names) -> Guess:
        true, false = truthy(self.guess(node.test, names))
        first = because(self.guess(node.expr1, names), true)
        second = because(self.guess(node.expr2, names), false) if node.expr2 is not None else sure("", by=false)
        return either(first, second)

    def _comparison(self, node: nodes.Compare, names: Names) -> Guess:
        left = self.guess(node.expr, names)
        found: list[Guess] = []
        for operand in node.ops:
            right = self.guess(operand.expr, names)
            found.append(self.compared(operand.op, left, right))
            left = right
        return found[0] if len(found) == 1 else either(*found)

    def compared(self, operator: str, left: Guess, right: Guess) -> Guess:
        """Return the outcome of a comparison, and by which tests of what somebody wrote."""
        found = tests(operator, left, right) | tests(operator, right, left)
        by = by_all([left, right])
        if not found:
            return (Alternative(UNKNOWN, frozenset(), by),)
        if operator in {"ne", "notin"}:
            return (Alternative(True, by=by), Alternative(False, by=by | found))
        both = found if operator in {"lt", "lteq", "gt", "gteq"} else frozenset()
        return (Alternative(True, by=by | found), Alternative(False, by=by | both))

    def _test(self, node: nodes.Test, names: Names) -> Guess:
        base = self.guess(node.node, names)
        arguments = [self.guess(argument, names) for argument in node.args or ()]
        operator = COMPARING.get(node.name)
        if operator is not None and arguments:
            return self.compared(operator, base, arguments[0])
        return (Alternative(UNKNOWN, frozenset(), by_all([base])),)

    kinds: ClassVar[dict[str, Callable[..., Guess]]] = {
        **dict.fromkeys(("Mul", "Mod", "Sub", "Div", "FloorDiv", "Pow"), _arithmetic),
        **dict.fromkeys(("Neg", "Pos"), _signed),
        **dict.fromkeys(("And", "Or"), _logic),
        **dict.fromkeys(("List", "Tuple"), _list),
        "Add": _sum,
        "Compare": _comparison,
        "Concat": _together,
        "CondExpr": _choice,
        "Const": _constant,
        "Dict": _dict,
        "Getattr": _attribute,
        "Getitem": _item,
        "Name": _name,
        "Not": _not,
        "TemplateData": _data,
        "Test": _test,
    }
