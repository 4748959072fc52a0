"""A model of an MLflow server: `mlflow://models:/name/version`, or `@alias` in the place of the version.

The server says where the model's files lie. Those that it serves itself (`mlflow-artifacts:`) are read through it; for
files elsewhere, it names an address that can be vetted. Protocol: <https://mlflow.org/docs/latest/rest-api.html>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from weighmaster.extend.origin import FetchPart, Listing, Origin
from weighmaster.model.errors import UnreachableError, UnreadableError
from weighmaster.reading.far import Far
from weighmaster.reading.http import Access, Client
from weighmaster.reading.pattern import pattern

_MODEL: Final = pattern(r"models:/+([^/@]+)(?:/(\d+)|@([^/]+))/?")
_FOLDERS: Final = 10_000
_FILES: Final = 100_000


def _list(address: str, access: Access) -> Listing:
    if not access.tracking:
        raise UnreachableError(f"{address}: no MLflow server is named (MLFLOW_TRACKING_URI)")
    found = _MODEL.fullmatch(address.partition("://")[2])
    if found is None:
        raise UnreachableError(f"{address}: not of the form mlflow://models:/name/version")
    client, base = Client(access), f"{access.tracking.rstrip('/')}/api/2.0"
    name, version = found[1], found[2] or _version(client, base, found[1], found[3])
    query = urlencode({"name": name, "version": version})
    answer = _mapping(client.json(f"{base}/mlflow/model-versions/get-download-uri?{query}")[0])
    place = answer.get("artifact_uri")
    parts = urlsplit(place if isinstance(place, str) else "")
    if parts.scheme != "mlflow-artifacts":
        raise UnreachableError(f"{address}: its files lie at {place}; vet that address")
    files = tuple(_files(client, f"{base}/mlflow-artifacts/artifacts", parts.path.strip("/")))
    return Listing(target=f"mlflow://models:/{name}/{version}", files=files, folder=True)


def _version(client: Client, base: str, name: str, alias: str) -> str:
    query = urlencode({"name": name, "alias": alias})
    answer = _mapping(client.json(f"{base}/mlflow/registered-models/alias?{query}")[0])
    version = _mapping(answer.get("model_version")).get("version")
    if not isinstance(version, str):
        raise UnreadableError(f"the server names no version for the alias {alias!r}")
    return version


def _files(client: Client, base: str, root: str) -> Iterator[Far]:
    waiting, count = [""], 0
    for _ in range(_FOLDERS):
        if not waiting:
            return
        folder = waiting.pop()
        answer = _mapping(client.json(f"{base}?{urlencode({'path': f'{root}/{folder}'.rstrip('/')})}")[0])
        for entry in answer.get("files") or ():
            path = _mapping(entry).get("path")
            if not isinstance(path, str) or path.startswith("/") or ".." in path.split("/"):
                raise UnreadableError("the server lists a file without a path of its own")
            name = f"{folder}/{path.rpartition('/')[2]}".lstrip("/")
            count += 1
            if entry.get("is_dir"):
                waiting.append(name)
            elif count <= _FILES:
                yield _file(client, entry, f"{base}/{quote(f'{root}/{name}')}", name)
    raise UnreadableError("the server lists more files than are looked at")


def _file(client: Client, entry: Any, url: str, name: str) -> Far:
    size = entry.get("file_size")
    if isinstance(size, str) and size.isdigit():
        size = int(size)
    return Far(name=name, size=size, locator=url) if type(size) is int and size >= 0 else client.describe(url, name)


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UnreadableError("the server's answer is no mapping")
    return value


def _open(access: Access) -> FetchPart:
    return Client(access).range


ORIGIN: Final = Origin(id="mlflow", title="A model of an MLflow server", schemes=("mlflow",), list=_list, open=_open)
