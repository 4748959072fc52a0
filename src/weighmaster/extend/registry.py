"""What a look at a target may use, and how a folder of modules becomes part of it. Nothing registers itself."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType, ModuleType
from typing import Protocol, TypeVar

from weighmaster.extend.detector import Detector
from weighmaster.extend.format import Format, Glance
from weighmaster.extend.tally import Tally
from weighmaster.model.fact import Fact
from weighmaster.model.finding import Finding
from weighmaster.model.repository import Repository


class _Named(Protocol):
    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=_Named)


class Shelf(Mapping[str, Format]):
    """The formats of a package, by id, each loaded when a file turns up that it may claim."""

    def __init__(self, package: ModuleType) -> None:
        self._package = package
        self._names = names(package)
        self._loaded: dict[str, Format] = {}
        # By first byte, by condition, or always: a look at a small file should ask no more than a handful.
        self._first: dict[int, list[str]] = {}
        self._where: dict[Callable[[Glance], bool], list[str]] = {}
        self._always: list[str] = []
        for name in self._names:
            if name in package.BEGINS:
                for first in sorted({prefix[0] for prefix in package.BEGINS[name]}):
                    self._first.setdefault(first, []).append(name)
            elif name in package.WORTH_ASKING:
                self._where.setdefault(package.WORTH_ASKING[name], []).append(name)
            elif name not in package.LAST:
                self._always.append(name)

    def __getitem__(self, id: str) -> Format:
        name = id.replace("-", "_")
        if name not in self._names:
            raise KeyError(id)
        return self._load(name)

    def __iter__(self) -> Iterator[str]:
        return (name.replace("_", "-") for name in self._names)

    def __len__(self) -> int:
        return len(self._names)

    def worth_asking(self, glance: Glance) -> list[str]:
        """Return the names of the formats that may claim the bytes."""
        found = list(self._always)
        if glance.head:
            begins = self._package.BEGINS
            found += (name for name in self._first.get(glance.head[0], ()) if glance.head.startswith(begins[name]))
        for condition, those in self._where.items():
            if condition(glance):
                found += those
        return found

    def claiming(self, glance: Glance, *, last: bool) -> list[Format]:
        """Return the formats that claim the bytes, in the order of their names."""
        asked = self._package.LAST if last else self.worth_asking(glance)
        loaded = self._loaded
        found = [loaded.get(name) or self._load(name) for name in asked]
        return sorted((format_ for format_ in found if format_.matches(glance)), key=_id)

    def _load(self, name: str) -> Format:
        found = self._loaded.get(name)
        if found is None:
            found = self._loaded[name] = one(self._package, name, "FORMAT", Format)
        return found


def _id(named: _Named) -> str:
    return named.id


class Rooms(Mapping[str, Detector]):
    """The rules of a package, by id: a folder for each kind of fact, loaded when it is first asked for."""

    def __init__(self, package: ModuleType) -> None:
        self._package = package
        self._rooms = {
            name.replace("_", "-"): room
            for place in package.__path__
            for room in sorted(os.listdir(place))
            if room.startswith("on_")
            for name in _modules(os.path.join(place, room))
        }
        self._loaded: dict[str, Detector] = {}

    def __getitem__(self, id: str) -> Detector:
        if id not in self._loaded:
            room = importlib.import_module(f"{self._package.__name__}.{self._rooms[id]}")
            self._loaded[id] = one(room, id.replace("-", "_"), "DETECTOR", Detector)
        return self._loaded[id]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._rooms))

    def __len__(self) -> int:
        return len(self._rooms)

    def on(self, kind: type[Fact]) -> list[Detector]:
        """Return the rules that read this kind of fact."""
        wanted = room_of(kind)
        return [self[id] for id, room in self._rooms.items() if room == wanted]


def room_of(kind: type[Fact]) -> str:
    """Return the folder of the rules on this kind of fact.

    >>> from weighmaster.model.fact import CodeObject
    >>> room_of(CodeObject)
    'on_code_object'
    """
    return "on" + "".join(f"_{c.lower()}" if c.isupper() else c for c in kind.__name__)


def _nothing(_: Repository) -> Iterable[Fact]:
    return ()


class Registry:
    """What a look at a target may use. A test makes its own; there is no global one.

    `tally` sums up what each format told of each artifact; `compose` tells what a target as a whole is made of.
    """

    __slots__ = ("_on", "compose", "detectors", "formats", "tally")

    def __init__(
        self,
        *,
        formats: Mapping[str, Format] = MappingProxyType({}),
        detectors: Mapping[str, Detector] = MappingProxyType({}),
        tally: type[Tally] = Tally,
        compose: Callable[[Repository], Iterable[Fact]] = _nothing,
    ) -> None:
        self.compose = compose
        self.formats = formats
        self.detectors = detectors
        self.tally = tally
        self._on: dict[type[Fact], list[Detector]] = {}

    def claiming(self, glance: Glance, *, last: bool = False) -> list[Format]:
        """Return the formats that claim the bytes; with `last`, those that look into what no other claims."""
        if isinstance(self.formats, Shelf):
            return self.formats.claiming(glance, last=last)
        return [format_ for format_ in self.formats.values() if format_.fallback is last and format_.matches(glance)]

    def detect(self, fact: Fact) -> Iterator[Finding]:
        """Yield what every detector of that kind of fact says."""
        kind = type(fact)
        found = self._on.get(kind)
        for detector in self._rules(kind) if found is None else found:
            yield from detector.detect(fact)

    def _rules(self, kind: type[Fact]) -> list[Detector]:
        if isinstance(self.detectors, Rooms):
            found = self.detectors.on(kind)
        else:
            found = [detector for detector in self.detectors.values() if detector.on is kind]
        self._on[kind] = found
        return found


def names(package: ModuleType) -> tuple[str, ...]:
    """Return the names of the modules of `package`, in order."""
    return tuple(sorted({name for place in package.__path__ for name in _modules(place)}))


def _modules(folder: str) -> Iterator[str]:
    # pkgutil would import a third of what the whole program needs.
    for entry in os.listdir(folder):
        name, dot, ending = entry.partition(".")
        if dot and not name.startswith("_") and ending.rpartition(".")[2] in {"py", "pyc", "so", "pyd"}:
            yield name


def one(package: ModuleType, name: str, constant: str, kind: type[T]) -> T:
    """Return what the module `name` of `package` offers.

    Raises:
        TypeError: it offers something else, or under an id that is not its own name.
    """
    value = getattr(importlib.import_module(f"{package.__name__}.{name}"), constant, None)
    if not isinstance(value, kind) or value.id.replace("-", "_") != name:
        raise TypeError(f"{package.__name__}.{name} offers no {kind.__name__} of its own name")
    return value
