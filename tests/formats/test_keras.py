"""Keras: what a configuration names, carries and opens is told, in every place and spelling that a loader takes."""

from __future__ import annotations

import base64
import json
import marshal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.samples.pickles import call, name, pickle_of
from tests.samples.techniques.keras_models import keras_of
from tests.samples.vetting import inner_bytes, reads, report_on, rules_on, verdict_on
from tests.samples.whole import hdf5 as whole

from weighmaster.formats.keras import FORMAT as KERAS
from weighmaster.formats.keras_config import FORMAT
from weighmaster.knowledge.instantiation import judgement
from weighmaster.model.fact import CodeObject, Instantiation, Operation, Reference

HOSTILE = pickle_of(call(name("posix", "system"), "true weighmaster_fired"))
CODE = marshal.dumps(compile("lambda x: x", "", "eval").co_consts[0])
BASE64 = base64.encodebytes(CODE).decode()


def _model(*layers: Any) -> dict[str, Any]:
    return {"module": "keras", "class_name": "Sequential", "config": {"name": "m", "layers": list(layers)}}


def _layer(kind: str, module: str | None = "keras.layers", /, **config: Any) -> dict[str, Any]:
    return {"module": module, "class_name": kind, "config": config, "registered_name": None}


def _json(document: Any) -> bytes:
    return json.dumps(document).encode()


def _names(document: Any) -> set[str]:
    return {read.dotted for read in reads(FORMAT, _json(document))[0] if isinstance(read, Instantiation)}


def _targets(document: Any) -> set[tuple[str, str]]:
    found = reads(FORMAT, _json(document))[0]
    return {(read.kind, read.target) for read in found if isinstance(read, Reference)}


def test_every_class_is_named_once() -> None:
    document = _model(_layer("Dense", activation="relu"), _layer("Dense"), _model(_layer("Conv2D")))
    assert _names(document) == {"keras.Sequential", "keras.layers.Dense", "keras.layers.Conv2D"}


def test_honest_models_of_each_age_are_let_through() -> None:
    keras_2 = {"class_name": "Model", "config": {"layers": [{"class_name": "Dense", "config": {"units": 2}}]},
               "keras_version": "2.4.0", "backend": "tensorflow"}  # fmt: skip
    keras_1 = {"class_name": "Sequential", "config": [{"class_name": "Convolution2D", "config": {"nb_filter": 3}}]}
    tf_keras = _model(_layer("Dense", "tf_keras.layers"), _layer("LSTM", "tensorflow.keras.layers"))
    training = {"optimizer_config": {"class_name": "Adam", "config": {"lr": 0.1}}, "loss": "mse", "metrics": ["acc"]}
    words = _model(_layer("StringLookup", vocabulary=["a", "b.c", "os.path", "/x/y"], encoding="utf-8"))
    browser = {"format": "layers-model", "modelTopology": {"model_config": keras_2}, "weightsManifest": []}
    for document in (
        keras_2,
        keras_1,
        tf_keras,
        training,
        words,
        browser,
        _model(_layer("Functional", "keras.src.models.functional")),
    ):
        assert verdict_on(_json(document), "model.json") == "allow", document


@pytest.mark.parametrize(
    ("module", "called"),
    [
        ("os", "system"), ("builtins", "exec"), ("subprocess", "Popen"), ("keras.utils", "get_file"),
        ("keras.src.utils.file_utils", "get_file"), ("tensorflow.keras.utils", "get_file"),
        ("tf_keras.utils", "get_file"),
        ("keras.api.utils", "get_file"), ("keras.config", "enable_unsafe_deserialization"),
        ("keras.models", "load_model"), ("keras.saving", "load_model"), ("keras.src.saving.saving_api", "load_model"),
        ("keras.utils", "image_dataset_from_directory"), ("keras.preprocessing.image", "load_img"),
        ("keras.src.utils.python_utils", "func_load"), ("keras.layers", "deserialize"), ("pickle", "loads"),
        ("keras.datasets.mnist", "load_data"),
    ],
)  # fmt: skip
def test_what_does_harm_is_found_as_a_class_a_function_and_a_loss(module: str, called: str) -> None:
    function = {"module": module, "class_name": "function", "config": called, "registered_name": "function"}
    for document in (
        _model(_layer(called, module)),
        _model(_layer("Dense", activation=function)),
        _model(_layer("Lambda", function=function, arguments={"x": 1})),
        {**_model(_layer("Dense")), "compile_config": {"loss": {"a": [function]}}},
        {**_model(_layer("Dense")), "build_config": function},
        _model(_layer("TimeDistributed", layer=_layer("Bidirectional", layer=_layer(called, module)))),
    ):
        assert "configured-danger" in rules_on(_json(document), "model.json"), document


