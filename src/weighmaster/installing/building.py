"""A wheel of an sdist: only where the user asked for it, after the sdist and all that its build needs were vetted.

1. The sdist is fetched from the index, and vetted without running any of it.
2. What it needs to be built (`build-system.requires`, PEP 518) is found, fetched and vetted as anything is.
3. pip builds a wheel with these, without an index. This runs the code of the sdist.
4. Whoever installs the wheel vets it as well.
"""

from __future__ import annotations

import io
import os
import tarfile
import tomllib
from collections.abc import Sequence
from functools import partial
from typing import Final

from weighmaster import shipped
from weighmaster.afar import listed
from weighmaster.installing.arguments import Arguments
from weighmaster.installing.pip import Pip
from weighmaster.installing.resolve import Resolved, fetched, resolved
from weighmaster.installing.vetting import Fetched, Judged, judged, place_of, refused
from weighmaster.looks import Request
from weighmaster.model.errors import ConfigError, UnreachableError
from weighmaster.model.value import Value
from weighmaster.reading.far import Far
from weighmaster.reading.http import Access
from weighmaster.reading.pattern import pattern

_WANTED: Final = pattern(r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?:==([^\s/]+))?")
_SETUPTOOLS: Final = ("setuptools>=40.8.0", "wheel")
"""What builds a project that does not say what does (PEP 518)."""
_LARGEST: Final = 1 << 20
_PIECE: Final = 8 << 20


class Built(Value):
    """What was vetted on the way, and the folder with the wheel; none where something may not come in."""

    judged: tuple[Judged, ...]
    folder: str | None = None


def built(wanted: str, pip: Pip, request: Request, folder: str, *, review: bool) -> Built:
    """Vet the sdist of a requirement (`name` or `name==version`), and build a wheel of it where it may come in.

    Raises:
        ConfigError: it is no such requirement, or cannot be built.
        UnreachableError: there is no sdist.
    """
    found = _WANTED.fullmatch(wanted)
    if found is None:
        raise ConfigError(f"--build {wanted}: name or name==version wanted")
    access: Access = request.access or Access()
    place = os.path.join(folder, f"build-{found[1]}")
    os.makedirs(place, exist_ok=True)
    sdist = _fetched(f"pypi://{found[1]}{f'=={found[2]}' if found[2] else ''}/*", access, place)
    said = judged([sdist], request)  # 1
    if list(refused(said, review=review)):
        return Built(judged=tuple(said))
    needed = _needed(pip, _requires(sdist.path), request, place)  # 2
    said += needed
    if list(refused(needed, review=review)):
        return Built(judged=tuple(said))
    out = os.path.join(place, "built")
    words = ["wheel", "--quiet", "--no-deps", "--no-index", "--find-links", os.path.join(place, "wheels")]
    if pip.build([*words, "--wheel-dir", out, sdist.path]):  # 3
        raise ConfigError(f"{sdist.file.file} could not be built; what pip said stands above")
    return Built(judged=tuple(said), folder=out)


def _needed(pip: Pip, requires: Sequence[str], request: Request, place: str) -> list[Judged]:
    if not requires:
        return []
    indexes = (request.access or Access()).indexes
    where = ["--index-url", indexes[0], *(word for index in indexes[1:] for word in ("--extra-index-url", index))]
    asked = Arguments(wanted=tuple(requires), find=("--ignore-installed", *where), fetch=tuple(where))
    files = fetched(pip, asked, resolved(pip, asked, place).files, place)
    return judged(list(map(place_of(place), files)), request)


def _fetched(address: str, access: Access, place: str) -> Fetched:
    """Fetch the sdist of a release."""
    origin = shipped.schemes()["pypi"]
    listing, _ = listed(address, origin, access)
    file = next((one for one in listing.files if one.name.endswith(".tar.gz")), None)
    if file is None or listing.subject is None:
        raise UnreachableError(f"{address}: the release has no sdist that can be had")
    path = os.path.join(place, file.name)
    _write(file, path, partial(origin.open(access), file))
    from weighmaster.trust.manifests.hashing import hash_artifact

    (entry,) = hash_artifact(path).entries
    if file.sha256 and file.sha256 != entry.sha256:
        raise UnreachableError(f"{file.name} has the SHA-256 {entry.sha256}, and {file.sha256} was declared")
    name, version = listing.subject.name, listing.subject.commit
    resolved_ = Resolved(name=name, version=version, url=file.locator, file=file.name, sha256=entry.sha256)
    return Fetched(file=resolved_, path=path)


def _write(file: Far, path: str, fetch: partial[bytes]) -> None:
    with open(path, "wb") as out:
        out.writelines(fetch(at, min(_PIECE, file.size - at)) for at in range(0, file.size, _PIECE))


def _requires(path: str) -> list[str]:
    """Return what the build of an sdist asks for (PEP 518), which is checked by vetting it, not by reading it here."""
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                if member.isfile() and member.name.count("/") == 1 and member.name.endswith("/pyproject.toml"):
                    opened = archive.extractfile(member)
                    raw = opened.read(_LARGEST) if opened else b""
                    system = tomllib.load(io.BytesIO(raw)).get("build-system")
                    requires = system.get("requires") if isinstance(system, dict) else None
                    if isinstance(requires, list) and all(isinstance(one, str) for one in requires):
                        return _with_wheel([one for one in requires if not one.startswith("-")])
                    return list(_SETUPTOOLS)
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        raise ConfigError(f"{os.path.basename(path)} cannot be built: {error}") from error
    return list(_SETUPTOOLS)


def _with_wheel(requires: list[str]) -> list[str]:
    """Return what a build asks for; releases of setuptools before 70.1 ask for more once they run."""
    return [*requires, "wheel"] if any(one.startswith("setuptools") for one in requires) else requires
