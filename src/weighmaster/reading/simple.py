"""What a package index says of a project: the files of all its releases.

An index answers in JSON or in HTML; both are read into the same values. Nothing that it says is believed here:
addresses and digests are what it declares. Specification:
<https://packaging.python.org/en/latest/specifications/simple-repository-api/> (PEP 503, 592, 658, 691, 700, 708, 714,
740, 792).
"""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote, unquote, urldefrag, urljoin, urlsplit
from urllib.request import url2pathname

from weighmaster.model.errors import UnreachableError, UnreadableError
from weighmaster.model.value import Value
from weighmaster.reading.http import Client
from weighmaster.reading.pattern import pattern

ACCEPT: Final = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
_RUNS: Final = pattern(r"[-_.]+")
_OPENS: Final = pattern(r"<(a|base|meta)(?=\s)", re.IGNORECASE)
_CLOSES: Final = pattern(r"(?>[^>\"']++|\"[^\"]*+\"|'[^']*+')*+>")
_ATTRIBUTE: Final = pattern(r"([a-zA-Z][\w:-]*)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+)))?")
_SHA256: Final = pattern(r"[0-9a-f]{64}")
_FILES: Final = 200_000
_LONGEST: Final = 64 << 20
_TEXT: Final = 2000
_TAG_LENGTH: Final = 16_384


class Listed(Value):
    """A file of a release, as an index declares it.

    `size` is -1 where that is not said, `sha256` is empty. `yanked` is the reason, `yes` where none is given, and empty
    where it is not. `uploaded` is ISO 8601. `provenance` is the address of its attestations (PEP 740).
    """

    name: str
    url: str
    size: int = -1
    sha256: str = ""
    requires_python: str = ""
    yanked: str = ""
    uploaded: str = ""
    provenance: str = ""


class Project(Value):
    """A project on one index. `now` is the index's own time (the header `Date`), empty where it does not say.

    `tracks` are the projects of other indexes that it says it is the same as (PEP 708), `status` is `active`,
    `archived`, `quarantined`, `deprecated` (PEP 792), with the `reason` that is given.
    """

    name: str
    index: str
    files: tuple[Listed, ...]
    now: str = ""
    tracks: tuple[str, ...] = ()
    status: str = "active"
    reason: str = ""


def project(client: Client, index: str, name: str) -> Project | None:
    """Ask an index for a project; nothing where it has none of that name.

    Raises:
        UnreachableError: it does not answer, or says no.
        UnreadableError: its answer is none of the specification's.
    """
    normal = _RUNS.sub("-", name).lower()
    address = f"{index.rstrip('/')}/{quote(normal)}/"
    if index.startswith("file:"):
        return _here(address, index, normal)
    answer = client.answered("GET", address, {"Accept": ACCEPT})
    if answer.status in {404, 410}:
        return None
    if answer.status >= 400:
        raise UnreachableError(f"{index}: {answer.status} {answer.reason}".strip())
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    read = _of_json if kind.endswith("json") else _of_html
    return read(answer.body, answer.url, index, normal, answer.headers.get("date", ""))


def _here(address: str, index: str, name: str) -> Project | None:
    """Return a project of an index that lies on this machine, as pip reads it: a folder with `index.html` in each."""
    folder = path_of(address)
    path = os.path.join(folder, "index.html")
    try:
        with open(path, "rb") as file:
            body = file.read(_LONGEST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnreachableError(f"{index}: {error.strerror}") from error
    if len(body) > _LONGEST:
        raise UnreadableError(f"{index}: a page of more than {_LONGEST} bytes")
    return _of_html(body, address, index, name, "")


def path_of(address: str) -> str:
    """Return the path that a `file:` address names."""
    return url2pathname(urlsplit(address).path)


def _of_json(body: bytes, url: str, index: str, name: str, now: str) -> Project:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"{index}: the answer is not JSON") from error
    meta = _mapping(_mapping(found).get("meta"))
    _check_version(_text(meta.get("api-version")) or "1.0", index)
    entries = _mapping(found).get("files")
    if not isinstance(entries, list):
        raise UnreadableError(f"{index}: the answer lists no files")
    _check_count(len(entries), index)
    files = tuple(file for entry in entries if (file := _listed(_mapping(entry), url, index)) is not None)
    status = _mapping(found.get("project-status"))
    tracks = meta.get("tracks")
    return Project(
        name=name,
        index=index,
        files=files,
        now=now,
        tracks=tuple(one for one in tracks[:32] if isinstance(one, str)) if isinstance(tracks, list) else (),
        status=_text(status.get("status")) or "active",
        reason=_text(status.get("reason")),
    )


