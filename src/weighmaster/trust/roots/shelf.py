"""The folder that is published from: its files, what is signed in it, and with which keys.

In `metadata` lie N.root.json, N.targets.json, N.snapshot.json and N.ROLE.json, which never change once written, and
timestamp.json. In `targets` lie the files, each under a name that begins with its SHA-256. In `draft` lies what is not
signed yet: changes to targets, a root that waits for signatures.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any, Final

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.trust.identities.keys import PublicKey, Signer
from weighmaster.trust.roots.following import longest
from weighmaster.trust.roots.sources import read_file

ONLINE: Final = ("targets", "snapshot", "timestamp")
"""The roles that sign whenever something is published."""


def current_root(folder: str) -> bytes:
    """Return the root that is out, as it was published.

    Raises:
        ConfigError: none is.
    """
    out = versions(folder, "root")
    data = read_file(path_of(folder, "root", out[-1]), longest("root")) if out else None
    if data is None:
        waits = os.path.exists(draft_of(folder, "root"))
        remedy = "roots sign adds the signatures that its root waits for" if waits else "roots init begins them"
        raise ConfigError(f"{folder} publishes no roots yet: weighmaster {remedy}")
    return data


def root_of(folder: str) -> Any:
    """Return the metadata of the root that is out.

    Raises:
        ConfigError: none is.
    """
    current_root(folder)
    return load(path_of(folder, "root", versions(folder, "root")[-1]), "root")


def drafts(folder: str) -> tuple[str, ...]:
    """Return the roles for which something waits to be signed."""
    try:
        found = os.listdir(os.path.join(folder, "draft"))
    except OSError:
        return ()
    return tuple(sorted(name.removesuffix(".json") for name in found if name.endswith(".json")))


def versions(folder: str, role: str) -> list[int]:
    """Return the versions of a role's metadata that are there, in order."""
    try:
        names = os.listdir(os.path.join(folder, "metadata"))
    except OSError:
        return []
    ending = f".{role}.json"
    found = (name.removesuffix(ending) for name in names if name.endswith(ending))
    return sorted(int(version) for version in found if version.isdecimal() and len(version) < 10)


def next_version(folder: str, role: str) -> int:
    """Return a version that no metadata of this role had yet, be it of a publication that broke off."""
    return max([*versions(folder, role), 0]) + 1


def path_of(folder: str, role: str, version: int) -> str:
    """Return where a version of a role's metadata lies."""
    return os.path.join(folder, "metadata", f"{version}.{role}.json")


def timestamp_of(folder: str) -> str:
    """Return where the timestamp lies."""
    return os.path.join(folder, "metadata", "timestamp.json")


def draft_of(folder: str, role: str) -> str:
    """Return where the draft of a role lies."""
    return os.path.join(folder, "draft", f"{role}.json")


def drop(path: str) -> None:
    """Remove a file, if it is there.

    Raises:
        ConfigError: it cannot be removed.
    """
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise ConfigError(f"cannot remove {path}: {error.strerror}") from error


def load(path: str, kind: str) -> Any:
    """Return metadata of a kind (`root`, `targets`, ...), unverified, or None where there is no file.

    Raises:
        TrustError: it is no such metadata.
    """
    from tuf.api.metadata import Metadata
    from tuf.api.serialization import DeserializationError

    data = read_file(path, longest(kind))
    if data is None:
        return None
    try:
        document: Any = Metadata.from_bytes(data)
    except DeserializationError as error:
        raise TrustError(f"{path} is no TUF metadata: {error.__cause__ or error}") from error
    if document.signed.type != kind:
        raise TrustError(f"{path} is metadata of {document.signed.type}, not of {kind}")
    return document


def is_signed(delegator: Any, document: Any, role: str) -> bool:
    """Say whether enough of those that a delegator names for a role have signed metadata."""
    return bool(delegator.get_verification_result(role, document.signed_bytes, document.signatures))


def sign_with(document: Any, signer: Signer) -> None:
    """Add a signature to metadata, or put it in the place of one by the same key."""
    from securesystemslib.signer import Signature

    made = signer.sign(document.signed_bytes)
    document.signatures[signer.key.keyid] = Signature(signer.key.keyid, made[0].sig.hex())


def sign_as(document: Any, delegator: Any, role: str, makers: Iterable[Signer]) -> None:
    """Sign metadata with those of the keys that count for a role.

    Raises:
        ConfigError: they are too few.
    """
    its = delegator.get_delegated_role(role)
    useful = [maker for maker in makers if maker.key.keyid in its.keyids]
    if len(useful) < its.threshold:
        raise ConfigError(lacking(role, its.keyids, its.threshold, len(useful)))
    document.signatures.clear()
    for maker in useful:
        sign_with(document, maker)


def lacking(role: str, keyids: Iterable[str], threshold: int, given: int) -> str:
    """Say that keys are missing, and which would do."""
    ids = ", ".join(sorted(keyid[:16] for keyid in keyids))
    number = f"{threshold} of the keys" if threshold > 1 else "the key" if "," not in ids else "one of the keys"
    return f"{role} must be signed by {number} {ids}; {given or 'none'} of them {'is' if given < 2 else 'are'} given"


def tuf_key(key: PublicKey) -> Any:
    """Return a key as TUF metadata lists it, under our own identity of it.

    Raises:
        ConfigError: it is of a kind that roots do not have.
    """
    from cryptography.hazmat.primitives.serialization import load_der_public_key
    from securesystemslib.signer import SSlibKey

    if len(key.parts) != 1 or key.kind.startswith("ML-DSA"):
        raise ConfigError(f"a key of roots is one Ed25519, ECDSA or RSA key, not {key.kind}")
    return SSlibKey.from_crypto(load_der_public_key(key.parts[0]), keyid=key.keyid)


def meta_of(version: int, data: bytes) -> Any:
    """Return how other metadata names metadata: version, length, SHA-256."""
    from tuf.api.metadata import MetaFile

    return MetaFile.from_data(version, data, ["sha256"])


def known_key(keyids: Sequence[str], given: str, role: str) -> str:
    """Return the identity of a key that begins with `given`.

    Raises:
        ConfigError: none does, or several, or it is too short to tell.
    """
    hits = [keyid for keyid in keyids if keyid.startswith(given)]
    if len(hits) != 1 or len(given) < 8:
        said = "name it by 8 digits or more" if len(given) < 8 else f"its keys are {', '.join(k[:16] for k in keyids)}"
        raise ConfigError(f"{role} has no such key as {given}: {said}")
    return hits[0]
