"""A repository of a hub that speaks the Hugging Face protocol: `hf://[models/|datasets/|spaces/]owner/name[@revision][/path]`.

The revision is resolved to a commit first, and every file is asked for at that commit: what is judged is one version.
Digests are those that the hub declares: SHA-256 for large files, git's own SHA-1 for the others.

Protocol: <https://huggingface.co/docs/hub/api>; what clients send and take was seen with huggingface_hub 2.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote, urljoin

from weighmaster.extend.origin import FetchPart, Listing, Origin
from weighmaster.extend.record import Subject
from weighmaster.model.errors import UnreachableError, UnreadableError
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.value import Value
from weighmaster.model.where import Where
from weighmaster.reading.far import Far
from weighmaster.reading.http import Access, Client
from weighmaster.reading.pattern import pattern

_KINDS: Final = ("models", "datasets", "spaces")
_PART: Final = pattern(r"[A-Za-z0-9._-]{1,96}")
_COMMIT: Final = pattern(r"[0-9a-f]{40}")
_NEXT: Final = pattern(r'<([^<>]+)>\s*;\s*rel="?next"?')
_PAGES: Final = 1000
_FILES: Final = 100_000


class _Address(Value):
    """The parts of an address."""

    kind: str
    id: str
    revision: str
    path: str


def _parsed(address: str) -> _Address:
    """Take an address apart.

    >>> _parsed("hf://datasets/owner/name@v1.0/data/train.csv")
    _Address(kind='datasets', id='owner/name', revision='v1.0', path='data/train.csv')
    """
    rest = address.partition("://")[2].strip("/")
    kind, slash, below = rest.partition("/")
    if kind not in _KINDS or not slash:
        kind, below = "models", rest
    parts = below.split("/")
    # `owner/name`, or a name alone where it is pinned or all there is.
    count = 1 if "@" in parts[0] or len(parts) == 1 else 2
    id, _, revision = "/".join(parts[:count]).partition("@")
    path = "/".join(parts[count:])
    if not all(_PART.fullmatch(part) and part not in {".", ".."} for part in id.split("/")):
        raise UnreachableError(f"{address}: no repository has such a name")
    if revision == "refs":
        # A pull request: `owner/name@refs/pr/1`.
        revision, path = f"refs/{'/'.join(parts[count : count + 2])}", "/".join(parts[count + 2 :])
    return _Address(kind=kind, id=id, revision=revision or "main", path=path)


def _list(address: str, access: Access) -> Listing:
    wanted = _parsed(address)
    client = Client(access)
    base = access.hub.rstrip("/")
    info, _ = client.json(f"{base}/api/{wanted.kind}/{wanted.id}/revision/{quote(wanted.revision, safe='')}")
    if not isinstance(info, dict):
        raise UnreadableError(f"{address}: the hub's answer is no mapping")
    commit = info.get("sha")
    if not isinstance(commit, str) or not _COMMIT.fullmatch(commit):
        raise UnreadableError(f"{address}: the hub names no commit")
    target = f"hf://{'' if wanted.kind == 'models' else f'{wanted.kind}/'}{wanted.id}@{commit}"
    files = tuple(_files(client, base, wanted, commit))
    chosen = tuple(f for f in files if f.name == wanted.path or f.name.startswith(f"{wanted.path}/") or not wanted.path)
    if not chosen and wanted.path:
        raise UnreachableError(f"{address}: the repository has no such file")
    owner, _, name = wanted.id.rpartition("/")
    where = Where.file(target)
    return Listing(
        target=f"{target}/{wanted.path}" if wanted.path else target,
        files=chosen,
        folder=True,
        subject=Subject(kind=wanted.kind, owner=owner, name=name, commit=commit, info=info, where=where),
        ask=lambda path: client.json(urljoin(f"{base}/", path.lstrip("/")))[0],
        gaps=tuple(_unlisted(info, files, where)),
    )


def _files(client: Client, base: str, wanted: _Address, commit: str) -> Iterator[Far]:
    url = f"{base}/api/{wanted.kind}/{wanted.id}/tree/{commit}?recursive=true&expand=false"
    kind = "" if wanted.kind == "models" else f"{wanted.kind}/"
    seen = 0
    for _ in range(_PAGES):
        entries, answer = client.json(url)
        if not isinstance(entries, list):
            raise UnreadableError("the hub's list of files is no list")
        for entry in entries:
            file = _file(entry, f"{base}/{kind}{wanted.id}/resolve/{commit}/")
            if file is not None:
                seen += 1
                yield file
        following = _NEXT.search(answer.headers.get("link", ""))
        if following is None:
            return
        if seen > _FILES:
            break
        url = urljoin(url, following[1])
        if not url.startswith(f"{base}/"):
            raise UnreadableError("the hub's list of files goes on somewhere else")
    raise UnreadableError(f"the hub lists more than {_FILES} files")


def _file(entry: Any, base: str) -> Far | None:
    if not isinstance(entry, dict) or entry.get("type") != "file":
        return None
    name, size, blob = entry.get("path"), entry.get("size"), entry.get("oid")
    lfs = entry.get("lfs")
    large = lfs if isinstance(lfs, dict) else {}
    size = large.get("size", size)
    if not isinstance(name, str) or type(size) is not int or size < 0:
        raise UnreadableError("the hub lists a file without a name or a size")
    sha256 = large.get("oid", "")
    return Far(
        name=name,
        size=size,
        locator=base + quote(name),
        sha256=sha256.removeprefix("sha256:") if isinstance(sha256, str) else "",
        blob=blob if isinstance(blob, str) and not large else "",
    )


def _unlisted(info: dict[str, Any], files: tuple[Far, ...], where: Where) -> Iterator[Gap]:
    """Say where the two lists that the hub gives of its files differ: what is only in one was not looked at."""
    siblings = info.get("siblings")
    named = {s.get("rfilename") for s in siblings if isinstance(s, dict)} if isinstance(siblings, list) else set()
    missing = sorted(name for name in named - {file.name for file in files} if isinstance(name, str))
    if missing:
        detail = f"the hub names {len(missing)} files that it does not list: {', '.join(missing[:3])}"
        yield Gap(where=where, reason=GapReason.UNREACHABLE, detail=detail)


def _open(access: Access) -> FetchPart:
    return Client(access).range


ORIGIN: Final = Origin(id="hf", title="A repository of a model hub", schemes=("hf",), list=_list, open=_open)
