"""A package's `RECORD` held against its files: what is not listed, what is another, what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.knowledge.packages.namespaces import MODELS
from weighmaster.knowledge.packages.packages import info_of, is_vendored, joined, packages_of, record_of
from weighmaster.knowledge.repository import path_of, tree_of
from weighmaster.model.fact import Artifact
from weighmaster.model.package import Installed, Package
from weighmaster.model.repository import Repository
from weighmaster.reading.pattern import pattern

_SIGNATURES: Final = ("RECORD", "RECORD.jws", "RECORD.p7s")
_CODE: Final = (".py", ".pyc", ".so", ".pyd", ".dll", ".dylib", ".pth", ".exe", ".sh")
_RUN: Final = MODELS | {"executable", "notebook", "pyc", "shell"}
"""Formats of files that somebody runs or loads as a model."""
_CACHED: Final = pattern(r"(.*/)?__pycache__/([^/]+?)\.[\w-]+(?:\.opt-\d)?\.pyc\Z")


def unlisted(package: Package) -> Iterator[Artifact]:
    """Yield the files of a wheel that its `RECORD` leaves out, and folders of an installed package likewise."""
    said = record_of(package)
    if said is None or package.form != "wheel":
        return
    info = info_of(package)
    listed = {joined(package.root, path) for path in said.paths} | {f"{info}{name}" for name in _SIGNATURES}
    tree = tree_of(package.whole)
    yield from (tree.artifact(file.path) for file in package.files if file.path not in listed)


def differing(package: Package) -> Iterator[tuple[Artifact, str]]:
    """Yield the files that are not what the `RECORD` says, and how they differ."""
    said = record_of(package)
    if said is None or is_vendored(package):
        return
    tree = tree_of(package.whole)
    for path, digest, size in zip(said.paths, said.sha256, said.sizes, strict=True):
        found = tree.files.get(joined(package.root, path))
        if found is None:
            continue
        if digest and found.digest == "computed" and found.sha256 != digest:
            if not _by_another(package, found):
                yield found, "has another digest than its RECORD says"
        elif size >= 0 and found.size != size and not digest:
            yield found, f"has {found.size} bytes, and its RECORD says {size}"


def _by_another(package: Package, found: Artifact) -> bool:
    """Say whether another package installed a file over this one's, and lists it as it is."""
    if package.form != "installed":
        return False
    path = path_of(found.where)
    return found.sha256 in _listed(package.whole).get(path, ())


_last: list[tuple[Repository, dict[str, set[str]]]] = []


def _listed(whole: Repository) -> dict[str, set[str]]:
    if not (_last and _last[0][0] is whole):
        found: dict[str, set[str]] = {}
        for package in packages_of(whole):
            said = record_of(package)
            if said is not None and package.form == "installed":
                for path, digest in zip(said.paths, said.sha256, strict=True):
                    found.setdefault(joined(package.root, path), set()).add(digest)
        _last[:] = [(whole, found)]
    return _last[0][1]


def missing(package: Package) -> list[str]:
    """Return the files that a `RECORD` names and that are not there."""
    said = record_of(package)
    if said is None or is_vendored(package):
        return []
    files = tree_of(package.whole).files
    absent = []
    for path in said.paths:
        there = joined(package.root, path)
        # What lies outside the target was not looked at.
        if there not in files and not there.startswith("../") and not path.endswith((".pyc", "/")):
            absent.append(path)
    return absent


def is_code(package: Package, artifact: Artifact) -> bool:
    """Say whether a change of a file may change what is run or loaded; of a wheel, every change counts."""
    if package.form != "installed" or path_of(artifact.where).endswith(_CODE):
        return True
    return not _RUN.isdisjoint(artifact.formats)


def leading_out(said: Installed) -> list[str]:
    """Return the paths of a wheel's `RECORD` that lead out of where it is installed."""
    return [path for path in said.paths if path.startswith(("/", "../", "\\")) or "/../" in path or path[1:2] == ":"]


def unaccounted(whole: Repository) -> Iterator[Artifact]:
    """Yield code in a folder of installed packages that no package's `RECORD` lists."""
    tree = tree_of(whole)
    roots = {package.root for package in packages_of(whole) if package.form == "installed" and not is_vendored(package)}
    if not roots:
        return
    listed = _listed(whole)
    for root in sorted(roots):
        free = _of_packages_without_record(whole, root)
        for path in tree.below(root):
            rest = path[len(root) :]
            if not path.endswith(_CODE) or path in listed or "!" in rest or rest.partition("/")[0] in free:
                continue
            hit = _CACHED.match(rest)
            if hit and f"{root}{hit[1] or ''}{hit[2]}.py" in tree.files:
                continue  # Made by the interpreter as it imports; held against its source elsewhere.
            yield tree.artifact(path)


def _of_packages_without_record(whole: Repository, root: str) -> set[str]:
    """Return the names at a root that may belong to a package that lists no files."""
    free: set[str] = set()
    tree = tree_of(whole)
    bare = [
        package
        for package in packages_of(whole)
        if package.form == "installed" and package.root == root and record_of(package) is None
    ]
    if bare:
        owned = {path[len(root) :].partition("/")[0] for path in _listed(whole) if path.startswith(root)}
        free |= {path[len(root) :].partition("/")[0] for path in tree.below(root)} - owned
    return free