def _listed(entry: dict[str, Any], base: str, index: str) -> Listed | None:
    name, url = _text(entry.get("filename")), _text(entry.get("url"), 8 * _TEXT)
    address = _address(url, base, index)
    if not name or not _is_name(name) or not address:
        return None
    size, hashes = entry.get("size"), _mapping(entry.get("hashes"))
    return Listed(
        name=name,
        url=address,
        size=size if type(size) is int and size >= 0 else -1,
        sha256=_digest(_text(hashes.get("sha256"))),
        requires_python=_text(entry.get("requires-python")),
        yanked=_yanked(entry.get("yanked", False)),
        uploaded=_text(entry.get("upload-time")),
        provenance=_address(_text(entry.get("provenance"), 8 * _TEXT), base, index),
    )


def _of_html(body: bytes, url: str, index: str, name: str, now: str) -> Project:
    text = body.decode("utf-8", "replace")
    base, files = url, list[Listed]()
    said: dict[str, list[str]] = {}
    for tag, attributes in _tags(text):
        if tag == "base" and "href" in attributes and base == url:
            base = urljoin(url, attributes["href"])
        elif tag == "meta":
            said.setdefault(attributes.get("name", ""), []).append(attributes.get("content", ""))
        elif tag == "a" and (file := _anchor(attributes, base, index)) is not None:
            files.append(file)
            _check_count(len(files), index)
    _check_version(said.get("pypi:repository-version", ["1.0"])[0], index)
    return Project(
        name=name,
        index=index,
        files=tuple(files),
        now=now,
        tracks=tuple(said.get("pypi:tracks", ())[:32]),
        status=said.get("pypi:project-status", ["active"])[0][:_TEXT],
        reason=said.get("pypi:project-status-reason", [""])[0][:_TEXT],
    )


def _tags(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the tags that matter. One that does not end goes on to the end of the page, so nothing comes after it."""
    at = 0
    while opened := _OPENS.search(text, at):
        closed = _CLOSES.match(text, opened.end())
        if closed is None:
            return
        at = closed.end()
        if len(closed[0]) <= _TAG_LENGTH:
            yield opened[1].lower(), _attributes(closed[0][:-1])


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for hit in _ATTRIBUTE.finditer(text):
        found.setdefault(hit[1].lower(), html.unescape(hit[2] or hit[3] or hit[4] or ""))
    return found


def _anchor(attributes: dict[str, str], base: str, index: str) -> Listed | None:
    address, fragment = urldefrag(_address(attributes.get("href", ""), base, index))
    name = unquote(urlsplit(address).path).rpartition("/")[2]
    if not _is_name(name):
        return None
    algorithm, _, digest = fragment.partition("=")
    return Listed(
        name=name[:_TEXT],
        url=address,
        sha256=_digest(digest) if algorithm == "sha256" else "",
        requires_python=attributes.get("data-requires-python", "")[:_TEXT],
        yanked=_yanked(attributes.get("data-yanked", False)),
        provenance=_address(attributes.get("data-provenance", ""), base, index),
    )


def _is_name(name: str) -> bool:
    """Say whether a file can be called so, and lies in no other folder then, wherever it is kept."""
    return name not in {"", ".", ".."} and name.isprintable() and not any(mark in name for mark in "/\\:")


def _address(url: str, base: str, index: str) -> str:
    """Return an address in full; empty where nothing there may be asked: an index elsewhere names no files of here."""
    if not url:
        return ""
    try:
        whole = urljoin(base, url)
        scheme = urlsplit(whole).scheme
    except ValueError:
        return ""
    return whole if scheme in {"https", "http"} or (scheme == "file" and index.startswith("file:")) else ""


def _yanked(value: object) -> str:
    if isinstance(value, str):
        return value[:_TEXT] or "yes"
    return "yes" if value is True else ""


def _digest(text: str) -> str:
    return text.lower() if _SHA256.fullmatch(text.lower()) else ""


def _check_version(text: str, index: str) -> None:
    if text.partition(".")[0] != "1":
        raise UnreadableError(f"{index}: version {text[:20]!r} of the interface is not known")


def _check_count(count: int, index: str) -> None:
    if count > _FILES:
        raise UnreadableError(f"{index}: more than {_FILES} files")


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object, most: int = _TEXT) -> str:
    return value[:most] if isinstance(value, str) else ""
