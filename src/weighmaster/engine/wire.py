"""Items as bytes and back, for what a worker that has read hostile bytes tells its parent.

One line of JSON an item: the class's name, then its fields in order. A rule is named, never described, so a worker can
invent none. Nothing is believed: `decode` builds only values of known classes, with fields of their declared types.

>>> from weighmaster.extend.registry import Registry
>>> from weighmaster.model.report import Gap, GapReason
>>> from weighmaster.model.where import Where
>>> gap = Gap(where=Where.file("a").span(0, 7), reason=GapReason.ENCRYPTED, detail="no key")
>>> encode([gap])
b'["Gap",["a",[0,7]],"encrypted","no key"]'
>>> list(decode(encode([gap]), Registry())) == [gap]
True
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final, TypeAlias

from weighmaster.extend.registry import Registry
from weighmaster.model import fact, package, source, term
from weighmaster.model.errors import WeighmasterError
from weighmaster.model.fact import Artifact, Fact, Shared
from weighmaster.model.finding import Confidence, Finding, Rule
from weighmaster.model.report import Gap, GapReason, Item
from weighmaster.model.value import Value
from weighmaster.model.where import Member, Span, Where

DEPTH: Final = 32
"""Terms inside terms."""
LINE: Final = 8 << 20
"""Bytes of one item: what JSON makes of a line may take forty times its size in memory."""

_LINE_END: Final = b"\n"
_WRITER: Final = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":"))
_READER: Final = json.JSONDecoder()


class WireError(WeighmasterError):
    """Bytes that `encode` did not write, or an item that it cannot."""


Out: TypeAlias = Callable[[Any, int], Any]
In: TypeAlias = Callable[[Any, int, Mapping[str, Any]], Any]


class Kind(Value):
    """How the values of one type of field are written and read; `out` is None where JSON has them as they are.

    Both know how many terms may still nest. What is read is looked up among the detectors where it is a rule.
    """

    out: Out | None
    into: In


def encode(items: Iterable[Item]) -> bytes:
    """Write items.

    Raises:
        WireError: an item holds what is no value of the model's, nests too deep, or is too long.
    """
    lines = []
    for item in items:
        kind = _ITEMS.get(type(item).__name__)
        if kind is None or kind.out is None:
            raise WireError(f"no item: {type(item).__name__}")
        try:
            # Undecodable file names hold lone surrogates. Not escaped, two of them do not become one character.
            line = _WRITER.encode(kind.out(item, DEPTH)).encode("utf-8", "surrogatepass")
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise WireError(f"{type(item).__name__} cannot be written: {error}") from error
        if len(line) > LINE:
            raise WireError(f"{type(item).__name__} of {len(line)} bytes")
        lines.append(line)
    return _LINE_END.join(lines)


def decode(data: bytes, registry: Registry, *, root: str | None = None) -> Iterator[Item]:
    """Read what `encode` wrote. With `root`, every item must be about that file.

    Raises:
        WireError: it was not written by `encode`, names an unknown rule, or is about another file.
    """
    at = 0
    while at < len(data):
        end = data.find(_LINE_END, at, at + LINE + 1)
        if end < 0:
            end = len(data)
        if end - at > LINE:
            raise WireError("a line too long")
        item = _item(data[at:end], registry)
        if root is not None and item.where.root != root:
            raise WireError("an item about another file")
        yield item
        at = end + 1


def _item(line: bytes, registry: Registry) -> Item:
    try:
        read = _READER.decode(line.decode("utf-8", "surrogatepass"))
        if type(read) is not list:
            raise WireError("no list")
        item: Item = _ITEMS[read[0]].into(read, DEPTH, registry.detectors)
    except (ValueError, KeyError, IndexError, TypeError, RecursionError) as error:
        raise WireError(f"not an item: {type(error).__name__}") from error
    return item


def _plain(wanted: type) -> Kind:
    def into(x: Any, _depth: int, _known: Mapping[str, Any]) -> Any:
        # bool is an int to Python, not to us.
        if type(x) is not wanted:
            raise WireError(f"{wanted.__name__} wanted, {type(x).__name__} found")
        return x

    return Kind(out=None, into=into)


def _where_out(where: Where, _depth: int) -> list[Any]:
    return [where.root, *[s.name if type(s) is Member else [s.start, s.end] for s in where.steps]]  # type: ignore[union-attr]


def _where_into(x: Any, _depth: int, _known: Mapping[str, Any]) -> Where:
    if type(x) is not list or not x or type(x[0]) is not str:
        raise WireError("no place")
    return Where(root=x[0], steps=tuple([_step(step) for step in x[1:]]) if len(x) > 1 else ())


def _step(x: Any) -> Member | Span:
    if type(x) is str:
        return Member(name=x)
    if type(x) is list and len(x) == 2 and type(x[0]) is int and type(x[1]) is int:
        return Span(start=x[0], end=x[1])
    raise WireError("no step")


def _rule_into(x: Any, _depth: int, known: Mapping[str, Any]) -> Rule:
    if type(x) is not str or x not in known:
        raise WireError("no rule of that name")
    rule: Rule = known[x].rule
    return rule


def _enumerated(members: Mapping[Any, Any], plain: type) -> Kind:
    def into(x: Any, _depth: int, _known: Mapping[str, Any]) -> Any:
        if type(x) is not plain or x not in members:
            raise WireError("no value of that name")
        return members[x]

    return Kind(out=lambda x, _: x.value, into=into)


def _optional(kind: Kind) -> Kind:
    return Kind(
        out=lambda x, depth: x if x is None or kind.out is None else kind.out(x, depth),
        into=lambda x, depth, known: None if x is None else kind.into(x, depth, known),
    )


def _many(kind: Kind) -> Kind:
    write, read = kind.out, kind.into

    def out(x: Any, depth: int) -> Any:
        return list(x) if write is None else [write(one, depth) for one in x]

    def into(x: Any, depth: int, known: Mapping[str, Any]) -> Any:
        if type(x) is not list:
            raise WireError("no list")
        return tuple([read(one, depth, known) for one in x])

    return Kind(out=out, into=into)


def _several(kinds: list[Kind]) -> Kind:
    def out(x: Any, depth: int) -> Any:
        return [one if kind.out is None else kind.out(one, depth) for kind, one in zip(kinds, x, strict=True)]

    def into(x: Any, depth: int, known: Mapping[str, Any]) -> Any:
        if type(x) is not list:
            raise WireError("no list")
        return tuple([kind.into(one, depth, known) for kind, one in zip(kinds, x, strict=True)])

    return Kind(out=out, into=into)


def _classes(module: Any, base: type[Value]) -> dict[str, type[Value]]:
    """Return the classes that `module` defines below `base`, which is nothing that stands anywhere."""
    return {
        name: thing
        for name, thing in vars(module).items()
        if isinstance(thing, type)
        and issubclass(thing, base)
        and thing is not base
        and thing.__module__ == module.__name__
    }


def _union(classes: Mapping[str, type[Value]]) -> Kind:
    """Return the kind of the values of any of `classes`."""

    def out(x: Any, depth: int) -> Any:
        if depth == 0:
            raise WireError(f"nested more than {DEPTH} deep")
        name = type(x).__name__
        if classes.get(name) is not type(x):
            raise WireError(f"{name} is not of the model")
        return _record(type(x)).out(x, depth - 1)  # type: ignore[misc]

    def into(x: Any, depth: int, known: Mapping[str, Any]) -> Any:
        if depth == 0 or type(x) is not list or not x or type(x[0]) is not str or x[0] not in classes:
            raise WireError("no value of the model")
        return _record(classes[x[0]]).into(x, depth - 1, known)

    return Kind(out=out, into=into)


@cache
def _record(cls: type[Value]) -> Kind:
    """Return the kind of the values of one class: its name, then its fields."""
    hints: dict[str, str] = {}
    for each in reversed(cls.__mro__):
        hints |= vars(each).get("__annotations__", {})
    names = cls.__fields__
    kinds = [_kind(hints[name]) for name in names]
    writers = [(name, kind.out) for name, kind in zip(names, kinds, strict=True)]
    readers = [(name, place, kind.into) for place, (name, kind) in enumerate(zip(names, kinds, strict=True), 1)]
    tag, length = cls.__name__, len(names) + 1

    def out(x: Any, depth: int) -> Any:
        return [
            tag,
            *[getattr(x, name) if write is None else write(getattr(x, name), depth) for name, write in writers],
        ]

    def into(x: Any, depth: int, known: Mapping[str, Any]) -> Any:
        if type(x) is not list or len(x) != length or x[0] != tag:
            raise WireError(f"no {tag}")
        return cls(**{name: read(x[place], depth, known) for name, place, read in readers})

    return Kind(out=out, into=into)


@cache
def _kind(annotation: str) -> Kind:
    """Return the kind of a field's values, by the words that declare it in the model."""
    if annotation in _KINDS:
        return _KINDS[annotation]
    if annotation.endswith(" | None"):
        return _optional(_kind(annotation.removesuffix(" | None")))
    inside = annotation.removeprefix("tuple[").removesuffix("]")
    if inside == annotation:
        raise TypeError(f"no way to send a {annotation}")
    if inside.endswith(", ..."):
        return _many(_kind(inside.removesuffix(", ...")))
    return _several([_kind(part) for part in inside.split(", ")])


_KINDS: Final[dict[str, Kind]] = {
    "int": _plain(int),
    "str": _plain(str),
    "bool": _plain(bool),
    "Where": Kind(out=_where_out, into=_where_into),
    "Rule": Kind(out=lambda rule, _: rule.id, into=_rule_into),
    "Confidence": _enumerated({x.value: x for x in Confidence}, int),
    "GapReason": _enumerated({x.value: x for x in GapReason}, str),
    "Fact": _union(_classes(fact, Fact) | _classes(package, Fact) | _classes(source, Fact)),
    "Use": _union({"Use": fact.Use}),
    "Term": _union(_classes(term, Value)),
    "Table": _union({"Table": term.Table}),
}
_SHARED: Final = _classes(fact, Shared) | _classes(package, Shared) | _classes(source, Shared)
_SENT: Final[tuple[type[Value], ...]] = (Artifact, Finding, Gap, *_SHARED.values())
_ITEMS: Final = {cls.__name__: _record(cls) for cls in _SENT}
