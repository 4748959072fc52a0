"""Configurations inside checkpoints."""

from __future__ import annotations

import pickle

import pytest
from tests.samples.vetting import verdict_on

from weighmaster.extend.format import Glance
from weighmaster.formats.hyperparameters import FORMAT
from weighmaster.reading.source import BytesSource


def _checkpoint(hyper: object, protocol: int = 2) -> bytes:
    return pickle.dumps({"epoch": 1, "state_dict": {"w": [1.0]}, "hyper_parameters": hyper}, protocol)


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize(
    "hyper",
    [
        {"_instantiator": "os.system"},
        {"model": {"_target_": "os.system", "command": "x"}},
        [{"a": ({"_target_": "builtins.exec"},)}],
        {"first": "os.system", "_instantiator": "os.system"},
    ],
)
def test_what_does_harm_is_blocked(hyper: object, protocol: int) -> None:
    assert verdict_on(_checkpoint(hyper, protocol), "model.ckpt") == "block"


def test_an_instantiator_that_nobody_knows_wants_a_look() -> None:
    assert verdict_on(_checkpoint({"_instantiator": "mine.make"}), "model.ckpt") == "review"


@pytest.mark.parametrize(
    "hyper",
    [
        {"_instantiator": "lightning.pytorch.cli.instantiate_module", "lr": 0.1},
        {"model": {"_target_": "mine.models.Net", "width": 3}},
        {"model": {"_target_": "torch.nn.Linear"}},
        {"lr": 0.1},
    ],
)
def test_what_honest_checkpoints_keep_is_let_through(hyper: object) -> None:
    assert verdict_on(_checkpoint(hyper), "model.ckpt") == "allow"


def test_a_state_that_holds_itself_is_read_once() -> None:
    hyper: dict[str, object] = {"_target_": "os.system"}
    hyper["a"] = [hyper, (hyper,)]
    assert verdict_on(_checkpoint(hyper), "model.ckpt") == "block"


def test_a_pickle_without_such_names_is_not_asked_about() -> None:
    assert not FORMAT.matches(Glance(BytesSource(_checkpoint({"lr": 1}))))
