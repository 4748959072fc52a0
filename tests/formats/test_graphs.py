"""TensorFlow, Core ML, Caffe, CNTK and PaddlePaddle: what their files say, and what rules make of it."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from tests.benign.graphs import CNTK
from tests.samples.messages import (
    STRING,
    caffe_layer,
    caffe_net,
    cntk_dictionary,
    coreml_model,
    entry,
    field,
    function,
    graph,
    node,
    paddle_operator,
    paddle_program,
    saved_model,
    strings,
    text_,
    type_,
    types,
)
from tests.samples.pickles import call, name, pickle_of
from tests.samples.vetting import report_on, report_on_folder, rules_on, verdict_on, verdict_on_folder
from tests.samples.whole.graphs import whole

CUT = [one for one in whole() if len(one) > 60 and b"\xef\xbe\xad\xde" not in one]
"""Files of which every byte counts."""
SAVER = [strings("n", "v", scalar=False), strings("s", "", scalar=False), strings("v", "x")]


def _saves(prefix: list[bytes], source: str = "p") -> bytes:
    write = node("w", "SaveV2", [source, "n", "s", "v"], {"dtypes": types(STRING)})
    return saved_model([*prefix, *SAVER, write, strings("out", "x")], "out:0")


@pytest.mark.parametrize("data", whole(), ids=range(len(whole())))
def test_every_whole_file_is_known_and_read_to_its_end(data: bytes) -> None:
    report = report_on(data)
    assert report.artifacts[0].formats
    assert not report.gaps


@pytest.mark.parametrize("data", CUT, ids=range(len(CUT)))
def test_a_file_that_is_cut_off_is_never_allowed_as_what_it_was(data: bytes) -> None:
    report = report_on(data[:-3])
    assert report.gaps or report.findings or set(report.artifacts[0].formats) & {"text"} or b"{" in data[:200]


def test_saving_to_where_the_caller_says_is_left_alone() -> None:
    fed = node("p", "Placeholder", [], {"dtype": type_(STRING)})
    assert verdict_on(_saves([fed])) == "allow"
    default = [strings("d", "model"), node("p", "PlaceholderWithDefault", ["d"], {"dtype": type_(STRING)})]
    assert verdict_on(_saves(default)) == "allow"


@pytest.mark.parametrize(
    "prefix",
    [
        [strings("p", "/home/user/.profile")],
        [strings("p", "a/../../x")],
        [strings("p", "C:\\x")],
        [strings("d", "/x"), node("p", "PlaceholderWithDefault", ["d"], {"dtype": type_(STRING)})],
        [strings("a", "/home"), strings("b", "x"), node("p", "StringJoin", ["a", "b"], {"separator": text_("/")})],
        [
            node("a", "Placeholder", [], {"dtype": type_(STRING)}),
            strings("b", "/../../x"),
            node("p", "StringJoin", ["a", "b"]),
        ],
        [strings("a", "aGk="), node("p", "DecodeBase64", ["a"])],
        [
            strings("a", "aGk="),
            node("f", "Placeholder", [], {"dtype": type_(STRING)}),
            node("d", "DecodeBase64", ["a"]),
            node("p", "StringJoin", ["f", "d"]),
        ],
        [node("h", "VarHandleOp", []), node("p", "ReadVariableOp", ["h"])],
    ],
    ids=range(9),
)
def test_saving_to_where_the_graph_says_is_found(prefix: list[bytes]) -> None:
    assert "graph-touches-files" in rules_on(_saves(prefix))


def test_a_path_is_followed_into_functions() -> None:
    body = function(
        "f",
        {"p": STRING},
        [*SAVER, node("w", "SaveV2", ["p", "n:output:0", "s:output:0", "v:output:0"], {"dtypes": types(STRING)})],
        {},
    )
    called = node("c", "PartitionedCall", ["a"], {"f": field(10, field(1, "f"))})
    for origin, verdict in (
        (strings("a", "/x"), "block"),
        (node("a", "Placeholder"), "allow"),
        (strings("a", "x"), "allow"),
    ):
        assert verdict_on(saved_model([origin, called], functions=[body])) == verdict


def test_an_asset_is_what_the_loader_feeds_and_lies_among_the_assets() -> None:
    fill = node("i", "InitializeTableFromTextFileV2", ["t", "name"])
    data = saved_model(
        [strings("name", "/tmp/vocabulary.txt"), node("t", "HashTableV2"), fill], assets={"name:0": "words.txt"}
    )
    assert verdict_on(data) == "allow"
    assert verdict_on(data.replace(b"words.txt", b"../../a.b")) == "block"


def test_a_pickle_in_a_string_of_a_graph_is_found() -> None:
    hostile = pickle_of(call(name("posix", "system"), "true weighmaster_fired"))
    assert "dangerous-import" in rules_on(graph([strings("a", hostile), node("b", "Identity", ["a"])]))
    assert "dangerous-import" in rules_on(saved_model([node("b", "NoOp", [], {"note": text_(hostile)})]))


def test_a_graph_in_a_string_of_a_graph_is_read() -> None:
    inner = graph([strings("f", "x"), node("r", "ReadFile", ["f"])])
    assert "graph-touches-files" in rules_on(graph([strings("a", inner), node("b", "Identity", ["a"])]))


def test_a_custom_operator_waits_for_a_person() -> None:
    assert rules_on(graph([node("a", "SomebodysOwn")])) == {"unknown-operator"}
    assert verdict_on(graph([node("a", "XlaCustomCallV2", [], {"call_target_name": text_("f")})])) == "review"


def test_printing_to_a_stream_is_left_alone() -> None:
    for stream in ("stderr", "stdout", "log(info)"):
        assert (
            verdict_on(graph([strings("a", "x"), node("p", "PrintV2", ["a"], {"output_stream": text_(stream)})]))
            == "allow"
        )


def test_one_function_of_two_that_share_a_name_does_not_hide_the_other() -> None:
    bad = function("f", {}, [strings("p", "x"), node("r", "ReadFile", ["p"])], {})
    good = function("f", {}, [node("n", "NoOp")], {})
    assert {"graph-touches-files", "readers-disagree"} <= rules_on(graph([node("c", "f")], [bad, good]))


@pytest.mark.parametrize("own", [field(500, field(10, "MyLayer")), field(605, field(1, field(1, field(500, b""))))])
def test_a_core_ml_layer_of_the_application_waits_for_a_person(own: bytes) -> None:
    network = coreml_model(500, field(1, field(1, "layer") + own))
    assert rules_on(network) == {"unknown-operator"}
    assert rules_on(coreml_model(202, field(1, network))) == {"unknown-operator"}


def test_core_ml_weights_outside_the_package_are_found() -> None:
    value = field(5, field(1, "@model_path/../../../x") + field(2, 64))
    operation = field(1, "const") + entry(5, "val", value)
    program = entry(2, "main", entry(3, "CoreML5", field(3, operation)))
    assert "reaches-outside" in rules_on(coreml_model(502, program))


def test_weights_of_core_ml_that_lie_outside_the_file_are_unreadable() -> None:
    data = struct.pack("<II56x", 1, 2) + struct.pack("<IIQQ40x", 0xDEADBEEF, 2, 1 << 40, 128) + bytes(64)
    assert report_on(data).gaps


@pytest.mark.parametrize("brackets", [("{", "}"), ("<", ">")])
def test_a_python_layer_of_caffe_runs_code_in_any_spelling(brackets: tuple[str, str]) -> None:
    text = "# c\nlayer %s name: 'a' type: \"Py\" 'th\\x6fn' python_param: %s module: 'os' layer: 'x' %s %s"
    opened, closed = brackets
    assert "graph-runs-code" in rules_on((text % (opened, opened, closed, closed)).encode(), "net.prototxt")
    hidden = ("#" + "x" * 9000 + "\n" + text % (opened, opened, closed, closed)).encode()
    assert "graph-runs-code" in rules_on(hidden, "net.prototxt")


def test_a_caffe_layer_that_reads_elsewhere_is_found() -> None:
    layer = caffe_layer("data", "HDF5Data", more=field(112, field(1, "/etc/passwd")))
    assert "reaches-outside" in rules_on(caffe_net([layer]))
    assert rules_on(caffe_net([caffe_layer("a", "Somebodys")])) == {"unknown-operator"}


@pytest.mark.parametrize(
    ("own", "rule"),
    [
        ({"type": "UserDefinedFunction", "native": False, "state": {"module": "os", "class": "X"}}, "graph-runs-code"),
        ({"type": "UserDefinedFunction", "native": True, "state": {"module": "x.so", "op": "y"}}, "native-library"),
    ],
)
def test_functions_of_the_users_own_in_cntk_are_found(own: dict[str, object], rule: str) -> None:
    data = cntk_dictionary(CNTK | {"primitive_functions": [own]})
    assert rule in rules_on(data)
    assert verdict_on(data) == "block"


@pytest.mark.parametrize("kind", ["py_func", "save", "load_combine", "read_file", "listen_and_serv"])
def test_operators_of_paddle_that_reach_beyond_numbers_are_found(kind: str) -> None:
    program = paddle_program([paddle_operator("relu"), paddle_operator(kind, strings={"file_path": "x"})])
    assert verdict_on(program, "__model__") == "block"
    pir = b'{"base_code":{"magic":"pir"},"program":{"regions":[{"blocks":[{"ops":[{"#":"1.pylayer","regions":[]}]}]}]}}'
    assert verdict_on(pir, "model.json") == "block"


def test_custom_operators_of_paddle_wait_for_a_person() -> None:
    assert verdict_on(paddle_program([paddle_operator("somebodys_own")])) == "review"


def test_the_numbers_beside_a_checkpoint_are_its_own() -> None:
    index = whole()[3]
    files = {"v/x.index": index, "v/x.data-00000-of-00001": b"\x93\x01\xf2" * 8}
    assert verdict_on_folder(files) == "allow"
    assert verdict_on_folder({"x.index": index, "y.data-00000-of-00001": b"\x93\x01\xf2" * 8}) == "review"
    long = {"x.index": index, "x.data-00000-of-00001": b"\x93\x01\xf2" * 40_000}
    assert verdict_on_folder(long) == "review"


def test_numbers_that_are_missing_or_cut_off_are_told() -> None:
    index = whole()[3]
    assert "missing-data" in {f.rule.id for f in report_on_folder({"x.index": index}).findings}
    short = report_on_folder({"x.index": index, "x.data-00000-of-00001": bytes(9)})
    assert "short-data" in {f.rule.id for f in short.findings}


def test_tensorflow_and_core_ml_write_nothing_that_is_not_allowed(tmp_path: Path) -> None:
    code = "import sys; from tests.benign import graphs; graphs.write_all(sys.argv[1])"
    environment = {**os.environ, "PYTHONPATH": os.getcwd(), "OMP_NUM_THREADS": "1"}
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, str(tmp_path)], check=True, capture_output=True, env=environment
    )
    for folder in sorted(tmp_path.iterdir()):
        files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        report = report_on_folder(files)
        assert verdict_on_folder(files) == "allow", (folder.name, report.findings[:3], report.gaps[:3])
