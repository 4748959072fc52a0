"""What a bill of materials keeps of the facts of one artifact: the words in it, its operators, what it imports.

Facts come by the hundred thousand; what is kept of them is bounded, and what is left out is said.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import ClassVar, Final

from weighmaster.extend.tally import Tally
from weighmaster.model.fact import (
    Fact,
    Import,
    Metadata,
    Operation,
    Shared,
    Statement,
    Template,
    Tensor,
    Update,
    Weights,
)
from weighmaster.model.term import Constant, Group, Table, Term
from weighmaster.model.where import Where

_WORDS: Final = 200
"""Keys of metadata, imported modules, operators and templates that are kept of one artifact."""
_TEXT: Final = 500
_KEY: Final = 100
_VERSION: Final = "_sklearn_version"


class Described(Tally):
    """Counts tensors, and keeps a bounded part of what else a format tells."""

    kinds: ClassVar[frozenset[type[Fact]]] = frozenset({Tensor, Weights, Metadata, Template, Operation, Import, Update})

    def __init__(self, where: Where, by: str) -> None:
        super().__init__(where, by)
        self._kept: dict[tuple[str, str], None] = {}
        self._more: dict[str, int] = {}

    def take(self, fact: Fact) -> None:
        """Take a fact, which is of one of `kinds`."""
        match fact:
            case Metadata(key=key, text=text):
                self._keep(f"metadata:{key[:_KEY]}", text[:_TEXT])
            case Template(name=name, text=text):
                digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
                self._keep("template", f"sha256:{digest} {name[:_KEY]}")
            case Operation(dialect=dialect, name=name):
                self._keep(f"operator:{dialect}", name[:_KEY])
            case Import(module=module):
                self._keep("imports", module.partition(".")[0][:_KEY])
            case Update(value=value):
                for version in _versions(value):
                    self._keep("library", f"scikit-learn {version[:_KEY]}")
            case _:
                super().take(fact)

    def _keep(self, key: str, value: str) -> None:
        kind = key.partition(":")[0]
        if (key, value) in self._kept:
            return
        self._more[kind] = self._more.get(kind, 0) + 1
        if self._more[kind] <= _WORDS:
            self._kept[key, value] = None

    def told(self) -> Iterator[Shared]:
        """Yield what the facts come to."""
        yield from super().told()
        for key, value in self._kept:
            yield Statement(where=self.where, key=key, value=value, by=self.by)
        for kind, count in self._more.items():
            if count > _WORDS:
                yield Statement(where=self.where, key="left-out", value=f"{count - _WORDS} more of {kind}", by=self.by)


def _versions(value: Term) -> Iterator[str]:
    """Yield the release of scikit-learn that an estimator's state names."""
    match value:
        case Table(items=items):
            for key, inner in items:
                match key, inner:
                    case Constant(text=text), Constant(kind="str", text=version) if text == _VERSION:
                        yield version
                    case _:
                        continue
        case Group(items=parts):
            for part in parts:
                if isinstance(part, Table):
                    yield from _versions(part)
        case _:
            return
