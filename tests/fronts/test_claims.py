"""`weighmaster attest` and `weighmaster claims`, as a publisher and a user type them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot

import weighmaster
from weighmaster import api
from weighmaster.fronts import claiming
from weighmaster.fronts.cli.main import main
from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.trust.claims.claims import Standing
from weighmaster.trust.identities.generate import generate
from weighmaster.trust.manifests.hashing import hash_artifact

Run = Callable[..., tuple[int, str, str]]
NAMED = ("--name", "owner/model", "--version", "1", "--sequence", "1")


@pytest.fixture(scope="module")
def keys() -> dict[str, tuple[bytes, bytes]]:
    pairs = {name: generate("ed25519") for name in ("alice", "mallory")}
    return {name: (private, public.pem) for name, (private, public) in pairs.items()}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: dict[str, tuple[bytes, bytes]]) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("WEIGHMASTER_KEY_PASSWORD", raising=False)
    for name, (private, public) in keys.items():
        Path(f"{name}.pem").write_bytes(private)
        Path(f"{name}.pub").write_bytes(public)
    Path("model").mkdir()
    Path("model/config.json").write_text('{"model_type": "bert"}')
    Path("model/numbers.pkl").write_bytes(b"(lp0\nI1\naI2\na.")
    return tmp_path


@pytest.fixture
def run(here: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    del here

    def typed(*arguments: str) -> tuple[int, str, str]:
        status = main(arguments)
        said = capsys.readouterr()
        return status, said.out, said.err

    return typed


def attest(run: Run, *arguments: str, by: str = "alice", path: str = "model") -> str:
    status, out, err = run("attest", path, "--key", f"{by}.pem", "--type", *arguments)
    assert (status, err) == (0, ""), err
    return out


def release(run: Run, sequence: int, **more: str) -> str:
    return attest(run, "release", "--name", "owner/model", "--version", "1", "--sequence", str(sequence), **more)


def listed(run: Run, *arguments: str, path: str = "model") -> tuple[int, list[dict[str, Any]]]:
    status, out, _ = run("claims", path, "--public-key", "alice.pub", "-o", "json", *arguments)
    return status, json.loads(out)["claims"]


def line(number: int) -> dict[str, Any]:
    """Return the statement in a line of the claims."""
    import base64

    found = json.loads(Path("model/claims.jsonl").read_bytes().splitlines()[number])
    statement: dict[str, Any] = json.loads(base64.b64decode(found["dsseEnvelope"]["payload"]))
    return statement


# Claiming


def test_a_release_is_claimed_and_holds(run: Run) -> None:
    assert release(run, 7) == snapshot("""\
