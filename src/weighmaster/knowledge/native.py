"""Machine code in packages: what a package of its kind may hold, and what no honest one does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.knowledge.packages import build_of, entry_points_of, normal, owner_of
from weighmaster.knowledge.repository import path_of, tree_of
from weighmaster.model.fact import Executable
from weighmaster.model.package import Package
from weighmaster.model.repository import Repository
from weighmaster.reading.pattern import pattern

_DATA: Final = frozenset({
    ".bin", ".ckpt", ".csv", ".dat", ".data", ".gguf", ".gif", ".h5", ".ini", ".jpeg", ".jpg", ".json", ".keras",
    ".log", ".md", ".model", ".npy", ".npz", ".onnx", ".parquet", ".pb", ".pdf", ".pickle", ".pkl", ".png", ".pt",
    ".pth", ".safetensors", ".svg", ".tflite", ".toml", ".tsv", ".txt", ".vocab", ".weights", ".xml", ".yaml", ".yml",
})  # fmt: skip
"""Endings that promise numbers, text or pictures. GPU code in ELF files has endings of its own (`.cubin`)."""
_LAUNCHERS: Final = pattern(r"(?:.*/)?(?:distlib/[tw](?:32|64|64-arm)|setuptools/(?:cli|gui)(?:-32|-64|-arm64)?)\.exe")
"""What setuptools and distlib make the commands of packages out of on Windows."""
_BRING_LAUNCHERS: Final = frozenset({"distlib", "pip", "setuptools", "virtualenv"})


def of_packages(whole: Repository) -> Iterator[tuple[Executable, Package]]:
    """Yield the programs and libraries among the files of packages."""
    for fact in tree_of(whole).facts(Executable):
        package = owner_of(whole, path_of(fact.where))
        if package is not None:
            yield fact, package


def is_of_package(whole: Repository, fact: Executable) -> bool:
    """Say whether a program is one of a package's own files, on which other rules speak."""
    path = path_of(fact.where)
    archive, _, _ = path.rpartition("!")
    # The objects of a static library are as much a package's own as the library is.
    package = owner_of(whole, archive if archive.lower().endswith((".a", ".lib")) else path)
    return package is not None and package.form in {"wheel", "installed"}


def is_disguised(fact: Executable) -> bool:
    """Say whether the name of a program promises data."""
    path = path_of(fact.where)
    return path[path.rfind(".") :].lower() in _DATA


def is_out_of_place(package: Package, fact: Executable) -> bool:
    """Say whether a package that holds a program says that it fits every machine."""
    build = build_of(package)
    if package.form not in {"wheel", "installed"} or build is None:
        return False
    if not build.pure or any(not tag.endswith("-any") for tag in build.tags):
        return False
    # WebAssembly is of no machine: pages bring it, and what runs it keeps it in a box.
    return fact.kind != "WebAssembly" and not _is_launcher(package, fact)


def _is_launcher(package: Package, fact: Executable) -> bool:
    path = path_of(fact.where)
    if fact.kind != "PE":
        return False
    if normal(package.distribution.name) in _BRING_LAUNCHERS and _LAUNCHERS.fullmatch(path[len(package.root) :]):
        return True
    # On Windows pip makes a program of each command.
    name = path.rpartition("/")[2].removesuffix(".exe")
    return not path.startswith(package.root) and any(
        name == point.name for point in entry_points_of(package) if point.group in {"console_scripts", "gui_scripts"}
    )
