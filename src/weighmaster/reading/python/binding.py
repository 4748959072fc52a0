"""What assignments of Python source do: names, attributes and items stand for something from then on."""

from __future__ import annotations

import ast
from typing import Final

from weighmaster.reading.python.calls import Calls
from weighmaster.reading.python.names import MAIN, NAMESPACE
from weighmaster.reading.python.values import (
    ALTERNATIVES,
    Cls,
    Either,
    Func,
    Given,
    Inst,
    Ref,
    Value,
    blur,
    either,
    flags_of,
    plain,
)

_CALLING: Final = ("sys.", "builtins.", "threading.")
"""Modules whose functions the interpreter calls on its own."""


class Binding(Calls):
    """The layer that knows what assignments mean."""

    def store(self, name: str, value: Value) -> None:
        """Let a name stand for a value, and for what it stood for as well where that could be called."""
        env = self.env.away.get(name, self.env) if self.env.away else self.env
        before = env.names.get(name)
        if before is not None and value is not before and self._stays(before):
            value = either([value, before])
        env.names[name] = value

    def _stays(self, value: Value) -> bool:
        kind = type(value)
        return kind is Func or kind is Either or (kind is Ref and self.interesting(value.dotted))

    def bind(self, target: ast.expr, value: Value) -> None:
        """Let the target of an assignment stand for a value."""
        if isinstance(target, ast.Name):
            self.store(target.id, value)
        elif isinstance(target, ast.Tuple | ast.List):
            self._bind_each(target.elts, value)
        elif isinstance(target, ast.Attribute):
            self._bind_attribute(self.ev(target.value), target.attr, value)
        elif isinstance(target, ast.Subscript):
            self._bind_item(self.ev(target.value), self.ev(target.slice), value)
        elif isinstance(target, ast.Starred):
            self.bind(target.value, value)

    def bind_item_of(self, target: ast.expr, over: Value, items: list[Value] | None) -> None:
        """Let a target stand for any item of what is gone over."""
        self.bind(target, either(items[:ALTERNATIVES]) if items else blur(flags_of(over)))

    def _bind_each(self, targets: list[ast.expr], value: Value) -> None:
        items = value if type(value) is list else None
        if items is not None and len(items) == len(targets) and not any(type(one) is ast.Starred for one in targets):
            for target, item in zip(targets, items, strict=True):
                self.bind(target, item)
            return
        for target in targets:
            self.bind_item_of(target, value, items)

    def _bind_attribute(self, base: Value, name: str, value: Value) -> None:
        if type(base) is Ref:
            self._set(Ref(f"{base.dotted}.{name}", base.flags), value)
        elif isinstance(base, Inst | Cls):
            if value is not None:
                attributes = (base.cls if isinstance(base, Inst) else base).attributes
                attributes[name] = either([value, attributes.get(name)])
        elif type(base) is Either:
            for one in base.values:
                self._bind_attribute(one, name, value)

    def _set(self, ref: Ref, value: Value) -> None:
        if self.interesting(f"{ref.dotted}="):
            self.use(ref, "set", Given([value]))
        if type(value) is Func and ref.dotted.startswith(_CALLING):
            self.runs(value)

    def _bind_item(self, base: Value, index: Value, value: Value) -> None:
        name = plain(index)
        if type(base) is dict and name is not None:
            base[name] = value
        elif type(base) is Ref and base.dotted in {"sys.modules", "builtins"}:
            # A module that puts itself in another's place says so with its own name.
            if index != MAIN:
                self.use(Ref(f"{base.dotted}.{name or '?'}", base.flags | flags_of(index)), "set", Given([value]))
        elif type(base) is Ref and base.dotted == NAMESPACE and isinstance(name, str):
            self.store(name, value)
        elif type(base) is Ref and base.dotted.endswith(".__dict__"):
            self._set(Ref(f"{base.dotted.removesuffix('.__dict__')}.{name or '?'}", base.flags), value)
