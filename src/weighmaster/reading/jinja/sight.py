"""What a template does, one by one: the kinds of sights, and the lowest layer of the follower, which notes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar, Final

from weighmaster.model.errors import OverBudgetError
from weighmaster.model.value import Value
from weighmaster.reading.jinja.guess import (
    HOLE,
    Guess,
    Helper,
    fields,
    unknown,
)

if TYPE_CHECKING:
    from jinja2 import nodes

Names = dict[str, Guess]

_STEPS: Final = 150_000
"""Expressions that are followed; the longest public template has two thousand."""
_SIGHTS: Final = 4000
_MADE: Final = frozenset({"built", "helper", "shown"})
"""What text derives from that the template makes, and not the conversation."""


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


class Noting:
    """The state of the follower, and what it takes down; the layers above know how expressions come about."""

    kinds: ClassVar[dict[str, Callable[..., Guess]]] = {}
    """What evaluates an expression, by the name of its kind: a method of this class."""

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
        evaluate = self.kinds.get(type(node).__name__)
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
