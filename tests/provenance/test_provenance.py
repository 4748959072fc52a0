"""A run is recorded by the digests of what went in and came out, and can be run again."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2

import weighmaster
from weighmaster import provenance
from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.provenance.code import code_in
from weighmaster.provenance.command import run_observed
from weighmaster.provenance.differences import differences
from weighmaster.provenance.reproduce import Repetition, environment_differences, recipe
from weighmaster.trust.evidence.envelope import IN_TOTO, Envelope
from weighmaster.trust.evidence.statement import Statement, Whole, read
from weighmaster.trust.manifests.hashing import hash_artifact
from weighmaster.trust.manifests.manifest import TREE_ALGORITHM

_TRAIN = """
import json, random, struct, sys
random.seed(int(sys.argv[1]))
data = [float(x) for x in open("data/numbers.txt").read().split()]
config = json.load(open("config.json"))
weights = [x * config["rate"] + random.random() for x in data]
header = json.dumps({"w": {"dtype": "F32", "shape": [len(weights)], "data_offsets": [0, 4 * len(weights)]}}).encode()
header += b" " * (-len(header) % 8)
with open("model.safetensors", "wb") as file:
    file.write(struct.pack("<Q", len(header)) + header + struct.pack(f"<{len(weights)}f", *weights))
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    (folder / "data").mkdir(parents=True)
    (folder / "data/numbers.txt").write_text("1 2 3")
    (folder / "config.json").write_text('{"rate": 0.5}')
    (folder / "train.py").write_text(_TRAIN)
    (folder / ".gitignore").write_text("data\nmodel.safetensors\n*.json.out\n")
    _git(folder, "init", "-q")
    _git(folder, "add", ".")
    _git(folder, "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-q", "-m", "first")
    monkeypatch.chdir(folder)
    return folder


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)


def _weighmaster(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    program = "from weighmaster.fronts.cli.main import run; run()"
    environment = {**os.environ, "PYTHONPATH": str(Path(weighmaster.__file__).parents[1])}
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        **options,
    )


def _recorded(*more: str, seed: int = 7) -> subprocess.CompletedProcess[str]:
    return _weighmaster(
        *("record", "--input", "data=data", "--output", "model.safetensors", "--statement", "run.json.out"),
        *("--seed", f"random={seed}", "--parameter", "rate=0.5", *more, "--", sys.executable, "train.py", str(seed)),
    )


def _read(path: Path) -> Statement:
    return read(Envelope(payload=path.read_bytes().strip(), payload_type=IN_TOTO, signatures=()))


