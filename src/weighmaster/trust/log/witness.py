"""Witnesses: another machine remembers the largest log it saw, and signs only what has grown from that.

So a log cannot show one thing to some and another to others, nor go back, without a witness noticing; and whoever wants
a witness's signature (`threshold` in `checkpoint.verified`) does not depend on the log's word alone. What is remembered
is the signed checkpoint itself, in a file. Semantics: <https://c2sp.org/tlog-witness>, <https://c2sp.org/tlog-cosignature>.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.trust.identities.keys import Signer
from weighmaster.trust.log import checkpoint as checkpoints
from weighmaster.trust.log import merkle, note
from weighmaster.trust.log.book import ForkedError, Log
from weighmaster.trust.log.checkpoint import Checkpoint
from weighmaster.trust.log.note import VerifierKey
from weighmaster.trust.log.proof import Growth
from weighmaster.trust.log.store import locked, read_file, write_file

_FORK: Final = ".fork"


class Memory:
    """The largest checkpoint of one log that was seen and found to have grown from all before, in a file.

    `known` is that checkpoint; nothing the first time.
    """

    def __init__(self, path: str, keys: Sequence[VerifierKey], known: Checkpoint | None) -> None:
        self._path = path
        self._keys = tuple(keys)
        self.known = known

    def seen(self, log: Log) -> None:
        """Remember what a log shows, once it is proven to have grown from what is known.

        Raises:
            TrustError: it has not: it was cut, rolled back or forked. What proves a fork is left beside the memory.
        """
        self._advance(log.checkpoint, log.consistency)

    def told(self, growth: Growth) -> Checkpoint:
        """Remember a checkpoint that came with its proof; returns it.

        Raises:
            TrustError: its signature or the proof does not hold.
        """
        new = checkpoints.verified(growth.checkpoint, self._keys)
        self._advance(new, lambda known: growth.verify(known, new))
        return new

    def _advance(self, new: Checkpoint, prove: Callable[[Checkpoint], object]) -> None:
        known = self.known
        if known is not None:
            self._compare(known, new)
            try:
                prove(known)
            except ForkedError:
                write_file(self._path + _FORK, new.note)
                raise
        write_file(self._path, new.note)
        self.known = new

    def _compare(self, known: Checkpoint, new: Checkpoint) -> None:
        if known.origin != new.origin:
            raise TrustError(f"{self._path} remembers the log {known.origin!r}, and this one is {new.origin!r}")
        if new.size < known.size:
            raise TrustError(
                f"rolled back: the log {new.origin!r} shows {merkle.entries(new.size)}, and showed {known.size} before"
            )
        if new.size == known.size and new.root != known.root:
            write_file(self._path + _FORK, new.note)
            raise ForkedError(
                f"forked: the log {new.origin!r} shows {merkle.entries(new.size)}, not the {known.size} seen before; "
                f"{self._path} and {self._path}{_FORK} prove it"
            )


@contextlib.contextmanager
def memory(path: str, keys: Sequence[VerifierKey], *, new: bool = False) -> Iterator[Memory]:
    """Open what is remembered of a log, and hold it: of two that look at once, one waits for the other.

    Args:
        path: the file.
        keys: those of the log.
        new: that nothing is remembered yet. A memory that is lost must not go unnoticed.

    Raises:
        ConfigError: there is no memory and it is not new, or there is one and it is.
        TrustError: what is remembered is not signed by the log.
    """
    with locked(f"{path}.lock"):
        raw = read_file(path, note.LONGEST)
        if raw is None and not new:
            raise ConfigError(f"{path} is not there: nothing is remembered of this log (--new begins)")
        if raw is not None and new:
            raise ConfigError(f"{path} is there already: what it remembers is not forgotten (leave --new out)")
        yield Memory(path, keys, None if raw is None else checkpoints.verified(raw, keys, what=path))


def cosign(seen: Checkpoint, signer: Signer, name: str, now: int) -> Checkpoint:
    """Return a checkpoint that a memory holds with the witness's signature below it; `now` in seconds since 1970.

    Raises:
        ConfigError: the key cannot sign it.
    """
    if not 0 <= now <= merkle.LARGEST:
        raise ConfigError(f"{now} is no time")
    return checkpoints.cosigned_by(signer, name, seen, now)
