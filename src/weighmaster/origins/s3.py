"""Objects in a bucket of Amazon S3, or a store that speaks its protocol: `s3://bucket/path`, or all below a path."""

from __future__ import annotations

from typing import Final

from weighmaster.extend.origin import FetchPart, Listing, Origin
from weighmaster.reading.http import Access
from weighmaster.reading.objects import fetch, objects, opener

_STORE: Final = opener("S3Store")


def _list(address: str, access: Access) -> Listing:
    del access  # obstore finds its own way.
    files, folder = objects(address, _STORE)
    return Listing(target=address, files=files, folder=folder)


def _open(access: Access) -> FetchPart:
    del access
    return fetch(_STORE)


ORIGIN: Final = Origin(id="s3", title="Objects in a bucket (S3)", schemes=("s3",), list=_list, open=_open)
