"""ONNX: operators by domain, numbers elsewhere, shapes that no memory holds."""

from __future__ import annotations

import struct

import pytest
from tests.samples.messages import (
    field,
    onnx_model,
    onnx_node,
    onnx_number,
    onnx_tensor,
    onnx_text,
    onnx_value,
)
from tests.samples.pickles import call, name, pickle_of
from tests.samples.vetting import report_on, report_on_folder, rules_on, verdict_on, verdict_on_folder

HOSTILE = pickle_of(call(name("posix", "system"), "true weighmaster_fired"))


def _outside(location: str, **more: str | int) -> bytes:
    pairs = {"location": location, **more}
    tensor = field(1, 4) + field(2, 1) + field(8, "w")
    tensor += b"".join(field(13, field(1, key) + field(2, str(value))) for key, value in pairs.items()) + field(14, 1)
    return onnx_model([onnx_node("Identity", ["w"])], [tensor])


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "..\\..\\x", "a/../../x", "C:\\x", "http://x/y", "~/x"])
def test_numbers_outside_the_folder_are_found(path: str) -> None:
    assert "reaches-outside" in rules_on(_outside(path))


def test_numbers_outside_are_found_wherever_a_tensor_may_stand() -> None:
    tensor = onnx_tensor("w", (4,), 1, location="../x")
    constant = onnx_node("Constant", attributes=field(5, field(1, "value") + field(5, tensor) + field(20, 4)))
    inner = field(1, onnx_node("Neg", ["x"])) + field(2, "g") + field(5, tensor)
    loop = onnx_node("Loop", attributes=field(5, field(1, "body") + field(6, inner) + field(20, 5)))
    sparse = onnx_node("Constant", attributes=field(5, field(1, "sparse_value") + field(22, field(1, tensor))))
    own = field(1, "f") + field(7, constant) + field(10, "local")
    training = field(20, field(1, inner))
    for model in (onnx_model([constant]), onnx_model([loop]), onnx_model([sparse])):
        assert "reaches-outside" in rules_on(model)
    for more in (field(25, own), training):
        assert "reaches-outside" in rules_on(onnx_model([onnx_node("Neg", ["x"])], more=more))


def test_an_address_of_the_process_is_no_file() -> None:
    assert verdict_on(_outside("*/_ORT_MEM_ADDR_/*", offset=4096, length=16)) == "block"


def test_a_length_that_is_no_number_or_not_that_of_the_shape_is_told() -> None:
    assert "readers-disagree" in rules_on(_outside("w.bin", offset="-1", length=16))
    assert "readers-disagree" in rules_on(_outside("w.bin", offset=0, length=17))


def test_the_file_beside_is_the_model_s_own_and_long_enough() -> None:
    model = _outside("w.bin", offset=0, length=16)
    numbers = b"\x93\x01\xf2\x7f" * 4
    assert verdict_on_folder({"a/m.onnx": model, "a/w.bin": numbers}) == "allow"
    assert verdict_on_folder({"a/m.onnx": model, "b/w.bin": numbers}) == "review"
    short = report_on_folder({"m.onnx": model, "w.bin": b"\x93\x01"})
    assert "short-data" in {found.rule.id for found in short.findings}
    assert "missing-data" in {found.rule.id for found in report_on_folder({"m.onnx": model}).findings}


def test_a_pickle_that_stands_for_numbers_is_still_a_pickle() -> None:
    files = {"m.onnx": _outside("w.bin", offset=0, length=16), "w.bin": HOSTILE}
    assert verdict_on_folder(files) == "block"


def test_a_tensor_of_a_tebibyte_is_a_bomb() -> None:
    tensor = onnx_tensor("w", (1 << 38,), 1, location="w.bin", length=1 << 40)
    assert verdict_on(onnx_model([onnx_node("Identity", ["w"])], [tensor])) != "allow"


