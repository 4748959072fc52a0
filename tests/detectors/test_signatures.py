"""What a signature beside files shows without anybody's key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.trust.claims_made import claim, signer
from tests.trust.policed import manifest, oms

from weighmaster import vet
from weighmaster.knowledge import signed
from weighmaster.trust.evidence import bundle
from weighmaster.trust.manifests import manifest as manifests
from weighmaster.trust.manifests.hashing import hash_artifact
from weighmaster.trust.signing import blob


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "code").mkdir(parents=True)
    (folder / "config.json").write_text('{"model_type": "bert"}')
    (folder / "vocab.txt").write_text("the\n")
    (folder / "code" / "notes.txt").write_text("notes\n")
    (folder / "model.sig").write_bytes(bundle.write(oms(hash_artifact(folder))))
    return folder


def found(target: Path) -> dict[str, tuple[str, str]]:
    """Return the place and the sentence of each finding about signatures by its rule."""
    vetted = vet(target, jobs=1)
    return {
        one.rule.id: (str(one.where), one.message)
        for one in vetted.report.findings
        if one.rule.id.startswith("signature-")
    }


def test_a_signature_that_lists_the_files_is_noted_and_says_nothing_of_who(model: Path) -> None:
    said = "lists exactly these 3 files, which does not say who signed"
    assert found(model) == {"signature-present": ("model.sig", said)}
    assert vet(model, jobs=1).verdict.outcome == "allow"


def test_without_a_signature_nothing_is_said(model: Path) -> None:
    (model / "model.sig").unlink()
    assert found(model) == {}


def test_claims_beside_the_files_are_no_files_of_the_model_and_can_be_read(model: Path) -> None:
    line = bundle.write(claim(hash_artifact(model)))
    (model / "claims.jsonl").write_bytes(line + b"\n" + line + b"\n")
    assert set(found(model)) == {"signature-present"}
    vetted = vet(model, jobs=1)
    assert (vetted.verdict.outcome, vetted.report.gaps) == ("allow", ())


def test_a_file_that_changed_after_it_was_signed_blocks(model: Path) -> None:
    (model / "code" / "notes.txt").write_text("other notes\n")
    assert found(model) == {"signature-broken": ("code/notes.txt", "has other bytes than model.sig lists")}
    assert vet(model, jobs=1).verdict.outcome == "block"


def test_names_that_were_swapped_are_files_that_changed(model: Path) -> None:
    config, vocab = (model / "config.json").read_bytes(), (model / "vocab.txt").read_bytes()
    (model / "config.json").write_bytes(vocab)
    (model / "vocab.txt").write_bytes(config)
    assert "signature-broken" in found(model)


def test_files_that_are_not_listed_or_missing_are_told(model: Path) -> None:
    (model / "sitecustomize.py").write_text("")
    (model / "vocab.txt").unlink()
    said = "lists 3 files: sitecustomize.py is not listed; vocab.txt is missing"
    assert found(model) == {"signature-incomplete": ("model.sig", said)}


def test_what_another_writer_of_the_format_leaves_out_is_not_told(model: Path) -> None:
    (model / ".git").mkdir()
    (model / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    statement = json.loads(oms(manifest()).content.payload)  # type: ignore[union-attr]
    statement["predicate"] = _predicate(model)
    (model / "model.sig").write_bytes(_unsigned(statement))
    assert set(found(model)) == {"signature-present"}
    (model / "other.txt").write_text("x")
    assert found(model)["signature-incomplete"][1] == "lists 3 files: other.txt is not listed"


def _predicate(model: Path) -> dict[str, Any]:
    listed = [e for e in hash_artifact(model).entries if not e.path.startswith(".git")]
    return {
        "serialization": {"method": "files", "hash_type": "sha256", "ignore_paths": [".git", "model.sig"]},
        "resources": [{"name": e.path, "algorithm": "sha256", "digest": e.sha256} for e in listed],
    }


def _unsigned(statement: Any) -> bytes:
    """Return a bundle with a signature that is none: it is not looked at."""
    from weighmaster.trust.evidence.bundle import Bundle
    from weighmaster.trust.evidence.envelope import IN_TOTO, Envelope, Signature

    content = Envelope(
        payload=json.dumps(statement).encode(), payload_type=IN_TOTO, signatures=(Signature(sig=b"none"),)
    )
    return bundle.write(Bundle(content=content))


def test_a_signature_beside_a_single_file_is_about_that_file(tmp_path: Path) -> None:
    file = tmp_path / "model" / "notes.txt"
    file.parent.mkdir()
    file.write_text("numbers\n")
    (file.parent / "other.txt").write_text("x\n")
    signed = oms(hash_artifact(file), name="notes.txt", alone=True)
    (file.parent / "notes.txt.sig").write_bytes(bundle.write(signed))
    assert set(found(file.parent)) == {"signature-present"}
    file.write_text("changed\n")
    assert found(file.parent)["signature-broken"][0] == "notes.txt"


def test_a_signature_over_bytes_alone_lists_nothing(tmp_path: Path) -> None:
    file = tmp_path / "model" / "notes.txt"
    file.parent.mkdir()
    file.write_text("numbers\n")
    entry = hash_artifact(file).entries[0]
    made = blob.sign_blob(str(file), entry.sha256, signer())
    (file.parent / "notes.txt.sig").write_bytes(bundle.write(made))
    assert found(file.parent) == {}
    assert vet(file.parent, jobs=1).verdict.outcome == "allow"


@pytest.mark.parametrize(
    "resources",
    [
        [{"name": "config.json", "algorithm": "blake3", "digest": "ab" * 32}],
        [{"name": "config.json", "algorithm": "sha256", "digest": "AB" * 32}],
        [],
    ],
)
def test_lists_in_other_digests_are_not_compared(model: Path, resources: list[Any]) -> None:
    statement: dict[str, Any] = {"_type": "x", "subject": [], "predicateType": "https://model_signing/signature/v1.0"}
    statement["predicate"] = {"serialization": {"method": "files"}, "resources": resources}
    (model / "model.sig").write_bytes(_unsigned(statement))
    assert found(model) == {}


@pytest.mark.parametrize(
    "resources", [7, [7], [{"name": 7}], [{"name": "a" * 5000, "algorithm": "sha256", "digest": "ab" * 32}]]
)
def test_a_list_that_cannot_be_read_is_a_gap(model: Path, resources: Any) -> None:
    statement: dict[str, Any] = {"_type": "x", "subject": [], "predicateType": "https://model_signing/signature/v1.0"}
    statement["predicate"] = {"serialization": {"method": "files"}, "resources": resources}
    (model / "model.sig").write_bytes(_unsigned(statement))
    assert [str(gap.where) for gap in vet(model, jobs=1).report.gaps] == ["model.sig"]


def test_what_speaks_of_the_files_beside_it_goes_by_the_same_names_everywhere() -> None:
    assert signed.EVIDENCE == manifests.EVIDENCE


def test_a_signature_over_one_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text("the\n")
    (tmp_path / "model.sig").write_bytes(bundle.write(oms(hash_artifact(tmp_path))))
    assert found(tmp_path)["signature-present"][1] == "lists exactly this file, which does not say who signed"
