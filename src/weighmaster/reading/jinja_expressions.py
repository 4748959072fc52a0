"""Follows the expressions of a template over guesses, and notes what they touch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Final

from weighmaster.model.errors import OverBudgetError
from weighmaster.model.value import Value
from weighmaster.reading.jinja_filters import call_filter
from weighmaster.reading.jinja_guess import (
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
    called,
    each,
    either,
    fields,
    formed,
    holds,
    joined,
    keyword,
    literal,
    of_all,
    plain,
    shown,
    sure,
    truthy,
    unknown,
)
from weighmaster.reading.jinja_sums import COMPARING, added, because, calculated, chain, derived, tests
from weighmaster.reading.pattern import pattern

if TYPE_CHECKING:
    from jinja2 import nodes

Names = dict[str, Guess]

_STEPS: Final = 150_000
"""Expressions that are followed; the longest public template has two thousand."""
_SIGHTS: Final = 4000
_MADE: Final = frozenset({"built", "helper", "shown"})
"""What text derives from that the template makes, and not the conversation."""
_OFFERED: Final = frozenset({"request", "config", "url_for", "get_flashed_messages", "current_app", "session", "g"})
"""What web frameworks offer to each template that they render."""
_DIRECTIVE: Final = pattern(r"%-?.")
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
_LOOKS: Final = frozenset({"startswith", "endswith", "find", "rfind", "count", "index", "rindex", "__contains__"})


class Sight(Value):
    """Something that a template does, in one of these kinds.

    * `attribute`: takes the attribute `name` of something; `HOLE` stands in it for what is not known.
    * `computed`: takes an attribute whose name nobody knows; `name` is `attr` or `item`, `detail` says what made it.
    * `helper`: takes the attribute `detail` of `name`, which whoever renders the template offers.
    * `call`: calls `name`, which the template does not define. `method`: calls the method `name` of something.
    * `text`: gives out `name`, under the tests `tests` of what somebody wrote.
    * `address`: gives out the address `name` with a part that somebody wrote.
    * `include`: takes in the template `name`. `repeat`: does `detail`, `name` times.
    * `unfinished`: was not followed to its end.
    """

    kind: str
    name: str
    line: int
    detail: str = ""
    tests: tuple[str, ...] = ()


class Expressions:
    """Evaluates expressions; statements are its subclass's."""

    def __init__(self) -> None:
        self.sights: dict[tuple[str, str, str, tuple[str, ...]], Sight] = {}
        self.tests: list[frozenset[str]] = []
        self.uncertain = 0
        self._steps = _STEPS
        self._line = 1

    def saw(self, kind: str, name: str, detail: str = "", tests: Iterable[str] = ()) -> None:
        """Note a sight."""
        sight = Sight(kind=kind, name=name[:2000], line=self._line, detail=detail[:200], tests=tuple(sorted(tests)))
        self.sights.setdefault((kind, sight.name, sight.detail, sight.tests), sight)
        if len(self.sights) > _SIGHTS:
            raise OverBudgetError("a template that does too much")

    def step(self, node: nodes.Node) -> None:
        """Count a step."""
        self._steps -= 1
        self._line = node.lineno or self._line
        if self._steps < 0:
            raise OverBudgetError("a template of too many steps")

    def guess(self, node: nodes.Node, names: Names) -> Guess:
        """Return what an expression may be."""
        self.step(node)
        evaluate = self._kinds.get(type(node).__name__)
        if evaluate is not None:
            return evaluate(self, node, names)
        return unknown(*[self.guess(child, names) for child in node.iter_child_nodes()])

    def macro(self, value: object, arguments: list[Guess], keywords: dict[str, Guess]) -> Guess | None:
        """Return what a macro of the template gives; None where `value` is none."""
        raise NotImplementedError

    # What names an attribute.

    def touch(self, base: Guess, name: str) -> None:
        """Note that an attribute is taken."""
        if name in {"format", "format_map"}:
            self._walked(base)
        helpers = [one.value.name for one in base if isinstance(one.value, Helper)]
        for helper in helpers:
            self.saw("helper", helper, name)
        self.saw("attribute", name)

    def _walked(self, base: Guess) -> None:
        """Note the attributes that the fields of a format string walk to, whoever calls `format` later."""
        for one in base:
            for _, field, _ in fields(one.value) if isinstance(one.value, str) else ():
                for name in field.replace("[", ".").replace("]", "").split(".")[1:]:
                    self.touch(unknown(), name)

    def touch_computed(self, base: Guess, name: Guess, how: str) -> None:
        """Note that an attribute is taken whose name is an expression."""
        for one in name:
            value = one.value
            if isinstance(value, str) and value != HOLE and (value.strip(HOLE) or not one.of):
                self.touch(base, value)
                if HOLE in value:
                    self.saw("computed", how, "built")
            elif not isinstance(value, (int, float, bool, type(None))):
                helper = any(isinstance(other.value, Helper) for other in base)
                made = one.of & _MADE
                if how == "attr" or helper or made:
                    self.saw("computed", how, "built" if made or helper else "")

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
        self._offered(node.node, node.attr, names)
        self.touch(base, node.attr)
        return self._taken(base, node.attr)

    def _offered(self, base: nodes.Expr, attribute: str, names: Names) -> None:
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
            return self._looked_up(base.value, of, by | ({"lookup"} if "content" in key.of else set()))
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

    def _looked_up(self, base: Items | Pairs, of: frozenset[str], by: frozenset[str]) -> Guess:
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
        return self._grown(joined([self.guess(part, names) for part in node.nodes]))

    def _sum(self, node: nodes.Add, names: Names) -> Guess:
        parts = [self.guess(part, names) for part in chain(node, type(node))]
        total = parts[0]
        for part in parts[1:]:
            total = each(added, total, part)
        return self._grown(total)

    def _grown(self, total: Guess) -> Guess:
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
        return self._grown(total)

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

    def _filter(self, node: nodes.Filter, names: Names) -> Guess:
        base = self.guess(node.node, names) if node.node is not None else unknown()
        return call_filter(self, node.name, base, *self.arguments(node, names))

    def arguments(self, node: Any, names: Names) -> tuple[list[Guess], dict[str, Guess]]:
        """Return what a call or a filter is given."""
        given = [self.guess(argument, names) for argument in node.args or ()]
        keywords = {pair.key: self.guess(pair.value, names) for pair in node.kwargs or ()}
        for star in self.guess(node.dyn_args, names) if node.dyn_args is not None else ():
            given += star.value.items if isinstance(star.value, Items) else [unknown(of=["built"])]
        for star in self.guess(node.dyn_kwargs, names) if node.dyn_kwargs is not None else ():
            for key, value in star.value.pairs if isinstance(star.value, Pairs) else ():
                keywords |= {shown(one.value): value for one in key}
        return given, keywords

    def _call(self, node: nodes.Call, names: Names) -> Guess:
        from jinja2 import nodes as kinds

        target = node.node
        arguments, keywords = self.arguments(node, names)
        if isinstance(target, kinds.Name) and target.name == "raise_exception" and target.name not in names:
            return sure("")  # What it says ends the rendering, and is said to nobody's model.
        if isinstance(target, kinds.Name):
            return self._called_name(target, arguments, keywords, names)
        if isinstance(target, (kinds.Getattr, kinds.Getitem)):
            return self._called_method(target, arguments, keywords, names)
        return unknown(self.guess(target, names), *arguments, *keywords.values())

    def _called_name(
        self, target: nodes.Name, arguments: list[Guess], keywords: dict[str, Guess], names: Names
    ) -> Guess:
        name = target.name
        if name in names:
            given = [self.macro(one.value, arguments, keywords) for one in names[name]]
            return either(*[guess for guess in given if guess is not None] or [unknown(names[name], *arguments)])
        if name == "range":
            return self._range(arguments)
        if name in {"dict", "namespace"}:
            return self._mapping(name, arguments, keywords)
        if name == "strftime_now":
            return self._date(arguments)
        if name in {"cycler", "joiner", "caller", "loop", "super"}:
            return unknown(*arguments, *keywords.values(), of=["built"])
        self.saw("call", name)
        return unknown(*arguments, of=["built", "shown"] if name == "lipsum" else ())

    def _mapping(self, name: str, arguments: list[Guess], keywords: dict[str, Guess]) -> Guess:
        pairs: list[tuple[Guess, Guess]] = []
        for one in arguments[0] if arguments else ():
            if isinstance(one.value, Pairs):
                pairs += one.value.pairs
            elif isinstance(one.value, Items):
                pairs += _as_pairs(one.value)
        pairs += [(sure(keyword(key), of=frozenset({"built"})), value) for key, value in keywords.items()]
        if name == "dict":
            return sure(Pairs(pairs))
        return sure(Space({one.value: value for key, value in pairs for one in key if isinstance(one.value, str)}))

    def _date(self, arguments: list[Guess]) -> Guess:
        """Follow `strftime_now`: what is no directive of its form comes out as it stands."""

        def apply(form: object) -> Guess:
            if not isinstance(form, str):
                return unknown(of=["time", "built"])
            return sure(_DIRECTIVE.sub(HOLE, form), of=frozenset({"time", "built"}))

        return each(apply, *arguments[:1]) if arguments else unknown(of=["time"])

    def _range(self, arguments: list[Guess]) -> Guess:
        try:
            window = range(*[int(plain(one[0].value)) for one in arguments if len(one) == 1])  # type: ignore[call-overload]
        except (ValueError, TypeError, OverflowError):
            return unknown(of=["count"])
        if (count := (window.stop - window.start) // window.step) >= LONGEST:
            return unknown(of=[f"range:{count}"])
        return literal(list(window))

    def _called_method(
        self,
        target: nodes.Getattr | nodes.Getitem,
        arguments: list[Guess],
        keywords: dict[str, Guess],
        names: Names,
    ) -> Guess:
        from jinja2 import nodes as kinds

        base = self.guess(target.node, names)
        if isinstance(target, kinds.Getattr):
            methods = [target.attr]
            self._offered(target.node, target.attr, names)
            self.touch(base, target.attr)
        else:
            key = self.guess(target.arg, names)
            self.touch_computed(base, key, "item")
            methods = [one.value for one in key if isinstance(one.value, str)]
        for method in methods:
            self.saw("method", method)
        return either(*[self.method(base, name, arguments, keywords) for name in methods] or [unknown(*arguments)])

    def method(self, base: Guess, name: str, arguments: list[Guess], keywords: dict[str, Guess]) -> Guess:
        """Return what a method gives."""
        if name in {"format", "format_map"}:
            return self.formatted(base, arguments, keywords)
        if name in _LOOKS and arguments:
            return self.compared("in", arguments[0], base)
        if name == "replace" and "content" in of_all([base]) and len(arguments) > 1:
            self._replaced(arguments[0], arguments[1])
        if name in {"append", "insert", "extend", "add"} and arguments:
            self._appended(base, arguments[-1])
        if name == "cycle":
            return either(*arguments, unknown(base, of=["built"]))
        if name in {"get", "pop"} and arguments:
            picked = either(*[self.picked(one, other) for one in base for other in arguments[0]])
            return either(picked, *arguments[1:])
        found = [self._method_of(one, name, arguments) for one in base]
        return either(*found) if found else unknown()

    def _method_of(self, one: Alternative, name: str, arguments: list[Guess]) -> Guess:
        if isinstance(one.value, Pairs) and name in {"keys", "values", "items"}:
            pairs = one.value.pairs
            picked = {"keys": [k for k, _ in pairs], "values": [v for _, v in pairs]}
            return sure(Items(picked.get(name) or [sure(Items(pair)) for pair in pairs]), of=one.of, by=one.by)
        if isinstance(one.value, (Pairs, Items)) and name != "append":
            return either(self._looked_up(one.value, one.of, one.by), *arguments[1:], unknown(of=["built"]))

        def apply(*values: object) -> Guess:
            found = called(one.value, name, list(values))
            if found is not None:
                return found
            return unknown(of=["built"] if isinstance(one.value, (str, bytes)) else ["words"])

        found = each(apply, *arguments) if arguments else apply()
        built = {"built"} if isinstance(one.value, (str, bytes)) else set()
        return tuple(Alternative(o.value, o.of | one.of | built, o.by | one.by) for o in found)

    def _appended(self, base: Guess, item: Guess) -> None:
        for one in base:
            if isinstance(one.value, Items) and len(one.value.items) < LONGEST:
                # A list inside itself would have no end.
                held = tuple(Alternative(UNKNOWN, o.of, o.by) if isinstance(o.value, Items) else o for o in item)
                one.value.items.append(because(held, frozenset().union(*self.tests)))

    def _replaced(self, old: Guess, new: Guess) -> None:
        for one in old:
            for other in new:
                if isinstance(one.value, str) and isinstance(other.value, str):
                    self.saw("text", other.value, tests=[f"text:{one.value[:80]}"])

    def formatted(self, base: Guess, arguments: list[Guess], keywords: dict[str, Guess]) -> Guess:
        """Follow `format`: its fields may walk from an argument to whatever hangs on it."""
        found: list[Guess] = []
        for one in base:
            if not isinstance(one.value, str):
                self.saw("computed", "format", "built" if "built" in one.of or "content" in one.of else "")
                found.append(unknown(base, *arguments, *keywords.values(), of=["built"]))
                continue
            if one.value.strip(HOLE) != one.value and "content" in one.of:
                self.saw("computed", "format", "built")
            found.append(self._fields(one.value, arguments, keywords))
        return either(*found)

    def _fields(self, text: str, arguments: list[Guess], keywords: dict[str, Guess]) -> Guess:
        parts: list[Guess] = []
        for position, (before, field, form) in enumerate(fields(text)):
            parts.append(sure(before))
            first, *rest = field.replace("[", ".").replace("]", "").split(".")
            number = int(first) if first.isdecimal() and len(first) < 6 else position
            given = keywords.get(first) if first and not first.isdecimal() else None
            if given is None and number < len(arguments):
                given = arguments[number]
            if given is not None and not rest:
                parts.append(each(lambda value, form=form: formed(value, form), given))
            elif field:
                parts.append(unknown(*arguments))
        return self._grown(joined(parts or [sure("")]))

    _kinds: ClassVar[dict[str, Callable[..., Guess]]] = {
        "Const": _constant, "TemplateData": _data, "Name": _name,
        "List": _list, "Tuple": _list, "Dict": _dict,
        "Getattr": _attribute, "Getitem": _item, "Concat": _together,
        "Add": _sum, "Mul": _arithmetic, "Mod": _arithmetic,
        "Sub": _arithmetic, "Div": _arithmetic, "FloorDiv": _arithmetic,
        "Pow": _arithmetic, "Neg": _signed, "Pos": _signed, "Not": _not, "And": _logic, "Or": _logic,
        "CondExpr": _choice, "Compare": _comparison, "Test": _test,
        "Filter": _filter, "Call": _call,
    }  # fmt: skip


def _as_pairs(found: Items) -> Iterator[tuple[Guess, Guess]]:
    for item in found.items:
        for one in item:
            if isinstance(one.value, Items) and len(one.value.items) > 1:
                yield one.value.items[0], one.value.items[1]
