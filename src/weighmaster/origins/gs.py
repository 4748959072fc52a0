"""Objects in a bucket of Google Cloud Storage: `gs://bucket/path`, an object or all below a path."""

from __future__ import annotations

from typing import Final

from weighmaster.extend.origin import FetchPart, Listing, Origin
from weighmaster.reading.http import Access
from weighmaster.reading.objects import fetch, objects, opener

_STORE: Final = opener("GCSStore")


def _list(address: str, access: Access) -> Listing:
    del access  # obstore finds its own way.
    files, folder = objects(address, _STORE)
    return Listing(target=address, files=files, folder=folder)


def _open(access: Access) -> FetchPart:
    del access
    return fetch(_STORE)


ORIGIN: Final = Origin(id="gs", title="Objects in a bucket (GCS)", schemes=("gs",), list=_list, open=_open)
