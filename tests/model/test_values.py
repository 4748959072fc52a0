"""What every type in `weighmaster.model` owes: it is a value."""

import copy
import enum
import importlib
import pkgutil
from typing import Any

import pytest

import weighmaster.model
from weighmaster.model.value import Value, fields, replace
from weighmaster.model.where import Span, Where

KINDS = sorted(
    {
        thing
        for info in pkgutil.iter_modules(weighmaster.model.__path__)
        for thing in vars(importlib.import_module(f"weighmaster.model.{info.name}")).values()
        if isinstance(thing, type) and issubclass(thing, Value) and thing is not Value
    },
    key=lambda kind: kind.__name__,
)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_is_frozen_and_slotted(kind: type[Value]) -> None:
    assert not hasattr(kind, "__dict__") or "__dict__" not in dir(kind.__new__(kind))
    with pytest.raises(AttributeError):
        setattr(kind.__new__(kind), "anything", 1)  # noqa: B010


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_holds_no_way_to_act(kind: type[Value]) -> None:
    assert not [name for name, note in kind.__annotations__.items() if "Callable" in str(note)]


def test_nothing_else_lives_there() -> None:
    for info in pkgutil.iter_modules(weighmaster.model.__path__):
        module = importlib.import_module(f"weighmaster.model.{info.name}")
        own = [t for t in vars(module).values() if isinstance(t, type) and t.__module__ == module.__name__]
        assert all(issubclass(t, Value | enum.Enum | Exception | type) for t in own), info.name


def test_two_of_the_same_class_and_content_are_equal_and_hash_alike() -> None:
    one, other = Span(start=1, end=2), Span(start=1, end=2)
    assert one == other
    assert hash(one) == hash(other)
    assert one != Span(start=1, end=3)
    assert one != (1, 2)


def test_another_class_with_the_same_content_is_another_value() -> None:
    class Range(Value):
        start: int
        end: int

    different: list[Any] = [Range(start=1, end=2), Span(start=1, end=2)]
    assert different[0] != different[1]


def test_a_base_that_was_made_first_leaves_its_heirs_alone() -> None:
    class Base(Value):
        x: int

    class Heir(Base):
        y: int

    assert Base(x=1).x == 1
    assert Heir(x=1, y=2) == Heir(x=1, y=2)


def test_a_field_that_does_not_exist_is_refused() -> None:
    with pytest.raises(TypeError, match="unexpected keyword"):
        Span(start=1, end=2, middle=3)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="missing"):
        Span(start=1)  # type: ignore[call-arg]


def test_copies_are_the_value_itself_and_changes_make_another() -> None:
    where = Where.file("a") / Span(start=1, end=2)
    assert copy.deepcopy(where) is where
    assert replace(where, root="b") == Where.file("b") / Span(start=1, end=2)
    assert dict(fields(where)) == {"root": "a", "steps": (Span(start=1, end=2),)}
