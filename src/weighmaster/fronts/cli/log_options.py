"""What the actions of `weighmaster log` make of their options: keys, stores, files."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence

from weighmaster.fronts.cli import trusting
from weighmaster.fronts.cli.access import from_environment
from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.trust.evidence.keeping import LONGEST, read_config, read_evidence
from weighmaster.trust.identities.keys import Signer, load_public_key
from weighmaster.trust.log import checkpoint as checkpoints
from weighmaster.trust.log import note, witness
from weighmaster.trust.log.checkpoint import Checkpoint
from weighmaster.trust.log.note import COSIGNATURE, ED25519, VerifierKey
from weighmaster.trust.log.places import store_at
from weighmaster.trust.log.store import CHECKPOINT, Store
from weighmaster.trust.signing.door import signer_at


def signer(options: Namespace) -> Signer:
    """Return what signs."""
    return signer_at(options.key, password=trusting.password(options), public_key=options.own_public_key)


def store(address: str) -> Store:
    """Return where a log lies."""
    return store_at(address, from_environment(os.environ))


def claimed(lies: Store) -> Checkpoint:
    """Return what a log says of itself, not verified."""
    raw = lies.read(CHECKPOINT, note.LONGEST)
    if raw is None:
        raise TrustError(f"{lies.address} holds no log: there is no checkpoint (weighmaster log init begins one)")
    return checkpoints.claimed(raw)


def trusted(options: Namespace, claims: Callable[[], Checkpoint]) -> tuple[list[VerifierKey], list[VerifierKey]]:
    """Return the keys of the log and of its witnesses.

    A bare PEM key of the log goes by the name that the log must have, or else that it has; `claims` tells that.
    """
    if not options.public_key:
        raise ConfigError("no key of the log is trusted: --public-key KEY")
    name = functools.cache(lambda: options.origin or claims().origin)
    keys = [key for text in options.public_key for key in _keys(text, ED25519, name)]
    if options.origin and any(key.name != options.origin for key in keys):
        raise ConfigError(f"the key is for the log {keys[0].name!r}, not {options.origin!r}")
    seers = [key for text in getattr(options, "witness", []) for key in _keys(text, COSIGNATURE, None)]
    return keys, seers


@contextlib.contextmanager
def memory(options: Namespace, keys: Sequence[VerifierKey]) -> Iterator[witness.Memory | None]:
    """Open what is remembered of a log, where that was asked for."""
    if not options.state:
        yield None
        return
    with witness.memory(options.state, keys, new=options.new) as held:
        yield held


def old_checkpoint(options: Namespace, keys: Sequence[VerifierKey]) -> Checkpoint:
    """Return the checkpoint that a log has grown from."""
    return checkpoints.verified(named(options.old, note.LONGEST), keys, what=options.old)


def named(path: str, most: int = LONGEST) -> bytes:
    """Return the evidence in a file that the user named."""
    if not os.path.lexists(path):
        raise ConfigError(f"no such file: {path}")
    return read_evidence(path, most=most)


def lines(path: str) -> list[bytes]:
    """Return the claims in a file, without their line ends."""
    found = [line for line in named(path).split(b"\n") if line.strip()]
    if not found:
        raise TrustError(f"{path} holds no claim")
    return found


def digest(path: str) -> tuple[str, int]:
    """Return the SHA-256 of a file, and its size."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest(), file.tell()
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error


def sha256(data: bytes) -> str:
    """Return the SHA-256 of bytes."""
    return hashlib.sha256(data).hexdigest()


def _keys(text: str, kind: int, name: Callable[[], str] | None) -> Iterator[VerifierKey]:
    given, separator, path = text.partition("=")
    if os.path.exists(text):
        given, path = "", text
    elif not separator or not os.path.exists(path):
        if "+" not in text:
            raise ConfigError(f"{text} is neither a file nor a verifier key (name+hash+key)")
        yield VerifierKey.parse(text)
        return
    raw = read_config(path)
    if b"-----BEGIN" not in raw:
        yield from (VerifierKey.parse(line) for line in raw.decode(errors="replace").split("\n") if line.strip())
        return
    if not given and name is None:
        raise ConfigError(f"{path} holds a key without a name: NAME={path}")
    yield VerifierKey.of(given or (name() if name is not None else ""), load_public_key(raw, path), kind)
