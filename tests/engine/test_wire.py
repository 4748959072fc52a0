"""What a worker says arrives as it was said, and nothing that it could not say arrives at all."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weighmaster.engine.wire import DEPTH, LINE, WireError, decode, encode
from weighmaster.extend.detector import Detector
from weighmaster.extend.registry import Registry
from weighmaster.model import fact, term
from weighmaster.model.fact import Artifact, Call, Fact, Import, Nested
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.report import Gap, GapReason, Item
from weighmaster.model.value import Value
from weighmaster.model.where import Member, Span, Where

RULES = [Rule(id=f"rule-{n}", title="A rule", severity=Severity(n)) for n in range(1, 4)]
REGISTRY = Registry(detectors={r.id: Detector(rule=r, on=Fact, detect=lambda _: iter(())) for r in RULES})

# File names hold lone surrogates, and a pair of them is not the character that UTF-16 would make of it.
TEXTS = st.text(st.characters() | st.sampled_from('\ud83d\ude00\udcff\n\x00"\\'), max_size=8)
NUMBERS = st.integers(0, 1 << 70) | st.integers(-5, 5)
PLACES = st.builds(
    lambda root, steps: Where(root=root, steps=tuple(steps)),
    TEXTS,
    st.lists(st.builds(Member, name=TEXTS) | st.builds(Span, start=NUMBERS, end=NUMBERS), max_size=3),
)


def annotation(cls: type[Value], name: str) -> str:
    hints = {k: v for each in reversed(cls.__mro__) for k, v in vars(each).get("__annotations__", {}).items()}
    return str(hints[name])


def strategy(words: str, terms: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    plain = {"int": NUMBERS, "str": TEXTS, "Where": PLACES, "Term": terms, "bool": st.booleans()}
    if words in plain:
        return plain[words]
    if words == "Table":
        return built(term.Table, terms)
    if words.endswith(" | None"):
        return st.none() | strategy(words.removesuffix(" | None"), terms)
    inside = words.removeprefix("tuple[").removesuffix("]")
    if inside.endswith(", ..."):
        return st.lists(strategy(inside.removesuffix(", ..."), terms), max_size=3).map(tuple)
    return st.tuples(*[strategy(part, terms) for part in inside.split(", ")])


def built(cls: type[Value], terms: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(cls, **{name: strategy(annotation(cls, name), terms) for name in cls.__fields__})


def classes(module: Any, base: type[Value]) -> list[type[Value]]:
    return [
        thing
        for thing in vars(module).values()
        if isinstance(thing, type)
        and issubclass(thing, base)
        and thing is not base
        and thing.__module__ == module.__name__
    ]


LEAVES = built(term.Constant, st.nothing()) | built(term.Name, st.nothing()) | built(term.Unknown, st.nothing())
TERMS = st.recursive(LEAVES, lambda inner: st.one_of([built(cls, inner) for cls in classes(term, Value)]), max_leaves=6)
FACTS = st.one_of([built(cls, TERMS) for cls in classes(fact, Fact)])
FINDINGS = st.builds(
    Finding,
    rule=st.sampled_from(RULES),
    where=PLACES,
    message=TEXTS,
    confidence=st.sampled_from(Confidence),
    evidence=st.lists(FACTS, max_size=2).map(tuple),
)
GAPS = st.builds(Gap, where=PLACES, reason=st.sampled_from(GapReason), detail=TEXTS)
ITEMS = st.lists(built(Artifact, TERMS) | FINDINGS | GAPS, max_size=4)


@settings(max_examples=150, deadline=None)
@given(ITEMS)
def test_what_is_decoded_is_what_was_encoded(items: list[Item]) -> None:
    assert list(decode(encode(items), REGISTRY)) == items


@settings(max_examples=150, deadline=None)
@given(ITEMS.filter(bool), st.data())
def test_altered_bytes_give_items_or_a_typed_error(items: list[Item], data: st.DataObject) -> None:
    wire = bytearray(encode(items))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(wire) - 1))
        wire[place : place + data.draw(st.integers(0, 2))] = data.draw(
            st.sampled_from([b"", b"[", b"]", b"1", b'"', b"\n", b"\xff"])
        )
        if not wire:
            return
    with contextlib.suppress(WireError):
        for item in decode(bytes(wire), REGISTRY):
            assert isinstance(item, Artifact | Finding | Gap)
            assert list(decode(encode([item]), REGISTRY)) == [item]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["Gap", "Finding", "Artifact", "Name", "Import", "rule-1"]),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_any_json_gives_items_or_a_typed_error(value: object) -> None:
    with contextlib.suppress(WireError):
        list(decode(json.dumps(value).encode(), REGISTRY))


GOOD: list[Any] = ["Finding", "rule-1", ["a"], "m", 3, [["Import", ["a"], "os", "system", "GLOBAL"]]]


def altered(*path: int, to: object) -> list[Any]:
    value: list[Any] = json.loads(json.dumps(GOOD))
    at: Any = value
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = to
    return value


ODD: dict[str, object] = {
    "no list": "Gap",
    "empty list": [],
    "unknown class": altered(0, to="Report"),
    "a rule of its own making": altered(1, to="rule-9"),
    "a rule spelled out": altered(1, to=["Rule", "x", "y", 5, None]),
    "no place": altered(2, to=[]),
    "a place that is text": altered(2, to="a"),
    "a step of three": altered(2, to=["a", [1, 2, 3]]),
    "a step of truths": altered(2, to=["a", [True, False]]),
    "a message that is a number": altered(3, to=1),
    "confidence unknown": altered(4, to=9),
    "confidence true": altered(4, to=True),
    "confidence a fraction": altered(4, to=3.0),
    "evidence no list": altered(5, to={}),
    "evidence of no class": altered(5, 0, 0, to="Value"),
    "evidence of the class that is none": altered(5, 0, to=["Fact", ["a"]]),
    "evidence is a place": altered(5, 0, to=["Where", "a"]),
    "evidence with a class for a name": altered(5, 0, 0, to=["Import"]),
    "a field too few": GOOD[:-1],
    "a field too many": [*GOOD, 1],
    "an artifact with a number as format": ["Artifact", ["a"], 1, "b", [1]],
    "a gap for a made-up reason": ["Gap", ["a"], "boredom", "d"],
    "a fact is no item": ["Import", ["a"], "os", "system", "GLOBAL"],
}


@pytest.mark.parametrize("name", ODD)
def test_a_worker_cannot_say(name: str) -> None:
    assert list(decode(json.dumps(GOOD).encode(), REGISTRY))
    with pytest.raises(WireError):
        list(decode(json.dumps(ODD[name]).encode(), REGISTRY))


def test_a_worker_speaks_of_its_own_file_only() -> None:
    wire = encode([Gap(where=Where.file("other"), reason=GapReason.ENCRYPTED, detail="")])
    assert list(decode(wire, REGISTRY, root="other"))
    with pytest.raises(WireError, match="another file"):
        list(decode(wire, REGISTRY, root="mine"))


def nested(depth: int) -> Item:
    inner: term.Term = term.Name(module="os", name="system")
    for _ in range(depth - 1):
        inner = term.Handle(id=inner)
    place = Where.file("a")
    call = Call(where=place, callee=inner, arguments=(), opcode="REDUCE")
    return Finding(rule=RULES[0], where=place, message="m", evidence=(call,))


def test_terms_nest_as_deep_as_is_said_and_no_deeper() -> None:
    deepest = nested(DEPTH - 1)
    assert list(decode(encode([deepest]), REGISTRY)) == [deepest]
    with pytest.raises(WireError, match="deep"):
        encode([nested(DEPTH)])
    with pytest.raises(WireError, match="deep"):
        encode([nested(5000)])


@pytest.mark.parametrize("bracket", [b"[", b'{"a":', b'["Finding",'])
def test_brackets_without_end_are_refused(bracket: bytes) -> None:
    with pytest.raises(WireError):
        list(decode(bracket * 100_000, REGISTRY))


def test_a_line_or_a_number_without_end_is_refused() -> None:
    with pytest.raises(WireError, match="too long"):
        list(decode(b" " * (LINE + 1), REGISTRY))
    with pytest.raises(WireError):
        list(decode(b'["Artifact",["a"],' + b"9" * 100_000 + b',"",[]]', REGISTRY))
    with pytest.raises(WireError, match="bytes"):
        encode([Gap(where=Where.file("a" * LINE), reason=GapReason.ENCRYPTED, detail="")])


def test_what_is_not_of_the_model_is_not_sent() -> None:
    class Invented(Nested):
        pass

    place = Where.file("a")
    for evidence in (Invented(where=place), "text", 1):
        with pytest.raises(WireError):
            encode([Finding(rule=RULES[0], where=place, message="m", evidence=(evidence,))])  # type: ignore[arg-type]
    with pytest.raises(WireError):
        encode([Import(where=place, module="a", name="b", opcode="c")])  # type: ignore[list-item]