def test_a_class_of_ones_own_waits_for_a_person() -> None:
    for document in (
        _model({"module": "mine", "class_name": "Layer", "config": {}, "registered_name": "mine>Layer"}),
        _model({"module": "mine", "class_name": "Layer", "config": {}, "registered_name": "Custom>Layer"}),
        _model({"module": None, "class_name": "Layer", "config": {}, "registered_name": "mine>Special"}),
        _model({"module": "keras.layers", "class_name": "Dense", "config": {}, "registered_name": "mine>Special"}),
        _model({"class_name": "SpecialLayer", "config": {}}),
        _model({"class_name": "mine>SpecialLayer", "config": {}}),
        _model(_layer("get_uid", "keras.backend")),
    ):
        assert rules_on(_json(document), "model.json") == {"configured-unknown"}, document


def test_what_was_saved_without_a_configuration_names_nothing() -> None:
    document = {"class_name": "MyModel", "config": {"layer was saved without config": True}}
    assert not _names(document)


def test_published_libraries_of_layers_are_known() -> None:
    module = "keras_hub.src.models.bert.bert_backbone"
    known = {"module": module, "class_name": "BertBackbone", "config": {}, "registered_name": "keras_hub>BertBackbone"}
    assert verdict_on(_json(_model(known)), "model.json") == "allow"


@pytest.mark.parametrize(
    "function",
    [
        {"class_name": "__lambda__", "config": {"code": BASE64, "defaults": None, "closure": None}},
        {"class_name": "__lambda__", "config": {"value": [BASE64, None, None]}},
        {"class_name": "__lambda__", "config": {"value": BASE64}},
        [BASE64, None, None],
        {"class_name": "__tuple__", "items": [BASE64, None, None]},
    ],
)
def test_code_is_found_in_every_shape_of_a_lambda(function: Any) -> None:
    document = _model(_layer("Lambda", function=function, function_type="lambda"))
    found = reads(FORMAT, _json(document))[0]
    assert CODE in inner_bytes(found)
    assert any(isinstance(read, CodeObject) for read in found)
    assert verdict_on(_json(document), "model.json") == "block"


def test_the_bytes_that_keras_1_wrote_are_code_too() -> None:
    document = {"class_name": "Sequential", "config": [
        {"class_name": "Lambda", "config": {"function": CODE.decode("latin-1"), "function_type": "lambda"}}
    ]}  # fmt: skip
    assert CODE in inner_bytes(reads(FORMAT, _json(document))[0])


def test_base64_that_is_full_of_other_characters_is_read_as_python_reads_it() -> None:
    document = _model(_layer("Lambda", function=["!".join(BASE64), None, None]))
    assert CODE in inner_bytes(reads(FORMAT, _json(document))[0])


def test_code_and_artifacts_are_found_under_any_key() -> None:
    document = _model(
        _layer("Special", "mine", state=base64.b64encode(HOSTILE).decode(), body=BASE64.replace("\n", ""))
    )
    assert {HOSTILE, CODE} == set(inner_bytes(reads(FORMAT, _json(document))[0]))


def test_a_module_of_pytorchs_is_handed_on() -> None:
    document = _model(_layer("TorchModuleWrapper", module=base64.b64encode(HOSTILE).decode()))
    assert inner_bytes(reads(FORMAT, _json(document))[0])[0] == HOSTILE


def test_a_vocabulary_in_a_file_is_named() -> None:
    document = _model(_layer("StringLookup", vocabulary="/etc/passwd"), _layer("IntegerLookup", vocabulary="words.txt"))
    assert _targets(document) == {("vocabulary", "/etc/passwd"), ("vocabulary", "words.txt")}
    assert rules_on(_json(document), "m.json") == {"reaches-outside", "external-storage"}


def test_an_address_of_a_file_is_named_wherever_it_stands() -> None:
    assert _targets(_model(_layer("Dense", seed="FILE:///etc/passwd"))) == {("data", "FILE:///etc/passwd")}
    assert _targets(_model(_layer("TFSMLayer", filepath="../saved"))) == {("shard", "../saved")}


def test_functions_and_operators_of_tensorflow_are_named() -> None:
    lambda_ = {"class_name": "TFOpLambda", "config": {"function": "io.read_file"}}
    node = {"class_name": "TensorFlowOpLayer", "config": {"node_def": json.dumps({"op": "ReadFile", "input": ["p"]})}}
    found = reads(FORMAT, _json(_model(lambda_, node)))[0]
    assert "tensorflow.io.read_file" in {read.dotted for read in found if isinstance(read, Instantiation)}
    assert ("tensorflow", "ReadFile") in {(read.dialect, read.name) for read in found if isinstance(read, Operation)}
    honest = {"class_name": "TFOpLambda", "config": {"function": "math.multiply"}}
    assert verdict_on(_json(_model(honest)), "m.json") == "allow"


