"""The packages of a target: which metadata is whose, which files belong to it, and where each is installed.

A wheel is an archive with `NAME-VERSION.dist-info/METADATA`; an installed package the same in a folder, with a `RECORD`
of its files; an egg, which counts as one, a folder or an archive `NAME.egg` with `EGG-INFO`; an sdist an archive with
one folder that holds `PKG-INFO`; a project a folder with `pyproject.toml`, `setup.cfg` or `setup.py`.
Specifications: <https://packaging.python.org/en/latest/specifications/binary-distribution-format/>,
<https://packaging.python.org/en/latest/specifications/recording-installed-packages/>.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from weighmaster.knowledge.names.normal import normal
from weighmaster.knowledge.repository import Tree, path_of, split, tree_of
from weighmaster.model.fact import Fact
from weighmaster.model.package import Build, Distribution, EntryPoint, File, Installed, Package
from weighmaster.model.repository import Repository
from weighmaster.model.value import Value, replace
from weighmaster.reading.pattern import pattern

_INFO: Final = pattern(r"(.*[/!])?([^/!]+)\.(dist-info/METADATA|egg-info/PKG-INFO|egg-info)\Z", re.DOTALL)
_EGG: Final = pattern(r"((?:.*[/!])?[^/!]+\.egg[/!])EGG-INFO/PKG-INFO\Z", re.DOTALL)
"""Metadata of an egg, a folder or archive that is on the interpreter's path itself."""
_SOURCE: Final = pattern(r".*![^/!]+/PKG-INFO\Z", re.DOTALL)
_DATA: Final = pattern(r"[^/]+\.data/(purelib|platlib|scripts|headers|data)/(.+)", re.DOTALL)
_ELSEWHERE: Final = {"purelib": "", "platlib": "", "scripts": "../bin/", "headers": "../include/", "data": "../"}
_SITE: Final = pattern(r"\.\./(?:lib(?:64)?/python[\d.]+|Lib)/(?:site|dist)-packages/")
"""Where `site-packages` lies in the folder of an installation, which `data` counts from."""
_ZIP: Final = frozenset({"zip"})
_MODEL: Final = frozenset({
    "adapter_config.json", "config.json", "model_index.json", "tokenizer.json", "tokenizer_config.json",
})  # fmt: skip
"""Files that lie at the top of a model's folder, and nowhere beside installed packages."""
_WEIGHTS: Final = (
    ".bin", ".ckpt", ".gguf", ".h5", ".joblib", ".keras", ".onnx", ".pkl", ".pt", ".safetensors", ".tflite",
)  # fmt: skip
"""Endings of weights, but for `.pth`: path files lie beside installed packages."""
_PROJECT: Final = frozenset({"pyproject", "setup.cfg"})
_ORDER: Final = {"conda-meta": 0, "setup.cfg": 1, "pyproject": 2, "metadata": 3}
_UP: Final = "../"


class _Known(Value):
    """The packages of a target, whose each file is, and where the metadata lie that are a file of another package."""

    packages: tuple[Package, ...]
    owners: Mapping[str, Package]
    copied: frozenset[str]


_last: list[tuple[Repository, _Known]] = []


def packages_of(whole: Repository) -> tuple[Package, ...]:
    """Return the packages of a target, each with its files; made once however many rules ask."""
    return _known(whole).packages


def owner_of(whole: Repository, path: str) -> Package | None:
    """Return the package that a file belongs to; what is inside an archive of a package is not part of it."""
    return _known(whole).owners.get(path)


def is_vendored(package: Package) -> bool:
    """Say whether a package lies in the folder of another, which copied it: nobody installs it from there."""
    return path_of(package.where) in _known(package.whole).copied


def _known(whole: Repository) -> _Known:
    if not (_last and _last[0][0] is whole):
        found = tuple(_packages(whole))
        # What is inside another comes after it, and has the last word on its own files.
        owners = {file.path: package for package in found for file in package.files}
        own = {path_of(package.where): package for package in found}
        copied = frozenset(
            file.path
            for package in found
            if package.form != "project"
            for file in package.files
            if file.path in own and own[file.path].root != package.root
        )
        _last[:] = [(whole, _Known(packages=found, owners=owners, copied=copied))]
    return _last[0][1]


def _packages(whole: Repository) -> Iterator[Package]:
    tree = tree_of(whole)
    said: dict[tuple[str, str], Distribution] = {}
    for each in tree.facts(Distribution):
        kind = _kind(path_of(each.where), each, tree)
        # What a build says goes before what a project does, and `pyproject.toml` before `setup.cfg`.
        if kind is not None and (kind not in said or _ORDER[each.by] > _ORDER[said[kind].by]):
            said[kind] = each
    built = tuple(root for form, root in said if form in {"wheel", "sdist"})
    sites = tuple(root for form, path in said if form == "installed" and (root := _site(path)))
    for (form, key), each in sorted(said.items(), key=lambda item: (item[0][1], item[0][0])):
        if form == "project" and key.startswith((*built, *sites)):
            continue  # A file of a package that is told by the package's own metadata.
        if form == "installed" and "egg-info" in key and (key.startswith(built) or ("project", _site(key)) in said):
            continue  # What a build left behind in the folder of a source.
        root = _site(key) if form == "installed" else key
        files = tuple(_files(tree, form, root, each))
        yield Package(where=each.where, form=form, root=root, distribution=each, files=files, whole=whole)


