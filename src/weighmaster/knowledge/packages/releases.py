"""The releases of a project, made of the files that an index lists: which version is the newest, which file is taken.

What an installer takes is told as pip does: the highest version that has a file for the interpreter, a final one before
one that is yet to become that, a wheel before an sdist, and of wheels the one for the most particular platform.
Specifications: <https://packaging.python.org/en/latest/specifications/version-specifiers/>,
<https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/>, PEP 592 (yanked files).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag, sys_tags
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from weighmaster.model.value import Value
from weighmaster.reading.simple import Listed, Project

_SDIST: Final = (".tar.gz", ".zip")


class Candidate(Value):
    """A file that an installer may take: whose it is, of which version, for which platforms, and from where."""

    file: Listed
    version: Version
    project: Project
    tags: frozenset[Tag] = frozenset()

    @property
    def is_wheel(self) -> bool:
        """Whether it is a wheel, so that nothing runs to install it."""
        return self.file.name.endswith(".whl")


def candidates(project: Project) -> tuple[Candidate, ...]:
    """Return the files of a project that are its own: installers leave out what has another name, or none at all."""
    return tuple(found for file in project.files if (found := _candidate(file, project)) is not None)


def _candidate(file: Listed, project: Project) -> Candidate | None:
    try:
        if file.name.endswith(".whl"):
            name, version, _, tags = parse_wheel_filename(file.name)
        elif file.name.endswith(_SDIST):
            (name, version), tags = parse_sdist_filename(file.name), frozenset()
        else:
            return None
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion, ValueError):
        return None
    if name != canonicalize_name(project.name):
        return None
    return Candidate(file=file, version=version, project=project, tags=tags)


def version_of(text: str) -> Version | None:
    """Return a version; nothing where the text is none."""
    try:
        return Version(text)
    except InvalidVersion:
        return None


def chosen(found: Sequence[Candidate], version: Version | None, tags: Sequence[str] = ()) -> Candidate | None:
    """Return the file that an installer takes: of one version, or of the newest that has one.

    `tags` are those that count, the best first; without them, those of this interpreter.
    """
    ranks = _ranks(tags)
    kept = [one for one in found if _fits(one, ranks) and (one.version == version if version else not one.file.yanked)]
    if version is None and not all(one.version.is_prerelease for one in kept):
        kept = [one for one in kept if not one.version.is_prerelease]
    return max(kept, key=lambda one: (one.version, one.is_wheel, -_rank(one, ranks)), default=None)


def newest(found: Iterable[Candidate]) -> Version | None:
    """Return the highest version that is not yanked, a final one where there is any."""
    versions = {one.version for one in found if not one.file.yanked}
    finals = {one for one in versions if not one.is_prerelease}
    return max(finals or versions, default=None)


def before(found: Iterable[Candidate], version: Version) -> tuple[Candidate, ...]:
    """Return the files of the release before one, a final release where that one is."""
    earlier = [
        one
        for one in found
        if one.version < version and not one.file.yanked and one.version.is_prerelease <= version.is_prerelease
    ]
    last = max((one.version for one in earlier), default=None)
    return tuple(one for one in earlier if one.version == last)


def _ranks(tags: Sequence[str]) -> dict[Tag, int]:
    if not tags:
        return {tag: rank for rank, tag in enumerate(sys_tags())}
    return {Tag(*text.split("-", 2)): rank for rank, text in enumerate(tags)}


def _rank(one: Candidate, ranks: dict[Tag, int]) -> int:
    return min((ranks[tag] for tag in one.tags if tag in ranks), default=len(ranks))


def _fits(one: Candidate, ranks: dict[Tag, int]) -> bool:
    return (not one.is_wheel or any(tag in ranks for tag in one.tags)) and _runs_here(one.file.requires_python)


def _runs_here(wanted: str) -> bool:
    import platform

    try:
        return not wanted or SpecifierSet(wanted).contains(platform.python_version(), prereleases=True)
    except InvalidSpecifier:
        return True