def test_a_shape_that_overflows_or_does_not_fit_its_bytes_is_told() -> None:
    for shape in ((1 << 62, 16), (-1,), (3,)):
        tensor = onnx_tensor("w", shape, 1, raw=bytes(16))
        assert "readers-disagree" in rules_on(onnx_model([onnx_node("Identity", ["w"])], [tensor]))


def test_a_shape_is_followed_through_what_hands_it_on() -> None:
    many = onnx_tensor("a", (1,), 7, raw=struct.pack("<q", 1 << 23))
    nodes = [
        onnx_node("Cast", ["a"], ["b"]),
        onnx_node("Concat", ["b", "a"], ["c"]),
        onnx_node("ConstantOfShape", ["c"]),
    ]
    assert rules_on(onnx_model(nodes, [many])) == {"expansion-bomb"}


@pytest.mark.parametrize("domain", ["", "pyopmulti", "com.microsoft", "ai.onnx.contrib"])
def test_an_operator_of_python_runs_code_in_any_domain(domain: str) -> None:
    attributes = onnx_text("module", "os") + onnx_text("class_name", "x")
    data = onnx_model([onnx_node("PyOp", ["x"], domain=domain, attributes=attributes)])
    assert "graph-runs-code" in rules_on(data)
    assert "os.x" in report_on(data).findings[0].message


def test_operators_of_other_libraries_wait_for_a_person() -> None:
    for domain in ("evil", "ai.onnx.contrib", "trt.plugins"):
        assert rules_on(onnx_model([onnx_node("Some", ["x"], domain=domain)])) == {"unknown-operator"}


def test_a_function_of_the_model_s_own_is_read_and_not_unknown() -> None:
    own = field(1, "f") + field(4, "a") + field(5, "b") + field(10, "local")
    for inside, rules in ((onnx_node("Relu", ["a"], ["b"]), set()), (onnx_node("PyOp", ["a"]), {"graph-runs-code"})):
        model = onnx_model([onnx_node("f", ["x"], domain="local")], more=field(25, own + field(7, inside)))
        assert rules_on(model) == rules


def test_a_compiled_part_in_another_file_is_followed() -> None:
    attributes = onnx_number("embed_mode", 0) + onnx_text("ep_cache_context", "../../x.bin")
    data = onnx_model([onnx_node("EPContext", ["x"], domain="com.microsoft", attributes=attributes)])
    assert {"reaches-outside", "unknown-operator"} <= rules_on(data)


def test_a_pickle_in_a_tensor_an_attribute_or_a_note_is_found() -> None:
    tensors = [onnx_tensor("w", (len(HOSTILE),), 2, raw=HOSTILE)]
    text = field(1, 1) + field(2, 8) + field(6, HOSTILE) + field(8, "t")
    note = field(14, field(1, "key") + field(2, HOSTILE.hex()))
    plain = [onnx_node("Identity", ["w"])]
    for model in (
        onnx_model(plain, tensors),
        onnx_model(plain, [text]),
        onnx_model(plain, more=note),
        onnx_model([onnx_node("Constant", attributes=onnx_text("value_string", HOSTILE))]),
    ):
        assert "dangerous-import" in rules_on(model)


def test_a_note_that_acts_where_it_is_shown_is_found() -> None:
    note = field(14, field(1, "about") + field(2, "<script>alert(1)</script>"))
    assert "unsafe-metadata" in rules_on(onnx_model([onnx_node("Neg", ["x"])], more=note))


def test_graphs_inside_graphs_without_end_are_not_followed_without_end() -> None:
    inner = field(1, onnx_node("Neg", ["x"])) + field(2, "g")
    for _ in range(80):
        inner = field(1, onnx_node("If", attributes=field(5, field(1, "b") + field(6, inner)))) + field(2, "g")
    data = field(1, 8) + field(7, inner) + field(8, field(2, 17))
    assert report_on(data).gaps


def test_a_model_without_a_node_is_a_model() -> None:
    data = onnx_model([], inputs=[onnx_value("y")])
    assert report_on(data).artifacts[0].formats == ("onnx",)
