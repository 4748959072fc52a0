"""`weighmaster log`, as whoever keeps a log, whoever verifies it, and a witness type it."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from weighmaster.fronts.cli.main import main
from weighmaster.trust.identities.generate import generate

Run = Callable[..., tuple[int, str, str]]
ORIGIN = "example.org/models"


@pytest.fixture(scope="module")
def keys() -> dict[str, tuple[bytes, bytes]]:
    pairs = {name: generate("ed25519") for name in ("log", "witness", "mallory", "signer")}
    return {name: (private, public.pem) for name, (private, public) in pairs.items()}


@pytest.fixture
def run(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    keys: dict[str, tuple[bytes, bytes]],
    capsys: pytest.CaptureFixture[str],
) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WEIGHMASTER_KEY_PASSWORD", raising=False)
    monkeypatch.setattr("os.fsync", lambda _: None)
    for name, (private, public) in keys.items():
        Path(f"{name}.pem").write_bytes(private)
        Path(f"{name}.pub").write_bytes(public)
    for name in ("a.bin", "b.bin"):
        Path(name).write_bytes(name.encode() * 50)

    def typed(*arguments: str) -> tuple[int, str, str]:
        status = main(["log", *arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    status, out, _ = typed("init", "l", "--key", "log.pem", "--origin", ORIGIN, "--output-file", "log.vkey")
    assert status == 0
    assert Path("log.vkey").read_text().strip() in out
    return typed


def _append(run: Run, *what: str) -> str:
    status, out, err = run("append", "l", *what, "--key", "log.pem", "--time", "1700000000")
    assert (status, err) == (0, "")
    return out


def _witness(run: Run, *more: str, at: str = "l") -> tuple[int, str, str]:
    return run(
        "witness", at, "--key", "witness.pem", "--name", "w.example.org/1", "--state", "state",
        "--public-key", "log.vkey", "--time", "1700000000", *more,
    )  # fmt: skip


def test_files_are_appended_once_unless_one_says_again(run: Run) -> None:
    assert _append(run, "a.bin", "b.bin", "a.bin").splitlines()[:3] == [
        "0         file  " + _short("a.bin"), "1         file  " + _short("b.bin"),
        "          1 in the log already (--again appends them once more)",
    ]  # fmt: skip
    assert "2 in the log already" in _append(run, "a.bin", "b.bin")
    assert f"{ORIGIN}, 3 entries" in _append(run, "a.bin", "--again")


def _short(name: str) -> str:
    return f"{hashlib.sha256(Path(name).read_bytes()).hexdigest()[:16]}  {name}"


def test_a_whole_log_holds_under_each_form_of_its_key(run: Run) -> None:
    _append(run, "a.bin")
    for key in (["log.vkey"], [Path("log.vkey").read_text()], ["log.pub"], ["log.pub", "--origin", ORIGIN]):
        status, out, err = run("verify", "l", "--public-key", *key)
        assert (status, err) == (0, "")
        assert out.startswith("holds     every entry and every tile was computed again: 1 entry\n")
    status, out, _ = run("verify", "l", "--public-key", "log.vkey", "--output", "json")
    said = json.loads(out)
    assert (status, said["holds"], said["size"], said["origin"], said["damages"]) == (0, True, 1, ORIGIN, [])


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["verify", "l"], 2, "no key of the log is trusted"),
        (["verify", "l", "--public-key", "mallory.pub"], 1, "forged|not signed by a key that is trusted"),
        (["verify", "l", "--public-key", "log.vkey", "--origin", "example.org/else"], 2, "the key is for the log"),
        (["verify", "l", "--public-key", "log.pub", "--origin", "example.org/else"], 1, "not signed by a key"),
        (["verify", "l", "--public-key", "log.pem"], 2, "is a private key"),
        (["verify", "l", "--public-key", "nothing"], 2, "neither a file nor a verifier key"),
        (["verify", "nowhere", "--public-key", "log.vkey"], 1, "holds no log"),
        (["verify", "http://127.0.0.1:1/l", "--public-key", "log.vkey"], 3, "not checked"),
        (["verify", "l", "--public-key", "log.vkey", "--state", "s"], 2, "nothing is remembered"),
        (["append", "l", "--key", "log.pem"], 2, "nothing to append"),
        (["append", "l", "gone.bin", "--key", "log.pem"], 2, "cannot read gone.bin"),
        (["append", "l", "a.bin", "--key", "mallory.pem"], 1, "not signed by a key|forged"),
        (["append", "l", "--claims", "a.bin", "--key", "log.pem"], 1, "cannot be read"),
        (["prove", "l", "b.bin", "--public-key", "log.vkey"], 1, "b.bin is not in the log"),
        (["prove", "l", "7", "--public-key", "log.vkey"], 1, "there is no entry 7"),
        (["prove", "l", "--public-key", "log.vkey"], 2, "name one entry"),
        (["init", "l", "--key", "log.pem", "--origin", ORIGIN], 2, "holds a log already"),
        (["init", "m", "--key", "log.pem", "--origin", "two words"], 2, "cannot name a key"),
        (["show", "l", "--entry", "0"], 2, "once it is proven"),
        (["cosign", "l", "l/checkpoint", "--public-key", "log.vkey"], 2, "whose signature it is must be said"),
        (["consistency", "l", "--from", "a.bin", "--public-key", "log.vkey"], 1, "a.bin is no signed note"),
    ],
)
def test_what_does_not_hold_is_1_and_what_makes_no_sense_is_2(
    run: Run, arguments: list[str], status: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)  # Between one attempt to reach a server and the next.
    _append(run, "a.bin")
    found, out, err = run(*arguments)
    assert (found, out) == (status, ""), err
    assert re.search(said, err), err
    assert len(err.splitlines()) == 1


def test_damage_is_1_and_said_with_its_place(run: Run) -> None:
    _append(run, "a.bin", "b.bin")
    bundle = Path("l/tile/entries/000.p/2")
    bundle.write_bytes(bundle.read_bytes().replace(b"b.bin", b"c.bin"))
    status, out, err = run("verify", "l", "--public-key", "log.vkey")
    assert (status, err) == (1, "")
    assert out.startswith("damaged   tile/entries/000.p/2, entry 1: the entry is not the one that was logged")
    status, out, _ = run("verify", "l", "--public-key", "log.vkey", "-o", "json")
    assert (status, json.loads(out)["damages"][0]["entry"]) == (1, 1)
    assert run("append", "l", "a.bin", "--again", "--key", "log.pem")[0] == 1


def test_a_proof_is_written_and_verified_offline(run: Run) -> None:
    _append(run, "a.bin", "b.bin", "--raw", "a.bin")
    assert run("prove", "l", "a.bin", "--public-key", "log.vkey")[0] == 0
    shutil.rmtree("l")
    status, out, _ = run("check-proof", "a.bin.tlog-proof", "a.bin", "--public-key", "log.vkey")
    assert status == 0
    assert out.splitlines()[:2] == ["holds     entry 0 of 3", "file      a.bin"]
    status, _, err = run("check-proof", "a.bin.tlog-proof", "b.bin", "--public-key", "log.vkey")
    assert (status, "the proof is for something else" in err) == (1, True)
    status, _, err = run("check-proof", "a.bin.tlog-proof", "a.bin", "--public-key", "mallory.pub")
    assert status == 1
    assert "no file was compared" in run("check-proof", "a.bin.tlog-proof", "--public-key", "log.vkey")[1]


def test_a_proof_that_lies_there_is_not_replaced_unseen(run: Run) -> None:
    _append(run, "a.bin")
    assert run("prove", "l", "a.bin", "--public-key", "log.vkey")[0] == 0
    assert run("prove", "l", "0", "--public-key", "log.vkey", "--output-file", "a.bin.tlog-proof")[0] == 0  # The same.
    _append(run, "b.bin")
    status, _, err = run("prove", "l", "a.bin", "--public-key", "log.vkey")
    assert (status, "--force replaces it" in err) == (2, True)
    assert run("prove", "l", "a.bin", "--public-key", "log.vkey", "--force")[0] == 0


def test_the_claims_beside_a_model_are_logged_and_proven(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    Path("model").mkdir()
    Path("model/config.json").write_text("{}")
    for version in ("1", "2"):
        release = ["--type", "release", "--name", "m", "--version", version, "--sequence", version]
        assert main(["attest", "model", "--key", "signer.pem", *release]) == 0, capsys.readouterr().err
    capsys.readouterr()
    out = _append(run, "--claims", "model/claims.jsonl", "--keep")
    assert "urn:weighmaster:release:v1" in out
    assert "kept      2 claims" in run("verify", "l", "--public-key", "log.vkey")[1]
    status, out, err = run("prove", "l", "--claims", "model/claims.jsonl", "--public-key", "log.vkey")
    assert (status, err) == (0, "")
    assert out.startswith("proof     model/claims.proofs.jsonl\n")
    checking = [
        "check-proof",
        "model/claims.proofs.jsonl",
        "--claims",
        "model/claims.jsonl",
        "--public-key",
        "log.vkey",
    ]
    status, out, err = run(*checking)
    assert (status, out.splitlines()[0]) == (0, "holds     2 claims in the log"), err
    proofs = Path("model/claims.proofs.jsonl")
    proofs.write_bytes(proofs.read_bytes().splitlines(keepends=True)[0])
    status, _, err = run(*checking)
    assert (status, "line 2: there is no proof that it is in a log" in err) == (1, True)


def test_a_witness_cosigns_growth_and_refuses_what_was_rolled_back(run: Run) -> None:
    _append(run, "a.bin")
    shutil.copytree("l", "older")
    assert _witness(run)[0] == 2
    status, out, _ = _witness(run, "--new")
    assert (status, out.splitlines()[0]) == (0, "cosigned  1 entry, first seen")
    key = out.splitlines()[-1].removeprefix("key").strip()
    _append(run, "b.bin")
    assert run("verify", "l", "--public-key", "log.vkey", "--witness", key)[0] == 1
    status, out, _ = _witness(run)
    assert (status, out.splitlines()[0]) == (0, "cosigned  2 entries, grown from 1")
    for witness in (key, "w.example.org/1=witness.pub"):
        status, out, _ = run("verify", "l", "--public-key", "log.vkey", "--witness", witness)
        assert (status, "witness   w.example.org/1, 2023-11-14 22:13:20 UTC" in out) == (0, True)
    status, _, err = _witness(run, at="older")
    assert (status, "rolled back" in err) == (1, True)
    shutil.copytree("older", "forked")
    assert run("append", "forked", "log.pub", "witness.pub", "--key", "log.pem")[0] == 0
    status, _, err = _witness(run, at="forked")
    assert (status, "forked" in err) == (1, True)
    assert Path("state.fork").exists()


def test_growth_is_carried_to_a_witness_without_a_network_and_its_signature_back(run: Run) -> None:
    _append(run, "a.bin")
    assert _witness(run, "--new")[0] == 0
    shutil.copy("state", "old")
    _append(run, "b.bin")
    status, out, _ = run("consistency", "l", "--from", "old", "--public-key", "log.vkey", "--output-file", "growth")
    assert (status, out.splitlines()[0]) == (0, "grew      from 1 to 2 entries")
    status, out, _ = run("check-proof", "growth", "--from", "old", "--public-key", "log.vkey")
    assert (status, out.splitlines()[0]) == (0, "holds     grown from 1 to 2 entries")
    status, _, err = _witness(run, at="growth")
    assert (status, "--output-file FILE takes" in err) == (2, True)
    assert _witness(run, "--output-file", "cosigned", at="growth")[0] == 0
    witness = ("--witness", "w.example.org/1=witness.pub")
    status, out, _ = run("cosign", "l", "cosigned", "--public-key", "log.vkey", *witness)
    assert (status, "witness   w.example.org/1" in out) == (0, True)
    assert run("verify", "l", "--public-key", "log.vkey", *witness)[0] == 0


def test_a_log_rolled_back_behind_the_back_of_its_keeper_is_not_appended_to(run: Run) -> None:
    _append(run, "a.bin", "--state", "kept", "--new")
    shutil.copytree("l", "older")
    _append(run, "b.bin", "--state", "kept")
    shutil.rmtree("l")
    shutil.move("older", "l")
    status, _, err = run("append", "l", "b.bin", "--key", "log.pem", "--state", "kept")
    assert (status, "rolled back" in err) == (1, True)
    status, _, err = run("verify", "l", "--public-key", "log.vkey", "--state", "kept")
    assert (status, "rolled back" in err) == (1, True)


def test_an_encrypted_key_needs_its_password(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    private, _ = generate("ed25519", b"secret")
    Path("locked.pem").write_bytes(private)
    Path("password").write_bytes(b"secret\n")
    begin = ("init", "m", "--key", "locked.pem", "--origin", ORIGIN)
    assert run(*begin)[0] == 2
    assert run(*begin, "--password-file", "password")[0] == 0
    monkeypatch.setenv("WEIGHMASTER_KEY_PASSWORD", "secret")
    assert run("append", "m", "a.bin", "--key", "locked.pem")[0] == 0


def test_what_a_log_holds_is_shown(run: Run) -> None:
    _append(run, "a.bin", "b.bin", "--raw", "a.bin")
    status, out, _ = run("show", "l", "--public-key", "log.vkey", "--last", "2")
    assert (status, out.splitlines()[:2]) == (0, [f"1         file  {_short('b.bin')}", "2         250 bytes"])
    assert "not verified" in run("show", "l")[1]
    status, out, _ = run("show", "l", "--public-key", "log.vkey", "-o", "json")
    assert [one["index"] for one in json.loads(out)["entries"]] == [0, 1, 2]


def test_names_that_would_act_on_a_terminal_do_not(run: Run) -> None:
    name = "evil\x1b[2J.bin"
    Path(name).write_bytes(b"x")
    assert "\x1b" not in _append(run, name)
    assert "\x1b" not in run("show", "l", "--public-key", "log.vkey")[1]
