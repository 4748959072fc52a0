"""Which files an artifact has: all of them, hidden ones too, and nothing that is not a file.

A link or a special file is refused, since no digest could say what it stands for tomorrow. Links may be followed on
request: what they lead to then counts under the name of the link. Names that another system would take for one another
are refused as well.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable, Sequence
from typing import Final, TypeAlias

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.trust.manifests.manifest import CLAIMS, EVIDENCE, SIGNATURE

MOST: Final = 1_000_000
"""Files and folders of an artifact; followed links could make a few bytes any number of them."""
READING: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
"""How a file is opened; a pipe that took its place must not block."""
_SHOWN: Final = 8
"""Items of a sentence; the others are counted."""
_Chain: TypeAlias = tuple[tuple[int, int], ...]
"""The folders that a folder lies in, each by device and inode."""
_KINDS: Final = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISCHR, "a device"),
)


def files(path: str, *, follow_links: bool = False) -> list[tuple[str, str]]:
    """Return the files of an artifact: the name of each in the artifact, and the path to open.

    Evidence (`EVIDENCE` at the top) is not among them. `path` itself may be a link: whoever names it means what it
    leads to.

    Raises:
        ConfigError: there is no such file or folder.
        TrustError: a link, a special file, or a name that systems read differently; the message lists them.
    """
    if not os.path.exists(path):
        raise ConfigError(f"no such file or folder: {path}")
    if not os.path.isdir(path):
        if not os.path.isfile(path):
            raise TrustError(f"{path} is no file but {_special(_mode(path)) or 'something else'}")
        return [(text_of(os.path.basename(os.path.abspath(path))), path)]
    walker = _Walker(follow_links=follow_links)
    walker.walk(path)
    if walker.refused:
        raise TrustError(listed("not covered by any digest", sorted(walker.refused)))
    check_names(name for name, _ in walker.found)
    return [(name, opened) for name, opened in walker.found if name not in EVIDENCE]


def evidence(path: str) -> tuple[str, str]:
    """Return where the signature and the claims about an artifact lie, whether they are there or not.

    In a folder, that is `model.sig` and `claims.jsonl`; beside a file F, `F.sig` and `F.claims.jsonl`.
    """
    if os.path.isdir(path):
        return os.path.join(path, SIGNATURE), os.path.join(path, CLAIMS)
    return f"{path}.sig", f"{path}.{CLAIMS}"


def nearest(path: str, names: Collection[str]) -> tuple[str, str] | None:
    """Return the nearest folder above a file in which one of `names` lies, and what the file is called from there.

    Links are not resolved: a file counts under the name by which it is opened.

    Raises:
        TrustError: the name of the file is no UTF-8.
    """
    folder, name = os.path.split(os.path.abspath(path))
    while not any(os.path.lexists(os.path.join(folder, one)) for one in names):
        above, last = os.path.split(folder)
        if above == folder:
            return None
        folder, name = above, f"{last}/{name}"
    return folder, text_of(name)


def check_names(names: Iterable[str]) -> None:
    """Hold the paths of the files of an artifact to what every system understands in the same way.

    Raises:
        TrustError: a path is no relative path of plain names, or two are one where case or the composition of letters
            does not count, or one is a folder of another.
    """
    seen: dict[str, tuple[str, str]] = {}
    clashes: list[str] = []
    for name in names:
        parts = name.split("/")
        if "" in parts or "." in parts or ".." in parts or "\0" in name:
            raise TrustError(f"{name!r} is no path inside an artifact")
        _enter(name, "file", seen, clashes)
        while len(parts) > 1:
            del parts[-1]
            folder = "/".join(parts)
            if seen.get(folded(folder)) == (folder, "folder"):
                break
            _enter(folder, "folder", seen, clashes)
    if clashes:
        raise TrustError(listed("names that some systems take for one", clashes))


def _enter(name: str, kind: str, seen: dict[str, tuple[str, str]], clashes: list[str]) -> None:
    other, as_what = seen.setdefault(folded(name), (name, kind))
    if other != name:
        clashes.append(f"{other!r} and {name!r}")
    elif as_what != kind:
        clashes.append(f"the {as_what} {other!r} and the {kind} {name!r}")


def folded(name: str) -> str:
    """Return what a system sees of a name to which neither case nor the composition of letters matters."""
    if name.isascii():
        return name.lower()
    from unicodedata import normalize

    return normalize("NFC", normalize("NFC", name).casefold())


def open_file(name: str, path: str, flags: int = READING) -> tuple[int, os.stat_result]:
    """Open a file to read it, and say what it is.

    Raises:
        TrustError: it cannot be opened, or is no file.
    """
    try:
        descriptor = os.open(path, flags)
    except (OSError, ValueError) as error:  # A path with a zero byte in it is a ValueError.
        raise TrustError(f"{name!r} cannot be opened: {getattr(error, 'strerror', error)}") from error
    state = os.fstat(descriptor)
    if not stat.S_ISREG(state.st_mode):
        os.close(descriptor)
        raise TrustError(f"{name!r} is no file any more")
    return descriptor, state


def check_unchanged(name: str, before: os.stat_result, after: os.stat_result, count: int) -> None:
    """Refuse a file that is not what it was before `count` bytes of it were read.

    Raises:
        TrustError: it changed.
    """
    if (
        count != before.st_size
        or before.st_size != after.st_size
        or before.st_mtime_ns != after.st_mtime_ns
        or before.st_ctime_ns != after.st_ctime_ns
        or before.st_ino != after.st_ino
    ):
        raise TrustError(f"{name!r} changed while it was read")


def text_of(name: str) -> str:
    """Return a name of the file system as text.

    Raises:
        TrustError: it is no UTF-8: two systems would read it differently.
    """
    if name.isascii():
        return name
    raw = os.fsencode(name)
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise TrustError(f"the name {raw!r} is not UTF-8") from error


def listed(what: str, items: Sequence[str]) -> str:
    """Return a sentence of several items, cut where there are many."""
    rest = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return f"{what}: {', '.join(items[:_SHOWN])}{rest}"


class _Walker:
    """Goes through folders, and gathers files and what is none."""

    def __init__(self, *, follow_links: bool) -> None:
        self.found: list[tuple[str, str]] = []
        self.refused: list[str] = []
        self._follow = follow_links
        self._count = 0

    def walk(self, root: str) -> None:
        """Gather what lies below `root`, folder by folder, in the order of names."""
        waiting: list[tuple[str, str, _Chain]] = [("", root, ())]
        while waiting:
            prefix, folder, above = waiting.pop()
            try:
                state = os.stat(folder)
                here = (*above, (state.st_dev, state.st_ino))
                with os.scandir(folder) as entries:
                    for entry in entries:
                        below = self._entry(entry, prefix, here)
                        waiting += below
            except OSError as error:
                raise TrustError(f"the folder {folder} cannot be read: {error.strerror}") from error

    def _entry(self, entry: os.DirEntry[str], prefix: str, above: _Chain) -> list[tuple[str, str, _Chain]]:
        self._count += 1
        if self._count > MOST:
            raise TrustError(f"more than {MOST} files and folders; are links followed in many ways?")
        name = prefix + text_of(entry.name)
        if entry.is_symlink():
            if not self._follow:
                self.refused.append(f"{name!r} (a link)")
                return []
            if not os.path.exists(entry.path):  # What leads to itself does not, either.
                self.refused.append(f"{name!r} (a link that leads nowhere)")
                return []
        if entry.is_dir():
            if self._follow and _identity(entry) in above:
                self.refused.append(f"{name!r} (a link to a folder that it lies in)")
                return []
            return [(f"{name}/", entry.path, above)]
        if entry.is_file():
            self.found.append((name, entry.path))
        else:
            self.refused.append(f"{name!r} ({_special(_mode(entry.path)) or 'no file'})")
        return []


def _identity(entry: os.DirEntry[str]) -> tuple[int, int]:
    state = entry.stat()
    return state.st_dev, state.st_ino


def _mode(path: str) -> int:
    try:
        return os.stat(path).st_mode
    except OSError:  # It went meanwhile.
        return 0


def _special(mode: int) -> str:
    return next((said for test, said in _KINDS if test(mode)), "")
