"""From what was signed to what lies here: file by file, under their names, none more and none less."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from typing import Any, Final

from weighmaster.model.errors import TrustError
from weighmaster.model.value import Value
from weighmaster.reading.globs import leaves_out, matcher
from weighmaster.trust.manifests.files import check_unchanged, files, listed, open_file
from weighmaster.trust.manifests.manifest import Entry, Manifest
from weighmaster.trust.signing.oms import Contents, Part

_BLOCK: Final = 1 << 20
_KEPT: Final = frozenset({".git", ".cache"})
"""Folders at the top that git, and programs that download models, keep beside the files they brought."""


class Covered(Value):
    """The files that a signature covers, and those that whoever verifies left out, here or signed."""

    manifest: Manifest
    ignored: tuple[str, ...] = ()


def covered(
    contents: Contents, path: str, manifest: Manifest, *, ignore: Sequence[str] = (), follow_links: bool = False
) -> Covered:
    """Hold the files of an artifact to what was signed.

    Args:
        contents: what was signed.
        path: the artifact.
        manifest: its files as they are.
        ignore: globs of paths that count neither here nor there; a folder stands for all in it.
        follow_links: whether the manifest was taken through links.

    Raises:
        TrustError: something was added, removed, changed or renamed; the message says each.
    """
    alone = not os.path.isdir(path)
    if alone != contents.alone:
        what = "a folder" if alone else "a file"
        raise TrustError(f"{path} is {'a file' if alone else 'a folder'}, and {what} was signed")
    globs = matcher(ignore)
    here = {entry.path: entry for entry in manifest.entries}
    ignored = sorted(name for name in here.keys() | contents.files.keys() if leaves_out(globs, name))
    signed = dict(contents.files)
    for name in ignored:
        here.pop(name, None)
        signed.pop(name, None)
    if not signed:
        raise TrustError("nothing that was signed is left to verify")
    _check(signed, here, contents, _Disk(path, contents.algorithm, follow_links=follow_links))
    left = Manifest.of(here.values())
    if contents.tree and not ignored and contents.tree != left.tree:
        raise TrustError(f"the tree digest is {left.tree}, and {contents.tree} was signed")
    return Covered(manifest=left, ignored=tuple(ignored))


def _check(signed: Mapping[str, tuple[Part, ...]], here: Mapping[str, Entry], contents: Contents, disk: _Disk) -> None:
    changed = [name for name in signed if name in here and not disk.holds(here[name], signed[name])]
    missing = {name: signed[name] for name in signed if name not in here}
    added = [name for name in here if name not in signed]
    old_names = {disk.mark_of(parts): name for name, parts in missing.items()}
    renamed = {}
    for name in added:
        old = old_names.pop(here[name].sha256, None) if here[name].size else None
        if old is not None:
            renamed[name] = old
            del missing[old]
    said = [f"{name!r} was changed" for name in sorted(changed)]
    said += [f"{old!r} is called {name!r}" for name, old in sorted(renamed.items())]
    said += [f"{name!r} is missing" for name in sorted(missing)]
    unsigned = sorted(name for name in added if name not in renamed)
    said += [f"{name!r} was not signed" for name in unsigned]
    if said:
        only = len(said) == len(unsigned)
        hint = _hint(unsigned, contents) or (_kept_by_tools(unsigned) if only else "")
        raise TrustError(listed("the files are not those that were signed", said) + hint)


def _hint(unsigned: Sequence[str], contents: Contents) -> str:
    """Return what to do about files that whoever signed chose to leave out."""
    out = [one for one in contents.left_out if any(f"{name}/".startswith(f"{one}/") for name in unsigned)]
    return f"; whoever signed left out {', '.join(out)}: --ignore leaves it out here as well" if out else ""


def _kept_by_tools(unsigned: Sequence[str]) -> str:
    """Return what to do where nothing is amiss but the folders that programs keep for themselves."""
    tops = sorted({name.partition("/")[0] for name in unsigned})
    if not tops or not _KEPT.issuperset(tops):
        return ""
    options = " ".join(f"--ignore /{top}" for top in tops)
    return f"; if a program keeps {' and '.join(tops)} there for itself: {options} leaves that out"


class _Disk:
    """The files of an artifact, to be hashed again where the signature is over other digests than SHA-256."""

    def __init__(self, path: str, algorithm: str, *, follow_links: bool) -> None:
        self._path = path
        self._algorithm = algorithm
        self._follow = follow_links
        self._opened: dict[str, str] = {}
        self._known: dict[tuple[str, tuple[int, ...]], tuple[str, ...]] = {}

    def holds(self, entry: Entry, parts: Sequence[Part]) -> bool:
        """Say whether a file has these parts and no others."""
        if self._algorithm == "sha256" and parts[0].end == -1:
            return entry.sha256 == parts[0].digest
        if parts[-1].end not in {-1, entry.size}:
            return False
        ends = tuple(entry.size if part.end == -1 else part.end for part in parts)
        key = entry.path, ends
        if key not in self._known:
            self._known[key] = self._digests(entry, ends)
        return self._known[key] == tuple(part.digest for part in parts)

    def mark_of(self, parts: Sequence[Part]) -> str:
        """Return the SHA-256 of a file that was signed, empty where it is not known."""
        return parts[0].digest if self._algorithm == "sha256" and parts[0].end == -1 else ""

    def _digests(self, entry: Entry, ends: Sequence[int]) -> tuple[str, ...]:
        if not self._opened:
            self._opened = dict(files(self._path, follow_links=self._follow))
        descriptor, before = open_file(entry.path, self._opened.get(entry.path, ""))
        with open(descriptor, "rb") as file:
            whole = hashlib.sha256()
            found = tuple(self._part(file, end, whole) for end in ends)
            check_unchanged(entry.path, before, os.fstat(file.fileno()), file.tell())
        if whole.hexdigest() != entry.sha256:
            raise TrustError(f"{entry.path!r} changed while it was read")
        return found

    def _part(self, file: Any, end: int, whole: Any) -> str:
        state = _hasher(self._algorithm)
        while (left := end - file.tell()) > 0:
            block = file.read(min(left, _BLOCK))
            if not block:
                break
            state.update(block)
            whole.update(block)
        text: str = state.hexdigest()
        return text


def _hasher(algorithm: str) -> Any:
    match algorithm:
        case "sha256":
            return hashlib.sha256()
        case "blake2b":
            return hashlib.blake2b()
        case _:
            from blake3 import blake3

            return blake3()
