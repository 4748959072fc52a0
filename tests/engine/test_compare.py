"""One model in two formats: the same numbers pass, other numbers are found."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

import weighmaster
from weighmaster.engine.compare import Pair, pairs
from weighmaster.model.verdict import Outcome, Vetted


def model(*, poisoned: bool = False) -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    tensors = {f"layer.{number}.weight": torch.rand(4, number + 1) for number in range(100)}
    if poisoned:
        tensors["layer.70.weight"][0, 0] += 1e-3
    return tensors


def said(vetted: Vetted) -> list[str]:
    return [finding.message for finding in vetted.report.findings if finding.rule.id == "two-formats-differ"]


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt"])
@pytest.mark.parametrize("poisoned", [False, True])
def test_a_poisoned_copy_beside_a_clean_one_is_found(tmp_path: Path, name: str, *, poisoned: bool) -> None:
    save_file(model(), tmp_path / "model.safetensors")
    torch.save(model(poisoned=poisoned), tmp_path / name)
    vetted = weighmaster.vet(tmp_path)
    assert vetted.verdict.outcome is (Outcome.REVIEW if poisoned else Outcome.ALLOW)
    assert said(vetted) == (["1 of 100 tensors hold other numbers than those of model.safetensors"] if poisoned else [])


def test_shared_and_missing_tensors_and_other_precisions_are_no_difference(tmp_path: Path) -> None:
    tensors = model()
    save_file({"a": tensors["layer.3.weight"], "b": tensors["layer.4.weight"]}, tmp_path / "model.safetensors")
    shared = tensors["layer.3.weight"]
    others = {"a": shared, "tied": shared, "buffer": torch.arange(7), "b": tensors["layer.4.weight"].half()}
    torch.save(others, tmp_path / "pytorch_model.bin")
    assert said(weighmaster.vet(tmp_path)) == []


def test_shards_are_one_model(tmp_path: Path) -> None:
    tensors = model()
    half = {name: tensor for number, (name, tensor) in enumerate(tensors.items()) if number < 50}
    rest = {name: tensor for name, tensor in tensors.items() if name not in half}
    save_file(half, tmp_path / "model-00001-of-00002.safetensors")
    save_file(rest, tmp_path / "model-00002-of-00002.safetensors")
    torch.save(model(poisoned=True), tmp_path / "pytorch_model.bin")
    assert len(said(weighmaster.vet(tmp_path))) == 1


def test_names_tell_what_is_one_model() -> None:
    names = ["a/model.safetensors", "a/pytorch_model.bin", "b/model.safetensors", "c/model.bin", "a/optimizer.pt"]
    names += ["d/model.fp16.safetensors", "d/pytorch_model.bin", "e/x.safetensors", "e/x.ckpt"]
    assert list(pairs(names)) == [
        Pair(safe=("a/model.safetensors",), other=("a/pytorch_model.bin",)),
        Pair(safe=("e/x.safetensors",), other=("e/x.ckpt",)),
    ]
