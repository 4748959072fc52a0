"""Reads published checksums, in each of the forms that they come in.

Read are: lists of coreutils (`<hex>  name`, `<hex> *name`, a backslash in front where the name is escaped), tagged
lines of BSD and coreutils (`SHA256 (name) = <hex>`, `BLAKE3` alike), what a Hugging Face hub says of a repository
(`siblings` of a model's description, or the list of a tree), pointers of Git LFS, the notes of `huggingface_hub` beside
downloaded files (`.cache/huggingface/download/*.metadata`), requirements of pip (`--hash=sha256:<hex>`), `pylock.toml`
(PEP 751) and `uv.lock`. SHA-256 and BLAKE3 count; what has only digests of other kinds is listed without one.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import unquote

from weighmaster.model.errors import ConfigError, TrustError, UnreadableError
from weighmaster.reading import toml
from weighmaster.reading.record import Record
from weighmaster.trust import strict
from weighmaster.trust.manifests.checksums import Checksums, Published, normalized
from weighmaster.trust.manifests.files import files

LONGEST: Final = 32 << 20
"""Bytes of a list."""
_MOST: Final = 500_000
"""Lines of a list."""
_POINTER_SIZE: Final = 1024
"""Bytes that a pointer is shorter than (<https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>)."""
_PLAIN: Final = re.compile(r"(\\?)([0-9a-fA-F]{32,128}) [ *](.+)")
_TAGGED: Final = re.compile(r"(\\?)([A-Za-z0-9-]{2,16}) ?\((.+)\) ?= ?([0-9a-fA-F]{32,128})")
_ESCAPE: Final = re.compile(r"\\(.?)")
_ESCAPED: Final = {"n": "\n", "r": "\r", "\\": "\\"}
_ALGORITHMS: Final = {"SHA256": "sha256", "SHA2-256": "sha256", "BLAKE3": "blake3"}
_BLAKE3_NAME: Final = re.compile(r"b3|blake3", re.IGNORECASE)
_SHA256: Final = re.compile("[0-9a-f]{64}")
_HASH: Final = re.compile(r"--hash[= ]\s*([a-z0-9]+):([0-9a-fA-F]+)(?=\s|$)")
_REQUIREMENT: Final = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_POINTER: Final = re.compile(
    r"version https://(?:git-lfs\.github\.com|hawser\.github\.com)/spec/v1\n(?:ext-[^\n]*\n)*"
    r"oid sha256:([0-9a-f]{64})\nsize ([0-9]{1,18})\n?"
)
_METADATA: Final = ".metadata"
_DOWNLOADS: Final = ".cache/huggingface/download/"


def read_checksums(path: str | os.PathLike[str]) -> Checksums:
    """Read a list of checksums. A folder is one whose files are pointers of Git LFS, or notes of `huggingface_hub`.

    Raises:
        ConfigError: it cannot be read.
        TrustError: it holds no checksums, or contradicts itself; the message names the line.
    """
    name = os.fspath(path)
    if os.path.isdir(name):
        return _folder(name)
    try:
        with open(name, "rb") as file:
            raw = file.read(LONGEST + 1)
    except OSError as error:
        raise ConfigError(f"the checksums {name} cannot be read: {error.strerror}") from error
    return parse_checksums(raw, name)


def parse_checksums(raw: bytes, name: str) -> Checksums:
    """Read a list of checksums; `name`, which may be a path, tells lock files apart and is what errors call it.

    Raises:
        TrustError: it holds no checksums, or contradicts itself; the message names the line.
    """
    if len(raw) > LONGEST:
        raise TrustError(f"{name}: longer than {LONGEST} bytes")
    try:
        found = _parsed(raw, name)
    except (UnreadableError, ConfigError) as error:
        raise TrustError(f"{name}: {error}") from error
    if not any(one.digests for one in found.published):
        raise TrustError(f"{name}: no checksum that can be compared (SHA-256 or BLAKE3) stands in it")
    return found


def _parsed(raw: bytes, name: str) -> Checksums:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableError("not UTF-8", offset=error.start) from error
    base = os.path.basename(name)
    if text.lstrip()[:1] in {"{", "["}:
        return Checksums(kind="a hub's description", published=tuple(_hub(raw, name)))
    if base.endswith(".lock") or (base.startswith("pylock.") and base.endswith(".toml")):
        return Checksums(kind="a lock file", published=tuple(_lock(toml.document(name, raw))), whole=False)
    if pointer := _POINTER.fullmatch(text):
        return Checksums(kind="a pointer of Git LFS", published=(_pointed("", pointer),))
    if "--hash" in text:
        return Checksums(kind="requirements", published=tuple(_requirements(text)), whole=False)
    # A bare line does not say of which kind its digest is; the name of the list does (`B3SUMS`).
    bare = "blake3" if _BLAKE3_NAME.search(base) else "sha256"
    return Checksums(kind="a list of checksums", published=tuple(_lines(text, bare)))


def _lines(text: str, bare: str) -> Iterator[Published]:
    """Read lines of coreutils and BSD. Names may hold what looks like an end of a line to `splitlines`."""
    for number, line in enumerate(text.split("\n"), 1):
        line = line.removesuffix("\r")  # noqa: PLW2901 - as Windows ends lines
        if not line.strip() or line.startswith("#"):
            continue
        if number > _MOST:
            raise UnreadableError(f"more than {_MOST} lines")
        if hit := _PLAIN.fullmatch(line):
            escaped, digest, name = hit.groups()
            algorithm = bare if len(digest) == 64 else ""
        elif hit := _TAGGED.fullmatch(line):
            escaped, kind, name, digest = hit.groups()
            algorithm = _ALGORITHMS.get(kind.upper(), "") if len(digest) == 64 else ""
        else:
            raise UnreadableError(f"line {number} is no checksum")
        name = _inside(_unescaped(name, number) if escaped else name, f"line {number}")
        digests = (digest.lower(),) if algorithm else ()
        yield Published(name=name, digests=digests, algorithm=algorithm or "sha256")


def _unescaped(name: str, number: int) -> str:
    try:
        return _ESCAPE.sub(lambda hit: _ESCAPED[hit[1]], name)
    except KeyError as error:
        raise UnreadableError(f"line {number}: an escape that is none") from error


def _inside(name: str, place: str) -> str:
    path = posixpath.normpath(name)
    if path.startswith(("/", "../")) or path in {".", ".."}:
        raise UnreadableError(f"{place}: {name!r} is not inside an artifact")
    return path


def _hub(raw: bytes, name: str) -> Iterator[Published]:
    """Read a description: <https://huggingface.co/docs/hub/api>. Small files have only the SHA-1 of Git there."""
    record = strict.parsed(raw if raw.lstrip()[:1] == b"{" else b'{"tree": ' + raw + b"}", name)
    key = "siblings" if "siblings" in record.values else "tree"
    if key not in record.values:
        raise UnreadableError("no list of checksums in any form that is known")
    for number, item in enumerate(record.each(key, dict)):
        one = Record(values=item, path=f"{key}[{number}]")
        if one.values.get("type", "file") != "file":
            continue
        path = _inside(one.get("rfilename" if "rfilename" in item else "path", str), one.path)
        size = one.get("size", int) if item.get("size") is not None else None
        digests: tuple[str, ...] = ()
        if item.get("lfs") is not None:
            lfs = Record.of(item["lfs"], f"{one.path}.lfs")
            digest = lfs.get("sha256" if "sha256" in lfs.values else "oid", str).removeprefix("sha256:")
            digests, size = (_sha256(digest, lfs.path),), lfs.get("size", int)
        yield Published(name=path, digests=digests, size=size)


