"""What the attestations of a file of a package come to, where no policy says whose count (PEP 740).

Steps, for each of them:

1. It can be read: a bundle with a statement.
2. The statement is about this file alone, under its name and its digest, and is of a type that indexes know.
3. Sigstore vouches for whoever signed it: for the publisher that the index names, where it names one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from weighmaster.model.errors import ConfigError, MissingExtraError, TrustError
from weighmaster.model.package import Attested
from weighmaster.model.where import Where
from weighmaster.trust.evidence import attestations, bundle, statement
from weighmaster.trust.evidence.attestations import PUBLISH, Attestation
from weighmaster.trust.evidence.envelope import Envelope
from weighmaster.trust.identities import sigstore

_TYPES: Final = frozenset({PUBLISH, "https://slsa.dev/provenance/v1"})


def attested(
    files: Sequence[tuple[str, str]], evidence: Callable[[str], bytes | None], root: Callable[[], bytes]
) -> Iterator[Attested]:
    """Yield what becomes of each attestation of files, each given as name and SHA-256.

    `evidence` returns a file beside them by its name; `root` the trusted root of Sigstore.
    """
    for name, sha256 in files:
        for source in attestations.names_of(name):
            try:
                raw = evidence(source)
                found = list(attestations.read(raw, source)) if raw is not None and _is_ours(name, raw) else []
            except TrustError as error:
                yield _fact(name, "", "broken", str(error), source)
                continue
            for one in found:
                yield _one(name, sha256, one, root)


def _is_ours(name: str, raw: bytes) -> bool:
    """Say whether a file beside another is about packages: archives of other kinds have provenances of other kinds."""
    return name.endswith(".whl") or b'"attestation_bundles"' in raw or b'"verification_material"' in raw


def _one(name: str, sha256: str, one: Attestation, root: Callable[[], bytes]) -> Attested:
    said = "" if one.publisher is None else str(one.publisher)
    try:
        signed = bundle.read(one.bundle, one.source)  # 1
        _check_subject(signed, name, sha256)  # 2
        who, publisher = sigstore.published(signed, root(), one.publisher)  # 3
    except (MissingExtraError, ConfigError) as error:
        return _fact(name, said, "unverified", str(error), one.source)
    except TrustError as error:
        return _fact(name, said, "broken", str(error), one.source)
    return _fact(name, said or publisher, "holds", f"signed as {who}", one.source)


def _check_subject(signed: bundle.Bundle, name: str, sha256: str) -> None:
    if not isinstance(signed.content, Envelope):
        raise TrustError("it holds no statement")
    said = statement.read(signed.content, "it")
    if said.predicate_type not in _TYPES:
        raise TrustError(f"it is of the type {said.predicate_type[:80]!r}, which no index knows")
    if len(said.subjects) != 1:
        raise TrustError(f"it is about {len(said.subjects)} files, and one is wanted")
    (subject,) = said.subjects
    base = name.rpartition("/")[2]
    if subject.name != base:
        raise TrustError(f"it is about {subject.name[:200]}, and this is {base}")
    if subject.digest("sha256") != sha256:
        raise TrustError(f"it is about other bytes: {subject.digest('sha256') or 'it gives no SHA-256'}")


def _fact(name: str, publisher: str, state: str, detail: str, source: str) -> Attested:
    return Attested(where=Where.file(name), publisher=publisher, state=state, detail=detail, by=source)
