"""What a package does on import by calling what another of its files holds: `from ._util import run; run()`.

Each source says which functions of others it calls, and what its own lead to (`Functions`). Here the calls are joined
over the files of a package, from those that run without being asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

from weighmaster.knowledge.chains.chains import Chains, Way
from weighmaster.knowledge.repository import Tree
from weighmaster.knowledge.source.uses import known
from weighmaster.model.fact import Use
from weighmaster.model.source import Functions
from weighmaster.model.value import replace
from weighmaster.reading.python.lookup import inside

_MOST: Final = 20_000
"""Functions of a package that are followed."""
_LONGEST: Final = 24
_DEEPEST: Final = 6
"""Names that stand for other names."""


class _Place(NamedTuple):
    """A function of a file (nothing: all that runs on import), how it is reached, and the text that it is given."""

    path: str
    name: str
    way: Way
    text: str


class _Source:
    """What is known of the functions of one file."""

    def __init__(self, fact: Functions) -> None:
        self.fact = fact
        self.asks: dict[str, list[tuple[str, str]]] = {}
        for line in fact.asks:
            name, target, text = line.split("\t")
            self.asks.setdefault(name, []).append((target, text))
        self.named: dict[str, list[str]] = {}
        for line in fact.named:
            name, target = line.split("\t")
            self.named.setdefault(name, []).append(target)
        self.does: dict[str, list[tuple[Use, bool]]] = {}
        """What each function leads to, and whether it does that itself: then it may be with what it is given."""
        for use, names in zip(fact.does, fact.by, strict=True):
            for name in names:
                self.does.setdefault(name, []).append((use, name == names[0]))


def crossing(chains: Chains, tree: Tree) -> Iterator[tuple[Use, Way]]:
    """Yield what is done where functions of other files are called, as if it stood where it is called."""
    sources = {path: _Source(fact) for path in chains.modules.values() for fact in tree.facts(Functions, path)}
    begin = [
        _Place(path, name, way, "")
        for path, way in chains.ways.items()
        if path in sources
        for name in ("", *_called(sources[path], way.calls))
    ]
    yield from _Crossing(chains, sources).follow(begin)


def _called(source: _Source, wanted: tuple[str, ...]) -> Iterator[str]:
    """Yield the functions of a source that are called once it is reached."""
    for name in dict.fromkeys((*source.does, *source.asks)) if wanted else ():
        if name and any(fnmatchcase(name, each) for each in wanted):
            yield name


class _Crossing:
    def __init__(self, chains: Chains, sources: Mapping[str, _Source]) -> None:
        self._chains = chains
        self._sources = sources
        self._seen: set[tuple[str, str, str]] = set()
        self._waiting: list[_Place] = []

    def follow(self, begin: list[_Place]) -> Iterator[tuple[Use, Way]]:
        """Yield what is reached from some places."""
        self._waiting = begin
        for place in [place for place in begin if not place.name and place.way.calls]:
            for dotted in self._passed_on(place):
                yield from self._call(place, dotted, "", _DEEPEST)
        for place in self._waiting:
            if len(self._seen) > _MOST:
                return
            source = self._sources[place.path]
            if place.name:
                for use, itself in source.does.get(place.name, ()):
                    text = place.text if itself else ""
                    when = "install" if place.way.reach == "install" else use.when
                    yield replace(use, detail=use.detail or text, when=when), place.way
            for target, text in source.asks.get(place.name, ()):
                yield from self._call(place, self._chains.absolute(place.path, target), text, _DEEPEST)

    def _passed_on(self, place: _Place) -> Iterator[str]:
        """Yield the functions that are called once a file is reached, and that it takes from elsewhere."""
        source, own = self._sources[place.path], self._chains.name(place.path)
        for name, targets in source.named.items():
            if name != "*":
                if any(fnmatchcase(name, each) for each in place.way.calls):
                    yield f"{own}.{name}"
                continue
            for module in targets:
                stem = self._chains.absolute(place.path, module)
                path, rest = self._split(stem)
                if path in self._sources and not rest:
                    yield from (f"{stem}.{each}" for each in _called(self._sources[path], place.way.calls))

    def _call(self, place: _Place, dotted: str, text: str, deep: int) -> Iterator[tuple[Use, Way]]:
        path, rest = self._split(dotted)
        if not path:
            # What stands for something that acts.
            if deep < _DEEPEST and known(dotted) is not None:
                module, _, name = dotted.rpartition(".")
                where = self._sources[place.path].fact.where
                yield (
                    Use(where=where, language="python", module=module, name=name, when="import", detail=text),
                    place.way,
                )
            return
        source = self._sources.get(path)
        if source is None or not rest:
            return
        # To make an object is told apart from the call of a method, by the name of the class alone.
        name = ".".join(rest[:2])
        if (path, name, text) not in self._seen and (name in source.does or name in source.asks):
            self._seen.add((path, name, text))
            if len(place.way.chain) < _LONGEST:
                way = place.way if path == place.path else _longer(place.way, path, source.fact)
                self._waiting.append(_Place(path, name, way, text))
        elsewhere = source.named.get(rest[0])
        stars = [inside(module, rest[0]) for module in source.named.get("*", ())] if elsewhere is None else elsewhere
        for other in stars if deep else ():
            stem = (
                f"{dotted[: -len('.'.join(rest))]}{other[1:]}"
                if other[:1] == "="
                else self._chains.absolute(path, other)
            )
            yield from self._call(place, ".".join([stem, *rest[1:]]), text, deep - 1)

    def _split(self, dotted: str) -> tuple[str, list[str]]:
        """Return the file of the module that a name begins with, and what comes after that."""
        steps = dotted.split(".")
        for count in range(len(steps), 0, -1):
            path = self._chains.modules.get(".".join(steps[:count]))
            if path is not None:
                return path, steps[count:]
        return "", steps


def _longer(way: Way, path: str, fact: Functions) -> Way:
    chain = way.chain if way.chain[-1] == path else (*way.chain, path)
    return Way(reach=way.reach, by=way.by, chain=chain, facts=(*way.facts[:8], replace(fact, does=(), by=())))