def _dependencies(predicate: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {each.get("name", "code"): each for each in predicate["buildDefinition"]["resolvedDependencies"]}


def test_a_recorded_command_names_inputs_code_seeds_and_outputs_by_digest(project: Path) -> None:
    done = _recorded()
    assert done.returncode == 0, done.stderr
    statement = _read(project / "run.json.out")
    assert not Whole(hash_artifact(project / "model.safetensors")).differs(statement)
    definition = statement.predicate["buildDefinition"]
    assert definition["externalParameters"]["seeds"] == {"random": 7}
    assert definition["externalParameters"]["parameters"] == {"rate": "0.5"}
    assert definition["externalParameters"]["command"] == [sys.executable, "train.py", "7"]
    found = _dependencies(statement.predicate)
    assert found["data"]["digest"] == {TREE_ALGORITHM: hash_artifact(project / "data").tree}
    head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    assert found["code"]["digest"] == {"gitCommit": head}
    assert found["code"]["annotations"]["dirty"] is False
    internal = definition["internalParameters"]
    assert {"name", "version", "record"} <= set(internal["environment"]["packages"][0])
    assert internal["hardware"]["cores"] == os.cpu_count()


def test_a_file_that_nobody_named_is_listed_with_its_digest(project: Path) -> None:
    assert _recorded().returncode == 0
    found = _dependencies(_read(project / "run.json.out").predicate)["config.json"]
    assert found["annotations"]["role"] == "observed"
    assert found["digest"]["sha256"] == hashlib.sha256(b'{"rate": 0.5}').hexdigest()


def test_the_statement_is_slsa_provenance_to_the_reference_implementation(project: Path) -> None:
    assert _recorded().returncode == 0
    predicate = json_format.ParseDict(_read(project / "run.json.out").predicate, provenance_pb2.Provenance())
    assert predicate.build_definition.build_type == "urn:weighmaster:run:v1"
    assert len(predicate.build_definition.resolved_dependencies) >= 3
    assert predicate.run_details.metadata.started_on.seconds > 0


def test_changed_code_is_called_dirty_and_told_apart_by_its_changes(project: Path) -> None:
    with (project / "train.py").open("a") as file:
        file.write("# one\n")
    one = code_in(str(project))
    (project / "new.py").write_text("")
    two = code_in(str(project))
    assert one is not None
    assert two is not None
    assert one.is_dirty
    assert one.commit == two.commit
    assert one.changes != two.changes


def test_a_password_in_the_address_of_the_repository_is_not_written_down(project: Path) -> None:
    _git(project, "remote", "add", "origin", "https://someone:secret@example.org/code.git")
    code = code_in(str(project))
    assert code is not None
    assert code.origin == "https://example.org/code.git"


def test_a_command_that_fails_records_nothing_and_keeps_its_status(project: Path) -> None:
    done = _weighmaster(
        *("record", "--output", "out", "--statement", "run.json.out", "--"), sys.executable, "-c", "raise SystemExit(5)"
    )
    assert done.returncode == 5
    assert not (project / "run.json.out").exists()
    assert "nothing was recorded" in done.stderr


def test_an_input_that_changes_while_it_is_used_is_refused(project: Path) -> None:
    program = "open('data/numbers.txt', 'a').write(' 4'); open('out', 'w').write('x')"
    done = _weighmaster(
        *("record", "--input", "data", "--output", "out", "--statement", "run.json.out", "--"),
        *(sys.executable, "-c", program),
    )
    assert done.returncode == 1
    assert "the input data (data) changed while it was used" in done.stderr
    assert not (project / "run.json.out").exists()


def test_the_environment_keeps_the_sitecustomize_it_had(project: Path) -> None:
    (project / "custom").mkdir()
    (project / "custom/sitecustomize.py").write_text("open('customized', 'w').close()")
    status, found = run_observed(
        [sys.executable, "-c", "open('seen', 'w').close()"], variables={"PYTHONPATH": str(project / "custom")}
    )
    assert status == 0
    assert (project / "customized").exists()
    assert str(project / "seen") in found["written"]


def test_secrets_of_the_environment_are_not_written_down(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_very_secret")
    monkeypatch.setenv("PYTHONHASHSEED", "3")
    assert _recorded().returncode == 0
    assert "hf_very_secret" not in (project / "run.json.out").read_text()
    environment = _read(project / "run.json.out").predicate["buildDefinition"]["internalParameters"]["environment"]
    assert environment["variables"]["PYTHONHASHSEED"] == "3"


def test_a_program_that_is_not_python_is_recorded_by_what_was_named(project: Path) -> None:
    done = _weighmaster(
        *("record", "--input", "data", "--output", "out", "--statement", "run.json.out", "--"),
        "cp",
        "config.json",
        "out",
    )
    assert done.returncode == 0
    assert "no Python process was observed" in done.stderr
    assert set(_dependencies(_read(project / "run.json.out").predicate)) == {"data", "code"}


def test_a_block_that_raises_records_nothing(project: Path) -> None:
    with (
        pytest.raises(RuntimeError, match="no"),
        provenance.record(inputs={"data": "data"}, outputs=["out"], statement="run.json.out"),
    ):
        raise RuntimeError("no")
    assert not (project / "run.json.out").exists()


def test_whoever_signs_nothing_and_writes_nothing_is_told() -> None:
    with pytest.raises(ConfigError, match="nothing would be written"), provenance.record(outputs=["out"]):
        pass


def test_time_comes_from_the_clock_that_is_given(project: Path) -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    with provenance.record(outputs=["out"], statement="run.json.out", clock=lambda: moment):
        (project / "out").write_text("x")
    metadata = _read(project / "run.json.out").predicate["runDetails"]["metadata"]
    assert metadata == {"startedOn": "2026-01-02T03:04:05Z", "finishedOn": "2026-01-02T03:04:05Z"}


def test_a_run_that_repeats_gives_the_same_bits(project: Path) -> None:
    assert _recorded().returncode == 0
    done = _weighmaster("reproduce", "run.json.out", "--into", "../again", "--unverified")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "same     model.safetensors: every bit" in done.stdout
    assert (project.parent / "again/model.safetensors").read_bytes() == (project / "model.safetensors").read_bytes()


def test_a_run_that_does_not_repeat_is_compared_number_by_number(project: Path) -> None:
    chance = "import os; random.seed(int.from_bytes(os.urandom(4), 'big'))\n"
    (project / "train.py").write_text(_TRAIN.replace("data =", chance + "data ="))
    _git(project, "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-q", "-a", "-m", "chance")
    assert _recorded().returncode == 0
    done = _weighmaster("reproduce", "run.json.out", "--into", "../again", "--unverified")
    assert done.returncode == 1
    assert "w  F32 3  3 of 3 numbers, by " in done.stdout


def test_nothing_runs_when_an_input_is_not_what_it_was(project: Path) -> None:
    assert _recorded().returncode == 0
    (project / "data/numbers.txt").write_text("1 2 4")
    done = _weighmaster("reproduce", "run.json.out", "--into", "../again", "--unverified")
    assert done.returncode == 1
    assert "the input data (data) is not what it was" in done.stderr.replace("\n", "")
    assert not (project.parent / "again").exists()


def test_an_input_may_lie_elsewhere_now(project: Path) -> None:
    assert _recorded().returncode == 0
    (project / "data").rename(project.parent / "moved")
    done = _weighmaster(
        "reproduce", "run.json.out", "--into", "../again", "--unverified", "--input", f"data={project.parent / 'moved'}"
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_statement_that_nobody_vouches_for_runs_nothing_unless_asked(project: Path) -> None:
    assert _recorded().returncode == 0
    done = _weighmaster("reproduce", "run.json.out", "--into", "../again")
    assert done.returncode == 2
    assert "say whose it must be" in done.stderr
    assert not (project.parent / "again").exists()


def test_a_dry_run_shows_the_command_and_runs_nothing(project: Path) -> None:
    assert _recorded().returncode == 0
    (project / "model.safetensors").unlink()
    done = _weighmaster("reproduce", "run.json.out", "--dry-run")
    assert done.returncode == 0
    assert "train.py 7" in done.stdout
    assert "input    data  data" in done.stdout
    assert not (project / "model.safetensors").exists()


def test_other_packages_are_told(project: Path) -> None:
    assert _recorded().returncode == 0
    wanted = recipe(_read(project / "run.json.out"))
    here = [{"name": name, "version": version} for name, version in wanted.packages]
    assert list(environment_differences(wanted, here, wanted.python)) == []
    here[0] = {"name": here[0]["name"], "version": "0.0.0"}
    said = list(environment_differences(wanted, here[:-1], "3.99"))
    assert said[0] == f"Python is 3.99, and was {wanted.python}"
    assert any("is 0.0.0, and was" in each for each in said)
    assert any("is not installed, and was" in each for each in said)


def test_a_folder_in_use_is_not_run_in(project: Path) -> None:
    assert _recorded().returncode == 0
    again = Repetition(recipe(_read(project / "run.json.out")), str(project), original=str(project))
    with pytest.raises(ConfigError, match="is not empty"):
        again.prepare()


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "float64", "int64", "int8", "bool", "uint8"])
def test_differences_are_those_that_torch_finds(tmp_path: Path, dtype: str) -> None:
    import torch
    from safetensors.torch import save_file

    generator = torch.Generator().manual_seed(1)
    kind = getattr(torch, dtype)
    one = (torch.rand(3000, generator=generator) * 4).to(kind)
    other = one.clone()
    for at in (0, 17, 2999):
        other[at] = torch.logical_not(other[at]) if dtype == "bool" else other[at] + 2
    same = torch.ones(4)
    save_file({"w": one, "same": same}, tmp_path / "one.safetensors")
    save_file({"w": other, "same": same}, tmp_path / "other.safetensors")
    (found,) = differences(str(tmp_path / "one.safetensors"), str(tmp_path / "other.safetensors"))
    assert (found.name, found.differing, found.elements) == ("w", int((one != other).sum()), 3000)
    assert found.largest == float((one.double() - other.double()).abs().max())


def test_a_tensor_that_came_went_or_changed_its_shape_is_named(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    save_file({"gone": torch.ones(2), "kept": torch.ones(2, 3)}, tmp_path / "one.safetensors")
    save_file({"new": torch.ones(2), "kept": torch.ones(3, 2)}, tmp_path / "other.safetensors")
    found = differences(str(tmp_path / "one.safetensors"), str(tmp_path / "other.safetensors"))
    assert {each.name: each.note for each in found} == {
        "gone": "only there before",
        "kept": "is F32 [3, 2] now",
        "new": "is new",
    }


def test_files_without_tensors_are_not_called_the_same(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("a")
    (tmp_path / "other").write_text("b")
    with pytest.raises(TrustError, match="no reader finds tensors"):
        differences(str(tmp_path / "one"), str(tmp_path / "other"))


@pytest.mark.parametrize(
    "change",
    [
        {"buildDefinition": 3},
        {"buildDefinition": {"buildType": "x"}},
        {"buildDefinition": {"buildType": "urn:weighmaster:run:v1", "externalParameters": {"command": "rm"}}},
        {"buildDefinition": {"buildType": "urn:weighmaster:run:v1", "externalParameters": {"command": [1]}}},
        {},
    ],
)
def test_a_statement_of_another_shape_is_refused(change: dict[str, Any]) -> None:
    broken = Statement(subjects=(), predicate_type="https://slsa.dev/provenance/v1", predicate=change, raw=b"")
    with pytest.raises(TrustError, match="tells of no run that can be repeated"):
        recipe(broken)


def test_a_signed_statement_lies_among_the_claims_and_repeats_for_whom_one_expects(project: Path) -> None:
    assert _weighmaster("keygen", "key.json.out").returncode == 0
    public = next(project.glob("key*pub*"))
    assert _weighmaster("keygen", "other.json.out").returncode == 0
    other = next(project.glob("other*pub*"))
    done = _weighmaster(
        *("record", "--input", "data=data", "--output", "model.safetensors", "--key", "key.json.out", "--"),
        *(sys.executable, "train.py", "7"),
    )
    assert done.returncode == 0, done.stderr
    claims = "model.safetensors.claims.jsonl"
    refused = _weighmaster("reproduce", claims, "--into", "../again", "--public-key", str(other))
    assert refused.returncode == 1
    assert not (project.parent / "again").exists()
    again = _weighmaster("reproduce", claims, "--into", "../again", "--public-key", str(public))
    assert again.returncode == 0, again.stdout + again.stderr


def test_a_statement_without_a_signature_is_nobodys(project: Path) -> None:
    assert _recorded().returncode == 0
    assert _weighmaster("keygen", "key.json.out").returncode == 0
    public = next(project.glob("key*pub*"))
    done = _weighmaster("reproduce", "run.json.out", "--into", "../again", "--public-key", str(public))
    assert done.returncode == 1
    assert "is not signed" in done.stderr
