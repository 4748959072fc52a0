"""A look at what lies elsewhere: listed by its origin, judged from the parts that must be read, or fetched whole."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from weighmaster import shipped
from weighmaster.engine.desk import Desk
from weighmaster.engine.scan import scan_far, scan_file
from weighmaster.extend.origin import Listing, Origin
from weighmaster.looks import About, Look, Request, Said, first_taken, look_at
from weighmaster.model.errors import MissingExtraError, TrustError, WeighmasterError
from weighmaster.model.fact import Disagreement, Fact, Nested, Shared
from weighmaster.model.report import Gap, GapReason, Item
from weighmaster.model.repository import Repository
from weighmaster.model.value import replace
from weighmaster.model.verdict import Vetted
from weighmaster.model.where import Member, Where
from weighmaster.reading.far import Far, FarSource, Fetch
from weighmaster.reading.globs import matcher
from weighmaster.reading.http import Access

_WORKERS: Final = 8
"""Workers that wait for bytes do not compete for cores."""
_PIECE: Final = 8 << 20
_SIDE_BY_SIDE: Final = 4
_EVIDENCE: Final = 16 << 20
"""Bytes of a file of evidence that are fetched."""


class FarLook:
    """A look at a target that lies elsewhere; see `Look`."""

    def __init__(self, target: str, request: Request) -> None:
        self.request = request
        self.access: Access = replace(request.access or Access(), cooldown=request.settings.cooldown)
        self.origin: Origin = shipped.schemes()[target.partition("://")[0].lower()]
        self._listing, items = listed(target, self.origin, self.access)
        excludes = matcher(request.settings.exclude)
        kept = [f for f in self._listing.files if not (excludes and excludes.match(f.name))]
        self._excluded = len(self._listing.files) - len(kept)
        self.files = {file.name: file for file in kept}
        self.names: Sequence[str] = first_taken(self.files)
        self._said = Said(self.names, items)
        self.take = self._said.take
        self.fetchers: dict[str, Fetch] = {}
        self.paths: dict[str, str] = {}

    def items(self, name: str) -> Iterator[Item]:
        """See `Look`."""
        registry, limits = shipped.registry(), self.request.limits
        if name in self.paths:
            return scan_file(self.paths[name], name, registry, limits)
        return scan_far(FarSource(self.files[name], self.fetchers[name], limits.fetched), registry, limits)

    def fetched(self, folder: str) -> None:
        """Fetch every file whole into `folder`; what does not come, or comes otherwise than declared, is said."""
        fetch = self.origin.open(self.access)
        for number, file in enumerate(self.files.values()):
            path = os.path.join(folder, str(number))
            items = list(_downloaded(file, path, partial(fetch, file)))
            self._said.items += items
            if any(isinstance(item, Gap) for item in items):
                self._said.take(file.name, ())
            else:
                self.paths[file.name] = path
        self.names = list(self.paths)

    def as_whole(self) -> Repository:
        """See `Look`."""
        return self._said.whole(self._listing.target, folder=self._listing.folder)

    def hold_against(self, others: tuple[Repository, ...]) -> None:
        """See `Look`."""
        self._said.others = others

    def vetted(self) -> Vetted:
        """See `Look`."""
        about = About(
            target=self._listing.target,
            folder=self._listing.folder,
            excluded=self._excluded,
            evidence=self._evidence,
            name=_called(self._listing),
        )
        return self._said.vetted(about, self.request)

    def _evidence(self, name: str) -> bytes | None:
        """Return a file of evidence, fetched whole."""
        file = next((one for one in self._listing.files if one.name == name), None)
        if file is None:
            return beside(self._listing, name)
        if file.size > _EVIDENCE:
            raise TrustError(f"{name} is longer than {_EVIDENCE} bytes")
        try:
            return self.origin.open(self.access)(file, 0, file.size)
        except (WeighmasterError, OSError) as error:
            raise TrustError(f"{name} cannot be fetched: {error}") from error


def look_afar(looks: Sequence[Look]) -> None:
    """Look at targets that lie elsewhere."""
    far = [look for look in looks if isinstance(look, FarLook)]
    with tempfile.TemporaryDirectory(prefix="weighmaster-", ignore_cleanup_errors=True) as folder:
        for number, look in enumerate(far):
            if look.request.full:
                place = os.path.join(folder, str(number))
                os.mkdir(place)
                look.fetched(place)
        access = far[0].access
        files = [(look, name) for look in far for name in look.names]
        desk = Desk([(look.origin, look.files[name]) for look, name in files], access)
        for number, (look, name) in enumerate(files):
            look.fetchers[name] = desk.fetcher(number)
        asked = max((look.request.jobs or 0 for look in far), default=0)
        jobs = max(1, min(asked or _WORKERS, len(files)))
        look_at(far, jobs=jobs, read=[folder], attendant=desk)


def beside(listing: Listing, name: str) -> bytes | None:
    """Return a file of evidence that the service keeps beside what was listed."""
    try:
        return None if listing.evidence is None else listing.evidence(name)
    except (WeighmasterError, OSError) as error:
        raise TrustError(f"{name} cannot be fetched: {error}") from error


def _called(listing: Listing) -> str:
    """Return the package URL of a model that lies on a hub, or of a package: its name there."""
    subject = listing.subject
    if subject is not None and subject.kind == "packages":
        return f"pkg:pypi/{subject.name}@{subject.commit}"
    if subject is None or subject.kind != "models":
        return ""
    return f"pkg:huggingface/{subject.owner}/{subject.name}" if subject.owner else f"pkg:huggingface/{subject.name}"


def listed(target: str, origin: Origin, access: Access) -> tuple[Listing, list[Item]]:
    """Return what lies at an address and what is said about it, or that nothing could be had."""
    try:
        listing = origin.list(target, access)
    except WeighmasterError as error:
        missing = isinstance(error, MissingExtraError)
        reason = GapReason.MISSING_EXTRA if missing else GapReason.UNREACHABLE
        gap = Gap(where=Where.file(target), reason=reason, detail=str(error))
        return Listing(target=target, files=(), folder=False), [gap]
    return listing, [*listing.gaps, *_stated(listing, origin)]


def _stated(listing: Listing, origin: Origin) -> Iterator[Item]:
    """Yield what is said about the target, and what rules on single facts make of that."""
    registry = shipped.registry()
    for file in listing.files:
        # Whoever fetches the target writes a file of that name.
        yield from registry.detect(Nested(where=Where.file(listing.target) / Member(name=file.name)))
    for fact in listing.facts:
        yield fact
        yield from registry.detect(fact)
    if listing.subject is None or listing.ask is None:
        return
    for record in shipped.records_on(origin.id):
        try:
            for said in record.read(listing.subject, listing.ask):
                yield said
                if isinstance(said, Shared):
                    yield from registry.detect(said)
        except WeighmasterError as error:
            detail = f"{record.id}: {error}"
            yield Gap(where=listing.subject.where, reason=GapReason.UNREACHABLE, detail=detail)


def _downloaded(file: Far, path: str, fetch: Callable[[int, int], bytes]) -> Iterator[Item]:
    """Write a file to `path`, and compare its digests with the declared ones."""
    import hashlib

    sha256 = hashlib.sha256()
    blob = hashlib.sha1(b"blob %d\0" % file.size, usedforsecurity=False)
    where = Where.file(file.name)
    spans = [(at, min(_PIECE, file.size - at)) for at in range(0, file.size, _PIECE)]
    try:
        with open(path, "xb") as out, ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            for at in range(0, len(spans), _SIDE_BY_SIDE):
                for piece in pool.map(lambda span: fetch(*span), spans[at : at + _SIDE_BY_SIDE]):
                    sha256.update(piece)
                    blob.update(piece)
                    out.write(piece)
    except (WeighmasterError, OSError) as error:
        yield Gap(where=where, reason=GapReason.UNREACHABLE, detail=str(error))
        return
    for declared, found in ((file.sha256, sha256.hexdigest()), (file.blob, blob.hexdigest())):
        if declared and declared != found:
            detail = f"the digest of the bytes is {found}, and {declared} was declared"
            fact: Fact = Disagreement(where=where, kind="server", detail=detail)
            yield from shipped.registry().detect(fact)
