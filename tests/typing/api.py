"""The public API as its users write it. mypy reads this; nobody runs it."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO, assert_never, assert_type

import weighmaster
from weighmaster.model.fact import Artifact, Fact
from weighmaster.model.finding import Finding, Severity
from weighmaster.model.report import Gap, GapReason, Report
from weighmaster.model.settings import Settings
from weighmaster.model.verdict import Judged, Outcome, Verdict, Vetted
from weighmaster.trust.claims.claims import Heard, Standing
from weighmaster.trust.manifests.hashing import hash_artifact

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
