"""Packages that source imports: which package brings each module, and whether anything in the target asks for it.

Modules of the interpreter's library and of the target itself are none. Which package brings a module is what the
metadata of installed packages in the target say, else what `knowledge.packages.modules` does; a module that is called
like a known package is taken for it. What packages import is theirs to ask for: they are left out.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from weighmaster.bom.look import Seen
from weighmaster.knowledge.loads.load_targets import is_packaged_path, is_test
from weighmaster.knowledge.names.normal import normal
from weighmaster.knowledge.packages.modules import above, is_shared, known, namesake
from weighmaster.knowledge.packages.packages import owner_of, packages_of
from weighmaster.knowledge.repository import path_of
from weighmaster.model.package import Dependency, Distribution
from weighmaster.model.source import Imports
from weighmaster.model.value import Value
from weighmaster.reading.pattern import pattern

_CODE: Final = (".py", ".pyw", ".pyi", ".pyx", ".so", ".pyd")
_ROOTS: Final = ("", "src/", "lib/", "python/")
"""Folders beside source that are put on the path of the interpreter."""
_FORMER: Final = frozenset(
    "ConfigParser HTMLParser Queue StringIO Tkinter UserDict __builtin__ __main__ aifc annotationlib asynchat "  # noqa: SIM905
    "asyncore audioop cPickle cStringIO cgi cgitb chunk commands compression concurrent cookielib copy_reg crypt "
    "distutils dummy_thread exceptions htmlentitydefs httplib imghdr imp lib2to3 mailcap msilib nis nntplib "
    "ossaudiodev pipes sets sha sitecustomize smtpd sndhdr spwd sunau telnetlib thread tkFileDialog tkMessageBox "
    "tomllib urllib2 urlparse usercustomize uu xdrlib xmlrpclib".split()
)
"""Modules that another version of the interpreter brings."""
_CONDA: Final[Mapping[str, tuple[str, ...]]] = {
    "faiss-cpu": ("faiss", "faiss-cpu", "faiss-gpu"),
    "matplotlib": ("matplotlib-base",),
    "msgpack": ("msgpack-python",),
    "opencv-python": ("opencv", "py-opencv", "libopencv"),
    "tables": ("pytables",),
    "torch": ("pytorch", "pytorch-cpu", "pytorch-gpu"),
    "umap-learn": ("umap-learn",),
    "xgboost": ("py-xgboost", "py-xgboost-cpu", "py-xgboost-gpu"),
}
"""What conda calls packages otherwise."""
_DEEPEST: Final = 3
_REQUIRED: Final = pattern(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


class Imported(Value):
    """Source imports `module`, which one of `packages` brings, the first the likeliest; empty where none is known.

    `how` says what says so: `installed`, `table`, `name`, or nothing. `asked` are the files that ask for one of them,
    or are of it. `alike` is the known package that an unknown one is called nearly like.
    """

    module: str
    packages: tuple[str, ...]
    how: str
    asked: tuple[str, ...]
    paths: tuple[str, ...]
    alike: str = ""

    @property
    def in_tests(self) -> bool:
        """Whether nothing but tests imports it."""
        return all(map(is_test, self.paths))


def imported(seen: Seen) -> tuple[Imported, ...]:
    """Return the packages that the source of a target imports."""
    own = _Own(seen)
    brought = _brought(seen)
    asked = _asked(seen)
    found: dict[str, tuple[tuple[str, ...], str, dict[str, None]]] = {}
    for fact in seen.whole.facts:
        if not isinstance(fact, Imports) or _is_of_package(seen, path_of(fact.where)):
            continue
        path = path_of(fact.where)
        for module in dict.fromkeys((*fact.names, *fact.main, *fact.later)):
            top = module.partition(".")[0]
            if not top or top in _FORMER or own.beside(path, top):
                continue
            name, packages, how = _bringing(module, brought, asked)
            # What begins with a line is nobody's to ask for: a part of the interpreter, or of what is built later.
            if how or not (top.startswith("_") or own.anywhere(top)):
                found.setdefault(name, (packages, how, {}))[2][path] = None
    return tuple(_told(name, packages, how, tuple(paths), asked)
                 for name, (packages, how, paths) in sorted(found.items())
                 if not (is_shared(name) and any(other.startswith(f"{name}.") for other in found)))  # fmt: skip


def _told(
    name: str, packages: tuple[str, ...], how: str, paths: tuple[str, ...], asked: Mapping[str, tuple[str, ...]]
) -> Imported:
    names = dict.fromkeys((*packages, *(other for one in packages for other in _CONDA.get(one, ())), namesake(name)))
    files = dict.fromkeys(path for one in names for path in asked.get(one, ()))
    alike = ""
    if not how:
        from weighmaster.knowledge.names.names import imitates

        likeness = imitates(namesake(name))
        alike = likeness.name if likeness is not None else ""
    return Imported(module=name, packages=packages, how=how, asked=tuple(files), paths=paths, alike=alike)


def _bringing(
    module: str, brought: Mapping[str, tuple[str, ...]], asked: Mapping[str, tuple[str, ...]]
) -> tuple[str, tuple[str, ...], str]:
    """Return the name under which a module is told, the packages that bring it, and what says so."""
    from weighmaster.knowledge.names.names import is_known

    top = module.partition(".")[0]
    for name in above(module):
        if name in brought:
            return (top if len(brought.get(top, ())) == 1 else name), brought[name], "installed"
    name, packages = known(module)
    if packages:
        return name, packages, "table"
    called = [(name, normal(name.replace(".", "-"))) for name in above(module) if "." in name or not is_shared(module)]
    for name, own in called if is_shared(module) else called[-1:]:
        if own in asked or is_known(own):
            return name, (own,), "name"
    return (module if is_shared(module) else top), (), ""


class _Own:
    """The modules of the target itself."""

    def __init__(self, seen: Seen) -> None:
        self._places: set[str] = set()
        self._names: set[str] = set()
        for artifact in seen.whole.artifacts:
            path = path_of(artifact.where)
            if path.endswith(_CODE) and not _is_of_package(seen, path):
                self._take(path.replace("!", "/"))
        name = os.path.basename(os.path.abspath(seen.target))
        if "__init__" in self._names:
            # A package that is itself the target is imported under the name of the folder.
            self._names.add(name)
            self._root = name
        else:
            self._root = ""

    def _take(self, path: str) -> None:
        parts = path.split("/")
        parts[-1] = parts[-1].partition(".")[0]
        self._names.update(parts)
        place = "/".join(parts)
        while place and place not in self._places:
            self._places.add(place)
            place = place.rpartition("/")[0]

    def beside(self, path: str, top: str) -> bool:
        """Say whether a module lies where source that is at a path finds it."""
        if top == self._root:
            return True
        folder = path.replace("!", "/")
        while folder:
            folder = folder.rpartition("/")[0]
            stem = f"{folder}/" if folder else ""
            if any(f"{stem}{root}{top}" in self._places for root in _ROOTS):
                return True
        return False

    def anywhere(self, top: str) -> bool:
        """Say whether a module of that name lies somewhere."""
        return top in self._names


def _is_of_package(seen: Seen, path: str) -> bool:
    """Say whether source belongs to a package that somebody installed, and asks for what it imports itself."""
    if is_packaged_path(path):
        return True
    owner = owner_of(seen.whole, path)
    return owner is not None and owner.form in {"wheel", "installed"}


def _brought(seen: Seen) -> Mapping[str, tuple[str, ...]]:
    """Return which installed packages bring a module, by its name with dots."""
    found: dict[str, dict[str, None]] = {}
    for package in packages_of(seen.whole):
        if package.form == "installed":
            name = normal(package.distribution.name)
            for module in {module for file in package.files for module in _modules(file.installed)}:
                found.setdefault(module, {})[name] = None
    return {module: tuple(names) for module, names in found.items()}


def _modules(path: str) -> Iterator[str]:
    if path.startswith("../") or not path.endswith(_CODE) or ".dist-info/" in path or ".egg-info/" in path:
        return
    parts = path.split("/")[:_DEEPEST]
    parts[-1] = parts[-1].partition(".")[0]
    yield from (".".join(parts[: count + 1]) for count in range(len(parts)) if parts[count] != "__init__")


def _asked(seen: Seen) -> Mapping[str, tuple[str, ...]]:
    """Return the files that ask for packages, or are of them, by the names of those."""
    found: dict[str, dict[str, None]] = {}
    for fact in seen.whole.facts:
        names: Iterable[str] = ()
        if isinstance(fact, Dependency):
            names = (fact.name,)
        elif isinstance(fact, Distribution):
            names = (fact.name, *(hit[1] for each in fact.requires if (hit := _REQUIRED.match(each))))
        for name in names:
            found.setdefault(normal(name), {})[path_of(fact.where)] = None
    return {name: tuple(paths) for name, paths in found.items()}
