"""The code of a package that runs without anybody asking for it, and the chain of files that leads there.

An interpreter that starts runs the lines of path files that begin with `import`, `sitecustomize` and `usercustomize`;
some programs load what a package offers to them; an installation runs `setup.py` and a build backend that lies in the
source; whoever imports a package runs its `__init__` and all that this imports.
Sources: <https://docs.python.org/3/library/site.html>, <https://docs.python.org/3/reference/import.html>,
<https://packaging.python.org/en/latest/specifications/entry-points/>, PEP 517.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from weighmaster.knowledge.packages.packages import entry_points_of
from weighmaster.knowledge.packages.projects import COMMAND
from weighmaster.knowledge.repository import Tree, tree_of
from weighmaster.model.fact import Fact
from weighmaster.model.package import EntryPoint, Package
from weighmaster.model.source import Imports
from weighmaster.model.value import Value

_MOST: Final = 50_000
"""Files of one package that are followed."""
_LONGEST: Final = 24
"""Files of a chain that are kept."""
_HOOKS: Final = frozenset({"sitecustomize.py", "usercustomize.py"})
_LOADED: Final = {
    "pytest11": "pytest",
    "torch.backends": "the import of torch",
    "vllm.general_plugins": "vLLM",
    "vllm.platform_plugins": "vLLM",
    "setuptools.finalize_distribution_options": "any build with setuptools",
    "hypothesis": "the import of hypothesis",
    "jax_plugins": "jax",
    "keyring.backends": "keyring, which pip and twine ask for passwords",
    "flake8.extension": "flake8",
    "poetry.application.plugin": "poetry",
    "poetry.plugin": "poetry",
}
"""Groups of entry points that are imported where they are installed, and by what.

Sources: the references of pytest, of torch's `TORCH_DEVICE_BACKEND_AUTOLOAD`, and of the plugins of vLLM, setuptools,
hypothesis, jax, keyring, flake8 and poetry.
"""
_SETTINGS: Final = {"../etc/ipython/": "each start of IPython", "../etc/jupyter/": "each start of Jupyter"}
"""Folders of settings that are source, beside `site-packages`, and what runs them.

Sources: `SYSTEM_CONFIG_DIRS` and `ENV_CONFIG_DIRS` of IPython, `ENV_CONFIG_PATH` of jupyter_core.
"""
_SERVER: Final = "../etc/jupyter/"
_SERVING: Final = ("_jupyter_server_extension_p*", "_load_jupyter_server_extension", "load_jupyter_server_extension")
"""Where settings of Jupyter's servers lie, and the functions of what they load that are called then.

Source: <https://jupyter-server.readthedocs.io/en/latest/developers/extensions.html>.
"""
_SOURCES: Final = frozenset({"sdist", "project"})
"""Forms of packages that are not installed yet."""
_BACKEND: Final = "build-backend"
"""The group under which a source's own build backend is told."""
_HOOKED: Final = frozenset({"hatch_build.py", "pdm_build.py"})
"""Files of a source that its build runs, where the build system is hatchling or pdm-backend."""
_BUILDING: Final = (
    "build_*", "get_requires_*", "prepare_*", "*.build_*", "*.get_requires_*", "*.prepare_*",
)  # fmt: skip
"""Functions of a build system, which may be methods of an object. Specification: PEP 517, PEP 660."""
_COMMANDS: Final = ("*.finalize_options", "*.initialize_options", "*.run")
"""Methods of the commands that `setup.py` may name, wherever it takes them from."""
_CODE: Final = (".py", ".pyc", ".so", ".pyd")


class Way(Value):
    """How code is reached: `reach` is `start`, `install` or `import`; `by` says what begins; `chain` are the files."""

    reach: str
    by: str
    chain: tuple[str, ...]
    facts: tuple[Fact, ...] = ()
    calls: tuple[str, ...] = ()
    """Functions of the last file that are called then, too; `*` stands for any letters."""


class Chains:
    """The ways into the code of one package; the first that is found to a file is the one that counts."""

    def __init__(self, package: Package) -> None:
        self._tree = tree_of(package.whole)
        self.modules = _modules(package)
        self._names = {path: name for name, path in self.modules.items()}
        self.ways: dict[str, Way] = {}
        for begin in (_starts, _installs, _served, _imported):
            self._follow(list(begin(package, self._tree, self.modules)))

    def module(self, name: str) -> list[str]:
        """Return the files that importing a module runs, those of the packages around it first."""
        steps = name.split(".")
        above = [".".join(steps[:count]) for count in range(1, len(steps) + 1)]
        return [path for each in above if (path := self.modules.get(each)) is not None]

    def name(self, path: str) -> str:
        """Return the name under which a file is imported."""
        return self._names.get(path, "")

    def _follow(self, waiting: list[Way]) -> None:
        for way in waiting:
            if len(self.ways) >= _MOST:
                return
            path = way.chain[-1]
            if path in self.ways:
                continue
            self.ways[path] = way
            waiting += self._next(path, way)

    def _next(self, path: str, way: Way) -> Iterator[Way]:
        for fact in self._tree.facts(Imports, path):
            names = (*fact.names, *fact.main) if path.endswith("__main__.py") else fact.names
            for name in names:
                for found in self.module(self.absolute(path, name)):
                    if found not in self.ways and len(way.chain) < _LONGEST:
                        facts = (*way.facts[:8], fact)
                        calls = _COMMANDS if way.reach == "install" else ()
                        yield Way(reach=way.reach, by=way.by, chain=(*way.chain, found), facts=facts, calls=calls)

    def absolute(self, path: str, name: str) -> str:
        """Return the full name of what a file imports by a name that may begin with dots."""
        if not name.startswith("."):
            return name
        plain = name.lstrip(".")
        own = self._names.get(path, "").split(".")
        # A package counts from itself, a module from what it lies in.
        up = len(name) - len(plain) - _is_package(path)
        around = own[: max(0, len(own) - up)]
        return ".".join([*around, plain] if plain else around)


