"""Typed access to a decoded mapping; an error names the path that led to the bad value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from weighmaster.model.errors import UnreadableError
from weighmaster.model.value import Value

T = TypeVar("T")


class Record(Value):
    """A mapping out of untrusted text, and where in that text it stood."""

    values: Mapping[str, Any]
    path: str = ""

    @classmethod
    def of(cls, value: object, path: str = "") -> Record:
        """Wrap `value` if it is a mapping."""
        if not isinstance(value, dict):
            raise UnreadableError(f"{path or 'document'}: mapping wanted, {type(value).__name__} found")
        return cls(values=value, path=path)

    def get(self, key: str, kind: type[T]) -> T:
        """Return the value at `key`, which must be of type `kind`."""
        return _checked(self.values.get(key), kind, self._at(key))

    def each(self, key: str, kind: type[T], *, count: int | None = None) -> tuple[T, ...]:
        """Return the list at `key`, whose items must be of type `kind`."""
        items = self.get(key, list)
        if count is not None and len(items) != count:
            raise UnreadableError(f"{self._at(key)}: {count} items wanted, {len(items)} found")
        return tuple(_checked(item, kind, f"{self._at(key)}[{i}]") for i, item in enumerate(items))

    def _at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key


def _checked(value: object, kind: type[T], path: str) -> T:
    # bool is an int to Python, not to any file format.
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise UnreadableError(f"{path}: {kind.__name__} wanted, {type(value).__name__} found")
    return value
