"""A release on a package index: `pypi://name`, `pypi://name==version`, `pypi://name==version/file` (`*`: all files).

Without a file it is the one that an installer takes here: a wheel for this interpreter, else the sdist. The target's
name says which one was judged. Indexes are asked as the environment names them; digests are those that the index
declares. What they say of a release beside its files is a record (`weighmaster.records.package_index`).

Specification: <https://packaging.python.org/en/latest/specifications/simple-repository-api/>.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

from weighmaster.extend.origin import FetchPart, Listing, Origin
from weighmaster.extend.record import Subject
from weighmaster.knowledge.packages.releases import Candidate, candidates, chosen, version_of
from weighmaster.model.errors import UnreachableError, UnreadableError
from weighmaster.model.value import Value
from weighmaster.model.where import Where
from weighmaster.reading.blocks import Blocks
from weighmaster.reading.far import Far
from weighmaster.reading.http import Access, Client
from weighmaster.reading.pattern import pattern
from weighmaster.reading.simple import Project, path_of, project

_ADDRESS: Final = pattern(
    r"pypi://(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?:\[[^\]/]*\])?"
    r"(?:==(?P<version>[^/\s]+))?(?:/(?P<file>[^/]+))?/?"
)
_DOCUMENT: Final = 16 << 20


class _Wanted(Value):
    """The parts of an address."""

    name: str
    version: str
    file: str


def _parsed(address: str) -> _Wanted:
    """Take an address apart.

    >>> _parsed("pypi://Torch[extra]==2.1.0/torch-2.1.0.tar.gz")
    _Wanted(name='Torch', version='2.1.0', file='torch-2.1.0.tar.gz')
    """
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise UnreachableError(f"{address}: not of the form pypi://name==version")
    return _Wanted(name=found["name"], version=found["version"] or "", file=found["file"] or "")


def _list(address: str, access: Access) -> Listing:
    wanted, client = _parsed(address), Client(access)
    pages = _pages(client, access.indexes, wanted.name)
    version = version_of(wanted.version) if wanted.version else None
    if wanted.version and version is None:
        raise UnreachableError(f"{address}: {wanted.version!r} is no version")
    found = [one for page in pages for one in candidates(page)]
    kept = _kept(found, wanted, access.tags)
    if not kept:
        raise UnreachableError(f"{address}: {_nothing(found, wanted, access.indexes)}")
    first = kept[0]
    target = f"pypi://{first.project.name}=={first.version}/{first.file.name if len(kept) == 1 else '*'}"
    info = {"pages": pages, "candidate": first, "cooldown": access.cooldown}
    where = Where.file(target)
    return Listing(
        target=target,
        files=tuple(_far(client, one) for one in kept),
        folder=len(kept) > 1,
        subject=Subject(
            kind="packages", owner="", name=first.project.name, commit=str(first.version), info=info, where=where
        ),
        ask=lambda url: client.json(url)[0],
        evidence=lambda name: _evidence(client, kept, name),
    )


def _pages(client: Client, indexes: Sequence[str], name: str) -> tuple[Project, ...]:
    """Return what each index says of a project, those that have it."""
    found: list[Project] = []
    for index in indexes:
        page = project(client, index, name)
        if page is not None:
            found.append(page)
    return tuple(found)


def _kept(found: Sequence[Candidate], wanted: _Wanted, tags: Sequence[str]) -> list[Candidate]:
    version = version_of(wanted.version) if wanted.version else None
    one = chosen(found, version, tags)
    if wanted.file and wanted.file != "*":
        return [c for c in found if c.file.name == wanted.file and version in {None, c.version}][:1]
    if one is not None and wanted.file != "*":
        return [one]
    # No file is for this interpreter: all of the release are looked at.
    last = version or (one.version if one else max((c.version for c in found), default=None))
    return list({c.file.name: c for c in reversed(found) if c.version == last}.values())[::-1]


def _nothing(found: Sequence[Candidate], wanted: _Wanted, indexes: Sequence[str]) -> str:
    asked = ", ".join(indexes)
    if not found:
        return f"no index that was asked has a project of this name ({asked})"
    if wanted.file:
        return f"the release has no such file ({asked})"
    last = max(one.version for one in found)
    return f"there is no such version; the highest is {last} ({asked})"


def _far(client: Client, one: Candidate) -> Far:
    file = one.file
    if file.url.startswith("file:"):
        try:
            size = os.stat(path_of(file.url)).st_size
        except OSError as error:
            raise UnreachableError(f"{file.name}: {error.strerror}") from error
        return Far(name=file.name, size=size, locator=file.url, sha256=file.sha256)
    if file.size >= 0:
        return Far(name=file.name, size=file.size, locator=file.url, sha256=file.sha256)
    said = client.describe(file.url, file.name)
    return Far(
        name=file.name, size=said.size, locator=file.url, version=said.version, sha256=file.sha256 or said.sha256
    )


def _evidence(client: Client, kept: Sequence[Candidate], name: str) -> bytes | None:
    """Return the attestations that an index offers of a file, called as they are beside one."""
    file = next((one.file for one in kept if name == f"{one.file.name}.provenance"), None)
    if file is None or not file.provenance.startswith(("https:", "http:")):
        return None
    body = client.ask("GET", file.provenance, {"Accept": "application/vnd.pypi.integrity.v1+json"}).body
    if len(body) > _DOCUMENT:
        raise UnreadableError(f"{name}: longer than {_DOCUMENT} bytes")
    return body


def _open(access: Access) -> FetchPart:
    blocks = Blocks(Client(access).range)

    def fetch(file: Far, offset: int, count: int) -> bytes:
        return _read(file, offset, count) if file.locator.startswith("file:") else blocks(file, offset, count)

    return fetch


def _read(file: Far, offset: int, count: int) -> bytes:
    try:
        with open(path_of(file.locator), "rb") as opened:
            opened.seek(offset)
            return opened.read(count)
    except OSError as error:
        raise UnreachableError(f"{file.name}: {error.strerror}") from error


ORIGIN: Final = Origin(id="pypi", title="A release on a package index", schemes=("pypi",), list=_list, open=_open)
