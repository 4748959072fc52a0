"""What the source of a target does, judged by where it stands: in a package, with the chain that runs it, or alone."""

from __future__ import annotations

from collections.abc import Iterator

from weighmaster.knowledge.chains.chains import Chains, Way
from weighmaster.knowledge.chains.crossings import crossing
from weighmaster.knowledge.chains.package_conduct import packaged
from weighmaster.knowledge.packages.packages import owner_of, packages_of
from weighmaster.knowledge.repository import path_of, shown, tree_of
from weighmaster.knowledge.source.conduct import WHEN, conduct
from weighmaster.knowledge.source.uses import known
from weighmaster.model.fact import Use
from weighmaster.model.package import EntryPoint, Package
from weighmaster.model.repository import Repository
from weighmaster.model.source import Deed, Functions
from weighmaster.model.value import replace

_INSTALLED = frozenset({"wheel", "installed", "sdist"})
_UNASKED = frozenset({"import", "install"})
"""Times that come by themselves once a file is reached."""
_TOLD = frozenset({"acts", "hides"})
"""Levels that are told of what only a call over files leads to, beside loads of pickles."""
_SHOWN = 100
"""Characters of what is given that messages show."""


def deeds_of(whole: Repository) -> Iterator[Deed]:
    """Yield what the source of a target does that counts."""
    chains: dict[int, Chains] = {}
    for use in tree_of(whole).facts(Use):
        path = path_of(use.where)
        package = owner_of(whole, path)
        if package is None or package.form not in _INSTALLED:
            found = conduct(use)
            if found.level:
                yield Deed(where=use.where, use=use, level=found.level, does=found.does)
            continue
        if use.when == "main" and package.form == "sdist" and path == f"{package.root}setup.py":
            use = replace(use, when="install")  # noqa: PLW2901 - a build runs it as a program
        if not conduct(use).level:
            continue
        way = None
        if use.when in _UNASKED:
            if id(package) not in chains:
                chains[id(package)] = Chains(package)
            way = chains[id(package)].ways.get(path)
        deed = _in_package(use, path, package, way)
        if deed is not None:
            yield deed
    yield from _over_files(whole, chains)


def _over_files(whole: Repository, chains: dict[int, Chains]) -> Iterator[Deed]:
    """Yield what files of a package do by calling functions of each other."""
    tree = tree_of(whole)
    for package in packages_of(whole):
        if package.form not in _INSTALLED:
            continue
        if any(fact.does or fact.named for file in package.files for fact in tree.facts(Functions, file.path)):
            known_ways = chains.get(id(package)) or Chains(package)
            for use, way in crossing(known_ways, tree):
                path = path_of(use.where)
                deed = _in_package(use, path, package, way) if owner_of(whole, path) is package else None
                if deed is not None and (deed.level in _TOLD or is_load(deed)):
                    yield deed


def _in_package(use: Use, path: str, package: Package, way: Way | None) -> Deed | None:
    found = packaged(use, _counted(way) if way else "", path, way.chain[0] if way else path)
    if not found.level:
        return None
    name = package.distribution.name
    if way is None:
        return Deed(where=use.where, use=use, level=found.level, does=found.does, package=name)
    return Deed(
        where=use.where,
        use=use,
        level=found.level,
        does=found.does,
        package=name,
        reach=way.reach,
        by=way.by,
        chain=way.chain,
        facts=way.facts,
    )


def _counted(way: Way) -> str:
    """Return as what a way counts: what a plug-in imports in turn is the library, as any import runs it."""
    plugged = len(way.chain) > 1 and way.facts and isinstance(way.facts[0], EntryPoint)
    return "import" if way.reach == "start" and plugged else way.reach


def sentence(deed: Deed) -> str:
    """Say what a deed does, when, with what, and what leads to it."""
    use = deed.use
    what = use.dotted.rstrip("=") if use.module else ""
    given = f": {use.detail[:_SHOWN]!r}" if use.detail else ""
    line = f", line {use.line}" if use.line and deed.reach else ""
    # Words of the source are text, never a format: braces stand in many a command.
    when = "" if deed.reach else f" {WHEN.get(use.when, use.when)}"
    done = f"{deed.does}{when}{f', by {what}' if what else ''}{given}{line}"
    if not deed.reach:
        return done
    files = " -> ".join([shown(_inside(path)) for path in deed.chain])
    return f"{deed.by} runs {files}, which {done}"


def _inside(path: str) -> str:
    """Return the path of a file in its archive: the archive is named by where the finding is."""
    return path.rpartition("!")[2]


def is_load(deed: Deed) -> bool:
    """Say whether a deed makes objects out of a pickle, or what is like one."""
    entry = known(deed.use.dotted) if deed.use.module else None
    return entry is not None and entry.kind == "load"