def _sha256(digest: str, place: str) -> str:
    if not _SHA256.fullmatch(digest.lower()):
        raise UnreadableError(f"{place}: {digest[:80]!r} is no SHA-256")
    return digest.lower()


def _pointed(name: str, pointer: re.Match[str]) -> Published:
    return Published(name=name, digests=(pointer[1],), size=int(pointer[2]))


def _folder(folder: str) -> Checksums:
    """Read what lies beside or instead of files: pointers of Git LFS, and notes of `huggingface_hub`."""
    published: list[Published] = []
    for name, path in files(folder):
        try:
            published += _beside(name, path)
        except OSError as error:
            raise TrustError(f"{path} cannot be read: {error.strerror}") from error
    if not any(one.digests for one in published):
        raise TrustError(f"{folder}: neither pointers of Git LFS nor notes of huggingface_hub lie there")
    return Checksums(kind="a folder of pointers or notes", published=tuple(published))


def _beside(name: str, path: str) -> Iterator[Published]:
    """Read a pointer, or a note: the commit, an entity tag (SHA-256 or, of a small file, Git's SHA-1), the time."""
    if os.path.getsize(path) >= _POINTER_SIZE:
        return
    with open(path, encoding="utf-8", errors="replace", newline="") as file:
        text = file.read(_POINTER_SIZE)
    if pointer := _POINTER.fullmatch(text):
        yield _pointed(name, pointer)
    elif name.endswith(_METADATA) and len(lines := text.split("\n")) >= 3:
        etag = lines[1].strip().strip('"')
        named = name.rpartition(_DOWNLOADS)[2].removesuffix(_METADATA)
        yield Published(name=named, digests=(etag,) if _SHA256.fullmatch(etag) else ())


