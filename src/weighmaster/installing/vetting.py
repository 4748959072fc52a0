"""Files that pip fetched, vetted: their bytes as any target's, with what the indexes say of their releases."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from weighmaster import shipped
from weighmaster.afar import beside, listed
from weighmaster.extend.origin import Listing
from weighmaster.installing.resolve import Resolved
from weighmaster.looks import About, FolderLook, Request, look_here
from weighmaster.model.report import Gap, GapReason, Item
from weighmaster.model.value import Value, replace
from weighmaster.model.verdict import Outcome, Vetted
from weighmaster.model.where import Where
from weighmaster.reading.http import Access

_SIDE_BY_SIDE: Final = 8
_ALLOW: Final = (Outcome.ALLOW,)


class Fetched(Value):
    """A file that was fetched: what it is, and where it lies."""

    file: Resolved
    path: str


class Judged(Value):
    """A file that was fetched, with what is to be said about it."""

    file: Resolved
    vetted: Vetted

    @property
    def outcome(self) -> Outcome:
        """Whether it may come in."""
        return self.vetted.verdict.outcome


class Told(Value):
    """What indexes say of a release: the listing, which may hold evidence, and facts with what rules make of them."""

    listing: Listing | None = None
    items: tuple[Item, ...] = ()


class _FetchedLook(FolderLook):
    """A look at a file that was fetched, under the name of the package that it is."""

    def __init__(self, fetched: Fetched, told: Told, request: Request) -> None:
        super().__init__(fetched.path, request)
        self._file = fetched.file
        self._told = told
        self._said.items += told.items

    def vetted(self) -> Vetted:
        """See `Look`."""
        about = About(
            target=self._file.file,
            folder=False,
            evidence=self._vouching,
            name=f"pkg:pypi/{_normal(self._file.name)}@{self._file.version}",
        )
        return self._said.vetted(about, self.request)

    def _vouching(self, name: str) -> bytes | None:
        return beside(self._told.listing, name) if self._told.listing else None


def judged(fetched: Sequence[Fetched], request: Request, *, offline: bool = False) -> list[Judged]:
    """Vet files that were fetched, all with the same workers.

    With `offline` no index is asked what it says of them.
    """
    access: Access = replace(request.access or Access(), cooldown=request.settings.cooldown)
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        said = list(pool.map(lambda one: Told() if offline else _told(one.file, access), fetched))
    looks = [_FetchedLook(one, told, request) for one, told in zip(fetched, said, strict=True)]
    if looks:
        look_here(looks)
    return [Judged(file=one.file, vetted=look.vetted()) for one, look in zip(fetched, looks, strict=True)]


def _told(file: Resolved, access: Access) -> Told:
    """Ask the indexes for a release; a file that came from a folder or by its address need not be known to any."""
    if file.direct:
        return Told()
    origin = shipped.schemes()["pypi"]
    listing, items = listed(f"pypi://{_normal(file.name)}=={file.version}/{file.file}", origin, access)
    if not listing.files and file.url.startswith("file:"):
        return Told()
    declared = next((one.sha256 for one in listing.files), "")
    if declared and declared != file.sha256:
        # What is said there is said of other bytes, and vouches for none of these.
        detail = f"the index that was asked has another file of that name, of the SHA-256 {declared}"
        return Told(items=(Gap(where=Where.file(file.file), reason=GapReason.UNREACHABLE, detail=detail),))
    return Told(listing=listing, items=tuple(items))


def refused(found: Sequence[Judged], *, review: bool) -> Iterator[Judged]:
    """Yield what may not come in: what is blocked, and what needs a look unless that was taken (`review`)."""
    fine = (*_ALLOW, Outcome.REVIEW) if review else _ALLOW
    return (one for one in found if one.outcome not in fine)


def place_of(folder: str) -> Callable[[Resolved], Fetched]:
    """Return what finds the file that was fetched into a folder."""
    return lambda file: Fetched(file=file, path=os.path.join(folder, "wheels", file.file))


def _normal(name: str) -> str:
    from weighmaster.knowledge.names.normal import normal

    return normal(name)
