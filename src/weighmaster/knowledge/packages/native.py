"""Machine code in packages: what a package of its kind may hold, and what no honest one does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.knowledge.names.normal import normal
from weighmaster.knowledge.packages.packages import build_of, entry_points_of, owner_of
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
_LAUNCHERS: Final = pattern(
    r"(?:.*/)?(?:(?:distlib|installer/_scripts)/[tw](?:32|64|64-arm|_arm)|setuptools/(?:cli|gui)(?:-32|-64|-arm64)?)\.exe"
)
"""What setuptools, distlib and installer make the commands of packages out of on Windows."""
_LIBRARY: Final = pattern(r".*(?:\.so(?:\.\d+){0,4}|\.pyd|\.dll|\.dylib)\Z", 2 | 16)
"""Endings of what is loaded, and never run."""
_KINDS: Final = {"linux": "ELF", "manylinux": "ELF", "musllinux": "ELF", "macosx": "Mach-O", "win": "PE"}
_MACHINES: Final = {
    "aarch64": frozenset({"aarch64"}),
    "amd64": frozenset({"x86_64"}),
    "arm64": frozenset({"aarch64"}),
    "armv6l": frozenset({"arm"}),
    "armv7l": frozenset({"arm"}),
    "i386": frozenset({"x86"}),
    "i686": frozenset({"x86"}),
    "intel": frozenset({"x86", "x86_64"}),
    "loongarch64": frozenset({"loongarch64"}),
    "ppc64": frozenset({"ppc64"}),
    "ppc64le": frozenset({"ppc64"}),
    "riscv64": frozenset({"riscv"}),
    "s390x": frozenset({"s390x"}),
    "universal": frozenset({"x86", "x86_64", "ppc", "ppc64"}),
    "universal2": frozenset({"x86_64", "aarch64"}),
    "x86": frozenset({"x86"}),
    "x86_64": frozenset({"x86_64"}),
}
_SYSTEMS: Final = {
    "ELF": pattern(r"linux|bsd|android|unix|elf"),
    "PE": pattern(r"(?:\A|[^r])win|mingw|msvc|\.(?:exe|dll)\Z"),
    "Mach-O": pattern(r"mac|darwin|osx|apple|\.dylib\Z"),
}
_CALLED: Final = {
    "aarch64": pattern(r"aarch64|arm64|armv8"),
    "arm": pattern(r"arm"),
    "loongarch64": pattern(r"loong"),
    "mips": pattern(r"mips"),
    "ppc": pattern(r"ppc|power"),
    "ppc64": pattern(r"ppc|power"),
    "riscv": pattern(r"riscv"),
    "s390x": pattern(r"s390"),
    "x86": pattern(r"x86|i[36]86|ia32|32"),
    "x86_64": pattern(r"x86_64|x86-64|amd64|x64|64"),
}
"""What a file is called that is for a machine. `32` and `64` are enough: programs of Windows have them."""
_BRING_LAUNCHERS: Final = frozenset({"distlib", "installer", "pip", "setuptools", "virtualenv"})


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
    # The objects of a static library are as much a package's own as the library is, and so are the classes of a JAR.
    package = owner_of(whole, archive if archive.lower().endswith((".a", ".lib", ".jar")) else path)
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


def is_misnamed(fact: Executable) -> bool:
    """Say whether a program, which is run, has the name of a library, which is loaded."""
    return fact.form == "program" and _LIBRARY.match(path_of(fact.where)) is not None


def elsewhere(package: Package, fact: Executable) -> str:
    """Return for which machine a file is, where a package is built for none that runs it; else nothing."""
    build = build_of(package)
    if package.form not in {"wheel", "installed"} or build is None or not fact.machines:
        return ""
    wanted = [_tagged(tag.rpartition("-")[2]) for tag in build.tags]
    if not (wanted and all(machines for _, machines in wanted)) or _is_launcher(package, fact):
        return ""
    same = [machines for kind, machines in wanted if kind == fact.kind]
    if any(not machines.isdisjoint(fact.machines) for machines in same):
        return ""
    # A package that serves several kinds of machines calls each file by its own.
    names = path_of(fact.where)[len(package.root) :].lower()
    called = [_CALLED[machine] for machine in fact.machines]
    if any(pattern_.search(names) for pattern_ in (called if same else [*called, _SYSTEMS[fact.kind]])):
        return ""
    return f"{fact.kind}, {' and '.join(fact.machines)}"


def _tagged(platform: str) -> tuple[str, frozenset[str]]:
    """Return which files a machine of a platform tag runs: their kind and machines; nothing where any may be.

    >>> _tagged("manylinux_2_17_x86_64"), _tagged("any")
    (('ELF', frozenset({'x86_64'})), ('', frozenset()))
    """
    kind = next((kind for begin, kind in _KINDS.items() if platform.startswith(begin)), "")
    machine = max((name for name in _MACHINES if platform.endswith(f"_{name}")), key=len, default="")
    if platform == "win32":
        machine = "i686"
    # Windows on ARM runs both, and links them into one process.
    both = machine == "arm64" and kind == "PE"
    return kind, _MACHINES["universal2" if both else machine] if kind and machine else frozenset()


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
