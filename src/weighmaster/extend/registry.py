"""What a look at a target may use, and how a folder of modules becomes part of it. Nothing registers itself."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator, Mapping
from types import MappingProxyType, ModuleType
from typing import Protocol, TypeVar

from weighmaster.extend.detector import Detector
from weighmaster.extend.format import Format
from weighmaster.model.fact import Fact
from weighmaster.model.finding import Finding


class _Named(Protocol):
    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=_Named)


class Registry:
    """What a look at a target may use. A test makes its own; there is no global one."""

    __slots__ = ("_on", "detectors", "formats")

    def __init__(
        self,
        *,
        formats: Mapping[str, Format] = MappingProxyType({}),
        detectors: Mapping[str, Detector] = MappingProxyType({}),
    ) -> None:
        self.formats = formats
        self.detectors = detectors
        self._on: dict[type[Fact], list[Detector]] = {}
        for detector in detectors.values():
            self._on.setdefault(detector.on, []).append(detector)

    def detect(self, fact: Fact) -> Iterator[Finding]:
        """Yield what every detector of that kind of fact says."""
        for detector in self._on.get(type(fact), ()):
            yield from detector.detect(fact)


def folder(package: ModuleType, constant: str, kind: type[T]) -> Mapping[str, T]:
    """Return what each module of `package` offers under `constant`, by id, in the order of ids.

    Raises:
        TypeError: a module offers something else, or under an id that is not its own name.
    """
    return MappingProxyType({name.replace("_", "-"): one(package, name, constant, kind) for name in names(package)})


def names(package: ModuleType) -> tuple[str, ...]:
    """Return the names of the modules of `package`, in order."""
    # pkgutil would import a third of what the whole program needs.
    entries = (entry for place in package.__path__ for entry in os.listdir(place))
    found = {entry.split(".")[0] for entry in entries if entry.endswith((".py", ".so", ".pyd"))}
    return tuple(sorted(name for name in found if name and not name.startswith("_")))


def one(package: ModuleType, name: str, constant: str, kind: type[T]) -> T:
    """Return what the module `name` of `package` offers.

    Raises:
        TypeError: it offers something else, or under an id that is not its own name.
    """
    value = getattr(importlib.import_module(f"{package.__name__}.{name}"), constant, None)
    if not isinstance(value, kind) or value.id.replace("-", "_") != name:
        raise TypeError(f"{package.__name__}.{name} offers no {kind.__name__} of its own name")
    return value
