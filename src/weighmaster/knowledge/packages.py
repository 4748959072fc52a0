"""The packages of a target: which metadata is whose, which files belong to it, and where each is installed.

A wheel is an archive with `NAME-VERSION.dist-info/METADATA`; an installed package the same in a folder, with a `RECORD`
of its files; an sdist an archive with one folder that holds `PKG-INFO`; a project a folder with `pyproject.toml`,
`setup.cfg` or `setup.py`.
Specifications: <https://packaging.python.org/en/latest/specifications/binary-distribution-format/>,
<https://packaging.python.org/en/latest/specifications/recording-installed-packages/>.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from weighmaster.knowledge.repository import Tree, path_of, split, tree_of
from weighmaster.model.package import Distribution, File, Package
from weighmaster.model.repository import Repository
from weighmaster.reading.pattern import pattern

_RUNS: Final = pattern(r"[-_.]+")
_INFO: Final = pattern(r"(.*[/!])?([^/!]+)\.(dist-info/METADATA|egg-info/PKG-INFO|egg-info)\Z")
_DATA: Final = pattern(r"[^/]+\.data/(purelib|platlib|scripts|headers|data)/(.+)", re.DOTALL)
_ELSEWHERE: Final = {"purelib": "", "platlib": "", "scripts": "../bin/", "headers": "../include/", "data": "../"}


def normal(name: str) -> str:
    """Return the name of a package as indexes compare it.

    Specification: <https://packaging.python.org/en/latest/specifications/name-normalization/>.

    >>> normal("Typing.Extensions"), normal("huggingface__hub")
    ('typing-extensions', 'huggingface-hub')
    """
    return _RUNS.sub("-", name).lower()


def packages_of(whole: Repository) -> Iterator[Package]:
    """Yield the packages of a target, each with its files."""
    tree = tree_of(whole)
    for said in tree.facts(Distribution):
        path = path_of(said.where)
        form, root = _kind(path, said)
        files = tuple(_files(tree, form, root, path))
        yield Package(where=said.where, form=form, root=root, distribution=said, files=files, whole=whole)


def _kind(path: str, said: Distribution) -> tuple[str, str]:
    hit = _INFO.match(path)
    if hit is None:
        folder, _ = split(path)
        return "sdist" if said.by == "metadata" else "project", folder
    root = hit[1] or ""
    return "wheel" if root.endswith("!") else "installed", root


def _files(tree: Tree, form: str, root: str, path: str) -> Iterator[File]:
    """Yield the files of a package; of an installed one those that its `RECORD` names, and its own folder."""
    for file in tree.files:
        if file.startswith(root) and (form != "installed" or file.startswith(split(path)[0])):
            yield File(path=file, installed=installed(file[len(root) :]))


def installed(path: str) -> str:
    """Return where a file of a wheel is installed, beside `site-packages`.

    >>> installed("x-1.0.data/purelib/sitecustomize.py"), installed("x-1.0.data/scripts/python3"), installed("x/a.py")
    ('sitecustomize.py', '../bin/python3', 'x/a.py')
    """
    hit = _DATA.fullmatch(path)
    return path if hit is None else _ELSEWHERE[hit[1]] + hit[2]
