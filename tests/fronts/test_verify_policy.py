"""`weighmaster verify --policy`: whether an artifact has what a policy of trust wants."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.trust.policed import oms, role, rule, scanned, written

from weighmaster.fronts.cli.main import main
from weighmaster.trust.evidence import bundle
from weighmaster.trust.manifests.hashing import hash_artifact

SIGNED = role("publisher", ["alice"], predicates=["signature"])


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "weights.bin").write_bytes(b"numbers")
    (folder / "model.sig").write_bytes(bundle.write(oms(hash_artifact(folder))))
    return folder


def policy(model: Path, text: str) -> str:
    return str(written(model.parent / "trust", text))


def test_what_has_all_that_the_policy_wants_is_verified(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = bundle.write(scanned(hash_artifact(model), by="bob", at=datetime.now(UTC)))
    (model / "claims.jsonl").write_bytes(line + b"\n")
    path = policy(model, rule(SIGNED, role("scanner", ["bob"], predicates=["scan"]), match="acme/*"))
    assert main(["verify", str(model), "--policy", path, "--name", "acme/model"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("verified   ")
    assert "publisher  alice (key " in said
    assert "scanner    bob (key " in said


def test_what_lacks_something_is_refused_with_all_of_it(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = policy(model, rule(SIGNED, role("scanner", ["bob"], predicates=["scan"])))
    assert main(["verify", str(model), "--policy", path, "--output", "json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["schema"], said["verified"], said["allowed"]) == ("weighmaster.verify/1", False, False)
    assert [one["identity"] for one in said["roles"]] == ["alice"]
    assert [(one["kind"], one["role"]) for one in said["lacks"]] == [("missing", "scanner")]


@pytest.mark.parametrize(("mode", "status"), [("enforce", 1), ("warn", 0), ("audit", 0)])
def test_a_rule_that_only_warns_lets_pass_and_says_what_is_lacking(
    model: Path, capsys: pytest.CaptureFixture[str], mode: str, status: int
) -> None:
    (model / "model.sig").unlink()
    assert main(["verify", str(model), "--policy", policy(model, rule(SIGNED, mode=mode)), "-q"]) == status
    assert "lacks      nobody has signed it" in capsys.readouterr().out


def test_denied_bytes_pass_under_no_mode(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    digest = hash_artifact(model).entries[0].sha256
    deny = f'[[deny]]\nsha256 = "{digest}"\nreason = "poisoned"\n'
    assert main(["verify", str(model), "--policy", policy(model, deny + rule(SIGNED, mode="audit"))]) == 1
    assert "the policy denies weights.bin: poisoned" in capsys.readouterr().out


@pytest.mark.parametrize(("action", "status", "word"), [("block", 1, "refused"), ("quarantine", 3, "verified")])
def test_what_is_recalled_is_refused_though_somebody_signed_it(
    model: Path, capsys: pytest.CaptureFixture[str], action: str, status: int, word: str
) -> None:
    recall = ["recall", "add", "recall.json", "--path", str(model / "weights.bin"), "--reason", "a backdoor"]
    assert main([*recall, "--action", action]) == 0
    capsys.readouterr()
    arguments = ["verify", str(model), "--policy", policy(model, rule(SIGNED)), "--recall", "recall.json", "-q"]
    assert main(arguments) == status
    said = capsys.readouterr().out
    assert said.startswith(word)
    assert f"recalled   {action}: weights.bin is recalled (R-0001): a backdoor" in said
    assert main([*arguments, "--output", "json"]) == status
    assert [one["id"] for one in json.loads(capsys.readouterr().out)["recalls"]] == ["R-0001"]


def test_what_no_digest_can_cover_is_refused(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (model / "link").symlink_to("/etc")
    assert main(["verify", str(model), "--policy", policy(model, rule(SIGNED))]) == 1
    assert "refused: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--policy", "trust/trust.toml", "--public-key", "x"], "leave out --public-key"),
        (["--policy", "trust/trust.toml", "--threshold", "2"], "leave out --threshold"),
        (["--policy", "trust/trust.toml", "--require-timestamp"], "leave out --require-timestamp"),
        (["--name", "acme/model", "--public-key", "x"], "--name, --state and --recall are for --policy"),
        (["--policy", "gone.toml"], "gone.toml: No such file"),
    ],
)
def test_wrong_use_is_told(model: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    policy(model, rule(SIGNED))
    assert main(["verify", str(model), *arguments]) == 2
    assert said in capsys.readouterr().err
