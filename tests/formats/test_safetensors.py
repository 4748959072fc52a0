"""The reference library is the oracle: what it accepts is allowed without a finding, what it refuses is not allowed."""

import json
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from safetensors import SafetensorError, deserialize
from safetensors.numpy import save
from tests.samples.pickles import REDUCE, STOP, TUPLE1, name, program, proto, text
from tests.samples.tensors import entry, safetensors
from tests.samples.vetting import inner_bytes, reads, report_on, rules_on, verdict_on

from weighmaster.formats.safetensors import FORMAT
from weighmaster.model.errors import UnreadableError
from weighmaster.model.fact import Disagreement, Metadata, Reference, Statement, Stray, Tensor
from weighmaster.model.report import Gap
from weighmaster.model.verdict import Outcome

PAYLOAD = program(proto(4), name("posix", "system"), text("true"), TUPLE1, REDUCE, STOP)
ONE = {"a": entry("U8", [1], 0, 1)}
NAME = "model.safetensors"


def accepted(data: bytes) -> bool:
    try:
        deserialize(data)
    except SafetensorError:
        return False
    return True


def kinds(data: bytes) -> set[str]:
    return {read.kind for read in reads(FORMAT, data)[0] if isinstance(read, Disagreement)}


_ARRAYS = st.dictionaries(
    # Names that would act where they are shown are told like metadata: another test's business.
    st.text(min_size=1, max_size=12).filter(lambda t: t != "__metadata__" and "<" not in t),
    st.sampled_from([
        np.zeros((2, 3), np.float32), np.zeros(0), np.ones((1, 0, 4), np.int64), np.float16(3), np.zeros(5, bool),
        np.zeros((3,), np.uint16), np.zeros(2, np.complex64),
    ]).map(np.asarray),
    max_size=6,
)  # fmt: skip
_METADATA = st.none() | st.dictionaries(
    st.text("abcé😀{}\"' ", max_size=8), st.text("abcé😀{}\"' ", max_size=30), max_size=4
)


@settings(max_examples=120, deadline=None)
@given(arrays=_ARRAYS, metadata=_METADATA)
def test_what_the_library_writes_is_allowed_and_told_in_full(
    arrays: dict[str, Any], metadata: dict[str, str] | None
) -> None:
    data = save(arrays, metadata)
    assume(accepted(data))  # 0.8.0 writes what it cannot read where there is no tensor but metadata.
    found, error = reads(FORMAT, data)
    assert error is None
    assert {r.name: r.shape for r in found if isinstance(r, Tensor)} == {n: a.shape for n, a in arrays.items()}
    assert {r.key: r.text for r in found if isinstance(r, Metadata)} == (metadata or {})
    assert verdict_on(data, NAME) is Outcome.ALLOW
    assert not rules_on(data, NAME)