def _modules(package: Package) -> dict[str, str]:
    """Return the names under which the files of a package can be imported, and the paths of those."""
    found: dict[str, str] = {}
    for file in package.files:
        place = file.installed.removeprefix("src/") if package.form in _SOURCES else file.installed
        folder, _, last = place.rpartition("/")
        stem, _, ending = last.partition(".")
        if not place.endswith(_CODE) or place.startswith("../"):
            continue
        folder = folder.removesuffix("/__pycache__") if ending.endswith("pyc") else folder
        name = f"{folder.replace('/', '.')}.{stem}".lstrip(".").removesuffix(".__init__")
        if name not in found or place.endswith(".py"):
            found[name] = file.path
    return found


def _is_package(path: str) -> bool:
    return path.endswith(("/__init__.py", "!__init__.py")) or path == "__init__.py"


def _starts(package: Package, _: Tree, modules: Mapping[str, str]) -> Iterator[Way]:
    for file in package.files if package.form not in _SOURCES else ():
        if "/" not in file.installed and (file.installed.endswith(".pth") or file.installed in _HOOKS):
            yield Way(reach="start", by="each start of Python", chain=(file.path,))
        elif settings := _settings(file.installed):
            yield Way(reach="start", by=settings, chain=(file.path,))
    for point in entry_points_of(package):
        by = _LOADED.get(point.group)
        module, __, name = point.target.partition("[")[0].partition(":")
        path = modules.get(module.strip())
        if by and path is not None:
            calls = ("pytest_*", f"{name.strip()}.pytest_*") if by == "pytest" else (name.strip(),)
            yield Way(reach="start", by=by, chain=(path,), facts=(point,), calls=calls)


def _settings(installed: str) -> str:
    """Return what runs a file as its own settings when it starts, if anything does."""
    for folder, by in _SETTINGS.items():
        rest = installed.removeprefix(folder)
        if rest != installed and rest.endswith((".py", ".ipy")):
            return by if rest.startswith("startup/") or ("/" not in rest and rest.endswith("_config.py")) else ""
    return ""


def _installs(package: Package, tree: Tree, modules: Mapping[str, str]) -> Iterator[Way]:
    for file in package.files if package.form in _SOURCES else ():
        if file.installed == "setup.py":
            yield Way(reach="install", by="the installation", chain=(file.path,))
        if file.installed in _HOOKED:
            yield Way(reach="install", by="the build", chain=(file.path,), calls=("*",))
        for fact in tree.facts(EntryPoint, file.path):
            folder = fact.name.strip("./").removeprefix("src/").replace("/", ".")
            module = f"{folder}.{fact.target.partition(':')[0]}".lstrip(".")
            path = modules.get(module) if fact.group == _BACKEND else None
            if path is not None:
                yield Way(reach="install", by="the build", chain=(file.path, path), facts=(fact,), calls=_BUILDING)
            path = modules.get(fact.target.partition(":")[0]) if fact.group == COMMAND else None
            if path is not None:
                yield Way(
                    reach="install", by="the installation", chain=(file.path, path), facts=(fact,), calls=_COMMANDS
                )


def _served(package: Package, tree: Tree, modules: Mapping[str, str]) -> Iterator[Way]:
    """Yield the extensions of Jupyter's server: who installs one wants it run, as who imports a package does."""
    for file in package.files if package.form not in _SOURCES else ():
        if file.installed.startswith(_SERVER) and file.installed.endswith(".json"):
            for fact in tree.facts(EntryPoint, file.path):
                path, by = modules.get(fact.target), "each start of Jupyter's server"
                if path is not None:
                    yield Way(reach="import", by=by, chain=(file.path, path), facts=(fact,), calls=_SERVING)


def _imported(_: Package, __: Tree, modules: Mapping[str, str]) -> Iterator[Way]:
    """Yield the files that are imported under the names at the top, and in namespaces those below."""
    for name, path in sorted(modules.items(), key=lambda item: item[0].count(".")):
        if "." not in name or (_is_package(path) and not _any_above(name, modules)):
            yield Way(reach="import", by=f"import {name}", chain=(path,))


def _any_above(name: str, modules: Mapping[str, str]) -> bool:
    steps = name.split(".")
    return any(".".join(steps[:count]) in modules for count in range(1, len(steps)))