claimed    release: owner/model 1, release 7
added to   model/claims.jsonl
""")
    status, (one,) = listed(run)
    assert (status, one["standing"], one["says"]) == (0, "holds", "owner/model 1, release 7")
    assert one["predicate"]["sequence"] == 7


def test_a_scan_is_of_the_bytes_that_are_signed(run: Run) -> None:
    attest(run, "scan", "--expires", "90d")
    said = line(0)
    assert said["predicate"]["outcome"] == "allow"
    assert said["predicate"]["summary"]["files"] == 2
    assert {one["name"] for one in said["subject"]} == {"./", "config.json", "numbers.pkl"}
    assert listed(run)[0] == 0


def test_a_scan_names_what_it_found_with_digests(run: Run) -> None:
    Path("model/hostile.pkl").write_bytes(b"cposix\nsystem\n(S'id'\ntR.")
    attest(run, "scan")
    said = line(0)["predicate"]
    assert said["outcome"] == "block"
    digest = hash_artifact("model").by_path["hostile.pkl"].sha256
    assert digest in {found["sha256"] for found in said["findings"]}
    status, (one,) = listed(run)
    assert (status, one["standing"], one["against"]) == (1, "holds", "its outcome is block")
    assert run("claims", "model", "--public-key", "alice.pub", "--require", "scan")[1].endswith(
        "Wanted: scan, but its outcome is block.\n"
    )


def test_what_changes_while_it_is_looked_at_is_not_attested(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    real = api.vet_target

    def changing(target: str, request: api.Request) -> Any:
        vetted = real(target, request)
        Path("model/numbers.pkl").write_bytes(b"cposix\nsystem\n(S'id'\ntR.")
        return vetted

    monkeypatch.setattr(api, "vet_target", changing)
    attest(run, "scan")  # What was hashed is what was looked at: what came later is another artifact.
    assert [one["standing"] for one in listed(run)[1]] == [Standing.OTHER_BYTES]

    def changed(target: str, request: api.Request) -> Any:
        Path("model/numbers.pkl").write_bytes(b"(lp0\n.")
        return real(target, request)

    monkeypatch.setattr(api, "vet_target", changed)
    for type in ("scan", "verdict"):
        Path("model/numbers.pkl").write_bytes(b"(lp0\nI1\na.")
        status, _, err = run("attest", "model", "--key", "alice.pem", "--type", type)
        assert status == 1
        assert "numbers.pkl changed after it was looked at" in err


def test_files_that_come_while_it_is_looked_at_are_not_attested(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    real = api.vet_target

    def more(target: str, request: api.Request) -> Any:
        Path("model/more.pkl").write_bytes(b"(lp0\n.")
        return real(target, request)

    monkeypatch.setattr(api, "vet_target", more)
    status, _, err = run("attest", "model", "--key", "alice.pem", "--type", "scan")
    assert (status, "more.pkl was looked at, and is no part of the artifact" in err) == (1, True)


def test_a_verdict_says_who_decided_what_by_which_policy(run: Run) -> None:
    attest(run, "verdict", "--policy", "strict", "--resource", "pkg:huggingface/owner/model@1")
    said = line(0)["predicate"]
    assert said["verificationResult"] == "PASSED"
    assert said["policy"] == {"uri": "urn:weighmaster:policy:strict"}
    assert said["resourceUri"] == "pkg:huggingface/owner/model@1"
    assert said["verifier"]["id"].startswith("urn:weighmaster:key:")


def test_a_closure_pins_what_is_needed_and_says_what_is_not(run: Run) -> None:
    Path("model/config.json").write_text('{"model_type": "x", "auto_map": {"AutoModel": "owner/code--m.Model"}}')
    Path("model/adapter_config.json").write_text('{"peft_type": "LORA", "base_model_name_or_path": "owner/base"}')
    Path("base").mkdir()
    Path("base/weights.bin").write_bytes(b"numbers")
    arguments = ("--base-model", "owner/base=base", "--tokenizer", "pkg:pypi/tok@1=sha256:" + "a" * 64)
    status, out, err = run("attest", "model", "--key", "alice.pem", "--type", "closure", *arguments)
    assert status == 0
    assert err == "weighmaster: not pinned: owner/code (remote-code, named by config.json)\n"
    assert "2 pinned (base-model owner/base, tokenizer pkg:pypi/tok@1), 1 not pinned (owner/code)" in out
    first, second = line(0)["predicate"]["dependencies"]
    assert first["digest"] == {"weighmasterTreeV1": hash_artifact("base").tree}
    assert second["purl"] == "pkg:pypi/tok@1"


def test_a_closure_says_what_could_not_be_read(run: Run) -> None:
    Path("model/unknown.bin").write_bytes(bytes(range(256)) * 3)
    status, out, err = run("attest", "model", "--key", "alice.pem", "--type", "closure")
    assert (status, err) == (0, "weighmaster: not read, so what it names is not known: unknown.bin\n")
    assert "0 pinned, 1 not read" in out


def test_a_closure_that_leaves_out_what_the_files_name_is_not_enough(run: Run) -> None:
    Path("model/adapter_config.json").write_text('{"peft_type": "LORA", "base_model_name_or_path": "owner/base"}')
    Path("closure.json").write_text('{"dependencies": [], "unpinned": []}')
    attest(run, "closure", "--predicate", "closure.json")
    assert listed(run, "--require", "closure")[0] == 0
    status, out, _ = run("claims", "model", "--public-key", "alice.pub", "--closure")
    assert status == 1
    assert "owner/base, but no closure pins it (base-model, named by adapter_config.json)." in " ".join(out.split())
    run("attest", "model", "--key", "alice.pem", "--type", "closure", "--base-model", "owner/base=sha256:" + "a" * 64)
    assert listed(run, "--closure")[0] == 0
    Path("model/claims.jsonl").unlink()
    assert run("claims", "model", "--public-key", "alice.pub", "--closure")[0] == 1


def test_a_closure_is_of_the_bytes_that_were_read(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from weighmaster.bom import look

    real = look.look

    def changed(target: str) -> Any:
        Path("model/config.json").write_text("{}")
        return real(target)

    monkeypatch.setattr(look, "look", changed)
    for type in ("closure", "bom"):
        Path("model/config.json").write_text('{"model_type": "bert"}')
        assert run("attest", "model", "--key", "alice.pem", "--type", type)[0] == 1
    assert not Path("model/claims.jsonl").exists()


def test_of_nothing_nothing_is_claimed(run: Run) -> None:
    Path("empty").mkdir()
    status, _, err = run("attest", "empty", "--key", "alice.pem", "--type", "release", *NAMED)
    assert (status, "there is no file of which anything could be claimed" in err) == (1, True)


def test_links_may_be_followed(run: Run) -> None:
    Path("cache").mkdir()
    Path("cache/numbers.pkl").symlink_to("../model/numbers.pkl")
    assert run("attest", "cache", "--key", "alice.pem", "--type", "release", *NAMED)[0] == 1
    attest(run, "release", *NAMED, "--follow-links", path="cache")
    assert listed(run, "--follow-links", path="cache")[0] == 0


def test_a_bill_of_materials_is_of_the_bytes_that_are_signed(run: Run) -> None:
    attest(run, "bom")
    said = line(0)
    assert said["predicateType"] == "https://cyclonedx.org/bom"
    assert said["predicate"]["bomFormat"] == "CycloneDX"
    assert listed(run, "--require", "bom")[0] == 0


def test_test_results_name_their_configuration_by_digest(run: Run) -> None:
    Path("suite.yaml").write_text("tests: all")
    attest(run, "test-result", "--result", "PASSED", "--configuration", "suite.yaml", "--passed", "a")
    (one,) = line(0)["predicate"]["configuration"]
    assert one["name"] == "suite.yaml"
    assert len(one["digest"]["sha256"]) == 64


def test_any_claim_may_come_from_a_file(run: Run) -> None:
    Path("card.json").write_text('{"by": "me", "score": 0.5}')
    attest(run, "https://example.org/card/v1", "--predicate", "card.json")
    assert line(0)["predicate"] == {"by": "me", "score": 0.5}
    assert listed(run, "--require", "https://example.org/card/v1")[0] == 0


def test_a_claim_that_is_not_what_its_type_promises_is_not_signed(run: Run) -> None:
    Path("vex.json").write_text("{}")
    status, _, err = run("attest", "model", "--key", "alice.pem", "--type", "vex", "--predicate", "vex.json")
    assert status == 1
    assert "it is no VEX document" in err
    assert not Path("model/claims.jsonl").exists()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--type", "release"), "a release has a --name, a --version and a --sequence"),
        (("--type", "vex"), "nothing says what is claimed: give a vex with --predicate FILE"),
        (("--type", "signature"), "a signature over the files is made by weighmaster sign"),
        (("--type", "relaese"), "no type of claim is called 'relaese'"),
        (("--type", "test-result"), "a test result has a --result"),
        (("--type", "vex", "--predicate", "missing.json"), "cannot read missing.json"),
        (("--type", "vex", "--predicate", "alice.pem"), "alice.pem cannot be read"),
        (("--type", "closure", "--base-model", "x=missing"), "no such file or folder: missing"),
    ],
)
def test_what_cannot_be_claimed_is_a_wrong_use(arguments: tuple[str, ...], error: str, run: Run) -> None:
    status, _, err = run("attest", "model", "--key", "alice.pem", *arguments)
    assert (status, error in err) == (2, True), err


@pytest.mark.parametrize("time", ["0d", "d", "1", "-1d", "1y", "²d", "9999999d"])
def test_what_is_no_period_is_a_wrong_use(time: str, run: Run) -> None:
    with pytest.raises(SystemExit) as ended:
        run("attest", "model", "--key", "alice.pem", "--type", "scan", f"--expires={time}")
    assert ended.value.code == 2


def test_claims_may_lie_elsewhere(run: Run) -> None:
    release(run, 1)
    Path("model/claims.jsonl").rename("kept.jsonl")
    attest(run, "release", "--name", "owner/model", "--version", "2", "--sequence", "2", "--claims", "kept.jsonl")
    assert listed(run)[0] == 3
    assert [one["standing"] for one in listed(run, "--claims", "kept.jsonl")[1]] == ["superseded", "holds"]
    assert run("claims", "model", "--public-key", "alice.pub", "--claims", "gone.jsonl")[0] == 2


# Hearing


def test_what_is_claimed_is_shown_with_who_and_why(run: Run, keys: dict[str, tuple[bytes, bytes]]) -> None:
    del keys
    release(run, 1)
    release(run, 2)
    release(run, 3, by="mallory")
    status, out, err = run("claims", "model", "--public-key", "alice.pub")
    assert (status, err) == (3, "")
    today = f", {datetime.now(UTC):%Y-%m-%d}"
    key = hash_of("alice")
    shown = out.replace(today, "(today)").replace(key, "(alice)")
    assert "superseded      release  key (alice)(today)" in shown
    assert "owner/model 1, release 1: line 2 is newer" in shown
    assert "holds           release  key (alice)(today)" in shown
    assert "signer unknown  release  -" in shown
    assert shown.endswith("1 of 3 claims about model holds.\n")


def hash_of(name: str) -> str:
    from weighmaster.trust.identities.keys import load_public_key

    return load_public_key(Path(f"{name}.pub").read_bytes()).keyid[:16]


@pytest.mark.parametrize("columns", ["40", "60", "200"])
def test_lines_fit_the_terminal(columns: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    release(run, 1)
    attest(run, "verdict")
    monkeypatch.setenv("COLUMNS", columns)
    out = run("claims", "model", "--public-key", "alice.pub")[1]
    assert max(map(len, out.splitlines())) <= int(columns)


@pytest.mark.parametrize("columns", ["40", "100"])
def test_whatever_a_type_is_called_lines_fit(columns: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("x.json").write_text("{}")
    attest(run, "https://example.org/" + "x" * 3000, "--predicate", "x.json")
    monkeypatch.setenv("COLUMNS", columns)
    out = run("claims", "model", "--public-key", "alice.pub")[1]
    assert max(map(len, out.splitlines())) <= max(int(columns), 60)


def test_nobody_expected_is_a_wrong_use(run: Run) -> None:
    release(run, 1)
    status, out, err = run("claims", "model")
    assert (status, out) == (2, "")
    assert "nobody is expected" in err


def test_unverified_lists_and_believes_nothing(run: Run) -> None:
    release(run, 1)
    status, out, _ = run("claims", "model", "--unverified")
    assert status == 3
    assert out.startswith("not verified  release")
    assert run("claims", "model", "--unverified", "--require", "release")[0] == 2


def test_nothing_claimed_is_no_success(run: Run) -> None:
    status, out, _ = run("claims", "model", "--public-key", "alice.pub")
    assert status == 3
    assert out == "Nothing is claimed of model: model/claims.jsonl is not there or empty.\n"


def test_a_changed_file_takes_all_claims_with_it(run: Run) -> None:
    release(run, 1)
    Path("model/numbers.pkl").write_bytes(b"(lp0\n.")
    status, (one,) = listed(run)
    assert (status, one["standing"]) == (1, "about other bytes")


def test_what_is_required_decides_alone(run: Run) -> None:
    release(run, 1)
    release(run, 1, by="mallory")
    with Path("model/claims.jsonl").open("ab") as file:
        file.write(b"nonsense\n")
    assert listed(run)[0] == 1
    assert listed(run, "--require", "release")[0] == 0
    status, out, _ = run("claims", "model", "--public-key", "alice.pub", "--require", "release", "--require", "scan")
    assert status == 1
    assert out.endswith("Wanted: scan, but there is none that holds.\n")


def test_a_release_of_another_name_is_refused(run: Run) -> None:
    release(run, 1)
    assert listed(run, "--name", "owner/model")[0] == 0
    status, (one,) = listed(run, "--name", "owner/other")
    assert (status, one["standing"]) == (1, "other name")


def test_a_release_that_was_taken_back_is_refused(run: Run) -> None:
    release(run, 1)
    before = Path("model/claims.jsonl").read_bytes()
    release(run, 2)
    assert listed(run, "--state", "seen.json")[0] == 0
    Path("model/claims.jsonl").write_bytes(before)
    status, (one,) = listed(run, "--state", "seen.json")
    assert (status, one["standing"]) == (1, "rolled back")
    assert "release 2 (1) was seen before" in one["why"]
    assert json.loads(Path("seen.json").read_bytes())["releases"]["owner/model"]["sequence"] == 2


def test_two_things_with_one_number_are_refused(run: Run) -> None:
    release(run, 1)
    assert listed(run, "--state", "seen.json")[0] == 0
    Path("model/numbers.pkl").write_bytes(b"(lp0\n.")
    Path("model/claims.jsonl").unlink()
    release(run, 1)
    status, (one,) = listed(run, "--state", "seen.json")
    assert (status, "two things have one number" in one["why"]) == (1, True)


def test_what_is_refused_is_not_remembered(run: Run) -> None:
    release(run, 5)
    assert listed(run, "--state", "seen.json", "--name", "owner/other")[0] == 1
    assert not Path("seen.json").exists()


def test_names_in_claims_cannot_act_on_the_terminal(run: Run) -> None:
    attest(run, "release", "--name", "a\x1b[2J\u202eb", "--version", "1", "--sequence", "1")
    out = run("claims", "model", "--public-key", "alice.pub")[1]
    assert "\x1b" not in out
    assert "\u202e" not in out


# From a program


def test_programs_claim_and_hear(here: Path) -> None:
    del here
    assert weighmaster.attest("model", type="scan", key="alice.pem", expires=timedelta(days=1)) == "model/claims.jsonl"
    weighmaster.attest("model", type="verdict", key="alice.pem")
    weighmaster.attest("model", type="bom", key="alice.pem")
    weighmaster.attest("model", type="https://example.org/x", key="alice.pem", predicate={"a": 1})
    found = weighmaster.claims("model", public_key="alice.pub")
    assert [one.title for one in found] == ["scan", "verdict", "bom", "https://example.org/x"]
    assert {one.standing for one in found} == {Standing.HOLDS}
    later = datetime.now(UTC) + timedelta(days=2)
    assert weighmaster.claims("model", public_key=["alice.pub"], now=later)[0].standing is Standing.STALE
    with pytest.raises(ConfigError, match="nobody is expected"):
        weighmaster.claims("model")
    with pytest.raises(ConfigError, match="needs its predicate"):
        weighmaster.attest("model", type="release", key="alice.pem")


def test_a_report_on_fewer_files_is_not_signed(here: Path) -> None:
    del here
    from weighmaster.model.settings import Settings

    manifest = hash_artifact("model")
    request = api.Request(settings=Settings(exclude=("*.pkl",)))
    with pytest.raises(TrustError, match=r"numbers\.pkl was not looked at"):
        claiming.scanned("model", request, manifest, datetime.now(UTC))


# With a log


def test_claims_that_were_cut_show_in_a_log(run: Run) -> None:
    release(run, 1)
    attest(run, "scan")
    Path("log.pem").write_bytes(generate("ed25519")[0])
    assert run("log", "init", "log", "--key", "log.pem", "--origin", "example.org/models")[0] == 0
    assert run("log", "append", "log", "--claims", "model/claims.jsonl", "--key", "log.pem")[0] == 0
    from weighmaster.trust.identities.keys import load_signer

    Path("log.pub").write_bytes(load_signer(Path("log.pem").read_bytes()).key.pem)
    logged = ("--log", "log", "--log-key", "log.pub")
    assert listed(run, *logged)[0] == 0
    proving = ("log", "prove", "log", "--claims", "model/claims.jsonl", "--public-key", "log.pub")
    assert run("claims", "model", "--public-key", "alice.pub", "--log-key", "log.pub")[0] == 1
    assert run(*proving)[0] == 0
    assert listed(run, "--log-key", "log.pub")[0] == 0
    first, second = Path("model/claims.jsonl").read_bytes().splitlines(keepends=True)
    Path("model/claims.jsonl").write_bytes(first)
    status, out, _ = run("claims", "model", "--public-key", "alice.pub", *logged)
    assert status == 1
    assert "Wanted: urn:weighmaster:scan:v1" in out
    assert "it is in the log, and not here" in out
    assert run("claims", "model", "--public-key", "alice.pub", "--log", "log")[0] == 2
    Path("model/claims.jsonl").write_bytes(first + second)
    release(run, 2)
    status, (*_, last) = listed(run, *logged)
    assert (status, last["standing"]) == (1, "not logged")
