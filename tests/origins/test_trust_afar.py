"""Evidence about what lies elsewhere: fetched, and held to the digests that were computed, or that are declared."""

from __future__ import annotations

import json
from pathlib import Path

from tests.samples.sparse import safetensors
from tests.sims.hub import Hub
from tests.trust.policed import oms, role, rule, written

import weighmaster
from weighmaster.model.verdict import Outcome, Vetted
from weighmaster.reading.http import Access
from weighmaster.trust.evidence import bundle
from weighmaster.trust.manifests.manifest import Entry, Manifest

CONFIG = json.dumps({"model_type": "bert", "architectures": ["BertModel"]}).encode()
CARD = b"---\nlicense: mit\n---\n# A model\n"
SIGNED = role("publisher", ["alice"], predicates=["signature"])


def vet(hub: Hub, policy: Path, target: str = "hf://acme/model", *, full: bool = False) -> Vetted:
    return weighmaster.vet(target, access=Access(hub=hub.base, attempts=2, timeout=3.0), trust=policy, full=full)


def rules(vetted: Vetted) -> set[str]:
    return {one.rule.id for one in vetted.report.findings if one.rule.severity.word not in {"note", "low"}}


def signature(files: dict[str, bytes], by: str = "alice") -> bytes:
    import hashlib

    entries = [Entry(path=p, size=len(d), sha256=hashlib.sha256(d).hexdigest()) for p, d in files.items()]
    return bundle.write(oms(Manifest.of(entries), by=by))


def test_a_repository_is_known_by_its_name_on_the_hub_and_by_its_evidence(tmp_path: Path) -> None:
    policy = written(tmp_path, rule(SIGNED, match="acme/*", more='ignore = [".gitattributes"]'))
    files = {"config.json": CONFIG, "README.md": CARD}
    with Hub() as hub:
        repo = hub.repo("acme/model")
        repo.commit({**files, "model.sig": signature(files)}, author="acme", date="2024-01-01")
        hub.repo("evil/model").commit({**files, "model.sig": signature(files)}, author="evil", date="2024-01-01")
        good, evil = vet(hub, policy), vet(hub, policy, "hf://evil/model")
        repo.commit({"config.json": CONFIG + b" "}, author="acme", date="2024-01-02")
        changed = vet(hub, policy)
    assert good.verdict.outcome is Outcome.ALLOW, good.report.findings
    assert any(said.startswith("Trusted by rule 1 (acme/*)") for said in good.verdict.because)
    assert (evil.verdict.outcome, rules(evil)) == (Outcome.BLOCK, {"no-trust-rule"})
    assert (changed.verdict.outcome, rules(changed)) == (Outcome.BLOCK, {"evidence-of-other-files", "signature-broken"})


def test_digests_that_are_only_declared_leave_the_answer_open_until_all_is_fetched(tmp_path: Path) -> None:
    policy = written(tmp_path, rule(SIGNED, match="pkg:huggingface/acme/*", more='ignore = [".gitattributes"]'))
    weights = safetensors(1, 1 << 20)
    files = {"config.json": CONFIG, "README.md": CARD}
    with Hub() as hub:
        repo = hub.repo("acme/model")
        data = weights.read_at(0, weights.size)
        repo.commit(
            {**files, "model.sig": signature({**files, "model.safetensors": data})},
            lfs={"model.safetensors": weights},
            author="acme",
            date="2024-01-01",
        )
        declared, full = vet(hub, policy), vet(hub, policy, full=True)
    assert (declared.verdict.outcome, rules(declared)) == (Outcome.REVIEW, {"trust-unsure"})
    assert full.verdict.outcome is Outcome.ALLOW, full.report.findings
