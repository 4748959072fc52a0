"""From a target to the files in it: every file is listed, or counted as excluded, or a gap says why not."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from weighmaster.model.report import Gap, GapReason
from weighmaster.model.value import Value
from weighmaster.model.where import Where


class Walk(Value):
    """The files of a target (a path to open, and the name that the report uses), and what is not among them.

    `links` are those that are not listed under their own names, wherever they lead.
    """

    files: tuple[tuple[str, str], ...]
    gaps: tuple[Gap, ...] = ()
    excluded: int = 0
    links: tuple[str, ...] = ()


def walk(target: str, *, exclude: Sequence[str] = (), follow_symlinks: bool = False) -> Walk:
    """List the files of `target`, a file or a folder, in order. Hidden files and folders are files and folders.

    A link is not a file of its own where what it points to is listed anyway; with `follow_symlinks` that file is
    listed under the name of the link as well. A link that leaves the target is a gap, followed or not.

    Raises:
        FileNotFoundError: there is no such target.
    """
    if not os.path.lexists(target):
        raise FileNotFoundError(f"no such file or folder: {target}")
    if not os.path.isdir(target):
        return Walk(files=((target, os.path.basename(target) or target),))
    from weighmaster.reading.globs import matcher

    return _Walker(target, matcher(exclude)).walk(follow_symlinks=follow_symlinks)


class _Walker:
    """The state of one walk through a folder."""

    def __init__(self, root: str, excludes: re.Pattern[str] | None) -> None:
        self._root = root
        self._excludes = excludes
        self._files: dict[str, str] = {}
        self._folders: dict[str, bool] = {"": False}  # A name, and whether it is excluded.
        self._links: dict[str, str] = {}
        self._gaps: list[Gap] = []
        self._excluded = 0

    def walk(self, *, follow_symlinks: bool) -> Walk:
        waiting = [""]
        while waiting:
            waiting += self._folder(waiting.pop())
        real = os.path.realpath(self._root)
        known = {link: path for link, path in self._links.items() if self._link(link, path, real)}
        listed = self._files | known if follow_symlinks else self._files
        return Walk(
            files=tuple((path, name) for name, path in sorted(listed.items())),
            gaps=tuple(self._gaps),
            excluded=self._excluded,
            links=tuple(sorted(self._links.keys() - listed.keys())),
        )

    def _folder(self, name: str) -> list[str]:
        """Sort what is in the folder; return the folders in it."""
        inner = []
        prefix = f"{name}/" if name else ""
        # Files in an excluded folder are only counted: nothing is left out without a number.
        outside = self._folders[name]
        try:
            with os.scandir(os.path.join(self._root, name) if name else self._root) as entries:
                for entry in entries:
                    inside = prefix + entry.name
                    excluded = outside or bool(self._excludes and self._excludes.match(inside))
                    if not entry.is_symlink() and entry.is_dir(follow_symlinks=False):
                        self._folders[inside] = excluded
                        inner.append(inside)
                    elif excluded:
                        self._excluded += 1
                    else:
                        self._entry(entry, inside)
        except OSError as error:
            self._unlisted(name, error, excluded=outside)
        return inner

    def _entry(self, entry: os.DirEntry[str], name: str) -> None:
        if entry.is_symlink():
            self._links[name] = entry.path
        elif entry.is_file(follow_symlinks=False):
            self._files[name] = entry.path
        else:
            self._gap(name, GapReason.NOT_A_FILE, "a pipe, a socket or a device")

    def _unlisted(self, name: str, error: OSError, *, excluded: bool) -> None:
        if excluded:
            return
        reason = GapReason.NO_PERMISSION if isinstance(error, PermissionError) else GapReason.UNREADABLE
        self._gap(name or ".", reason, f"the folder could not be listed: {error.strerror}")

    def _link(self, name: str, path: str, root: str) -> bool:
        """Say whether the link leads to a file that is listed; a gap says where it leads to anything else unread."""
        try:
            real = os.path.realpath(path, strict=True)
        except OSError:
            self._gap(name, GapReason.NOT_FOLLOWED, "a link that leads nowhere")
            return False
        inside = os.path.relpath(real, root).replace(os.sep, "/")
        if inside in self._files:
            return True
        if inside == ".." or inside.startswith("../"):
            self._gap(name, GapReason.NOT_FOLLOWED, f"a link that leaves the target, to {real}")
        elif inside != "." and self._folders.get(inside) is not False:
            self._gap(name, GapReason.NOT_FOLLOWED, f"a link to what is not examined, {inside}")
        return False

    def _gap(self, name: str, reason: GapReason, detail: str) -> None:
        self._gaps.append(Gap(where=Where.file(name), reason=reason, detail=detail))
