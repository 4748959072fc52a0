"""`weighmaster vet --trust`: a verdict that also says who made the target."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.trust.claims_made import claim, released
from tests.trust.policed import oms, role, rule, scanned, written

from weighmaster.fronts.cli.main import main
from weighmaster.trust.evidence import bundle
from weighmaster.trust.manifests.hashing import hash_artifact
from weighmaster.trust.manifests.manifest import Manifest
from weighmaster.trust.recall.entries import Action, Kind, Recall, RecallList, write
from weighmaster.trust.signing import signing

SIGNED = role("publisher", ["alice"], predicates=["signature"])


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "notes.txt").write_text("numbers\n")
    (folder / "more.txt").write_text("words\n")
    return folder


def sign(model: Path, by: str = "alice") -> Manifest:
    over = hash_artifact(model)
    (model / "model.sig").write_bytes(bundle.write(oms(over, by=by)))
    return over


def claims(model: Path, *made: Any) -> None:
    (model / "claims.jsonl").write_bytes(b"".join(bundle.write(one) + b"\n" for one in made))


def policy(model: Path, text: str) -> str:
    return str(written(model.parent / "trust", text))


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    status = main(["vet", *arguments, "--output", "json", "--jobs", "1"])
    found = capsys.readouterr()
    assert not found.err, found.err
    return status, json.loads(found.out)


def rules(report: Any) -> dict[str, str]:
    return {one["rule"]: one["severity"] for one in report["findings"] if not one["rule"].startswith("signature-")}


@pytest.mark.parametrize(
    ("mode", "status", "expected"),
    [
        ("enforce", 1, {"unsigned": "high"}),
        ("warn", 3, {"policy-warns": "medium"}),
        ("audit", 0, {"policy-notes": "note"}),
    ],
)
def test_the_mode_of_the_rule_says_what_becomes_of_what_is_unsigned(
    model: Path, capsys: pytest.CaptureFixture[str], mode: str, status: int, expected: dict[str, str]
) -> None:
    found, report = told(capsys, str(model), "--trust", policy(model, rule(SIGNED, mode=mode)))
    assert (found, rules(report)) == (status, expected)
    assert report["findings"][0]["evidence"][0]["fact"] == "Trust"


def test_what_is_signed_by_who_may_sign_it_comes_in_and_the_verdict_says_who(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sign(model)
    path = policy(model, rule(SIGNED, match="acme/*"))
    status, report = told(capsys, str(model), "--trust", path, "--name", "acme/model")
    assert (status, rules(report)) == (0, {"trusted": "note"})
    assert report["policy"]["because"][-1].startswith(f"Trusted by rule 1 (acme/*) of {path}: publisher is alice (key ")


def _added(model: Path) -> None:
    sign(model)
    (model / "sitecustomize.txt").write_text("")


def _changed(model: Path) -> None:
    sign(model)
    (model / "notes.txt").write_text("others\n")


def _by_another(model: Path) -> None:
    sign(model, by="bob")


def _moved(model: Path) -> None:
    sign(model)
    (model / "notes.txt").rename(model / "other.txt")


@pytest.mark.parametrize(
    ("attack", "expected", "said"),
    [
        (_added, "evidence-of-other-files", "sitecustomize.txt is not signed"),
        (_changed, "evidence-of-other-files", "notes.txt is changed"),
        (_moved, "evidence-of-other-files", "other.txt is not signed; notes.txt is missing"),
        (_by_another, "signer-not-trusted", "no signature by the Ed25519 key"),
    ],
)
def test_attacks_are_blocked_with_what_was_done(
    model: Path, capsys: pytest.CaptureFixture[str], attack: Any, expected: str, said: str
) -> None:
    attack(model)
    status, report = told(capsys, str(model), "--trust", policy(model, rule(SIGNED)))
    assert status == 1
    assert said in next(one["message"] for one in report["findings"] if one["rule"] == expected)


@pytest.mark.parametrize("when", [timedelta(days=1), timedelta(days=40)])
def test_a_scan_counts_while_it_is_fresh(model: Path, capsys: pytest.CaptureFixture[str], when: timedelta) -> None:
    claims(model, scanned(hash_artifact(model), at=datetime.now(UTC) - when))
    path = policy(model, rule(role("scanner", ["alice"], predicates=["scan"], more='max_age = "30d"')))
    status, report = told(capsys, str(model), "--trust", path)
    fresh = when < timedelta(days=30)
    assert (status, rules(report)) == ((0, {"trusted": "note"}) if fresh else (1, {"evidence-stale": "high"}))


def test_a_file_alone_has_its_evidence_beside_it(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = model / "notes.txt"
    over = hash_artifact(file)
    (model / "notes.txt.sig").write_bytes(bundle.write(oms(over, name="notes.txt", alone=True)))
    (model / "notes.txt.claims.jsonl").write_bytes(bundle.write(scanned(over, at=datetime.now(UTC), by="bob")) + b"\n")
    path = policy(model, rule(SIGNED, role("scanner", ["bob"], predicates=["scan"])))
    assert told(capsys, str(file), "--trust", path)[0] == 0
    file.rename(model / "other.txt")
    (model / "notes.txt.sig").rename(model / "other.txt.sig")
    (model / "notes.txt.claims.jsonl").rename(model / "other.txt.claims.jsonl")
    status, report = told(capsys, str(model / "other.txt"), "--trust", path)
    assert (status, set(rules(report))) == (1, {"evidence-of-other-files"})


def test_a_release_that_was_seen_is_remembered_and_none_before_it_accepted(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    over = hash_artifact(model)
    path = policy(model, rule(role("publisher", ["alice"], predicates=["release"]), require="sequence = true"))
    state = str(model.parent / "seen.json")
    for sequence, expected in ((2, 0), (2, 0), (3, 0), (2, 1), (3, 0)):
        claims(model, released(over, sequence))
        assert told(capsys, str(model), "--trust", path, "--state", state)[0] == expected, sequence
    claims(model, released(over, 9))
    (model / "notes.txt").write_bytes(b"cposix\nsystem\n(S'id'\ntR.")
    claims(model, released(hash_artifact(model), 9))
    assert told(capsys, str(model), "--trust", path, "--state", state)[0] == 1
    assert json.loads(Path(state).read_text())["releases"]["model"]["sequence"] == 3


def test_what_was_left_out_of_the_look_leaves_the_answer_open(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sign(model)
    status, report = told(capsys, str(model), "--trust", policy(model, rule(SIGNED)), "--exclude", "more.txt")
    assert (status, rules(report)) == (3, {"trust-unsure": "medium"})
    assert "1 left out by the user" in report["findings"][0]["message"]


def test_a_linked_folder_of_code_that_nobody_signed_is_not_passed_over(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sign(model)
    (model.parent / "elsewhere").mkdir()
    (model.parent / "elsewhere" / "code.py").write_text("")
    (model / "code").symlink_to(model.parent / "elsewhere")
    status, report = told(capsys, str(model), "--trust", policy(model, rule(SIGNED)))
    assert (status, rules(report)) == (3, {"trust-unsure": "medium"})


@pytest.mark.parametrize("leads_to", ["notes.txt", "."])
def test_a_link_to_a_signed_file_is_a_name_that_nobody_signed(
    model: Path, capsys: pytest.CaptureFixture[str], leads_to: str
) -> None:
    sign(model)
    (model / "modeling_x.py").symlink_to(leads_to)
    path = policy(model, rule(SIGNED))
    status, report = told(capsys, str(model), "--trust", path)
    assert (status, rules(report)) == (3, {"trust-unsure": "medium"})
    assert "modeling_x.py not read" in report["findings"][0]["message"]
    if leads_to != ".":
        status, report = told(capsys, str(model), "--trust", path, "--follow-symlinks")
        assert (status, set(rules(report))) == (1, {"evidence-of-other-files"})


def test_a_configuration_names_a_policy_from_where_it_lies(
    model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    policy(model, rule(SIGNED))
    (model.parent / "pyproject.toml").write_text('[tool.weighmaster]\ntrust = "trust/trust.toml"\n')
    assert told(capsys, "model")[0] == 1
    sign(model)
    assert told(capsys, "model")[0] == 0
    monkeypatch.chdir(model)
    assert main(["vet", str(model), "--config", "../pyproject.toml", "-q"]) == 0


def test_what_is_judged_does_not_bring_its_own_policy(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(model / "trust", rule(SIGNED))
    config = model.parent / "weighmaster.toml"
    config.write_text('trust = "model/trust/trust.toml"\n')
    assert main(["vet", str(model), "--config", str(config)]) == 2
    assert "lies in the target: what is judged must not say how" in capsys.readouterr().err
    sign(model)
    status, report = told(capsys, str(model), "--trust", str(path))
    assert status == 0
    assert report["policy"]["because"][-1].endswith("lies in the target that it judges.")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--trust", "gone.toml"], "gone.toml: No such file or directory"),
        (["--name", "acme/model"], "--name needs a policy of trust or a list of recalls: --trust, --recall"),
        (["--state", "seen.json"], "--state needs a policy of trust: --trust"),
        (["--recall", "gone.json"], "cannot read gone.json"),
        (["other", "--trust", "trust/trust.toml", "--name", "x"], "--name is the name of one target"),
    ],
)
def test_wrong_use_is_told_before_any_work(
    model: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    policy(model, rule(SIGNED))
    (model.parent / "other").write_text("x")
    assert main(["vet", str(model), *arguments]) == 2
    assert said in capsys.readouterr().err


def recalls(folder: Path, kind: Kind, value: str, action: Action, **more: Any) -> str:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    entry = Recall(id="R-1", kind=kind, value=value, action=action, reason="poisoned", added=now, **more)
    (folder / "recall.json").write_bytes(write(RecallList(entries=(entry,), sequence=1, updated=now)))
    return str(folder / "recall.json")


@pytest.mark.parametrize(
    ("action", "status", "expected"),
    [
        (Action.BLOCK, 1, {"recalled": "critical"}),
        (Action.QUARANTINE, 3, {"recall-quarantines": "medium"}),
        (Action.WARN, 0, {"recall-warns": "low"}),
    ],
)
def test_a_file_that_was_recalled_is_known_by_its_digest(
    model: Path, capsys: pytest.CaptureFixture[str], action: Action, status: int, expected: dict[str, str]
) -> None:
    digest = hash_artifact(model).by_path["notes.txt"].sha256
    path = recalls(model.parent, Kind.FILE, digest, action)
    found, report = told(capsys, str(model), "--recall", path)
    assert (found, rules(report)) == (status, expected)
    assert report["findings"][0]["where"] == "notes.txt"
    assert "notes.txt is recalled (R-1): poisoned" in report["findings"][0]["message"]


def test_a_tree_a_base_model_and_a_release_that_were_recalled_are_known(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    over = hash_artifact(model)
    assert told(capsys, str(model), "--recall", recalls(model.parent, Kind.TREE, over.tree, Action.BLOCK))[0] == 1
    claims(model, claim(over, "https://example.org/x", {"base": {"digest": {"sha256": "ab" * 32}}}))
    assert told(capsys, str(model), "--recall", recalls(model.parent, Kind.BASE, "ab" * 32, Action.BLOCK))[0] == 1
    claims(model, released(over, 3))
    assert told(capsys, str(model), "--recall", recalls(model.parent, Kind.NAME, "model", Action.BLOCK))[0] == 1
    assert told(capsys, str(model), "--recall", recalls(model.parent, Kind.NAME, "other", Action.BLOCK))[0] == 0


def test_a_folder_that_is_called_as_evidence_is_a_part_of_the_target(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (model / "claims.jsonl").mkdir()
    (model / "claims.jsonl" / "more.txt").write_text("words\n")
    sign(model)
    status, report = told(capsys, str(model), "--trust", policy(model, rule(SIGNED)))
    assert status == 0
    assert not [said for said in report["policy"]["because"] if "cannot be read" in said]


@pytest.mark.parametrize(
    ("name", "versions", "status"),
    [
        ("acme/model", "", 1),
        ("ACME/Model", "", 1),
        ("acme/other", "", 0),
        ("pkg:huggingface/acme/model@v1.3", "<1.4", 1),
        ("pkg:huggingface/acme/model@v1.4", "<1.4", 0),
        ("acme/model", "<1.4", 1),
    ],
)
def test_a_name_that_was_recalled_is_met_by_the_name_that_the_user_gives(
    model: Path, capsys: pytest.CaptureFixture[str], name: str, versions: str, status: int
) -> None:
    path = recalls(model.parent, Kind.NAME, "acme/model", Action.BLOCK, versions=versions)
    found, report = told(capsys, str(model), "--recall", path, "--name", name)
    assert (found, list(rules(report))) == (status, ["recalled"] if status else [])
    assert told(capsys, str(model), "--recall", path)[0] == 0


def test_which_version_it_is_a_claim_says_only_where_the_policy_trusts_its_signer(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = recalls(model.parent, Kind.NAME, "acme/model", Action.BLOCK, versions="<1.4")
    claims(model, released(hash_artifact(model), 9, name="acme/model"))
    known = ("--recall", path, "--name", "acme/model")
    found, report = told(capsys, str(model), *known)
    assert found == 1
    message = report["findings"][0]["message"]
    assert message == "acme/model <1.4 is recalled (R-1), and which version this is is not known: poisoned"
    trust = policy(model, rule(role("publisher", ["alice"], predicates=["release"])))
    assert told(capsys, str(model), *known, "--trust", trust)[0] == 0
    other = policy(model, rule(role("publisher", ["bob"], predicates=["release"])))
    assert "recalled" in rules(told(capsys, str(model), *known, "--trust", other)[1])


def test_a_key_that_was_recalled_signs_nothing_any_more(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.trust.claims_made import signer

    sign(model)
    path, key = policy(model, rule(SIGNED)), signer("alice").key.keyid
    status, report = told(
        capsys, str(model), "--trust", path, "--recall", recalls(model.parent, Kind.KEY, key, Action.BLOCK)
    )
    assert status == 1
    assert set(rules(report)) == {"recalled", "signer-not-trusted"}


def test_what_a_key_signed_before_it_was_recalled_still_counts_if_a_timestamp_shows_it(
    model: Path, capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    from tests.trust.authority import Clock, pem
    from tests.trust.claims_made import signer

    clock = Clock(tmp_path_factory.mktemp("clock"))
    now = datetime.now(UTC)
    path = policy(model, '[timestamps.corp]\nroots = "clock.pem"\n' + rule(SIGNED))
    (model.parent / "trust/clock.pem").write_bytes(pem(clock.root.certificate))
    stolen = recalls(model.parent, Kind.KEY, signer("alice").key.keyid, Action.BLOCK, since=now - timedelta(days=10))
    for days, status in ((20, 0), (5, 1)):
        made = oms(hash_artifact(model))
        when = now - timedelta(days=days)
        stamped = signing.stamped(made, lambda signature, when=when: clock.say(signature, when))  # type: ignore[misc]
        (model / "model.sig").write_bytes(bundle.write(stamped))
        assert told(capsys, str(model), "--trust", path, "--recall", stolen)[0] == status


def test_nothing_of_all_this_is_loaded_where_nobody_asks(model: Path) -> None:
    import subprocess
    import sys

    sign(model)
    code = (
        "import sys; from weighmaster.fronts.cli.main import main; status = main(['vet', 'model', '-q']);"
        "heavy = [m for m in ('cryptography', 'weighmaster.trust', 'blake3', 'tuf') if m in sys.modules];"
        "sys.exit(status or bool(heavy))"
    )
    environment = {"PYTHONPATH": ":".join(sys.path), "PATH": "/usr/bin:/bin"}
    assert subprocess.run([sys.executable, "-c", code], env=environment, cwd=model.parent, check=False).returncode == 0


def test_a_claim_must_be_in_the_log_that_the_policy_names(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    over = hash_artifact(model)
    claims(model, claim(over, "https://example.org/x"))
    verifier = _log(model)
    needs = role("publisher", ["alice"], predicates=["https://example.org/x"])
    path = policy(model, f'[logs.main]\npublic_key = "{verifier}"\n' + rule(needs, require='log = "main"'))
    status, report = told(capsys, str(model), "--trust", path)
    assert (status, rules(report)) == (1, {"evidence-missing": "high"})
    assert "there is no proof that it is in the log main" in report["findings"][0]["message"]
    assert (
        main(
            [
                "log",
                "prove",
                str(model.parent / "log"),
                "--claims",
                str(model / "claims.jsonl"),
                "--public-key",
                verifier,
            ]
        )
        == 0
    )
    capsys.readouterr()
    status, report = told(capsys, str(model), "--trust", path)
    assert (status, rules(report)) == (0, {"trusted": "note"})
    other = _log(model, "other")
    path = policy(model, f'[logs.main]\npublic_key = "{other}"\n' + rule(needs, require='log = "main"'))
    status, report = told(capsys, str(model), "--trust", path)
    assert (status, rules(report)) == (1, {"evidence-missing": "high"})


def _log(model: Path, name: str = "log") -> str:
    """Make a log with the claims in it, and return the key that verifies it."""
    from weighmaster.trust.identities.generate import generate
    from weighmaster.trust.identities.keys import load_signer
    from weighmaster.trust.log.book import Log
    from weighmaster.trust.log.note import VerifierKey
    from weighmaster.trust.log.record import of_claim

    keeper = load_signer(generate("ed25519")[0])
    log = Log.create(str(model.parent / name), keeper, "example.org/log")
    log.append([of_claim(line, 0) for line in (model / "claims.jsonl").read_bytes().splitlines()], keeper)
    key = str(VerifierKey.of("example.org/log", keeper.key))
    (model.parent / "vkey").write_text(key)
    return key


def test_a_stream_has_no_evidence_so_a_policy_refuses_it(
    model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import io
    from types import SimpleNamespace

    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"numbers\n")))
    status, report = told(capsys, "-", "--trust", policy(model, rule(SIGNED)))
    assert (status, rules(report), report["summary"]["files"]) == (1, {"unsigned": "high"}, 1)


def test_programs_name_a_policy_as_the_command_line_does(model: Path) -> None:
    import weighmaster

    path = policy(model, rule(SIGNED, match="acme/*"))
    assert weighmaster.vet(model, trust=path, name="acme/model", jobs=1).verdict.outcome == "block"
    sign(model)
    assert weighmaster.vet(model, trust=path, name="acme/model", jobs=1).verdict.outcome == "allow"
    assert weighmaster.vet(model, trust=path, jobs=1).verdict.outcome == "block"
    config = model.parent / "weighmaster.toml"
    config.write_text('trust = "trust/trust.toml"\n')
    assert weighmaster.vet(model, config=config, name="acme/model", jobs=1).verdict.outcome == "allow"
    assert weighmaster.vet(model, config=config, jobs=1).verdict.outcome == "block"
