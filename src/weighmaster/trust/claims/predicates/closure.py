"""A closure: what an artifact needs beside its own bytes to be what was judged, each thing by its digest.

A signature over a folder says nothing of the base model that an adapter names, of a tokenizer or code that a loader
fetches: they may be others tomorrow. What the artifact names and the closure does not pin is listed as `unpinned`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from weighmaster.extend.showing import listed
from weighmaster.model.errors import TrustError, UnreadableError
from weighmaster.model.fact import Reference, Shared
from weighmaster.model.value import Value
from weighmaster.model.where import Member, beside, folders
from weighmaster.reading.record import Record
from weighmaster.trust.claims import predicate as read
from weighmaster.trust.claims.predicate import Meaning, Predicate
from weighmaster.trust.manifests.manifest import TREE_ALGORITHM

_TYPE: Final = "urn:weighmaster:closure:v1"
ROLES: Final = ("base-model", "adapter", "tokenizer", "template", "code", "kernel", "file")
_STRONG: Final = frozenset({"sha256", "sha384", "sha512", "blake3", TREE_ALGORITHM})
"""Digests that pin bytes; a commit of git is SHA-1 in most repositories, and pins no large file by itself."""
_ELSEWHERE: Final = frozenset({"base-model", "adapter", "remote-code", "kernel", "plugin", "environment"})
"""Kinds of `Reference` that name something that a loader fetches."""
_BESIDE: Final = frozenset({"data", "shard", "weights", "link", "library", "code", "vocabulary", "include"})
"""Kinds that name a file: outside the artifact, unless it lies in it."""
_SAYS_ONLY: Final = frozenset({"card", "datasets"})
"""What names models that no loader fetches because of it."""
_LISTED: Final = 1000
_HUB: Final = re.compile(r"(?:hf://|https?://(?:www\.)?(?:huggingface\.co|hf\.co)/|pkg:huggingface/)", re.IGNORECASE)


class Dependency(Value):
    """Something needed: what for, how it is called (`name` as the artifact spells it), and its digests."""

    role: str
    name: str
    digests: tuple[tuple[str, str], ...]
    uri: str = ""
    purl: str = ""


class Unpinned(Value):
    """Something that the artifact names at `where`, whose bytes nobody vouches for."""

    kind: str
    target: str
    by: str
    where: str


class Closure(Meaning):
    """What a closure says."""

    dependencies: tuple[Dependency, ...]
    unpinned: tuple[Unpinned, ...]
    unread: int


def build(
    dependencies: Iterable[Dependency],
    unpinned: Iterable[Unpinned] = (),
    unread: Iterable[str] = (),
    *,
    issued: datetime,
) -> dict[str, Any]:
    """Return a predicate. `unread` are places that may name more, and that nobody could read.

    Raises:
        TrustError: a dependency has no digest that pins its bytes.
    """
    listed = []
    for one in dependencies:
        if not _STRONG & dict(one.digests).keys():
            raise TrustError(f"the {one.role} {one.name} has no digest that pins its bytes")
        found = {"role": one.role, "name": one.name, "purl": one.purl, "uri": one.uri, "digest": dict(one.digests)}
        listed.append(read.without_empty(found))
    left = [{"kind": one.kind, "target": one.target, "by": one.by, "where": one.where} for one in unpinned]
    whole: dict[str, Any] = {"dependencies": listed, "unpinned": left, "issuedOn": read.written(issued)}
    return whole | read.without_empty({"unread": list(unread)[:_LISTED]})


def named_outside(facts: Iterable[Shared], files: Iterable[str]) -> tuple[Unpinned, ...]:
    """Return what an artifact of these files names that is not in it, from what its readers told."""
    inside = set(files)
    around = {folder for name in inside for folder in folders(name)}
    found: dict[tuple[str, str], Unpinned] = {}
    for fact in facts:
        if not isinstance(fact, Reference) or fact.by in _SAYS_ONLY:
            continue
        target, kind = _plain(fact), fact.kind
        here = beside(fact.where.root, target)
        if kind in _BESIDE and any(isinstance(step, Member) for step in fact.where.steps):
            continue  # A path out of an archive is one in it.
        if (kind in _ELSEWHERE or kind in _BESIDE) and here not in inside and here not in around:
            found.setdefault((kind, target), Unpinned(kind=kind, target=target, by=fact.by, where=str(fact.where)))
    return tuple(found[key] for key in sorted(found))


def unpinned(outside: Iterable[Unpinned], dependencies: Iterable[Dependency]) -> tuple[Unpinned, ...]:
    """Return what none of the dependencies is: they are told by their name, or by the repository that they name."""
    pinned = {spelling for one in dependencies for spelling in _spellings(one)}
    return tuple(one for one in outside if not {one.target, _repository(one.target)} & pinned)


def _spellings(one: Dependency) -> Iterator[str]:
    yield one.name
    for address in (one.uri, one.purl):
        if address:
            yield address
            yield _repository(address)
    yield _repository(one.name)


def _repository(text: str) -> str:
    """Return the `owner/name` that an address of a hub means; other text as it is."""
    hit = _HUB.match(text)
    plain = text[hit.end() :] if hit else text
    if hit is None:
        return plain
    return "/".join(re.split(r"[@?#]", plain)[0].split("/")[:2])


def _plain(fact: Reference) -> str:
    # transformers: `owner/name--module.Class` is a class of a file of another repository.
    return fact.target.partition("--")[0] if fact.kind == "remote-code" else fact.target


def _read(record: Record) -> Closure:
    dependencies = tuple(_dependency(one) for one in read.each(record, "dependencies", needed=True))
    left = tuple(
        Unpinned(
            kind=one.get("kind", str),
            target=read.text(one, "target"),
            by=one.get("by", str),
            where=one.get("where", str),
        )
        for one in read.each(record, "unpinned", needed=True)
    )
    names = [f"{one.role} {one.name}" for one in dependencies]
    said = f"{len(dependencies)} pinned" + (f" ({listed(names)})" if names else "")
    if left:
        said += f", {len(left)} not pinned ({listed([one.target for one in left])})"
    unread = len(record.each("unread", str)) if record.values.get("unread") else 0
    if unread:
        said += f", {unread} not read"
    return Closure(
        line=said,
        slot="",
        issued=read.moment(record, "issuedOn"),
        dependencies=dependencies,
        unpinned=left,
        unread=unread,
    )


def _dependency(record: Record) -> Dependency:
    role, digests = record.get("role", str), read.digests(record)
    if role not in ROLES:
        raise UnreadableError(f"{record.path}.role: one of {', '.join(ROLES)} wanted")
    if not _STRONG & digests.keys():
        raise UnreadableError(f"{record.path}.digest: one that pins bytes wanted ({', '.join(sorted(_STRONG))})")
    return Dependency(
        role=role,
        name=read.text(record, "name"),
        digests=tuple(sorted(digests.items())),
        uri=read.text(record, "uri", ""),
        purl=read.text(record, "purl", ""),
    )


def chosen(role: str, given: str) -> tuple[str, Mapping[str, str]] | None:
    """Return the name and the digest of `NAME=sha256:HEX` (or another algorithm); nothing where that is not its form.

    Raises:
        TrustError: the digest is none.
    """
    hit = re.fullmatch(r"(.+)=(?:(sha256|sha384|sha512|blake3|tree):)([0-9A-Fa-f]+)", given)
    if hit is None:
        return None
    algorithm = TREE_ALGORITHM if hit[2] == "tree" else hit[2]
    if len(hit[3]) != {"sha384": 96, "sha512": 128}.get(algorithm, 64):
        raise TrustError(f"the {role} {hit[1]}: {len(hit[3])} digits are no {hit[2]}")
    return hit[1], {algorithm: hit[3].lower()}


PREDICATE: Final = Predicate(id="closure", types=(_TYPE,), title="closure", read=_read)
