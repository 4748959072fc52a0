"""What a package brings that other releases or builds of it do not: hooks, models, machine code, homes, requirements.

A project that is taken over changes little: one file more, one requirement more, another home. Held against a release
that was looked at, or against builds of the same release for other machines, that little is all that is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from weighmaster.knowledge.chains.chains import Chains
from weighmaster.knowledge.names.normal import normal
from weighmaster.knowledge.packages.namespaces import MODELS, repositories_of
from weighmaster.knowledge.packages.packages import packages_of
from weighmaster.knowledge.repository import path_of, shown, split, tree_of
from weighmaster.model.fact import Artifact, Executable
from weighmaster.model.package import Change, Package
from weighmaster.model.repository import Repository
from weighmaster.reading.pattern import pattern

_REACHED: Final = frozenset({"start", "install"})
_NAME: Final = pattern(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_BUILD: Final = pattern(
    r"(?:lib)?(.+?)(?:-[0-9a-f]{8,40})?(?:\.cpython-[\w-]+|\.cp\d+-[\w-]+|\.abi\d+|\.pypy[\w-]+)?"
    r"(?:\.exe|\.pyd|\.dll|(?:\.\d+)*\.dylib|\.so(?:\.\d+)*)?\Z"
)
"""The name of a native file without what differs between builds: machine, version, and the digest of auditwheel."""
_MOST: Final = 20
"""Changes of one kind that are told of one package."""


def changes(new: Repository, others: Sequence[Repository]) -> Iterator[Change]:
    """Yield what the packages of a target have that those of the same names in others do not."""
    earlier: dict[str, list[Package]] = {}
    for other in others:
        for package in packages_of(other):
            earlier.setdefault(normal(package.distribution.name), []).append(package)
    for package in packages_of(new):
        named = earlier.get(normal(package.distribution.name), [])
        known = [one for one in named if not _is_same(package, one)]
        if known:
            yield from _changes(package, known)
    if not any(normal(package.distribution.name) in earlier for package in packages_of(new)):
        yield Change(where=new.where, kind="nothing", detail="", name="", other=_told(others))


def _is_same(package: Package, other: Package) -> bool:
    """Say whether both are the same file, which all builds of a release are as well."""
    if not package.root.endswith("!") or not other.root.endswith("!"):
        return False
    one, two = (tree_of(each.whole).files.get(each.root[:-1]) for each in (package, other))
    return one is not None and two is not None and one.sha256 == two.sha256 != ""


def _changes(package: Package, known: Sequence[Package]) -> Iterator[Change]:
    other = ", ".join(dict.fromkeys(shown(one.distribution.version or "?") for one in known))
    for kind, found in (
        ("hook", _hooks(package, known)),
        ("model", _models(package, known)),
        (_native_kind(known), _natives(package, known)),
        ("home", _homes(package, known)),
        ("author", _author(package, known)),
        ("requirement", _requirements(package, known)),
    ):
        for artifact, detail in [*found][:_MOST]:
            where = package.where if artifact is None else artifact.where
            yield Change(where=where, kind=kind, detail=detail, name=package.distribution.name, other=other)


_Found = Iterator[tuple[Artifact | None, str]]


def _hooks(package: Package, known: Sequence[Package]) -> _Found:
    before = {name for one in known for name, _ in _begins(one)}
    tree = tree_of(package.whole)
    for name, path in _begins(package):
        if name not in before:
            yield tree.artifact(path), name


def _begins(package: Package) -> Iterator[tuple[str, str]]:
    """Yield what runs without being asked for, where it begins: by what, and the file."""
    places = {file.path: file.installed for file in package.files}
    for path, way in Chains(package).ways.items():
        if way.reach in _REACHED and len(way.chain) == 1:
            yield f"{places.get(path, path)}, run by {way.by}", path


def _models(package: Package, known: Sequence[Package]) -> _Found:
    """Yield the models of a package, where the others have none."""
    if not any(True for one in known for _ in _carried(one)):
        yield from ((artifact, ", ".join(artifact.formats)) for artifact in _carried(package))


def _carried(package: Package) -> Iterator[Artifact]:
    tree = tree_of(package.whole)
    artifacts = (tree.artifact(file.path) for file in package.files)
    return (artifact for artifact in artifacts if not MODELS.isdisjoint(artifact.formats))


def _native_kind(known: Sequence[Package]) -> str:
    return "library" if any(True for one in known for _ in _built(one)) else "native"


def _natives(package: Package, known: Sequence[Package]) -> _Found:
    before = {name for one in known for name, _ in _built(one)}
    new = (artifact for name, artifact in _built(package) if name not in before)
    yield from ((artifact, split(path_of(artifact.where))[1]) for artifact in new)


def _built(package: Package) -> Iterator[tuple[str, Artifact]]:
    """Yield the native programs and libraries of a package, by names that builds for other machines share."""
    tree = tree_of(package.whole)
    for file in package.files:
        if any(True for _ in tree.facts(Executable, file.path)):
            hit = _BUILD.match(file.installed.rpartition("/")[2])
            yield (hit[1] if hit else file.installed), tree.artifact(file.path)


def _homes(package: Package, known: Sequence[Package]) -> _Found:
    """Yield the repositories that a package names, where the others name others."""
    before = {name for one in known for name in repositories_of(one)}
    now = dict.fromkeys(repositories_of(package))
    if before and now and before.isdisjoint(now):
        yield None, f"{', '.join(now)}, and not {', '.join(sorted(before))}"


def _author(package: Package, known: Sequence[Package]) -> _Found:
    before = {one.distribution.author for one in known if one.distribution.author}
    now = package.distribution.author
    if before and now and now not in before:
        yield None, f"{shown(now)}, and not {shown(min(before))}"


def _requirements(package: Package, known: Sequence[Package]) -> _Found:
    before = {name for one in known for name in _wanted(one)}
    yield from ((None, name) for name in dict.fromkeys(_wanted(package)) if name not in before)


def _wanted(package: Package) -> Iterator[str]:
    return (normal(hit[1]) for each in package.distribution.requires if (hit := _NAME.match(each)))


def _told(others: Iterable[Repository]) -> str:
    return ", ".join(other.where.root for other in others)
