"""Which files pip would install, told by its report, and fetched as the report names them.

Nothing is built: see `pip.py`.
Specification: <https://pip.pypa.io/en/stable/reference/installation-report/> (version 1).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from weighmaster.installing.arguments import Arguments
from weighmaster.installing.pip import Pip
from weighmaster.model.errors import ConfigError, UnreachableError, UnreadableError
from weighmaster.model.value import Value, replace
from weighmaster.reading.pattern import pattern
from weighmaster.trust.manifests.hashing import hash_artifact

_LONGEST: Final = 256 << 20
_NAME: Final = pattern(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION: Final = pattern(r"[A-Za-z0-9.!+_-]{1,200}")
_DIGEST: Final = pattern(r"[0-9a-f]{64}")
_WHEELS: Final = ("--only-binary", ":all:")
_TRIED: Final = (
    "pip found no way to install that without building something; what it said stands above "
    "(a package without a wheel: --build NAME vets its sdist, builds it, and vets the wheel)"
)


class Resolved(Value):
    """A file that pip would install: `direct` if it was named by its address, `requested` if it was named at all.

    `sha256` is empty where nobody declares it; `requires` are the requirements that its metadata names.
    """

    name: str
    version: str
    url: str
    file: str
    sha256: str = ""
    direct: bool = False
    requested: bool = False
    requires: tuple[str, ...] = ()

    @property
    def pin(self) -> str:
        """The requirement that names this release alone, or the very file."""
        if not self.direct:
            return f"{self.name}=={self.version}"
        # Metadata may name any address, and pip puts the environment's values for ${NAME} in a file of requirements.
        return f"{self.name} @ {self.url.replace('$', '%24')}"


class Resolution(Value):
    """What pip would install, by name, and into what: `python` is the version, `platform` what that runs on."""

    files: tuple[Resolved, ...]
    python: str = ""
    platform: str = ""


def resolved(pip: Pip, asked: Arguments, folder: str, more: Sequence[str] = ()) -> Resolution:
    """Return what pip would install; it fetches metadata, and builds nothing.

    Raises:
        ConfigError: pip finds no solution, or one that has to be built.
    """
    report = os.path.join(folder, "report.json")
    words = ["install", "--dry-run", "--quiet", "--report", report, *_WHEELS, *asked.find, *more]
    status = pip.run([*words, *asked.wanted])
    if status or not os.path.isfile(report):
        raise ConfigError(_TRIED)
    if os.path.getsize(report) > _LONGEST:
        raise UnreadableError(f"pip's report is longer than {_LONGEST} bytes")
    with open(report, "rb") as file:
        return _read(file.read())


def _read(raw: bytes) -> Resolution:
    try:
        report = json.loads(raw)
    except ValueError as error:
        raise UnreadableError("pip's report is not JSON") from error
    entries = report.get("install") if isinstance(report, dict) else None
    if not isinstance(entries, list) or str(report.get("version")) != "1":
        raise UnreadableError("pip's report is of a version that is not known")
    said = _mapping(report.get("environment"))
    files = sorted((_one(_mapping(entry)) for entry in entries), key=lambda one: one.name.lower())
    return Resolution(
        files=tuple(files),
        python=str(said.get("python_full_version") or ""),
        platform=f"{said.get('sys_platform') or ''} {said.get('platform_machine') or ''}".strip(),
    )


def _one(entry: dict[str, Any]) -> Resolved:
    metadata, info = _mapping(entry.get("metadata")), _mapping(entry.get("download_info"))
    name, version, url = metadata.get("name"), metadata.get("version"), info.get("url")
    if not (isinstance(name, str) and isinstance(version, str) and isinstance(url, str)):
        raise UnreadableError("pip's report names a file without a name, a version or an address")
    if not (_NAME.fullmatch(name) and _VERSION.fullmatch(version)):
        raise UnreadableError(f"pip's report names no package: {name!r} {version!r}")
    file = unquote(urlsplit(url).path).rpartition("/")[2]
    if "archive_info" not in info or not file.endswith(".whl"):
        raise ConfigError(f"{name} {version} would have to be built: {url}")
    digest = _mapping(_mapping(info["archive_info"]).get("hashes")).get("sha256")
    requires = metadata.get("requires_dist")
    return Resolved(
        name=name,
        version=version,
        url=url,
        file=file,
        sha256=digest if isinstance(digest, str) and _DIGEST.fullmatch(digest) else "",
        direct=entry.get("is_direct") is True,
        requested=entry.get("requested") is True,
        requires=tuple(one for one in requires if isinstance(one, str)) if isinstance(requires, list) else (),
    )


def fetched(
    pip: Pip, asked: Arguments, files: Sequence[Resolved], folder: str, more: Sequence[str] = ()
) -> list[Resolved]:
    """Fetch the files into a folder, and return them with the digests of what came.

    Raises:
        UnreachableError: one did not come, or came otherwise than declared.
    """
    place = os.path.join(folder, "wheels")
    os.makedirs(place, exist_ok=True)
    local = [one for one in files if urlsplit(one.url).scheme == "file"]
    for one in local:
        _copied(one, place)
    far = [one for one in files if one not in local]
    for hashed in (True, False):
        some = [one for one in far if bool(one.sha256) is hashed]
        if not some:
            continue
        pins = os.path.join(folder, f"pins-{hashed}.txt")
        with open(pins, "w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in pinned(some))
        words = ["download", "--quiet", "--no-deps", *_WHEELS, *asked.fetch, *more, "--dest", place, "-r", pins]
        if pip.settled.run(words):
            raise UnreachableError("pip could not fetch what it had found; what it said stands above")
    return [_checked(one, place) for one in files]


def _copied(one: Resolved, place: str) -> None:
    from weighmaster.reading.simple import path_of

    try:
        shutil.copyfile(path_of(one.url), os.path.join(place, one.file))
    except OSError as error:
        raise UnreachableError(f"{one.url}: {error.strerror}") from error


def _checked(one: Resolved, place: str) -> Resolved:
    path = os.path.join(place, one.file)
    if not os.path.isfile(path):
        raise UnreachableError(f"{one.file} did not come")
    (entry,) = hash_artifact(path).entries
    if one.sha256 and entry.sha256 != one.sha256:
        raise UnreachableError(f"{one.file} has the SHA-256 {entry.sha256}, and {one.sha256} was declared")
    changed: Resolved = replace(one, sha256=entry.sha256)
    return changed


def pinned(files: Iterable[Resolved]) -> Iterator[str]:
    """Yield a line for each file that names it and nothing else."""
    for one in files:
        yield f"{one.pin} --hash=sha256:{one.sha256}" if one.sha256 else one.pin


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
