"""Rules on what a configuration names: its own code, the environment."""

from __future__ import annotations

import pytest

from weighmaster.detectors.on_instantiation.configured_danger import DETECTOR as DANGER
from weighmaster.detectors.on_instantiation.configured_unknown import DETECTOR as UNKNOWN
from weighmaster.detectors.on_reference.imports_own_code import DETECTOR as OWN_CODE
from weighmaster.detectors.on_reference.reads_environment import DETECTOR as ENVIRONMENT
from weighmaster.knowledge.configured import named, told
from weighmaster.model.fact import Fact, Instantiation, Reference
from weighmaster.model.where import Where

_HERE = Where.file("f")


def _reference(kind: str, target: str) -> Reference:
    return Reference(where=_HERE, kind=kind, target=target, by="mlflow")


def test_code_beside_the_model_is_told() -> None:
    (finding,) = OWN_CODE.detect(_reference("code", "code"))
    assert finding.message == "mlflow imports 'code'"


@pytest.mark.parametrize("target", ["../code", "/code", "s3://bucket/code"])
def test_code_elsewhere_is_another_rules(target: str) -> None:
    assert not list(OWN_CODE.detect(_reference("code", target)))


def test_what_is_no_code_is_left_alone() -> None:
    assert not list(OWN_CODE.detect(_reference("weights", "model.pkl")))
    assert not list(ENVIRONMENT.detect(_reference("weights", "model.pkl")))


def test_a_variable_of_the_environment_is_told() -> None:
    (finding,) = ENVIRONMENT.detect(_reference("environment", "TOKEN"))
    assert "'TOKEN'" in finding.message


@pytest.mark.parametrize(
    "by", ["hydra", "jsonargparse", "instantiate_from_config", "fiddle", "monai", "logging", "yaml"]
)
def test_every_loader_tells_harm_from_what_computes(by: str) -> None:
    harm = named(by, "os.system", "", _HERE)
    assert list(DANGER.detect(harm))
    assert not list(UNKNOWN.detect(harm))
    layer = named(by, "torch.nn.functional.gelu", "", _HERE)
    assert not list(DANGER.detect(layer))
    assert not list(UNKNOWN.detect(layer))
    mine = named(by, "mine.Thing", "", _HERE)
    assert not list(DANGER.detect(mine))
    assert list(UNKNOWN.detect(mine))


@pytest.mark.parametrize(
    "target",
    [
        "os.system",
        "os.path.os.system",
        "torch.nn.modules.module.os.system",
        "posix.system",
        "os.system.__call__",
        "eval",
    ],
)
def test_a_name_is_taken_apart_where_it_does_most_harm(target: str) -> None:
    assert list(DANGER.detect(named("hydra", target, "", _HERE)))


def test_what_is_known_of_a_part_of_a_library_decides_before_what_is_known_of_all_of_it() -> None:
    assert not list(DANGER.detect(named("logging", "uvicorn.logging.AccessFormatter", "", _HERE)))
    assert list(DANGER.detect(named("logging", "uvicorn.main.run", "", _HERE)))


def test_a_document_that_holds_itself_is_looked_at_once() -> None:
    root: dict[str, object] = {"_target_": "os.system"}
    root["a"] = [root, {"b": root}]
    facts: list[Fact] = list(told(root, _HERE))
    assert [type(fact) for fact in facts] == [Instantiation]
