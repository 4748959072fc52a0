"""torch.export archives: operators, expressions that are evaluated, libraries that are loaded."""

from __future__ import annotations

import json

import pytest
from tests.samples.vetting import reads, report_on, rules_on, verdict_on
from tests.samples.zips import DEFLATED, member, zip_of

from weighmaster.formats.torch_export import FORMAT
from weighmaster.model.fact import Operation
from weighmaster.model.report import Gap


def _archive(program: object, *more: tuple[str, bytes], path: str = "m/models/model.json") -> bytes:
    return zip_of(
        [
            member("m/archive_format", b"pt2"),
            member(path, json.dumps(program).encode(), method=DEFLATED),
            member("m/data/weights/weight_0", bytes(8)),
            *(member(name, data) for name, data in more),
        ]
    )


def _node(target: str) -> dict[str, object]:
    return {"graph_module": {"graph": {"nodes": [{"target": target, "inputs": []}]}}}


def test_operators_are_facts() -> None:
    found, error = reads(FORMAT, _archive(_node("torch.ops.aten.add.Tensor")))
    assert error is None
    assert [read.name for read in found if isinstance(read, Operation)] == ["aten::add"]


@pytest.mark.parametrize(
    "target",
    [
        "torch.ops.aten.add.Tensor",
        "torch.ops.higher_order.cond",
        "torch.ops.torchvision.nms.default",
        "_operator.mul",
        "math.floor",
        "torch.sym_max",
        "#mine:op",
    ],
)
def test_what_computes_is_let_through(target: str) -> None:
    assert verdict_on(_archive(_node(target)), "m.pt2") == "allow"


@pytest.mark.parametrize(
    "target", ["torch.ops.aten.from_file.default", "torch.ops.image.write_file", "torch.os.system", "torch.hub.load"]
)
def test_what_reaches_outside_is_blocked(target: str) -> None:
    assert verdict_on(_archive(_node(target)), "m.pt2") == "block"


@pytest.mark.parametrize("target", ["torch.ops.mine.op.default", "torch.mine", "mine"])
def test_what_nobody_knows_wants_a_look(target: str) -> None:
    assert verdict_on(_archive(_node(target)), "m.pt2") == "review"


@pytest.mark.parametrize(
    "text",
    [
        "Symbol('s0', positive=True, integer=True)",
        "Max(Integer(3), Mul(Integer(2), Symbol('s0')))",
        "FloorDiv(s0, 2) + Mod(s1, 4) - 1",
        "Eq(Mod(s0, 2), 0)",
    ],
)
def test_arithmetic_on_sizes_is_let_through(text: str) -> None:
    assert verdict_on(_archive({"a": {"expr_str": text}}), "m.pt2") == "allow"
    assert verdict_on(_archive({"guards_code": [text]}), "m.pt2") == "allow"


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('x')",
        "s0 + exec('x')",
        "Max(1, ().__class__.__base__)",
        "[open('x', 'w') for s in (1,)][0]",
        "getattr(s0, 'func')",
        "(lambda: eval('1'))()",
        "os.system('x')",
    ],
)
def test_what_an_expression_runs_is_blocked(text: str) -> None:
    for program in ({"a": [{"expr_str": text}]}, {"guards_code": [text]}, {"x": {"y": {"as_expr": text}}}):
        assert verdict_on(_archive(program), "m.pt2") == "block"


def test_an_expression_that_cannot_be_read_wants_a_look() -> None:
    for text in ("s0 +", "mine(s0)", "s0.func(1)", "x" * 30_000, "(" * 5000):
        assert verdict_on(_archive({"expr_str": text}), "m.pt2") == "review"


def test_guards_ask_tensors_for_their_sizes() -> None:
    assert verdict_on(_archive({"guards_code": ["L['x'].size()[0] <= 3", "len(L['y']) == 2"]}), "m.pt2") == "allow"


def test_a_library_is_loaded_with_the_archive() -> None:
    data = zip_of([member("m/data/aotinductor/model/a.so", b"\x7fELF" + bytes(60))])
    assert "native-library" in rules_on(data, "m.pt2")
    assert verdict_on(data, "m.pt2") == "block"


def test_a_program_that_cannot_be_read_is_a_gap() -> None:
    for content in (b"{", b"\xff", b"[" * 100_000):
        data = zip_of([member("m/models/model.json", content)])
        found, error = reads(FORMAT, data)
        assert error is None
        assert [type(read) for read in found] == [Gap]
        assert verdict_on(data, "m.pt2") != "allow"


def test_the_layout_of_older_releases_is_read_as_well() -> None:
    data = _archive({"expr_str": "exec('x')"}, path="serialized_exported_program.json")
    assert report_on(data, "m.pt2").findings
