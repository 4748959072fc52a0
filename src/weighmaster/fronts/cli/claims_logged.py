"""What `weighmaster claims` makes of a log, or of proofs that claims are in one."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from weighmaster.model.errors import TrustError

if TYPE_CHECKING:
    from weighmaster.trust.claims.claims import Heard
    from weighmaster.trust.log.record import Logged


def logged(options: Any, heard: Sequence[Heard], tree: str, place: str) -> tuple[Sequence[Heard], Sequence[Logged]]:
    """Return claims as a log sees them, where one is asked for, and what it has about the artifact that is not here.

    `place` is where the claims lie.

    Raises:
        TrustError: the log, or a proof, cannot be believed.
    """
    if not options.log_key:
        return heard, ()
    if options.log is None:
        return _proven(options, heard, place), ()
    from weighmaster.fronts.cli import log_options
    from weighmaster.trust.claims.logged import held_to
    from weighmaster.trust.log import checkpoint
    from weighmaster.trust.log.book import Log

    store = log_options.store(options.log)
    keys, witnesses = log_options.trusted(_asked(options), lambda: log_options.claimed(store))
    log = Log.open(store, keys)
    checkpoint.verified(log.checkpoint.note, keys, witnesses)
    return held_to(heard, tree, log)


def _proven(options: Any, heard: Sequence[Heard], place: str) -> Sequence[Heard]:
    from weighmaster.fronts.cli import log_options
    from weighmaster.trust.claims.logged import proven
    from weighmaster.trust.evidence.keeping import read_evidence
    from weighmaster.trust.log import checkpoint
    from weighmaster.trust.log.proof import read_proof

    path = f"{place.removesuffix('.jsonl')}.proofs.jsonl"
    raw = read_evidence(path, follow_links=options.follow_links)
    first = next((line for line in raw.split(b"\n") if line.strip()), None)
    if first is None:
        raise TrustError(f"{path} holds no proof")
    keys, witnesses = log_options.trusted(
        _asked(options), lambda: checkpoint.claimed(read_proof(first, path).checkpoint)
    )
    return proven(heard, raw, keys, witnesses)


def _asked(options: Any) -> Namespace:
    return Namespace(public_key=options.log_key, witness=options.log_witness, origin=None)
