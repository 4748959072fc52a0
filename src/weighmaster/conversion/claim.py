"""A claim beside what was converted: from which file, by its digest, and how it was made (SLSA provenance v1)."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any, Final

from weighmaster.conversion.convert import Conversion, Wanted
from weighmaster.model.errors import TrustError
from weighmaster.trust.identities.keys import Signer
from weighmaster.version import VERSION

BUILD_TYPE: Final = "urn:weighmaster:convert:v1"
"""The parameters are `target`, and `select`, `shared` and `keepValues` as in `convert.Wanted`."""
BUILDER: Final = "urn:weighmaster:convert"
_LISTED: Final = 100


def provenance(done: Conversion, wanted: Wanted, *, started: datetime, finished: datetime) -> dict[str, Any]:
    """Return the predicate: what is not carried over is named in it, as far as there is room."""
    from weighmaster.trust.claims.predicates.slsa_provenance import build

    parameters = {"target": os.path.basename(done.target), "select": wanted.select, "shared": wanted.shared}
    left = [{"path": one.path, "kind": one.kind, "detail": one.detail} for one in done.left[:_LISTED]]
    return build(
        BUILD_TYPE,
        parameters | {"keepValues": wanted.keep_values},
        [(os.path.basename(done.source), {"sha256": done.source_sha256}, "")],
        builder=BUILDER,
        started=started,
        finished=finished,
        internal={"layout": done.layout, "tensors": len(done.written), "left": left, "leftCount": done.left_count},
        versions={"weighmaster": VERSION},
    )


def claim(done: Conversion, wanted: Wanted, signer: Signer, *, started: datetime, finished: datetime) -> str:
    """Sign where a converted file comes from, add that to the claims beside it, and return where they are.

    Raises:
        TrustError: the file is not what was written, or no digests were taken.
        ConfigError: the claim cannot be written.
    """
    from weighmaster.trust.claims import attest
    from weighmaster.trust.claims.predicates.slsa_provenance import PREDICATE
    from weighmaster.trust.manifests.hashing import hash_artifact

    manifest = hash_artifact(done.target)
    if not done.target_sha256 or [entry.sha256 for entry in manifest.entries] != [done.target_sha256]:
        raise TrustError(f"{done.target} is not what was written")
    said = provenance(done, wanted, started=started, finished=finished)
    return attest.append(
        done.target, attest.signed(attest.statement(manifest, PREDICATE.type, said, issued=finished), signer)
    )
