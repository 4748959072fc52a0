"""What a program that is followed but not run computes, as far as that can be known: terms.

A `Term` is the shadow of a Python object that a loader would build. `str(term)` writes it as Python would spell it.
"""

from __future__ import annotations

from typing import TypeAlias

from weighmaster.model.value import Value


class Constant(Value):
    """A literal. `text` is the string itself; for bytes, each byte as one character; else what `repr` writes.

    `size` is the length of the whole literal; `text` may hold only its beginning.
    """

    kind: str
    text: str
    size: int = 0

    def __str__(self) -> str:
        match self.kind:
            case "str":
                shown = repr(self.text)
            case "bytes" | "bytearray":
                shown = repr(self.text.encode("latin-1", "replace"))
            case _:
                return self.text
        return shown if self.size <= len(self.text) else f"{shown}… ({self.size} in all)"


class Name(Value):
    """A global: what `from module import name` gives. `name` may hold dots."""

    module: str
    name: str

    @property
    def dotted(self) -> str:
        """The full name, as written in source code."""
        return f"{self.module}.{self.name}"

    def __str__(self) -> str:
        return self.dotted


class Made(Value):
    """What calling `callee` with `arguments` gives; `state` is what BUILD set on it later."""

    callee: Term
    arguments: tuple[Term, ...]
    state: tuple[Term, ...] = ()

    def __str__(self) -> str:
        return f"{self.callee}({', '.join(map(str, self.arguments))})"


class Group(Value):
    """A tuple, list, set or frozenset of `size` items, of which the first are known."""

    kind: str
    items: tuple[Term, ...]
    size: int

    def __str__(self) -> str:
        inside = ", ".join(map(str, self.items)) + (", …" if self.size > len(self.items) else "")
        match self.kind:
            case "tuple":
                return f"({inside},)" if self.size == 1 else f"({inside})"
            case "list":
                return f"[{inside}]"
            case _:
                return f"{self.kind}([{inside}])"


class Table(Value):
    """A dictionary of `size` entries, of which the first are known."""

    items: tuple[tuple[Term, Term], ...]
    size: int

    def __str__(self) -> str:
        inside = ", ".join(f"{k}: {v}" for k, v in self.items) + (", …" if self.size > len(self.items) else "")
        return f"{{{inside}}}"


class Handle(Value):
    """What the loader's `persistent_load` gives for `id`."""

    id: Term

    def __str__(self) -> str:
        return f"persistent_load({self.id})"


class Unknown(Value):
    """Something that cannot be known without running the program, and why."""

    why: str

    def __str__(self) -> str:
        return f"<{self.why}>"


Term: TypeAlias = Constant | Name | Made | Group | Table | Handle | Unknown
