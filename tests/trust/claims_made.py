"""Claims as a publisher makes them, for the tests of what a verifier makes of them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from weighmaster.trust.claims import attest
from weighmaster.trust.claims.claims import Heard, Wanted, judge
from weighmaster.trust.claims.predicates import release
from weighmaster.trust.evidence import bundle, claimsfile
from weighmaster.trust.evidence.bundle import Bundle
from weighmaster.trust.identities.generate import generate
from weighmaster.trust.identities.keys import KeySigner, load_signer
from weighmaster.trust.identities.verify import Expected
from weighmaster.trust.manifests.hashing import hash_artifact
from weighmaster.trust.manifests.manifest import Manifest

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TYPE = "urn:weighmaster:release:v1"
FREE = "https://example.org/anything/v1"


@functools.cache
def signer(name: str = "alice") -> KeySigner:
    """The signer of that name, whose key is made once."""
    del name
    return load_signer(generate("ed25519")[0])


def expects(*names: str) -> Expected:
    return Expected(keys=tuple(signer(name).key for name in names or ("alice",)))


def model(folder: Path, **more: bytes) -> Manifest:
    """Write a model of a few files, and return its manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in {"config.json": b"{}", "weights.safetensors": b"numbers", **more}.items():
        (folder / name).write_bytes(data)
    return hash_artifact(folder)


def claim(  # noqa: PLR0913 - what a publisher may say; each has a default
    manifest: Manifest,
    type: str = FREE,
    predicate: Mapping[str, Any] | None = None,
    *,
    by: str = "alice",
    issued: datetime = NOW - DAY,
    expires: datetime | None = None,
) -> Bundle:
    payload = attest.statement(manifest, type, predicate or {}, issued=issued, expires=expires)
    return attest.signed(payload, signer(by))


def released(manifest: Manifest, sequence: int, *, name: str = "model", by: str = "alice", **more: Any) -> Bundle:
    issued = more.pop("issued", NOW - DAY)
    made = release.build(name, f"1.{sequence}", sequence, issued=issued, **more)
    return claim(manifest, TYPE, made, by=by, issued=issued)


def lines(*bundles: Bundle | bytes) -> bytes:
    return b"".join((one if isinstance(one, bytes) else bundle.write(one)) + b"\n" for one in bundles)


def heard(
    path: Path, manifest: Manifest, *bundles: Bundle | bytes, now: datetime = NOW, **wanted: Any
) -> tuple[Heard, ...]:
    """Write claims to a file, and judge them."""
    path.write_bytes(lines(*bundles))
    expected = wanted.pop("expected", expects())
    judged = Wanted(expected=expected, **wanted)
    return judge(claimsfile.read(str(path)), manifest, judged, now, path=str(path.parent))
