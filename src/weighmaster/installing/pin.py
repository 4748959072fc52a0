"""A lock: what pip would install, each release by the digests of its wheels, so that nothing else can come in.

Written as requirements with hashes (<https://pip.pypa.io/en/stable/topics/secure-installs/>) or as `pylock.toml`
(PEP 751, <https://packaging.python.org/en/latest/specifications/pylock-toml/>). Digests are those that the indexes
declare of all wheels of the release, and of the file that pip would take. sdists are left out: they would have to be
built.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from weighmaster.installing.resolve import Resolution, Resolved
from weighmaster.knowledge.names.normal import normal
from weighmaster.knowledge.packages.releases import candidates, version_of
from weighmaster.model.errors import UnreadableError, WeighmasterError
from weighmaster.model.value import Value
from weighmaster.reading.http import Access, Client
from weighmaster.reading.simple import Listed, project

_SIDE_BY_SIDE: Final = 8


class Pinned(Value):
    """A release, with the wheels of it that may be installed, and the index that lists them."""

    file: Resolved
    wheels: tuple[Listed, ...]
    index: str = ""


def pinned(resolution: Resolution, access: Access, *, offline: bool = False) -> list[Pinned]:
    """Return each release with all its wheels, as the index lists them that has the very file that pip would take.

    Raises:
        UnreadableError: there is no digest of one.
    """
    client = Client(access)
    indexes = () if offline else access.indexes
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        found = list(pool.map(lambda one: _pinned(one, client, indexes), resolution.files))
    for one in found:
        if not all(wheel.sha256 for wheel in one.wheels):
            raise UnreadableError(f"{one.file.name} {one.file.version}: nobody declares a SHA-256 of {one.file.file}")
    return found


def _pinned(file: Resolved, client: Client, indexes: Sequence[str]) -> Pinned:
    own = Listed(name=file.file, url=file.url, sha256=file.sha256)
    if file.direct:
        return Pinned(file=file, wheels=(own,))
    for index in indexes:
        try:
            page = project(client, index, file.name)
        except WeighmasterError:
            continue  # pip found the file, so another index or a folder has it.
        release = version_of(file.version)
        wheels = [one.file for one in (candidates(page) if page else ()) if one.is_wheel and one.version == release]
        mine = next((one for one in wheels if one.name == file.file), None)
        if mine is not None and file.sha256 in {mine.sha256, ""}:
            known = [one for one in wheels if one.sha256 and (not one.yanked or one is mine)]
            return Pinned(file=file, wheels=tuple(sorted(known, key=lambda one: one.name)), index=index)
    return Pinned(file=file, wheels=(own,))


def requirements(found: Sequence[Pinned], resolution: Resolution, command: str) -> str:
    """Return a file of requirements with hashes."""
    lines = [
        f"# Made by: {command}",
        f"# For Python {resolution.python} on {resolution.platform}. Nothing is built:",
        "#   pip install --require-hashes --only-binary :all: -r THIS-FILE",
    ]
    for one in found:
        digests = sorted({wheel.sha256 for wheel in one.wheels})
        pin = one.file.pin if one.file.direct else f"{normal(one.file.name)}=={one.file.version}"
        lines.append(" \\\n".join([pin, *(f"    --hash=sha256:{digest}" for digest in digests)]))
    return "".join(f"{line}\n" for line in lines)


def pylock(found: Sequence[Pinned], resolution: Resolution) -> str:
    """Return a `pylock.toml`."""
    lines = ['lock-version = "1.0"', 'created-by = "weighmaster"']
    if resolution.python:
        major, minor, *_ = resolution.python.split(".")
        lines.append(f'requires-python = ">={int(major)}.{int(minor)}"')
    for one in found:
        lines += ["", "[[packages]]", f"name = {_text(normal(one.file.name))}", f"version = {_text(one.file.version)}"]
        if one.index:
            lines.append(f"index = {_text(one.index)}")
        lines += _files(one)
    return "".join(f"{line}\n" for line in lines)


def _files(one: Pinned) -> Iterator[str]:
    if one.file.direct:
        yield f"archive = {{ {_place(one.file.url)}, {_hashes(one.file.sha256)} }}"
        return
    yield "wheels = ["
    for wheel in one.wheels:
        parts = [f"name = {_text(wheel.name)}", _place(wheel.url)]
        if wheel.uploaded:
            parts += [f"upload-time = {moment}"] if (moment := _moment(wheel.uploaded)) else []
        parts += [f"size = {wheel.size}"] if wheel.size >= 0 else []
        yield f"    {{ {', '.join([*parts, _hashes(wheel.sha256)])} }},"
    yield "]"


def _place(url: str) -> str:
    if url.startswith("file:"):
        from weighmaster.reading.simple import path_of

        return f"path = {_text(path_of(url))}"
    return f"url = {_text(url)}"


def _hashes(sha256: str) -> str:
    return f"hashes = {{ sha256 = {_text(sha256)} }}"


def _moment(text: str) -> str:
    """Return a time as TOML writes it (RFC 3339); empty where it is none."""
    from datetime import UTC, datetime

    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return ""
    return found.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if found.tzinfo else ""


def _text(text: str) -> str:
    """Return a basic string of TOML, of which all that JSON escapes is escaped alike; DEL is, too."""
    import json

    return json.dumps(text, ensure_ascii=True).replace("\x7f", "\\u007f")
