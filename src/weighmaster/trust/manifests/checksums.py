"""Checksums that others publish of an artifact's files, compared with its manifest.

A checksum has no author: it says what some list said, not who vouches for it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Final

from weighmaster.model.errors import ConfigError
from weighmaster.model.value import Value
from weighmaster.trust.manifests.manifest import Entry, Manifest

_WHEEL: Final = re.compile(r"([A-Za-z0-9_.]+)-[^-]+(?:-[0-9][^-]*)?-[^-]+-[^-]+-[^-]+\.whl")
_SOURCE: Final = re.compile(r"(.+)-[0-9][^-]*\.(?:tar\.(?:gz|bz2|xz)|zip)")
_RUN: Final = re.compile(r"[-_.]+")


class Published(Value):
    """What is published of a file: a name, and the digests of which it must have one.

    `name` is the path of a file in the artifact, or the name of a Python package whose distributions are meant
    (`package`), or empty where a list says of the one file of an artifact no more than its digest. Without `digests`
    the list names a file and says nothing of its bytes. `size` is in bytes, where it is known.
    """

    name: str
    digests: tuple[str, ...]
    algorithm: str = "sha256"
    package: bool = False
    size: int | None = None


class Checksums(Value):
    """A list of checksums: `kind` says of which sort.

    Where it is `whole`, all that it lists belongs to the artifact; a lock file lists what other machines install, too.
    """

    kind: str
    published: tuple[Published, ...]
    whole: bool = True

    def uses(self, algorithm: str) -> bool:
        """Say whether digests of an algorithm stand in the list."""
        return any(one.algorithm == algorithm for one in self.published if one.digests)


class Compared(Value):
    """Names of files by what came of the comparison.

    `missing` are published and not here, `unlisted` are here and not published, `unsaid` are listed without a digest.
    """

    equal: tuple[str, ...] = ()
    different: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()
    unsaid: tuple[str, ...] = ()


def compare(manifest: Manifest, checksums: Checksums) -> Compared:
    """Hold the files of a manifest against published checksums.

    Raises:
        ConfigError: the list speaks of one file without its name, and there are several here; or it has digests that
            the manifest lacks.
    """
    found: dict[str, list[str]] = {"equal": [], "different": [], "missing": [], "unsaid": []}
    seen: set[str] = set()
    index = _Index(manifest)
    for published in checksums.published:
        entries = index.meant(published)
        if not entries:
            found["missing"].append(published.name)
        for entry in entries:
            seen.add(entry.path)
            found[_verdict(entry, published)].append(entry.path)
    # A file that one line of a list contradicts is not made good by another line.
    bad = set(found["different"])
    unlisted = tuple(entry.path for entry in manifest.entries if entry.path not in seen)
    told = {kind: tuple(sorted(set(names) - (bad if kind == "equal" else set()))) for kind, names in found.items()}
    return Compared(**told, unlisted=unlisted)


class _Index:
    """The files of a manifest by what lists call them."""

    def __init__(self, manifest: Manifest) -> None:
        self._entries = manifest.entries
        self._by_path = manifest.by_path
        self._by_package: dict[str, list[Entry]] = defaultdict(list)
        for entry in manifest.entries:
            self._by_package[package_of(entry.path)].append(entry)

    def meant(self, published: Published) -> list[Entry]:
        if published.package:
            return self._by_package.get(published.name, [])
        if published.name:
            entry = self._by_path.get(published.name)
            return [] if entry is None else [entry]
        if len(self._entries) != 1:
            raise ConfigError("this checksum names no file, and the artifact has several")
        return list(self._entries)


def _verdict(entry: Entry, published: Published) -> str:
    if published.size is not None and published.size != entry.size:
        return "different"
    if not published.digests:
        return "unsaid"
    digest = entry.sha256 if published.algorithm == "sha256" else entry.blake3
    if not digest:
        raise ConfigError(f"the list has {published.algorithm} digests, which were not computed")
    return "equal" if digest in published.digests else "different"


def package_of(path: str) -> str:
    """Return the normalised name of the Python package that a file distributes; empty where it is none (PEP 503)."""
    base = path.rpartition("/")[2]
    hit = _WHEEL.fullmatch(base) or _SOURCE.fullmatch(base)
    return normalized(hit[1]) if hit else ""


def normalized(name: str) -> str:
    """Return the name of a Python package as indexes write it (PEP 503)."""
    return _RUN.sub("-", name).lower()
