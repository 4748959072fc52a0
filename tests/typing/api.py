"""The public API as its users write it. mypy reads this; nobody runs it."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, assert_never, assert_type

import weighmaster
from weighmaster.model.fact import Artifact, Fact
from weighmaster.model.finding import Finding, Severity
from weighmaster.model.report import Gap, GapReason, Report
from weighmaster.model.settings import Settings
from weighmaster.model.verdict import Judged, Outcome, Verdict, Vetted
from weighmaster.provenance.run import Run
from weighmaster.trust.claims.claims import Heard, Standing
from weighmaster.trust.identities.keys import load_public_key, load_signer
from weighmaster.trust.identities.verify import Signed
from weighmaster.trust.manifests.hashing import hash_artifact
from weighmaster.trust.manifests.manifest import Manifest
from weighmaster.trust.signing.door import Named, trusting
from weighmaster.trust.signing.signing import Written
from weighmaster.trust.signing.verifying import Verified

vetted = weighmaster.vet("model.pt")
assert_type(vetted, Vetted)
assert_type(vetted.report, Report)
assert_type(vetted.verdict, Verdict)
assert_type(vetted.verdict.because, tuple[str, ...])
assert_type(vetted.verdict.findings, tuple[Judged, ...])
assert_type(vetted.report.artifacts, tuple[Artifact, ...])
assert_type(vetted.report.gaps, tuple[Gap, ...])

weighmaster.vet(Path("models"), policy="strict", exclude=["*.md"], follow_symlinks=True, jobs=2)
weighmaster.vet("models", config="weighmaster.toml")
weighmaster.vet("models", config=Settings(tolerate=frozenset({GapReason.ENCRYPTED})))

written = weighmaster.sign("model", key="private.pem", password=b"secret", certificate=Path("chain.pem"))
assert_type(written, Written)
assert_type(written.manifest.tree, str)
weighmaster.sign(Path("model.whl"), key=load_signer(b"a key, PEM"), signature="elsewhere.sig", force=True)
verified = weighmaster.verify("model", public_key=["public.pem", load_public_key(b"a key, PEM")], threshold=2)
assert_type(verified, Verified)
assert_type(verified.manifest, Manifest)
for signed in verified.signers:
    assert_type(signed, Signed)
    assert_type(signed.at, datetime | None)
weighmaster.verify(
    "model",
    expected=trusting(Named(authorities=("root.pem",), names=("ml@example.com",))),
    ignore=["*.md"],
    now=datetime.now(UTC),
)
weighmaster.vet("model", trust="trust.toml", name="acme/model", recall=Path("recall.json"))

for claim in weighmaster.claims("model", public_key="public.pem", max_age=timedelta(days=90)):
    assert_type(claim, Heard)
    assert_type(claim.standing, Standing)
assert_type(weighmaster.attest(Path("model"), type="scan", key="private.pem", expires=timedelta(days=90)), str)


def door(path: os.PathLike[str]) -> str:
    """Every outcome is dealt with, or mypy says which is not."""
    outcome = weighmaster.vet(path).verdict.outcome
    match outcome:
        case Outcome.ALLOW:
            return "in"
        case Outcome.REVIEW:
            return "wait"
        case Outcome.BLOCK:
            return "out"
        case _:
            assert_never(outcome)


for judged in vetted.verdict.findings:
    assert_type(judged.finding, Finding)
    assert_type(judged.severity, Severity)
    assert_type(judged.waived, str | None)
    assert_type(judged.finding.evidence, tuple[Fact, ...])

with weighmaster.open_verified("model.bin", sha256="0" * 64, keep="digests") as file:
    assert_type(file, BinaryIO)
weighmaster.open_verified(Path("model.bin"), manifest=hash_artifact("."), name="sub/model.bin")
weighmaster.open_verified("model.bin", policy="trust.toml", called="owner/name")
assert_type(weighmaster.load_file("model.safetensors", public_key="key.pem", framework="numpy"), dict[str, Any])
weighmaster.load_file("model.safetensors", manifest=verified.manifest, framework="none")

with weighmaster.provenance.record(
    inputs={"data": Path("data")}, outputs=["model"], seeds={"torch": 7}, key=Path("private.pem")
) as run:
    assert_type(run, Run)
    run.parameter(rate=0.1)
    run.seed(numpy=7)
