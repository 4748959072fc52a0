"""Follows a template from its first statement to its last, on every way it could take, and notes what it does.

Nothing is rendered. Loops over lists that the template holds itself are followed item by item, others twice; a macro is
followed where it is called. What is set under a test of what somebody wrote stays bound to that test.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Final

from weighmaster.model.errors import OverBudgetError
from weighmaster.reading.jinja.calls import Calls
from weighmaster.reading.jinja.guess import (
    HOLE,
    UNKNOWN,
    Alternative,
    Guess,
    Items,
    Pairs,
    Space,
    either,
    items_of,
    joined,
    of_all,
    sure,
    truthy,
    unknown,
)
from weighmaster.reading.jinja.parse import parsed
from weighmaster.reading.jinja.sight import Names, Sight
from weighmaster.reading.pattern import pattern

if TYPE_CHECKING:
    from jinja2 import nodes

_UNROLLED: Final = 64
_PARTS: Final = 200
"""Pieces of text that are put together."""
_DEEPEST: Final = 6
"""Macros that call macros, as far as they are followed."""
_TIMES: Final = 1_000_000
"""Rounds of loops, in all, that are no longer a matter of text."""
_ADDRESS: Final = pattern(r"(?i)\b(?:https?|ftp|wss?)://[^\s<>\"'{}|]{3,300}")
_FEW: Final = 2
"""Words of text that say nothing."""


class _Macro:
    """A macro, and the names that stood where it was defined."""

    __slots__ = ("names", "node")

    def __init__(self, node: nodes.Macro, names: Names) -> None:
        self.node = node
        self.names = names


@lru_cache(maxsize=4)
def sights(text: str) -> tuple[Sight, ...]:
    """Return what a template does.

    Raises:
        UnreadableError: it is no template.
        OverBudgetError: it is too long to be parsed.
    """
    tree = parsed(text)
    walk = _Walk()
    try:
        walk._tell_whole(walk.output(tree.body, {}))  # noqa: SLF001 - of the same module
    except (OverBudgetError, RecursionError) as error:
        sight = Sight(kind="unfinished", name=str(error)[:200] or "too deep", line=0)
        return (*walk.sights.values(), sight)
    return tuple(walk.sights.values())


class _Walk(Calls):
    """Executes statements over guesses; each gives what it writes out."""

    def __init__(self) -> None:
        super().__init__()
        self._active: list[str] = []
        self._expanded: dict[tuple[object, ...], Guess] = {}
        self._loops = 0
        self._rounds = 1

    def output(self, body: Sequence[nodes.Node], names: Names) -> Guess:
        """Return what statements write, one after the other."""
        parts: list[Guess] = []
        for node in body:
            self.step(node)
            act = self._acts.get(type(node).__name__)
            parts.append(act(self, node, names) if act is not None else self._other(node, names))
        return self._joined(parts)

    def _joined(self, parts: list[Guess]) -> Guess:
        """Put text together, as long as it is short; long text is told piece by piece."""
        parts = [part for part in parts if part]
        if len(parts) > _PARTS or sum(len(part) > 1 for part in parts) > 6:
            return unknown(*parts)
        return joined(parts) if parts else sure("")

    def _other(self, node: nodes.Node, names: Names) -> Guess:
        from jinja2 import nodes as kinds

        if isinstance(node, (kinds.Include, kinds.Extends, kinds.Import, kinds.FromImport)):
            for one in self.guess(node.template, names):
                self.saw("include", one.value if isinstance(one.value, str) else HOLE)
            return sure("")
        if isinstance(node, kinds.Expr):
            return self.guess(node, names)
        body = getattr(node, "body", None)
        return self.output(body, names) if isinstance(body, list) else sure("")

    def _print(self, node: nodes.Output, names: Names) -> Guess:
        parts = [self.guess(part, names) for part in node.nodes]
        for part in parts:
            self.tell(part)
        self._addresses(parts)
        return self._joined(parts)

    def tell(self, guess: Guess) -> None:
        """Note text that is given out or kept, and under which tests of what somebody wrote."""
        under = frozenset().union(*self.tests)
        for one in guess:
            values = [one]
            if isinstance(one.value, Items):
                values = [other for item in one.value.items[:64] for other in item]
            elif isinstance(one.value, Pairs):
                values = [other for _, item in one.value.pairs[:64] for other in item]
            for other in values:
                if (isinstance(other.value, str) and other.value.count(" ") >= _FEW - 1) or (
                    isinstance(other.value, str) and not other.value.isascii()
                ):
                    self.saw("text", other.value, tests=one.by | other.by | under)

    def _tell_whole(self, written: Guess) -> None:
        """Note what pieces give together: what stands in it under more tests was told piece by piece."""
        self.tell(tuple(Alternative(one.value, one.of) for one in written))

    def _addresses(self, parts: list[Guess]) -> None:
        """Note an address into which something that somebody wrote is put."""
        if "content" not in of_all(parts) and "messages" not in of_all(parts):
            return
        whole = ""
        for part in parts:
            said = of_all([part]) & {"content", "messages"}
            texts = [one.value for one in part if isinstance(one.value, str)]
            whole += (texts[0] if texts else "") if texts and not said else texts[0] if texts else HOLE
        for hit in _ADDRESS.finditer(whole[:20_000]):
            if HOLE in hit[0]:
                self.saw("address", hit[0].replace(HOLE, "…"))

    def _if(self, node: nodes.If, names: Names) -> Guess:
        true, false = truthy(self.guess(node.test, names))
        first, second = dict(names), dict(names)
        written = [self._under(true, node.body, first)]
        self.tests.append(false)
        written += [self._if(branch, second) for branch in node.elif_]
        self.tests.pop()
        written.append(self._under(false, node.else_, second))
        self._merge(names, first, second)
        return either(*written)

    def _under(self, tests: frozenset[str], body: Sequence[nodes.Node], names: Names) -> Guess:
        self.tests.append(tests)
        self.uncertain += 1
        written = self.output(body, names)
        self._tell_whole(written)
        self.uncertain -= 1
        self.tests.pop()
        return tuple(Alternative(one.value, one.of, one.by | tests) for one in written) if tests else written

    def _merge(self, names: Names, *ways: Names) -> None:
        for name in dict.fromkeys(name for way in ways for name in way):
            found = [way[name] for way in ways if name in way]
            if len(found) < len(ways):
                found.append(names.get(name, unknown()))
            names[name] = found[0] if all(one is found[0] for one in found) else either(*found)

    def _for(self, node: nodes.For, names: Names) -> Guess:
        over = self.guess(node.iter, names)
        written: list[Guess] = []
        for one in over:
            inside = items_of(one.value)
            items = list(inside)[:_UNROLLED] if inside is not None else []
            before, self._rounds = self._rounds, self._rounds * self._times(one, len(items))
            if self._rounds >= _TIMES:
                self.saw("repeat", str(self._rounds), "loops inside loops")
            written += self._unrolled(node, one, items, names) if items else self._twice(node, one, names)
            self._rounds = before
        written.append(self._under(frozenset(), node.else_, dict(names)))
        return self._joined(written)

    def _unrolled(self, node: nodes.For, one: Alternative, items: list[Guess], names: Names) -> list[Guess]:
        written = [self._round(node, item, one.by, names) for item in items]
        inside = items_of(one.value)
        if inside is not None and next(islice(inside, _UNROLLED, None), None) is not None:
            # More than is followed one by one: whatever is left, in whatever number.
            made = Alternative(UNKNOWN, one.of | {"built"}, one.by)
            written += self._twice(node, made, names)
        return written

    def _twice(self, node: nodes.For, one: Alternative, names: Names) -> list[Guess]:
        """Follow a loop over what is not known: a second time, for what the first round left in a namespace."""
        part = {"part"} if "content" in one.of and "words" not in one.of else set()
        item = (Alternative(UNKNOWN, one.of | part, one.by),)
        self.uncertain += 1
        self._loops += 1
        written = [self._round(node, item, one.by, names) for _ in range(2 if self._loops == 1 else 1)]
        self._loops -= 1
        self.uncertain -= 1
        return written

    def _times(self, one: Alternative, count: int) -> int:
        huge = [int(origin.removeprefix("range:")) for origin in one.of if origin.startswith("range:")]
        if isinstance(one.value, Items):
            count = len(one.value.items)
        return max([count, 1, *huge])

    def _round(self, node: nodes.For, item: Guess, by: frozenset[str], names: Names) -> Guess:
        inside = dict(names)
        inside["loop"] = unknown(of=["loop", "messages"])
        self._bind(node.target, item, inside)
        tests = by
        if node.test is not None:
            tests = tests | truthy(self.guess(node.test, inside))[0]
        self.tests.append(tests)
        written = self.output(node.body, inside)
        self.tests.pop()
        return written

    def _bind(self, target: nodes.Node, value: Guess, names: Names) -> None:
        from jinja2 import nodes as kinds

        if isinstance(target, kinds.Name):
            names[target.name] = value
        elif isinstance(target, kinds.NSRef):
            self._keep(names.get(target.name, ()), target.attr, value)
        elif isinstance(target, (kinds.Tuple, kinds.List)):
            for position, part in enumerate(target.items):
                found = [
                    one.value.items[position]
                    if isinstance(one.value, Items) and position < len(one.value.items)
                    else (Alternative(UNKNOWN, one.of, one.by),)
                    for one in value
                ]
                self._bind(part, either(*found) if found else unknown(), names)

    def _keep(self, spaces: Guess, name: str, value: Guess) -> None:
        for one in spaces:
            if isinstance(one.value, Space):
                before = one.value.names.get(name)
                one.value.names[name] = either(before, value) if before is not None and self.uncertain else value

    def _set(self, node: nodes.Assign, names: Names) -> Guess:
        value = self._bound(self.guess(node.node, names))
        self.tell(value)
        self._bind(node.target, value, names)
        return sure("")

    def _bound(self, value: Guess) -> Guess:
        under = frozenset().union(*self.tests)
        return tuple(Alternative(one.value, one.of, one.by | under) for one in value) if under else value

    def _set_block(self, node: nodes.AssignBlock, names: Names) -> Guess:
        value = self.output(node.body, dict(names))
        if node.filter is not None:
            value = self._through(node.filter, value, names)
        self._bind(node.target, self._bound(value), names)
        return sure("")

    def _through(self, node: Any, value: Guess, names: Names) -> Guess:
        """Apply filters whose innermost is applied to a block."""
        from weighmaster.reading.jinja.filters import call_filter

        base = self._through(node.node, value, names) if node.node is not None else value
        return call_filter(self, node.name, base, *self.arguments(node, names))

    def _filter_block(self, node: nodes.FilterBlock, names: Names) -> Guess:
        return self._through(node.filter, self.output(node.body, dict(names)), names)

    def _with(self, node: nodes.With, names: Names) -> Guess:
        inside = dict(names)
        for target, value in zip(node.targets, node.values, strict=True):
            self._bind(target, self.guess(value, names), inside)
        return self.output(node.body, inside)

    def _define(self, node: nodes.Macro, names: Names) -> Guess:
        names[node.name] = sure(_Macro(node, names))
        # Once as it stands: it may be called by a name that is not followed.
        self._expand(node, names, [], {})
        return sure("")

    def macro(self, value: object, arguments: list[Guess], keywords: dict[str, Guess]) -> Guess | None:
        """Return what a macro of the template gives; None where `value` is none."""
        if not isinstance(value, _Macro):
            return None
        return self._expand(value.node, value.names, arguments, keywords)

    def _expand(self, node: nodes.Macro, names: Names, arguments: list[Guess], keywords: dict[str, Guess]) -> Guess:
        if len(self._active) >= _DEEPEST or self._active.count(node.name) > 1:
            return unknown(*arguments, *keywords.values())
        inside = dict(names)
        defaults = dict(zip([a.name for a in node.args][::-1], node.defaults[::-1], strict=False))
        for position, argument in enumerate(node.args):
            given = keywords.get(argument.name)
            if position < len(arguments):
                given = arguments[position]
            if given is None:
                default = defaults.get(argument.name)
                given = self.guess(default, names) if default is not None else self._unnamed(argument.name)
            inside[argument.name] = given
        key = (id(node), *[_signature(inside[argument.name]) for argument in node.args], *self.tests)
        if key not in self._expanded or None in key:
            self._active.append(node.name)
            written = self.output(node.body, inside)
            self._active.pop()
            if len(node.args) == 0 or None in key:
                return written
            self._expanded[key] = written
        return self._expanded[key]

    def _unnamed(self, name: str) -> Guess:
        """Return the guess for an argument that nobody gave, by what such arguments are called."""
        return unknown(of=("messages", "content") if "content" in name else ("messages",) if "mess" in name else ())

    def _call_block(self, node: nodes.CallBlock, names: Names) -> Guess:
        self.output(node.body, dict(names))
        return self.guess(node.call, names)

    _acts: ClassVar[dict[str, Callable[..., Guess]]] = {
        "Output": _print, "If": _if, "For": _for, "Assign": _set, "AssignBlock": _set_block,
        "FilterBlock": _filter_block, "With": _with, "Macro": _define, "CallBlock": _call_block,
        "ExprStmt": lambda walk, node, names: walk.guess(node.node, names) and sure(""),
    }  # fmt: skip


def _signature(guess: Guess) -> object:
    """Return what tells a guess of nothing known from others; None for one that knows something."""
    if any(one.value is not UNKNOWN for one in guess):
        return None
    return tuple((one.of, one.by) for one in guess)
