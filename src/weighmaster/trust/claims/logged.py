"""Claims against a log: which of them are in it, and which the log has that are not here.

A file of claims that was cut looks like one in which less was ever claimed. A log remembers: each record in it names
the tree that a claim is about. Absence is believed of a whole log alone, so all of it is read, and its root computed
again from the very entries that were looked at.

Proofs that lie beside the claims need no log at hand. They show that what is here was logged, not that all that was
logged is here: they can be cut together with the claims.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from weighmaster.model.errors import TrustError
from weighmaster.model.value import replace
from weighmaster.trust.claims.claims import Heard, Standing
from weighmaster.trust.log import merkle, record
from weighmaster.trust.log.beside import Proofs
from weighmaster.trust.log.book import Log
from weighmaster.trust.log.note import VerifierKey
from weighmaster.trust.log.record import Logged


def held_to(heard: Sequence[Heard], tree: str, log: Log) -> tuple[tuple[Heard, ...], tuple[Logged, ...]]:
    """Return claims as the log sees them, and its records of claims about `tree` that are not among them.

    A claim that holds and is not in the log is `NOT_LOGGED`.

    Raises:
        TrustError: the log is damaged, so that nothing can be said.
    """
    here = {hashlib.sha256(one.claim.bundle.raw).hexdigest() for one in heard if one.claim}
    logged, lacking = _read(log, tree, here)
    return tuple(_seen(one, logged, log) for one in heard), tuple(lacking)


def proven(
    heard: Sequence[Heard],
    proofs: bytes,
    keys: Sequence[VerifierKey],
    witnesses: Sequence[VerifierKey] = (),
    threshold: int | None = None,
) -> tuple[Heard, ...]:
    """Return claims as proofs see them; one that holds and is not proven to be in a log is `NOT_LOGGED`.

    Args:
        heard: the claims.
        proofs: a proof a line, as `weighmaster log prove --claims` writes them.
        keys: keys of logs that are trusted.
        witnesses: keys of witnesses.
        threshold: how many of them must have cosigned; all, unless it is given.

    Raises:
        ConfigError: no key of a log is trusted.
        TrustError: a line is no proof.
    """
    held = Proofs(proofs)
    judged = tuple(_proven(one, held, keys, witnesses, threshold) for one in heard)
    if held.unread and any(one.standing is Standing.NOT_LOGGED for one in judged):
        raise held.unread  # What could not be read may be the proof that is missing; where none is, it is nothing.
    return judged


def _proven(
    one: Heard,
    proofs: Proofs,
    keys: Sequence[VerifierKey],
    witnesses: Sequence[VerifierKey],
    threshold: int | None,
) -> Heard:
    if one.standing is not Standing.HOLDS or one.claim is None:
        return one
    why = proofs.lack(one.claim.bundle.raw, keys, witnesses, threshold)
    return _without(one, why) if why else one


def _read(log: Log, tree: str, here: set[str]) -> tuple[set[str], list[Logged]]:
    about, logged = tree.encode(), set()
    lacking: dict[str, Logged] = {}
    whole = merkle.Range()
    for entry in log.entries():
        whole.append(merkle.leaf_hash(entry))
        said = record.read(entry) if about in entry or _names(entry, here) else None
        if said is None or said.kind != "claim":
            continue
        if said.sha256 in here:
            logged.add(said.sha256)
        elif said.tree == tree:
            lacking.setdefault(said.sha256, said)
    if (whole.size, whole.root) != (log.checkpoint.size, log.checkpoint.root):
        raise TrustError(f"the log {log.address} is damaged: weighmaster log verify says where")
    return logged, list(lacking.values())


def _names(entry: bytes, digests: set[str]) -> bool:
    """Say whether a record may be of one of the digests: most entries need not be parsed for that."""
    mark = b'"sha256":"'
    at = entry.find(mark) + len(mark)
    return at >= len(mark) and entry[at : at + 64].decode(errors="replace") in digests


def _seen(one: Heard, logged: set[str], log: Log) -> Heard:
    if one.standing is not Standing.HOLDS or one.claim is None:
        return one
    if hashlib.sha256(one.claim.bundle.raw).hexdigest() in logged:
        return one
    return _without(one, f"it is not in the log {log.checkpoint.origin}")


def _without(one: Heard, why: str) -> Heard:
    found: Heard = replace(one, standing=Standing.NOT_LOGGED, why=why)
    return found
