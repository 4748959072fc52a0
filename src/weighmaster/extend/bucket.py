"""Origins that are buckets of objects: clouds differ in their scheme and in the class that opens a bucket."""

from __future__ import annotations

from weighmaster.extend.origin import FetchPart, Listing, Origin
from weighmaster.reading.http import Access
from weighmaster.reading.objects import fetch, objects, opener


def bucket(scheme: str, title: str, store: str) -> Origin:
    """Return the origin of the addresses `scheme://bucket/path`, an object or all below a path.

    `store` is obstore's class, which finds credentials and endpoints where the cloud's own clients do.
    """
    opened = opener(store)

    def _list(address: str, access: Access) -> Listing:
        del access
        files, folder = objects(address, opened)
        return Listing(target=address, files=files, folder=folder)

    def _open(access: Access) -> FetchPart:
        del access
        return fetch(opened)

    return Origin(id=scheme, title=title, schemes=(scheme,), list=_list, open=_open)
