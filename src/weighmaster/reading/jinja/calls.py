"""What filters, functions and methods that a template calls may give, and what `format` walks to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Final

from weighmaster.reading.jinja.expressions import Expressions
from weighmaster.reading.jinja.filters import call_filter
from weighmaster.reading.jinja.guess import (
    HOLE,
    LONGEST,
    UNKNOWN,
    Alternative,
    Guess,
    Items,
    Pairs,
    Space,
    called,
    each,
    either,
    fields,
    formed,
    joined,
    keyword,
    literal,
    of_all,
    plain,
    shown,
    sure,
    unknown,
)
from weighmaster.reading.jinja.sight import Names
from weighmaster.reading.jinja.sums import because
from weighmaster.reading.pattern import pattern

if TYPE_CHECKING:
    from jinja2 import nodes

_DIRECTIVE: Final = pattern(r"%-?.")
_LOOKS: Final = frozenset({"startswith", "endswith", "find", "rfind", "count", "index", "rindex", "__contains__"})


class Calls(Expressions):
    """Evaluates calls; statements are its subclass's."""

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
            self.offered(target.node, target.attr, names)
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
            return either(self.looked_up(one.value, one.of, one.by), *arguments[1:], unknown(of=["built"]))

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
        return self.grown(joined(parts or [sure("")]))

    kinds: ClassVar[dict[str, Callable[..., Guess]]] = {**Expressions.kinds, "Filter": _filter, "Call": _call}


def _as_pairs(found: Items) -> Iterator[tuple[Guess, Guess]]:
    for item in found.items:
        for one in item:
            if isinstance(one.value, Items) and len(one.value.items) > 1:
                yield one.value.items[0], one.value.items[1]