def _requirements(text: str) -> Iterator[Published]:
    """Read requirements, of whose hashes one must fit: <https://pip.pypa.io/en/stable/topics/secure-installs/>."""
    for number, line in enumerate(text.replace("\\\r\n", " ").replace("\\\n", " ").splitlines(), 1):
        if number > _MOST:
            raise UnreadableError(f"more than {_MOST} lines")
        plain = re.split(r"(?:^|\s)#", line, maxsplit=1)[0]
        name = _REQUIREMENT.match(plain)
        hashes = tuple(_sha256(hit[2], f"line {number}") for hit in _HASH.finditer(plain) if hit[1] == "sha256")
        if name and hashes:
            yield Published(name=normalized(name[1]), digests=hashes, package=True)
        elif hashes:
            raise UnreadableError(f"line {number}: hashes without a package")


def _lock(document: dict[str, Any]) -> Iterator[Published]:
    """Read `pylock.toml` (<https://packaging.python.org/en/latest/specifications/pylock-toml/>) or `uv.lock`."""
    record = Record(values=document)
    key = "packages" if "packages" in document else "package"
    for number, package in enumerate(record.each(key, dict)):
        one = Record(values=package, path=f"{key}[{number}]")
        wheels = one.each("wheels", dict) if "wheels" in package else ()
        single = [one.get(kind, dict) for kind in ("sdist", "archive") if kind in package]
        for file in (*wheels, *single):
            yield from _locked(Record(values=file, path=one.path))


def _locked(file: Record) -> Iterator[Published]:
    address = next((str(file.values[key]) for key in ("name", "url", "path") if key in file.values), "")
    name = unquote(posixpath.basename(re.split("[?#]", address, maxsplit=1)[0]))
    hashes = file.values.get("hashes")
    digest = (
        file.values.get("hash") if hashes is None else Record.of(hashes, f"{file.path}.hashes").values.get("sha256")
    )
    if not name or not isinstance(digest, str):
        return
    size = file.get("size", int) if "size" in file.values else None
    if hashes is not None or digest.startswith("sha256:"):
        digests = (_sha256(digest.removeprefix("sha256:"), file.path),)
        yield Published(name=name, digests=digests, size=size)
