"""The base of every value: frozen, slotted, equal by content, and cheap to define.

A class that inherits from `Value` gets one slot and one keyword argument for each annotated field:

>>> class Point(Value):
...     x: int
...     y: int = 0
>>> Point(x=3)
Point(x=3, y=0)
>>> Point(x=3) == Point(x=3, y=0)
True
>>> Point(x=3).x = 4
Traceback (most recent call last):
AttributeError: Point is a value: 'x' cannot be set

This is what frozen dataclasses give, at a twentieth of their start-up cost (docs/adr/0002).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, dataclass_transform

_set = object.__setattr__


def _first(self: Value, **fields: Any) -> None:
    """Write the class's own `__init__`; later instances go straight to it."""
    cls = type(self)
    cls.__init__ = _init_of(cls)  # type: ignore[method-assign]
    cls.__init__(self, **fields)


@dataclass_transform(frozen_default=True, kw_only_default=True, eq_default=True)
class _ValueType(type):
    """Turns annotations into slots, and their values into defaults."""

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> _ValueType:
        inherited = tuple(field for base in bases for field in getattr(base, "__fields__", ()))
        own = tuple(f for f in namespace.get("__annotations__", {}) if f not in inherited and not f.startswith("__"))
        defaults = dict(getattr(bases[0], "__defaults__", {})) if bases else {}
        defaults |= {field: namespace.pop(field) for field in own if field in namespace}
        namespace |= {
            "__slots__": own,
            "__fields__": inherited + own,
            "__match_args__": inherited + own,
            "__defaults__": defaults,
        }
        # Each class writes its own when it is first needed; it must not find its base's, already written.
        namespace.setdefault("__init__", _first)
        return super().__new__(cls, name, bases, namespace)


class Value(metaclass=_ValueType):
    """A frozen record, equal to another of the same class with the same fields."""

    __fields__: ClassVar[tuple[str, ...]]
    __defaults__: ClassVar[dict[str, Any]]

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is a value: {name!r} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is a value: {name!r} cannot be deleted")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and _contents(self) == _contents(other)

    def __hash__(self) -> int:
        return hash((type(self), _contents(self)))

    def __repr__(self) -> str:
        inside = ", ".join(f"{field}={getattr(self, field)!r}" for field in self.__fields__)
        return f"{type(self).__qualname__}({inside})"

    def __copy__(self) -> Value:
        return self

    def __deepcopy__(self, memo: object) -> Value:
        return self


def fields(value: Value) -> Iterator[tuple[str, Any]]:
    """Yield each field's name and what it holds, in the order of their definition."""
    return ((field, getattr(value, field)) for field in value.__fields__)


def replace(value: Any, **changes: object) -> Any:
    """Return a copy of `value` with some fields changed."""
    return type(value)(**(dict(fields(value)) | changes))


def _contents(value: Value) -> tuple[object, ...]:
    return tuple([getattr(value, field) for field in value.__fields__])


def _init_of(cls: type[Value]) -> Any:
    wanted = [f"{field}=_d[{field!r}]" if field in cls.__defaults__ else field for field in cls.__fields__]
    body = "".join(f"    _set(self, {field!r}, {field})\n" for field in cls.__fields__) or "    pass\n"
    star = ", *, " if wanted else ""
    space: dict[str, Any] = {"_set": _set, "_d": cls.__defaults__}
    # The text holds nothing but the field names of a class of ours.
    exec(f"def __init__(self{star}{', '.join(wanted)}):\n{body}", space)  # noqa: S102
    return space["__init__"]