def test_text_that_names_what_does_harm_is_told() -> None:
    assert "os.system" in _names(_model(_layer("Dense", activation="os.system")))
    assert "os.system" not in _names(_model(_layer("Dense", name="os.system")))


def test_json_that_is_no_configuration_of_keras_is_left_alone() -> None:
    for document in (
        {"class_name": "cat", "score": 1},
        {"labels": [{"class_name": "cat", "config": None}]},
        [1, 2],
        {},
    ):
        assert not reads(FORMAT, _json(document))[0]
    about_code = {"rows": [{"class_name": "x", "config": {"answer": "os.system", "path": "a"}}]}
    assert verdict_on(_json(about_code), "x.json") == "allow"
    hidden = {"results": [{"nested": _layer("system", "os")}]}
    assert "configured-danger" in rules_on(_json(hidden), "x.json")


def test_keys_may_be_escaped() -> None:
    raw = _json(_model(_layer("system", "os"))).replace(b"class_name", b"\\u0063lass_name")
    assert "configured-danger" in rules_on(raw, "m.json")


def test_yaml_is_read_like_json() -> None:
    raw = b"backend: tensorflow\nclass_name: Sequential\nconfig:\n- class_name: system\n  module: os\n  config: {}\n"
    assert "configured-danger" in rules_on(raw, "model.yaml")


def test_a_configuration_as_deep_as_json_goes_is_walked() -> None:
    document: Any = _layer("system", "os")
    for _ in range(900):
        document = [document]
    assert "os.system" in _names(_model({"class_name": "Dense", "config": {"deep": document}}))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
def test_the_configuration_of_an_archive_is_read_in_every_encoding(encoding: str) -> None:
    raw = keras_of(_model(_layer("system", "os")), {"model.weights.h5": whole.new()}, encoding)
    assert "configured-danger" in rules_on(raw, "model.keras")


def test_a_configuration_that_is_no_json_is_a_gap() -> None:
    raw = keras_of(_model(), {"model.weights.h5": whole.old()}).replace(b'{"module"', b'{,module"')
    assert any("config.json" in gap.detail for gap in report_on(raw, "m.keras").gaps)


def test_a_second_configuration_is_read_as_well() -> None:
    import io
    import warnings
    import zipfile

    stream = io.BytesIO(keras_of(_model(_layer("Dense")), {"model.weights.h5": whole.old()}))
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("config.json", json.dumps(_model(_layer("system", "os"))).encode("utf-16"))
    raw = stream.getvalue()
    assert "os.system" in {read.dotted for read in reads(KERAS, raw)[0] if isinstance(read, Instantiation)}
    assert verdict_on(raw, "m.keras") == "block"


def test_classes_alone_stand_behind_a_plus() -> None:
    assert judgement("keras", "keras.layers", "Anything").kind == "ordinary"
    assert judgement("keras", "keras.layers", "anything").kind == "unknown"
    assert judgement("keras", "tf_keras.src.layers.core", "Dense").kind == "ordinary"
    assert judgement("keras", "keras.saving", "KerasFileEditor").kind == "danger"
    assert judgement("keras", "kerasX.layers", "Dense").kind == "unknown"


_values = st.recursive(
    st.none() | st.integers() | st.text(max_size=30) | st.sampled_from(["os.system", BASE64, "/etc/passwd"]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["class_name", "config", "module", "function", "registered_name", "vocabulary", "items",
                         "value",
                         "code", "node_def", "cls_ref", "function_type", "spec_name", "filepath", "x"]),
        inner | st.sampled_from(["Lambda", "function", "__lambda__", "TFOpLambda", "TensorFlowOpLayer", "lambda",
                                 "TorchModuleWrapper", "__tuple__", "TFSMLayer", "ClassMethod", "a>b"]),
        max_size=6,
    ),
    max_leaves=40,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(document=_values)
def test_any_document_gives_facts(document: Any) -> None:
    raw = _json({"class_name": "Model", "config": document})
    found, error = reads(FORMAT, raw)
    assert error is None
    assert all(read.where.root == "f" for read in found)
    places = [read.where for read in found if hasattr(read, "open")]
    assert len(places) == len(set(places))


def test_a_vocabulary_that_is_one_word_is_a_file() -> None:
    for vocabulary, found in (("passwd", True), (["passwd", "group"], False), (None, False), ("", False)):
        layer = {"class_name": "StringLookup", "config": {"name": "words", "vocabulary": vocabulary}}
        model = {"class_name": "Sequential", "config": {"name": "model", "layers": [layer]}}
        assert ("external-storage" in rules_on(json.dumps(model).encode(), "config.json")) is found
