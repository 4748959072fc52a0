"""Making a claim: a predicate about an artifact becomes a signed line of `claims.jsonl`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.trust import strict
from weighmaster.trust.claims import known
from weighmaster.trust.claims.claims import EXPIRES, ISSUED
from weighmaster.trust.claims.predicate import written
from weighmaster.trust.evidence import bundle as bundles
from weighmaster.trust.evidence import claimsfile
from weighmaster.trust.evidence import statement as statements
from weighmaster.trust.evidence.bundle import Bundle
from weighmaster.trust.identities.keys import Signer
from weighmaster.trust.manifests.files import evidence
from weighmaster.trust.manifests.manifest import Manifest
from weighmaster.trust.signing.signing import Stamp, envelop, stamped


def statement(
    manifest: Manifest, type: str, predicate_: Mapping[str, Any], *, issued: datetime, expires: datetime | None = None
) -> bytes:
    """Return a statement about an artifact, to be signed as it is.

    From when and until when its signer stands by it is noted at the subject: so it can be said of any type.

    Raises:
        ConfigError: it would have expired when it is issued.
        TrustError: the predicate is not what its type promises, or the artifact is empty.
    """
    if not manifest.entries:
        raise TrustError("there is no file of which anything could be claimed")
    # What was read as JSON again is what a verifier will see.
    known.checked(type, strict.parsed(strict.written(predicate_), "the predicate").values)
    if expires is not None and expires <= issued:
        raise ConfigError("a claim that has expired when it is issued says nothing")
    notes = {ISSUED: written(issued)}
    if expires is not None:
        notes[EXPIRES] = written(expires)
    whole, *files = manifest.subjects()
    return statements.statement([whole | {"annotations": notes}, *files], type, predicate_)


def signed(payload: bytes, signer: Signer, stamp: Stamp | None = None) -> Bundle:
    """Return a signed statement as a bundle, with a timestamp where `stamp` gets one."""
    return stamped(envelop(payload, signer), stamp)


def append(artifact: str | os.PathLike[str], bundle: Bundle) -> str:
    """Add a claim to those beside an artifact, and return where that is; see `claimsfile.append`."""
    _, path = evidence(os.fspath(artifact))
    claimsfile.append(path, bundles.write(bundle))
    return path
