"""A file at an HTTP address: `https://host/path/model.pt`.

What the server says of the file's length and entity tag holds for the whole look: a change in between is found out.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote, urlsplit

from weighmaster.extend.origin import FetchPart, Listing, Origin
from weighmaster.reading.http import Access, Client


def _list(address: str, access: Access) -> Listing:
    name = unquote(urlsplit(address).path).rstrip("/").rpartition("/")[2] or "index"
    return Listing(target=address, files=(Client(access).describe(address, name),), folder=False)


def _open(access: Access) -> FetchPart:
    return Client(access).range


ORIGIN: Final = Origin(id="https", title="A file at an HTTP address", schemes=("https", "http"), list=_list, open=_open)
