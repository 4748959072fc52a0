"""An artifact of an OCI registry: `oci://registry/name[:tag|@digest]`, its manifest and its layers.

Each layer is a file, named as its annotation says, at the digest that the manifest declares; the manifest itself is the
file `manifest.json`. Specification: <https://github.com/opencontainers/distribution-spec/blob/main/spec.md>, and for
tokens <https://distribution.github.io/distribution/spec/auth/token/>.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode, urljoin, urlsplit

from weighmaster.extend.origin import FetchPart, Listing, Origin
from weighmaster.model.errors import UnreachableError, UnreadableError
from weighmaster.model.value import Value, replace
from weighmaster.reading.digest import sha256_of
from weighmaster.reading.far import Far
from weighmaster.reading.http import Access, Answer, Client
from weighmaster.reading.pattern import pattern

_ADDRESS: Final = pattern(r"([^/]+)/([a-z0-9._/-]+?)(?::([\w][\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?/?")
_DIGEST: Final = pattern(r"sha256:([0-9a-f]{64})")
_CHALLENGE: Final = pattern(r'(\w+)="([^"]*)"')
_KINDS: Final = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_ACCEPT: Final = ", ".join(_KINDS)
_TITLE: Final = "org.opencontainers.image.title"
_LAYERS: Final = 1000
_HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class _Place(Value):
    """An artifact's repository: where its questions go, and with which credentials."""

    base: str
    access: Access


def _list(address: str, access: Access) -> Listing:
    found = _ADDRESS.fullmatch(address.partition("://")[2])
    if found is None:
        raise UnreachableError(f"{address}: not of the form oci://registry/name:tag")
    host, name, reference = found[1], found[2], found[4] or found[3] or "latest"
    scheme = "http" if urlsplit(f"//{host}").hostname in _HERE else "https"
    place = _let_in(_Place(base=f"{scheme}://{host}/v2/{name}", access=access), reference)
    client = Client(place.access)
    answer = client.ask("GET", f"{place.base}/manifests/{reference}", {"Accept": _ACCEPT})
    digest = f"sha256:{sha256_of(answer.body)}"
    if found[4] and digest != found[4]:
        raise UnreadableError(f"{address}: the manifest has the digest {digest}")
    manifest = _decoded(answer)
    files = [_manifest(place, digest, answer.body)]
    layers = [manifest.get("config"), *_list_of(manifest, "layers"), *_list_of(manifest, "blobs")]
    files += [file for layer in layers if isinstance(layer, dict) and (file := _layer(place, layer)) is not None]
    if nested := _list_of(manifest, "manifests"):
        digests = ", ".join(str(one.get("digest")) for one in nested[:5] if isinstance(one, dict))
        raise UnreachableError(f"{address}: an index of several artifacts; vet one of them: {digests}")
    named = tuple({file.name: file for file in reversed(files)}.values())
    if len(named) != len(files):
        raise UnreadableError(f"{address}: two layers have one name")
    return Listing(target=f"oci://{host}/{name}@{digest}", files=tuple(files), folder=True)


def _let_in(place: _Place, reference: str) -> _Place:
    """Return the place with the token that its registry hands out, where it asks for one."""
    url = f"{place.base}/manifests/{reference}"
    host = urlsplit(url).netloc
    answer = Client(place.access).answered("HEAD", url, {"Accept": _ACCEPT})
    challenge = answer.headers.get("www-authenticate", "")
    if answer.status != 401 or not challenge.lower().startswith("bearer "):
        return place
    asked = dict(_CHALLENGE.findall(challenge))
    realm = urljoin(url, asked.pop("realm", ""))
    if urlsplit(realm).scheme != urlsplit(url).scheme:
        raise UnreachableError(f"{place.base}: sends to {realm} for a token")
    # Who gives out tokens is asked with the credentials that were kept for the registry.
    kept = place.access.credentials.get(host, "")
    credentials = {**place.access.credentials, **({urlsplit(realm).netloc: kept} if kept else {})}
    given, _ = Client(replace(place.access, credentials=credentials)).json(f"{realm}?{urlencode(asked)}")
    token = given.get("token") or given.get("access_token") if isinstance(given, dict) else None
    if not isinstance(token, str):
        raise UnreachableError(f"{place.base}: no token was given")
    credentials = {**place.access.credentials, host: f"Bearer {token}"}
    return _Place(base=place.base, access=replace(place.access, credentials=credentials))


def _decoded(answer: Answer) -> Mapping[str, Any]:
    try:
        manifest = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise UnreadableError("the manifest is not JSON") from error
    if not isinstance(manifest, dict):
        raise UnreadableError("the manifest is no mapping")
    return manifest


def _list_of(manifest: Mapping[str, Any], key: str) -> list[Any]:
    found = manifest.get(key, [])
    if not isinstance(found, list) or len(found) > _LAYERS:
        raise UnreadableError(f"the manifest's {key} are no list, or more than {_LAYERS}")
    return found


def _manifest(place: _Place, digest: str, body: bytes) -> Far:
    url = f"{place.base}/manifests/{digest}"
    return Far(name="manifest.json", size=len(body), locator=_locator(place, url), sha256=digest.partition(":")[2])


def _layer(place: _Place, layer: Mapping[str, Any]) -> Far | None:
    digest, size, notes = layer.get("digest"), layer.get("size"), layer.get("annotations")
    found = _DIGEST.fullmatch(digest) if isinstance(digest, str) else None
    if found is None or type(size) is not int or size < 0:
        raise UnreadableError("the manifest lists a layer without a SHA-256 or a size")
    if size <= 2:
        return None  # The empty configuration `{}` that artifacts have.
    title = notes.get(_TITLE) if isinstance(notes, dict) else None
    name = title if isinstance(title, str) and title else found[0].replace(":", "-")
    return Far(name=name, size=size, locator=_locator(place, f"{place.base}/blobs/{found[0]}"), sha256=found[1])


def _locator(place: _Place, url: str) -> str:
    """Return an address with the token that it is fetched with: who fetches it was not there when it was given."""
    token = place.access.credentials.get(urlsplit(url).netloc, "")
    return f"{url}\n{base64.b64encode(token.encode()).decode()}"


def _open(access: Access) -> FetchPart:
    clients: dict[str, Client] = {}

    def part(file: Far, offset: int, count: int) -> bytes:
        url, _, token = file.locator.partition("\n")
        if token not in clients:
            credential = base64.b64decode(token).decode()
            credentials = {**access.credentials, urlsplit(url).netloc: credential} if credential else {}
            clients[token] = Client(replace(access, credentials=credentials))
        return clients[token].range(replace(file, locator=url), offset, count)

    return part


ORIGIN: Final = Origin(id="oci", title="An artifact of an OCI registry", schemes=("oci",), list=_list, open=_open)