def _site(path: str) -> str:
    """Return the folder that a package is installed in, from the path of its metadata."""
    hit = _EGG.match(path) or _INFO.match(path)
    return (hit[1] or "") if hit else ""


def _kind(path: str, said: Distribution, tree: Tree) -> tuple[str, str] | None:
    """Return the form of a package and its root; of an installed one its metadata, of which a root holds many.

    What brings metadata of a package is not one for that: a model in an archive or a folder that holds some as well is
    loaded as a model.
    """
    if said.by in _PROJECT:
        return "project", split(path)[0]
    if _EGG.match(path):
        return "installed", path
    hit = _INFO.match(path)
    if hit is not None:
        root = hit[1] or ""
        if root.endswith("!") and "dist-info" in hit[3]:
            return ("wheel", root) if _is_wheel(tree, root) else None
        return None if _is_model(tree.folders.get(root, ())) else ("installed", path)
    folder = split(path)[0]
    if _SOURCE.match(path):
        named = f"{normal(said.name)}-{said.version}"
        return ("sdist", folder) if normal(folder[:-1].rpartition("!")[2]) == normal(named) else None
    return ("project", folder) if path == "PKG-INFO" and tree.folder else None


def _is_model(names: Iterable[str]) -> bool:
    """Say whether the files at the top of a folder are those of a model: no package lies there, whatever is beside."""
    return any(name in _MODEL or name.endswith(_WEIGHTS) for name in names)


def _is_wheel(tree: Tree, root: str) -> bool:
    """Say whether an archive is a wheel and nothing else that a loader opens."""
    archive = tree.files.get(root[:-1])
    return archive is not None and root.endswith(".whl!") and _ZIP.issuperset(archive.formats)


def _files(tree: Tree, form: str, root: str, said: Distribution) -> Iterator[File]:
    """Yield the files of a package; of an installed one its own folder, and those that its `RECORD` names."""
    path = path_of(said.where)
    if form != "installed" or _EGG.match(path):
        yield from (
            File(path=file, installed=installed(file[len(root) :]))
            for file in tree.below(root)
            if "!" not in file[len(root) :]
        )
        return
    info = split(path)[0] if path.endswith(("/METADATA", "/PKG-INFO")) else path
    inside = dict.fromkeys(file for file in tree.below(info) if "!" not in file[len(root) :])
    for record in tree.facts(Installed, f"{info}RECORD"):
        inside.update((file, None) for name in record.paths if (file := joined(root, name)) in tree.files)
    yield from (File(path=file, installed=_relative(root, file)) for file in inside)


def joined(root: str, name: str) -> str:
    """Return the path of what a `RECORD` names, whose names count from `root`.

    >>> joined("lib/site-packages/", "x/a.py"), joined("v/lib/p/site-packages/", "../../../bin/x"), joined("", "../x")
    ('lib/site-packages/x/a.py', 'v/bin/x', '../x')
    """
    if name[:1] != "." and "\\" not in name:
        return root + name
    name = name.replace("\\", "/")
    while name.startswith(_UP) and root and not root.endswith("!"):
        name, root = name[len(_UP) :], split(root[:-1])[0]
    return root + name.removeprefix("./")


def _relative(root: str, path: str) -> str:
    ups = ""
    while not path.startswith(root):
        ups, root = ups + _UP, split(root[:-1])[0]
    return ups + path[len(root) :]


def installed(path: str) -> str:
    """Return where a file of a wheel is installed, beside `site-packages`.

    >>> installed("x-1.0.data/purelib/sitecustomize.py"), installed("x-1.0.data/scripts/python3"), installed("x/a.py")
    ('sitecustomize.py', '../bin/python3', 'x/a.py')
    """
    hit = _DATA.fullmatch(path)
    return path if hit is None else _SITE.sub("", _ELSEWHERE[hit[1]] + hit[2])


def info_of(package: Package) -> str:
    """Return the folder of a wheel's or an installed package's metadata."""
    return split(path_of(package.where))[0]


def record_of(package: Package) -> Installed | None:
    """Return what the `RECORD` of a package says, if it has one."""
    return next(tree_of(package.whole).facts(Installed, f"{info_of(package)}RECORD"), None)


def build_of(package: Package) -> Build | None:
    """Return how a wheel was built, if it says so."""
    return next(tree_of(package.whole).facts(Build, f"{info_of(package)}WHEEL"), None)


def entry_points_of(package: Package) -> Iterable[EntryPoint]:
    """Return what a package offers to others."""
    return tree_of(package.whole).facts(EntryPoint, f"{info_of(package)}entry_points.txt")


def roots_of(whole: Repository) -> dict[str, list[Package]]:
    """Return the places that an interpreter has on its path once the packages of a target are installed.

    They are the roots of wheels, the folders that packages are installed in, and those of sources.
    """
    found: dict[str, list[Package]] = {}
    for package in packages_of(whole):
        found.setdefault(package.root, []).append(package)
        if package.form in {"sdist", "project"}:
            found.setdefault(f"{package.root}src/", []).append(package)
    return found


def evidence(package: Package, *more: Fact) -> tuple[Fact, ...]:
    """Return what shows a finding about a package: what it says it is, without what it wants, and more."""
    said: Distribution = replace(package.distribution, requires=())
    return (said, *more)
