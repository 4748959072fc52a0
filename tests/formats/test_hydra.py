"""JSON that names what to call, and expressions that a loader evaluates."""

from __future__ import annotations

import json

import pytest
from tests.samples.vetting import reads, rules_on, verdict_on

from weighmaster.extend.format import Glance
from weighmaster.formats.hydra import FORMAT
from weighmaster.model.fact import Statement
from weighmaster.reading.source import BytesSource


def _dumped(document: object) -> bytes:
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    "document",
    [
        {"_target_": "os.system"},
        [{"a": {"_target_": "builtins.exec", "_args_": ["x"]}}],
        {"x": {"type": "pyref", "module": "os", "name": "system"}},
        {"handlers": {"h": {"()": "os.system", "command": "x"}}},
        {"imports": ["$import os"], "a": "$os.system('x')"},
        {"_meta_": {}, "a": ["$__import__('os').system('x')"]},
        {"a": {"_target_": "UNet"}, "b": "$[c for c in ().__class__.__subclasses__()]"},
    ],
)
def test_what_does_harm_is_blocked(document: object) -> None:
    assert verdict_on(_dumped(document), "config.json") == "block"


def test_an_escaped_key_is_the_same_key() -> None:
    assert verdict_on(b'{"\\u005ftarget_": "os.system"}', "config.json") == "block"


@pytest.mark.parametrize(
    "document",
    [
        {"target": "x86_64", "class": "big"},
        {"a": "$5 and ${HOME}"},
        {"model_type": "bert", "architectures": ["BertModel"]},
        {"_target_": "???"},
        ["$import os"],
    ],
)
def test_plain_json_is_not_claimed(document: object) -> None:
    data = _dumped(document)
    assert not FORMAT.matches(Glance(BytesSource(data)))
    assert verdict_on(data, "config.json") == "allow"


def test_an_expression_over_the_bundle_itself_is_let_through() -> None:
    document = {
        "imports": ["$import glob", "$import os", "$import numpy as np"],
        "files": "$sorted(glob.glob(os.path.join(@root, '*.nii')))",
        "net": {"_target_": "monai.networks.nets.UNet"},
        "optimizer": {"_target_": "torch.optim.Adam", "params": "$@net.parameters()"},
    }
    assert verdict_on(_dumped(document), "inference.json") == "allow"


def test_an_expression_that_calls_what_nobody_knows_wants_a_look() -> None:
    assert verdict_on(_dumped({"imports": ["$import mine"], "a": "$mine.f(1)"}), "inference.json") == "review"


def test_code_of_a_hub_is_told() -> None:
    document = {"_target_": "transformers.AutoModel.from_pretrained", "_args_": ["a/b"], "trust_remote_code": True}
    found, _ = reads(FORMAT, _dumped(document))
    assert {read.key for read in found if isinstance(read, Statement)} == {"trust-remote-code"}
    assert "configured-danger" not in rules_on(_dumped(document), "c.json")
