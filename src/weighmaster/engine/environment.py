"""A Python environment: where its packages, its scripts and its settings lie, and what it takes from elsewhere.

A virtual environment has `pyvenv.cfg` (PEP 405), one of conda `conda-meta`; both have `lib/pythonX.Y/site-packages`, on
Windows `Lib/site-packages`. Packages that are installed to be edited lie elsewhere, where a `.pth` file, an import hook
or `direct_url.json` says so (PEP 610, PEP 660).

Specifications: <https://docs.python.org/3/library/venv.html>, <https://docs.python.org/3/library/site.html>,
<https://packaging.python.org/en/latest/specifications/direct-url/>.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Final

from weighmaster.engine.walk import Walk, walk
from weighmaster.model.errors import ConfigError
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.value import Value
from weighmaster.model.where import Where
from weighmaster.reading.pattern import pattern

_SETTINGS: Final = "pyvenv.cfg"
_CONDA: Final = "conda-meta"
_SCRIPTS: Final = ("bin", "Scripts", "etc/conda/activate.d")
_LIBRARIES: Final = ("lib", "lib64", "Lib")
_SITES: Final = ("site-packages", "dist-packages")
_VERSION: Final = pattern(r"(?:python|pypy)\d+(?:\.\d+)?t?\Z")
_INTERPRETER: Final = pattern(r"(?:python|pypy|pydoc|idle|2to3)[\w.-]*\Z")
_EDITED: Final = pattern(rb"""(?s)^MAPPING\b[^=]*=\s*(\{.{0,65536}?\})""", 8)
_PATHS: Final = pattern(rb""":\s*'((?:[^'\\\n]|\\.)*)'""")
_LONGEST: Final = 256 << 10
_MOST: Final = 64
"""Folders elsewhere that are looked at."""


class Environment(Value):
    """The folders and files of an environment that are looked at, relative to it, and folders that lie elsewhere.

    `elsewhere` are those of packages that are installed to be edited; `notes` say what is used and not looked at.
    """

    parts: tuple[str, ...]
    sites: tuple[str, ...]
    elsewhere: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def environment(target: str) -> Environment:
    """Return what belongs to the environment at `target`.

    Raises:
        ConfigError: there is none.
    """
    sites = tuple(_sites(target))
    if not sites:
        looked = "pyvenv.cfg, conda-meta, lib/python3.*/site-packages"
        raise ConfigError(f"no Python environment: {target} (looked for: {looked}); vet it without --environment")
    parts = (*sites, *_others(target)) if sites != (".",) else (".",)
    real = os.path.realpath(target)
    edited = dict.fromkeys(path for site in sites for path in _edited(os.path.join(target, site)))
    # A project that holds its own environment would be read with all of it.
    around = tuple(path for path in edited if _is_inside(real, path))
    elsewhere = tuple(path for path in edited if path not in around and not _is_inside(path, real))
    notes = (*_notes(target, elsewhere), *(f"Installed to be edited, and not looked at: {path}." for path in around))
    return Environment(parts=parts, sites=sites, elsewhere=elsewhere[:_MOST], notes=notes)


def walked(target: str, found: Environment, exclude: Sequence[str]) -> Walk:
    """List the files of an environment: those in it by their paths in it, those elsewhere by whole paths."""
    files: list[tuple[str, str]] = []
    gaps: list[Gap] = []
    links: list[str] = []
    excluded = 0
    places = [(os.path.join(target, part), "" if part == "." else part) for part in found.parts]
    for path, name in [*places, *((path, path) for path in found.elsewhere)]:
        if os.path.isfile(path):
            files.append((path, name))
            continue
        part = walk(path, exclude=exclude)
        files += ((inner, _joined(name, below)) for inner, below in part.files)
        kept = [gap for gap in part.gaps if not _is_interpreter(name, gap)]
        gaps += (Gap(where=Where.file(_joined(name, g.where.root)), reason=g.reason, detail=g.detail) for g in kept)
        links += (_joined(name, link) for link in part.links)
        excluded += part.excluded
    return Walk(files=tuple(sorted(files, key=_by_name)), gaps=tuple(gaps), excluded=excluded, links=tuple(links))


def _by_name(file: tuple[str, str]) -> str:
    return file[1]


def _joined(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _is_interpreter(folder: str, gap: Gap) -> bool:
    """Whether a gap is the link to the interpreter that the environment was made with, of which a note tells."""
    return (
        folder in _SCRIPTS and gap.reason is GapReason.NOT_FOLLOWED and _INTERPRETER.match(gap.where.root) is not None
    )


def _sites(target: str) -> Iterator[str]:
    if os.path.basename(os.path.normpath(target)) in _SITES:
        yield "."
        return
    for library in _LIBRARIES:
        folder = os.path.join(target, library)
        # `lib64` is a link to `lib` in most environments.
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) and not os.path.islink(folder) else ():
            inner = [f"{library}/{name}"] if name in _SITES else []
            if _VERSION.match(name):
                inner += (f"{library}/{name}/{site}" for site in _SITES)
            yield from (path for path in inner if os.path.isdir(os.path.join(target, path)))


def _others(target: str) -> Iterator[str]:
    """Yield what else belongs to an environment: its settings and its scripts."""
    for name in (_SETTINGS, _CONDA, *_SCRIPTS):
        path = os.path.join(target, name)
        if os.path.exists(path) and not os.path.islink(path):
            yield name


def _notes(target: str, elsewhere: Sequence[str]) -> Iterator[str]:
    for path in elsewhere[:_MOST]:
        yield f"Installed to be edited, and looked at as well: {path}."
    if len(elsewhere) > _MOST:
        yield f"{len(elsewhere) - _MOST} more folders of packages to be edited were not looked at."
    settings = dict(_settings(os.path.join(target, _SETTINGS)))
    if home := settings.get("home", ""):
        yield f"The interpreter and its library in {home} were not looked at."
    if settings.get("include-system-site-packages", "").lower() == "true":
        yield "The environment also uses the system's site-packages, which were not looked at."


def _settings(path: str) -> Iterator[tuple[str, str]]:
    for line in _read(path).decode("utf-8", "replace").splitlines():
        key, mark, value = line.partition("=")
        if mark:
            yield key.strip().lower(), value.strip()


def _edited(site: str) -> Iterator[str]:
    """Yield the folders elsewhere from which packages are imported: those of path files, and of hooks of setuptools."""
    try:
        names = sorted(os.listdir(site))
    except OSError:
        return
    for name in names:
        paths: list[str] = []
        if name.endswith(".pth"):
            lines = _read(os.path.join(site, name)).decode("utf-8", "replace").splitlines()
            paths = [
                line.rstrip() for line in lines if line.strip() and not line.startswith(("#", "import ", "import\t"))
            ]
        elif name.startswith("__editable__") and name.endswith("_finder.py"):
            hit = _EDITED.search(_read(os.path.join(site, name)))
            paths = [path.decode("utf-8", "replace") for path in _PATHS.findall(hit[1])] if hit else []
        for path in paths:
            whole = os.path.realpath(os.path.join(site, path))
            if os.path.exists(whole):
                yield whole


def _is_inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _read(path: str) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return b""
    try:
        return os.read(descriptor, _LONGEST)
    except OSError:
        return b""
    finally:
        os.close(descriptor)
