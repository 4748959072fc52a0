"""An artifact of an OCI registry; the registry is a simulator that speaks the distribution protocol."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from tests.sims.files import Asked, Bytes, Files, Reply

import weighmaster
from weighmaster.model.verdict import Outcome, Vetted
from weighmaster.reading.http import Access

HOSTILE = b"cposix\nsystem\n(S'true weighmaster_fired'\ntR."
CARD = b"# A model\n"


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def layer(data: bytes, title: str | None) -> dict[str, Any]:
    notes = {} if title is None else {"annotations": {"org.opencontainers.image.title": title}}
    return {"mediaType": "application/octet-stream", "digest": digest(data), "size": len(data), **notes}


class Registry(Files):
    """A registry with one artifact, which hands out a token first if `locked`."""

    def __init__(self, blobs: dict[str, bytes], *, locked: bool = False, **changes: Any) -> None:
        self.locked = locked
        manifest = {
            "schemaVersion": 2,
            "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": digest(b"{}"), "size": 2},
            "layers": [layer(data, title) for title, data in blobs.items()],
            **changes,
        }
        self.manifest = json.dumps(manifest).encode()
        served: dict[str, Bytes | bytes] = {f"/v2/team/model/blobs/{digest(data)}": data for data in blobs.values()}
        for reference in ("v1", "latest", digest(self.manifest)):
            served[f"/v2/team/model/manifests/{reference}"] = self.manifest
        super().__init__(served)

    def reply(self, asked: Asked) -> Reply:
        if asked.path.startswith("/token"):
            body = json.dumps({"token": "pass"}).encode()
            return Reply(200, {}, body, (0, len(body)))
        if self.locked and asked.headers.get("authorization") != "Bearer pass":
            challenge = f'Bearer realm="{self.url("/token")}",service="here",scope="repository:team/model:pull"'
            return Reply(401, {"WWW-Authenticate": challenge}, b"", (0, 0))
        return super().reply(asked)


def vet(registry: Registry, reference: str = ":v1") -> Vetted:
    return weighmaster.vet(f"oci://{registry.host}/team/model{reference}", access=Access(attempts=2, patience=2.0))


def test_the_manifest_and_each_layer_are_judged_at_their_digests() -> None:
    with Registry({"model.pkl": HOSTILE, "README.md": CARD}) as registry:
        vetted = vet(registry)
    assert vetted.report.target == f"oci://{registry.host}/team/model@{digest(registry.manifest)}"
    assert vetted.verdict.outcome is Outcome.BLOCK
    found = {artifact.where.root: artifact.sha256 for artifact in vetted.report.artifacts}
    assert found["model.pkl"] == digest(HOSTILE).partition(":")[2]
    assert set(found) == {"manifest.json", "model.pkl", "README.md"}


def test_a_harmless_artifact_may_come_in_by_tag_and_by_digest() -> None:
    with Registry({"README.md": CARD}) as registry:
        assert vet(registry).verdict.outcome is Outcome.ALLOW
        assert vet(registry, f"@{digest(registry.manifest)}").verdict.outcome is Outcome.ALLOW


def test_a_registry_that_hands_out_tokens_gets_asked_for_one() -> None:
    with Registry({"README.md": CARD}, locked=True) as registry:
        vetted = vet(registry)
    assert vetted.verdict.outcome is Outcome.ALLOW


def test_a_layer_with_other_bytes_is_found_out() -> None:
    with Registry({"README.md": CARD}) as registry:
        registry.files[f"/v2/team/model/blobs/{digest(CARD)}"] = b"# Another\n"
        vetted = vet(registry)
    assert {finding.rule.id for finding in vetted.report.findings} == {"server-contradicts-itself"}


def test_a_manifest_that_is_not_the_one_asked_for_is_refused() -> None:
    wanted = digest(b"something else")
    with Registry({"README.md": CARD}) as registry:
        registry.files[f"/v2/team/model/manifests/{wanted}"] = registry.manifest
        vetted = vet(registry, f"@{wanted}")
    assert vetted.verdict.outcome is Outcome.REVIEW
    assert "the manifest has the digest" in vetted.report.gaps[0].detail


def test_an_index_of_several_artifacts_names_them() -> None:
    with Registry({}, manifests=[layer(b"x", None)]) as registry:
        vetted = vet(registry)
    assert digest(b"x") in vetted.report.gaps[0].detail


def test_a_layer_whose_name_leads_out_is_said() -> None:
    with Registry({"../../etc/cron.d/x": CARD}) as registry:
        vetted = vet(registry)
    assert vetted.verdict.outcome is not Outcome.ALLOW
