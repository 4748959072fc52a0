"""Folders of weights, and claims about where a file comes from."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tests.conversion.converting import same, saved

from weighmaster.conversion.claim import claim
from weighmaster.conversion.convert import Wanted, convert
from weighmaster.conversion.folder import convert_folder, converted_name
from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.model.value import replace

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SHARDS = [{"a.w": torch.ones(2, 3), "a.b": torch.zeros(2)}, {"b.w": torch.arange(4.0)}]


@pytest.fixture
def sharded(tmp_path: Path) -> Path:
    """A folder as the Hub has them."""
    folder = tmp_path / "model"
    folder.mkdir()
    weight_map: dict[str, str] = {}
    for number, shard in enumerate(SHARDS, 1):
        name = f"pytorch_model-{number:05}-of-00002.bin"
        (folder / name).write_bytes(saved(shard))
        weight_map |= dict.fromkeys(shard, name)
    index = {"metadata": {"total_size": 48}, "weight_map": weight_map}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps(index))
    (folder / "config.json").write_text("{}")
    (folder / "training_args.bin").write_bytes(saved({"lr": 0.1}))
    return folder


def test_shards_and_their_index_are_converted_together(sharded: Path, tmp_path: Path) -> None:
    done = convert_folder(str(sharded), str(tmp_path / "out"), Wanted())
    names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    assert sorted(os.listdir(tmp_path / "out")) == [*names, "model.safetensors.index.json"]
    for name, shard in zip(names, SHARDS, strict=True):
        same(load_file(tmp_path / "out" / name), shard)
    index = json.loads((tmp_path / "out" / "model.safetensors.index.json").read_text())
    assert index["metadata"] == {"total_size": 48}
    assert index["weight_map"] == {"a.w": names[0], "a.b": names[0], "b.w": names[1]}
    assert [name for name, _ in done.skipped] == ["training_args.bin"]


def test_an_index_that_does_not_hold_is_refused(sharded: Path, tmp_path: Path) -> None:
    path = sharded / "pytorch_model.bin.index.json"
    path.write_text(path.read_text().replace('"b.w"', '"b.v"'))
    with pytest.raises(TrustError, match=r"'b.v' is in pytorch_model-00002-of-00002.bin, and it is not"):
        convert_folder(str(sharded), str(tmp_path / "out"), Wanted())


def test_an_index_that_could_be_read_in_two_ways_is_refused(sharded: Path, tmp_path: Path) -> None:
    (sharded / "pytorch_model.bin.index.json").write_text('{"weight_map": {}, "weight_map": {}}')
    with pytest.raises(TrustError, match="twice"):
        convert_folder(str(sharded), str(tmp_path / "out"), Wanted())


def test_two_files_never_become_one(tmp_path: Path) -> None:
    for name in ("pytorch_model.bin", "model.pt"):
        (tmp_path / name).write_bytes(saved({"w": torch.ones(1)}))
    with pytest.raises(ConfigError, match="would both become"):
        convert_folder(str(tmp_path), str(tmp_path / "out"), Wanted())


@pytest.mark.parametrize(
    ("name", "new"),
    [
        ("pytorch_model.bin", "model"),
        ("adapter_model.bin", "adapter_model"),
        ("diffusion_pytorch_model.fp16.bin", "diffusion_pytorch_model.fp16"),
        ("pytorch_lora_weights.bin", "pytorch_lora_weights"),
        ("last.ckpt", "last"),
        ("params.npz", "params"),
    ],
)
def test_files_get_the_names_under_which_libraries_look_for_them(name: str, new: str) -> None:
    assert converted_name(name) == f"{new}.safetensors"


def test_a_claim_names_the_source_by_its_digest(tmp_path: Path) -> None:
    from hashlib import sha256

    from weighmaster.trust.evidence import claimsfile
    from weighmaster.trust.identities.generate import generate
    from weighmaster.trust.identities.keys import load_signer

    source, target = tmp_path / "a.pt", tmp_path / "a.safetensors"
    source.write_bytes(saved({"w": torch.ones(1), "epoch": 3}))
    signer = load_signer(generate("ed25519")[0])
    wanted = Wanted(digests=True)
    done = convert(str(source), str(target), wanted)
    path = claim(done, wanted, signer, started=NOW, finished=NOW)
    assert path == f"{target}.claims.jsonl"
    (line,) = claimsfile.read(path)
    assert isinstance(line, claimsfile.Claim)
    said = line.statement
    assert said.predicate_type == "https://slsa.dev/provenance/v1"
    digests = {subject.name: subject.digest("sha256") for subject in said.subjects}
    assert digests["a.safetensors"] == sha256(target.read_bytes()).hexdigest()
    definition = said.predicate["buildDefinition"]
    assert definition["buildType"] == "urn:weighmaster:convert:v1"
    (dependency,) = definition["resolvedDependencies"]
    assert (dependency["name"], dependency["digest"]) == ("a.pt", {"sha256": sha256(source.read_bytes()).hexdigest()})
    assert definition["internalParameters"]["left"] == [{"path": "epoch", "kind": "value", "detail": "int 3"}]


def test_nothing_is_claimed_of_a_file_that_is_another_by_then(tmp_path: Path) -> None:
    from weighmaster.trust.identities.generate import generate
    from weighmaster.trust.identities.keys import load_signer

    (tmp_path / "a.pt").write_bytes(saved({"w": torch.ones(1)}))
    signer = load_signer(generate("ed25519")[0])
    done = convert(str(tmp_path / "a.pt"), str(tmp_path / "out"), Wanted(digests=True))
    (tmp_path / "out").write_bytes(b"another")
    with pytest.raises(TrustError, match="is not what was written"):
        claim(done, Wanted(), signer, started=NOW, finished=NOW)
    with pytest.raises(TrustError):
        claim(replace(done, target_sha256=""), Wanted(), signer, started=NOW, finished=NOW)
    assert sorted(os.listdir(tmp_path)) == ["a.pt", "out"]
