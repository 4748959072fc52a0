"""skops: what a schema has its loader make."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import numpy as np
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer
from tests.samples.vetting import report_on, verdict_on
from tests.samples.whole.sundry import node, text_node

from weighmaster.model.verdict import Outcome


def packed(schema: dict[str, Any], **members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("schema.json", json.dumps(schema | {"protocol": 2, "_skops_version": "0.16.0"}))
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def arguments(*items: dict[str, Any]) -> dict[str, Any]:
    return node("TupleNode", "builtins", "tuple", content=list(items))


_DICT = node("DictNode", "builtins", "dict")


def test_estimators_are_allowed() -> None:
    x, y = np.random.default_rng(1).random((20, 2)), np.arange(20) % 2
    for model in (LogisticRegression().fit(x, y), FunctionTransformer(np.log1p), {"a": [1, (2.5, None)]}):
        data = skops.io.dumps(model)
        assert "skops" in {name for artifact in report_on(data).artifacts for name in artifact.formats}
        assert verdict_on(data, "model.skops") is Outcome.ALLOW


@pytest.mark.parametrize(
    "schema",
    [
        node("ConstructorFromReduceNode", "posix", "system", content=arguments(text_node("true"))),
        node("ObjectNode", "os", "system", content=None),
        node("FunctionNode", "builtins", "eval"),
        node("TypeNode", "subprocess", "Popen"),
        node("ListNode", "subprocess", "getoutput", content=[text_node("true")]),
        node("PartialNode", "functools", "partial", content={"func": node("FunctionNode", "posix", "system")}),
        node("OperatorFuncNode", "operator", "call", attrs=arguments(node("FunctionNode", "numpy", "sum"))),
        node("OperatorFuncNode", "sklearn.svm", "attrgetter", attrs=arguments(text_node("a"))),
        node("MethodNode", "builtins", "dict", content={"func": "__class__", "obj": _DICT}),
        node("MethodNode", "builtins", "str", content={"func": "get", "obj": _DICT}),
        node("NdArrayNode", "numpy", "ndarray", type="numpy", file="../../etc/passwd"),
    ],
    ids=lambda schema: f"{schema['__loader__']} {schema['__class__']}",
)  # fmt: skip
@pytest.mark.parametrize("inside", [False, True])
def test_a_node_that_does_harm_is_blocked_however_deep(schema: dict[str, Any], *, inside: bool) -> None:
    for _ in range(150 if inside else 0):
        schema = node("ListNode", "builtins", "list", content=[text_node("a"), schema])
    assert verdict_on(packed(schema), "model.skops") is Outcome.BLOCK


@pytest.mark.parametrize(
    "schema",
    [
        node("ObjectNode", "somebodys.library", "Estimator", content=None),
        node("OperatorFuncNode", "operator", "methodcaller", attrs=arguments(text_node("a"))),
        node("OwnNode", "builtins", "list", content=[]),
    ],
    ids=lambda schema: schema["__loader__"],
)
def test_what_is_not_known_waits_for_a_person(schema: dict[str, Any]) -> None:
    assert verdict_on(packed(schema), "model.skops") is Outcome.REVIEW


def test_the_bit_generator_that_a_text_names_is_made_too() -> None:
    honest = skops.io.dumps(np.random.default_rng(1))
    assert verdict_on(honest) is Outcome.ALLOW
    state = node("DictNode", "builtins", "dict", content={"bit_generator": text_node("save")})
    schema = node("RandomGeneratorNode", "numpy.random", "Generator", content={"bit_generator": state})
    assert verdict_on(packed(schema)) is not Outcome.BLOCK


def test_a_pickle_under_that_name_is_read_as_a_pickle() -> None:
    assert verdict_on(b"cposix\nsystem\n(S'true'\ntR.", "model.skops") is Outcome.BLOCK


def test_a_pickle_among_the_members_is_read() -> None:
    data = packed(node("BytesNode", "builtins", "bytes", file="a.bin"), **{"a.bin": b"cposix\nsystem\n(S'true'\ntR."})
    assert verdict_on(data, "model.skops") is Outcome.BLOCK


def test_a_node_without_a_class_is_unreadable() -> None:
    for broken in (
        {"__loader__": 1},
        {"__loader__": "ListNode"},
        {"__loader__": "MethodNode", "__module__": "a", "__class__": "b"},
    ):
        schema = node("ListNode", "builtins", "list", content=[broken])
        assert verdict_on(packed(schema), "model.skops") is Outcome.REVIEW