@pytest.mark.parametrize(
    ("dtype", "bits"),
    [("BOOL", 8), ("U8", 8), ("I8", 8), ("U16", 16), ("I16", 16), ("U32", 32), ("I32", 32), ("U64", 64), ("I64", 64),
     ("F16", 16), ("BF16", 16), ("F32", 32), ("F64", 64), ("C64", 64), ("F4", 4), ("F6_E2M3", 6), ("F6_E3M2", 6),
     ("F8_E4M3", 8), ("F8_E5M2", 8), ("F8_E8M0", 8), ("F8_E4M3FNUZ", 8), ("F8_E5M2FNUZ", 8)],
)  # fmt: skip
def test_every_dtype_of_the_library_is_known(dtype: str, bits: int) -> None:
    data = safetensors({"a": entry(dtype, [4], 0, bits // 2)}, bytes(bits // 2))
    assert accepted(data)
    assert verdict_on(data, NAME) is Outcome.ALLOW


_COUNTS = st.sampled_from(
    [0, 1, 2, 3, 4, 5, 8, 9, 16, 17, -1, True, 1.0, None, 1 << 32, 1 << 62, (1 << 64) - 1, 1 << 64]
)
_ENTRY = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(["U8"] * 4 + ["F32", "F4", "BOOL", "I64", "Q7", "f32", None, 3]),
        "shape": st.lists(_COUNTS, max_size=3) | st.just([2]) | st.just([]) | st.none(),
        "data_offsets": st.lists(_COUNTS, min_size=2, max_size=2) | st.lists(_COUNTS, max_size=3) | st.none(),
    },
    optional={"extra": st.none() | st.integers() | st.text(max_size=3) | st.lists(st.booleans(), max_size=2)},
)


@st.composite
def _headers(draw: st.DrawFn) -> tuple[dict[str, Any], int]:
    """Write a lawful header, and most often break it in a place or two."""
    header: dict[str, Any] = {}
    at = 0
    for i in range(draw(st.integers(0, 4))):
        count = draw(st.sampled_from([0, 1, 2, 8]))
        header[f"t{i}"] = entry("U8", [count], at, at + count)
        at += count
    if draw(st.booleans()):
        header["__metadata__"] = draw(st.sampled_from([{}, {"k": "v"}, None, {"k": 1}, [], "x"]))
    for _ in range(draw(st.integers(0, 2))):
        lawful = sorted(key for key, value in header.items() if isinstance(value, dict) and value.get("dtype") == "U8")
        if len(lawful) > 0 and draw(st.booleans()):
            offsets = header[draw(st.sampled_from(lawful))]["data_offsets"]
            if isinstance(offsets, list) and len(offsets) == 2 and {type(offset) for offset in offsets} == {int}:
                offsets[draw(st.integers(0, 1))] += draw(st.integers(-2, 2))
        else:
            header[draw(st.sampled_from(["t0", "t1", "x"]))] = draw(_ENTRY | st.just([]) | st.none())
    return header, max(0, at + draw(st.sampled_from([0, 0, 0, 1, -1])))


@settings(max_examples=600, deadline=None)
@given(made=_headers(), padding=st.sampled_from([0, 0, 1, 7]))
def test_we_accept_what_the_library_accepts_and_nothing_else(made: tuple[dict[str, Any], int], padding: int) -> None:
    header, size = made
    data = safetensors(header, b"\0" * size, padding=padding)
    found, error = reads(FORMAT, data)
    complaints = [read for read in found if isinstance(read, Gap | Disagreement | Stray)]
    assert accepted(data) == (error is None and not complaints)


_U8 = '{"dtype":"U8","shape":[1],"data_offsets":[0,1]}'


@pytest.mark.parametrize(
    "header",
    [
        f'{{"a":{_U8}}}\0\0', "", "{", "{}}", '{"a"', f'{{"a":{_U8},}}', f'{{"a":{_U8}}} x', "[1]", f"{{a:{_U8}}}",
        f'{{"__metadata__":{{"a":1}},"a":{_U8}}}', '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":NaN}}',
        '{"a":{"dtype":"U8","shape":[-0],"data_offsets":[0,1]}}', f'{{"\\ud800":{_U8}}}', f'{{"a\x01":{_U8}}}',
        '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":"\\udfff"}}', '{"a":{"dtype":"U8","shape":[1]}}',
        '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1e400}}', '{"a":null}', f'\ufeff{{"a":{_U8}}}',
        '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":' + "[" * 200 + "]" * 200 + "}}",
        '{"a":' + "[" * 50_000, f'{{"a":{_U8},"__metadata__":{{}},"__metadata__":{{}}}}',
    ],
)  # fmt: skip
def test_a_header_that_the_library_refuses_is_not_allowed(header: str) -> None:
    data = safetensors(header, b"x")
    assert not accepted(data)
    assert verdict_on(data, NAME) is not Outcome.ALLOW


@pytest.mark.parametrize(
    "header",
    [f'{{"a":{_U8}}}   \t\r\n', f'  {{"a":{_U8}}}', f'{{"\\ud83d\\ude00":{_U8}}}', f'{{"":{_U8}}}',
     '{"a":{"shape":[1],"x":{"y":[1.5,null]},"data_offsets":[0,1],"dtype":"U8"}}'],
)  # fmt: skip
def test_an_odd_header_that_the_library_accepts_is_allowed(header: str) -> None:
    data = safetensors(header, b"x")
    assert accepted(data)
    assert verdict_on(data, NAME) is Outcome.ALLOW


def test_tensors_may_stand_in_any_order() -> None:
    data = safetensors({"b": entry("U8", [1], 1, 2), "a": entry("U8", [1], 0, 1)}, b"xy")
    assert accepted(data)
    assert verdict_on(data, NAME) is Outcome.ALLOW


def test_a_duplicate_key_is_a_disagreement_though_the_library_takes_the_last() -> None:
    data = safetensors(f'{{"a":{_U8.replace("U8", "I8")},"a":{_U8}}}', b"x")
    assert accepted(data)
    assert "duplicate-key" in kinds(data)
    assert verdict_on(data, NAME) is not Outcome.ALLOW
    assert "duplicate-key" in kinds(safetensors('{"__metadata__":{"k":"1","k":"2"}}'))
    assert "duplicate-key" in kinds(
        safetensors('{"a":{"dtype":"F32","dtype":"U8","shape":[1],"data_offsets":[0,1]}}', b"x")
    )


def test_two_tensors_over_the_same_bytes_are_a_disagreement() -> None:
    data = safetensors({"a": entry("U8", [2], 0, 2), "b": entry("U8", [2], 1, 3)}, b"xyz")
    assert kinds(data) == {"tensors-overlap"}


def test_a_shape_that_overflows_64_bits_is_a_disagreement() -> None:
    assert kinds(safetensors({"a": entry("F32", [1 << 62, 4], 0, 0)})) == {"shape-overflows"}
    assert kinds(safetensors({"a": entry("U8", [3], 0, 1)}, b"x")) == {"shape-against-bytes"}
    assert kinds(safetensors({"a": entry("F4", [3], 0, 1)}, b"x")) == {"shape-against-bytes"}


@pytest.mark.parametrize(
    ("header", "position"),
    [
        ({"a": entry("U8", [1], 42, 43)}, "before"),
        ({"a": entry("U8", [1], 0, 1), "b": entry("U8", [1], 43, 44)}, "between"),
        ({"a": entry("U8", [1], 0, 1)}, "after"),
    ],
)
def test_bytes_that_no_tensor_holds_are_told_and_read(header: dict[str, Any], position: str) -> None:
    holes = {"before": (PAYLOAD, b"x"), "between": (b"x", PAYLOAD, b"x"), "after": (b"x", PAYLOAD)}[position]
    padding = {"before": 42, "between": 42, "after": len(PAYLOAD)}[position] - len(PAYLOAD)
    data = safetensors(header, b"".join(hole + b"\0" * (padding if hole is PAYLOAD else 0) for hole in holes))
    found, error = reads(FORMAT, data)
    assert error is None
    assert [read.position for read in found if isinstance(read, Stray)] == [position]
    assert inner_bytes(found)[0].startswith(PAYLOAD)
    assert verdict_on(data, NAME) is Outcome.BLOCK


@pytest.mark.parametrize("length", [1 << 40, (1 << 64) - 1, 100_000_001, 500])
def test_a_header_length_that_lies_is_not_allowed(length: int) -> None:
    report = report_on(safetensors(ONE, b"x", length=length), NAME)
    assert "safetensors" in report.artifacts[0].formats
    assert report.gaps


def test_offsets_beyond_the_file_are_a_gap() -> None:
    found, _ = reads(FORMAT, safetensors({"a": entry("U8", [100], 0, 100)}, b"x"))
    assert any(isinstance(read, Gap) for read in found)


def test_sixty_megabytes_of_padding_are_told_in_bounded_time() -> None:
    data = safetensors(ONE, b"x", padding=60_000_000)
    start = time.process_time()
    assert kinds(data) == {"padded-header"}
    assert time.process_time() - start < 5


def test_a_header_of_many_megabytes_is_read_one_tensor_at_a_time() -> None:
    header = {f"layer.{i}.weight": entry("U8", [1], i, i + 1) for i in range(100_000)}
    found, error = reads(FORMAT, safetensors(header, b"x" * 100_000))
    assert error is None
    assert len(found) == 100_000


def test_a_value_that_would_not_fit_into_memory_is_over_budget() -> None:
    data = safetensors('{"a":[' + "[]," * 4_000_000 + "[]]}")
    assert verdict_on(data, NAME) is Outcome.REVIEW


def test_a_file_with_much_wrong_says_some_of_it_and_that_there_is_more() -> None:
    header = {f"t{i}": entry("Q7", [1], i, i + 1) for i in range(1000)}
    found, error = reads(FORMAT, safetensors(header, b"x" * 1000))
    assert isinstance(error, UnreadableError)
    assert 20 <= sum(isinstance(read, Gap) for read in found) < 30


def test_a_pickle_in_base64_in_the_metadata_is_read() -> None:
    import base64

    header = {"__metadata__": {"k": base64.b64encode(PAYLOAD).decode()}}
    assert verdict_on(safetensors(header), NAME) is Outcome.BLOCK


def test_active_html_in_the_metadata_is_reviewed() -> None:
    header = {"__metadata__": {"k": "<img src=x onerror=alert(1)>"}}
    assert rules_on(safetensors(header), NAME) == {"unsafe-metadata"}


def test_source_code_that_has_a_brace_in_its_ninth_place_is_no_safetensors() -> None:
    assert report_on(b'var x = {"a": 1};\n', "x.js").artifacts[0].formats == ("text",)


def test_the_library_writes_what_our_builder_writes() -> None:
    header = json.dumps(ONE, separators=(",", ":"))
    assert safetensors(header, b"x", padding=-len(header) % 8) == save({"a": np.array([ord("x")], np.uint8)})


@settings(max_examples=400, deadline=None)
@given(
    changes=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=4),
    cut=st.integers(0, 10),
)
def test_a_changed_file_gives_facts_or_a_typed_error(changes: list[tuple[int, int]], cut: int) -> None:
    changed = bytearray(save({"a": np.zeros(3), "b": np.ones((2, 2))}, {"format": "np"}))
    for at, value in changes:
        changed[at % len(changed)] = value
    data = bytes(changed[: len(changed) - cut])
    found, error = reads(FORMAT, data)
    if not accepted(data):
        assert error or any(isinstance(read, Gap | Disagreement | Stray) for read in found)


def test_what_the_metadata_says_of_the_whole_is_handed_on() -> None:
    metadata = {
        "format": "pt",
        "modelspec.license": "mit",
        "modelspec.implementation_url": "https://example.invalid",
        "x": "y",
    }
    found, error = reads(FORMAT, save({"a": np.zeros(2, np.float32)}, metadata=metadata))
    assert error is None
    said = {(read.key, read.value) for read in found if isinstance(read, Statement)}
    assert said == {("framework", "pt"), ("licence", "mit")}
    assert [read.target for read in found if isinstance(read, Reference)] == ["https://example.invalid"]


def test_the_name_of_a_tensor_that_acts_where_it_is_shown_is_a_finding() -> None:
    for shown, acts in (("<script>alert(1)</script>", True), ("<img src=x onerror=alert(1)>", True), ("<unk>", False)):
        header = json.dumps({shown: {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}}).encode()
        assert ("unsafe-metadata" in rules_on(len(header).to_bytes(8, "little") + header)) is acts
