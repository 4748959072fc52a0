"""Source trees: a wheel or a folder, as modules by dotted name. Nothing is imported or executed."""

import functools
import hashlib
import os
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field

_SKIPPED = {"site-packages", "__pycache__", "lib-dynload", "test", "tests", "ensurepip/_bundled"}
_VENDORED_TESTS = ("test.support", "test.test_support")
_SUFFIXES = (".py", ".pyx")


@dataclass(kw_only=True)
class Tree:
    """One library in one version: where each module's text lies."""

    library: str
    version: str
    path: str
    digest: str = ""
    modules: dict[str, str] = field(default_factory=dict)
    """Dotted name to the path inside the wheel or folder."""

    @property
    def tops(self) -> set[str]:
        """The names that this tree adds at the top level."""
        return {name.partition(".")[0] for name in self.modules}

    def text(self, module: str) -> str:
        """The source of one module."""
        inside = self.modules[module]
        if os.path.isdir(self.path):
            with open(os.path.join(self.path, inside), "rb") as file:
                return file.read().decode("utf-8", "replace")
        return _archive(self.path).read(inside).decode("utf-8", "replace")


@functools.cache
def _archive(path: str) -> zipfile.ZipFile:
    return zipfile.ZipFile(path)


def wheel(path: str) -> Tree:
    """The tree of a wheel file; its file name says library and version (PyPA binary distribution format).

    >>> _module_name("pkg/sub/__init__.py"), _module_name("pkg/mod.py"), _module_name("pkg-1.0.data/x.py")
    ('pkg.sub', 'pkg.mod', None)
    """
    library, version = os.path.basename(path).split("-")[:2]
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    return Tree(library=library, version=version, path=path, digest=digest, modules=dict(_modules(names)))


def folder(path: str, library: str, version: str) -> Tree:
    """The tree of a folder of modules, such as a standard library."""
    names = []
    for here, folders, files in os.walk(path):
        folders[:] = sorted(f for f in folders if f not in {"site-packages", "__pycache__", "lib-dynload"})
        names += [os.path.relpath(os.path.join(here, name), path).replace(os.sep, "/") for name in files]
    return Tree(library=library, version=version, path=path, modules=dict(_modules(names)))


def _modules(names: list[str]) -> Iterator[tuple[str, str]]:
    for name in sorted(names, key=lambda n: (n.endswith(".py"), n)):
        module = _module_name(name)
        if module is not None:
            yield module, name


def _module_name(path: str) -> str | None:
    stem, dot, suffix = path.rpartition(".")
    if dot + suffix not in _SUFFIXES or not re.fullmatch(r"[A-Za-z_]\w*(/[A-Za-z_]\w*)*", stem):
        return None
    parts = stem.split("/")
    if parts[-1] == "__init__":
        parts.pop()
    dotted = ".".join(parts)
    if not _SKIPPED.isdisjoint(parts) and not dotted.startswith(_VENDORED_TESTS) and dotted != "test":
        return None
    return dotted or None
