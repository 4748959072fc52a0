"""GGUF: the library's own files, every bound, every lie."""

from __future__ import annotations

import base64
import struct
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.samples.ggufs import ARRAY, BOOL, F32, I32, TEXT, U8, U16, U32, U64, gguf_of, text, value_of
from tests.samples.pickles import call, name, pickle_of
from tests.samples.vetting import inner_bytes, reads, report_on, rules_on, verdict_on

from weighmaster.formats.gguf import FORMAT
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.fact import Disagreement, Metadata, Reference, Statement, Stray, Template, Tensor
from weighmaster.reading.gguf import BLOCKS

gguf = pytest.importorskip("gguf")
np = pytest.importorskip("numpy")

HOSTILE = pickle_of(call(name("posix", "system"), "true weighmaster_fired"))
ESCAPE = "{{ cycler.__init__.__globals__.os.popen('true weighmaster_fired').read() }}"


def _kinds(data: bytes) -> set[str]:
    return {read.kind for read in reads(FORMAT, data)[0] if isinstance(read, Disagreement)}


def _written(path: Path, *, endian: str = "LITTLE") -> bytes:
    writer = gguf.GGUFWriter(str(path), "llama", endianess=gguf.GGUFEndian[endian])
    writer.add_name("tiny")
    writer.add_author("somebody")
    writer.add_license("apache-2.0")
    writer.add_url("https://example.invalid/model")
    writer.add_chat_template([{"name": "default", "template": "{{ a }}"}, {"name": "tool_use", "template": "{{ b }}"}])
    writer.add_token_list(["a", "b"])
    writer.add_tensor("weight", np.zeros((3, 32), np.float32))
    writer.add_tensor("half", np.ones((5,), np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path.read_bytes()


@pytest.mark.parametrize("endian", ["LITTLE", "BIG"])
def test_a_file_of_the_library_is_read_and_let_through(tmp_path: Path, endian: str) -> None:
    data = _written(tmp_path / "m.gguf", endian=endian)
    found, error = reads(FORMAT, data)
    assert error is None
    tensors = [read for read in found if isinstance(read, Tensor)]
    assert {(t.name, t.dtype, t.shape) for t in tensors} == {("weight", "F32", (32, 3)), ("half", "F16", (5,))}
    templates = {read.name: read.text for read in found if isinstance(read, Template)}
    assert templates == {"tokenizer.chat_template": "{{ a }}", "tokenizer.chat_template.tool_use": "{{ b }}"}
    said = {(read.key, read.value) for read in found if isinstance(read, Statement)}
    assert {("name", "tiny"), ("author", "somebody"), ("licence", "apache-2.0")} <= said
    assert [read.target for read in found if isinstance(read, Reference)] == ["https://example.invalid/model"]
    assert any(isinstance(read, Metadata) and read.key == "general.name" for read in found)
    assert verdict_on(data, "m.gguf") == "allow"


@pytest.mark.parametrize("version", [1, 2, 3])
def test_all_versions_and_types_are_read(version: int) -> None:
    keys = [
        ("a", U8, 1),
        ("b", BOOL, 1),
        ("c", F32, 0.5),
        ("d", U64, 1 << 40),
        ("e", ARRAY, (I32, [1, -2])),
        ("f", ARRAY, (ARRAY, [(TEXT, ["x"]), (U16, [])])),
        ("g", ARRAY, (TEXT, [str(n) for n in range(200)])),
        ("general.name", TEXT, "last"),
    ]
    found, error = reads(FORMAT, gguf_of(keys, [("t", [32], 2, 0)], bytes(32), version=version))
    assert error is None
    assert any(isinstance(read, Statement) and read.value == "last" for read in found)
    assert [read.dtype for read in found if isinstance(read, Tensor)] == ["Q4_0"]


def test_the_blocks_are_those_of_the_library() -> None:
    for kind, (elements, size) in gguf.GGML_QUANT_SIZES.items():
        assert BLOCKS[int(kind)] == (kind.name, elements, size)


def test_a_vocabulary_of_a_hundred_thousand_words_is_passed_quickly() -> None:
    words = b"".join(text(f"word{n}") for n in range(300_000))
    key = text("tokenizer.ggml.tokens") + struct.pack("<IIQ", ARRAY, TEXT, 300_000) + words
    data = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + key
    start = time.process_time()
    found, error = reads(FORMAT, data)
    assert error is None
    assert [fact.value for fact in found if isinstance(fact, Statement)] == ["300000"]
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    "place", ["tokenizer.chat_template", "tokenizer.chat_template.rag", "tokenizer.chat_templates"]
)
def test_a_template_that_escapes_is_blocked_under_any_key(place: str) -> None:
    assert "template-escapes" in rules_on(gguf_of([(place, TEXT, ESCAPE)]), "m.gguf")
    assert verdict_on(gguf_of([(place, TEXT, ESCAPE)], version=2), "m.gguf") == "block"


def test_a_template_in_an_array_is_read() -> None:
    assert verdict_on(gguf_of([("tokenizer.chat_templates", ARRAY, (TEXT, ["{{ a }}", ESCAPE]))])) == "block"


def test_a_template_behind_a_large_vocabulary_is_read() -> None:
    keys = [("t", ARRAY, (TEXT, ["x" * 100] * 5000)), ("tokenizer.chat_template", TEXT, ESCAPE)]
    assert verdict_on(gguf_of(keys)) == "block"


@pytest.mark.parametrize(
    "data",
    [
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("k", length=(1 << 63) - 1),
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("k") + struct.pack("<I", TEXT) + text("", length=(1 << 64) - 8),
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("k") + struct.pack("<IIQ", ARRAY, U64, 1 << 61),
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("k") + struct.pack("<IIQ", ARRAY, TEXT, 1 << 62),
        gguf_of(n_keys=1 << 60),
        gguf_of(n_tensors=1 << 60),
        gguf_of(tensors=[("t", [], 0, 0)], n_tensors=(1 << 64) - 1),
    ],
)
def test_a_count_that_leaves_64_bits_is_blocked(data: bytes) -> None:
    assert "count-overflows" in _kinds(data)
    assert isinstance(reads(FORMAT, data)[1], UnreadableError)
    assert verdict_on(data, "m.gguf") == "block"


@pytest.mark.parametrize(
    "data",
    [
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("k", length=5000),
        gguf_of([("k" * 70_000, U8, 1)]),
        gguf_of(n_keys=5),
        gguf_of(n_tensors=2),
        gguf_of(version=7),
        gguf_of([("general.alignment", U32, 0)]),
        gguf_of([("general.alignment", U32, 24)]),
        gguf_of([("general.alignment", U64, 32)]),
        gguf_of(tensors=[("t", [1] * 20, 0, 0)]),
        gguf_of(tensors=[("t", [64], 0, 0)], data=bytes(32)),
        gguf_of(tensors=[("t", [4], 0, 1 << 50)], data=bytes(32)),
        gguf_of(tensors=[("t", [4], 77, 0)], data=bytes(32)),
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("k") + struct.pack("<I", 99),
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("k") + struct.pack("<IIQ", ARRAY, 99, 1),
    ],
)
def test_broken_files_are_not_let_through(data: bytes) -> None:
    assert verdict_on(data, "m.gguf") != "allow"


def test_arrays_in_arrays_end() -> None:
    deep = value_of(U8, 1)
    for _ in range(20):
        deep = struct.pack("<IQ", ARRAY, 1) + deep
    data = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("k") + struct.pack("<I", ARRAY) + deep
    assert isinstance(reads(FORMAT, data)[1], UnreadableError)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("duplicate-key", gguf_of([("k", U8, 1), ("k", U8, 2)])),
        (
            "duplicate-key",
            gguf_of([("tokenizer.chat_template", TEXT, "{{ a }}"), ("tokenizer.chat_template", TEXT, "b")]),
        ),
        ("duplicate-key", gguf_of(tensors=[("t", [8], 0, 0), ("t", [8], 0, 32)], data=bytes(64))),
        ("tensors-overlap", gguf_of(tensors=[("t", [8], 0, 0), ("u", [8], 0, 0)], data=bytes(64))),
        ("tensor-refused", gguf_of(tensors=[("t", [2], 0, 4)], data=bytes(64))),
        ("tensor-refused", gguf_of(tensors=[("t", [33], 2, 0)], data=bytes(64))),
        ("shape-overflows", gguf_of(tensors=[("t", [1 << 32, 1 << 32, 16], 0, 0)], data=bytes(64))),
        ("shape-overflows", gguf_of(tensors=[("t", [(1 << 63) + 1, 0], 0, 0)], data=bytes(64))),
    ],
)
def test_what_readers_see_differently_is_told(kind: str, data: bytes) -> None:
    assert kind in _kinds(data)
    assert verdict_on(data, "m.gguf") != "allow"


def test_bytes_between_and_behind_tensors_are_looked_at() -> None:
    between = gguf_of(
        tensors=[("t", [8], 0, 0), ("u", [8], 0, 256)], data=bytes(32) + HOSTILE.ljust(224, b"\0") + bytes(32)
    )
    behind = gguf_of(tensors=[("t", [8], 0, 0)], data=bytes(32) + HOSTILE.ljust(64, b"\0"))
    before = gguf_of(tensors=[("t", [8], 0, 128)], data=HOSTILE.ljust(128, b"\0") + bytes(32))
    for data, position in ((between, "between"), (behind, "after"), (before, "before")):
        assert position in {read.position for read in reads(FORMAT, data)[0] if isinstance(read, Stray)}
        assert verdict_on(data, "m.gguf") == "block"


def test_padding_is_no_stray() -> None:
    keys = [("general.alignment", U32, 4096)]
    data = gguf_of(keys, [("t", [8], 0, 0), ("u", [8], 0, 4096)], bytes(4096) + bytes(4096), alignment=4096)
    assert not [read for read in reads(FORMAT, data)[0] if isinstance(read, Stray)]
    assert verdict_on(data) == "allow"


def test_padding_that_hides_something_is_looked_at() -> None:
    keys = [("general.alignment", U32, 4096)]
    data = gguf_of(
        keys,
        [("t", [8], 0, 0), ("u", [8], 0, 4096)],
        bytes(32) + HOSTILE.ljust(4064, b"\0") + bytes(4096),
        alignment=4096,
    )
    assert verdict_on(data) == "block"


def test_many_holes_end_in_a_gap() -> None:
    tensors = [(f"t{n}", [8], 0, n * 256) for n in range(100)]
    data = gguf_of(tensors=tensors, data=b"x" * 256 * 100)
    assert isinstance(reads(FORMAT, data)[1], OverBudgetError)


def test_a_pickle_in_a_value_is_handed_on() -> None:
    encoded = base64.b64encode(HOSTILE).decode()
    assert inner_bytes(reads(FORMAT, gguf_of([("note", TEXT, encoded)]))[0]) == [HOSTILE]
    assert inner_bytes(reads(FORMAT, gguf_of([("blob", ARRAY, (U8, list(HOSTILE)))]))[0]) == [HOSTILE]
    assert verdict_on(gguf_of([("note", TEXT, encoded)])) == "block"
    assert verdict_on(gguf_of([("tokenizer.ggml.precompiled_charsmap", ARRAY, (U8, [1, 2, 3] * 50))])) == "allow"


def test_metadata_that_acts_is_told() -> None:
    assert "unsafe-metadata" in rules_on(gguf_of([("general.description", TEXT, "<script>alert(1)</script>")]))


def test_a_pickle_named_gguf_and_a_gguf_with_a_zip_are_not_let_through() -> None:
    import io
    import zipfile

    assert verdict_on(HOSTILE, "model.gguf") == "block"
    stream = io.BytesIO(gguf_of([("a", U8, 1)]))
    stream.seek(0, 2)
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("archive/data.pkl", HOSTILE)
    assert "polyglot" in rules_on(stream.getvalue(), "m.gguf")
    assert verdict_on(stream.getvalue(), "m.gguf") == "block"


def test_a_long_text_is_cut_and_said_so() -> None:
    report = report_on(gguf_of([("tokenizer.chat_template", TEXT, "{{ a }}" + "x" * (3 << 20))]), "m.gguf")
    assert any("only the beginning" in gap.detail for gap in report.gaps)


def test_it_reads_no_tensor() -> None:
    from weighmaster.extend.format import Glance
    from weighmaster.model.where import Where
    from weighmaster.reading.budget import Budget
    from weighmaster.reading.cursor import Cursor
    from weighmaster.reading.source import BytesSource

    class Counting(BytesSource):
        taken = 0

        def read_at(self, offset: int, count: int) -> bytes:
            Counting.taken += count
            return super().read_at(offset, count)

    tensors = [(f"t{n}", [1024, 256], 0, n << 20) for n in range(16)]
    source = Counting(gguf_of([("a", U8, 1)], tensors, bytes(16 << 20)))
    assert FORMAT.matches(Glance(source))
    list(FORMAT.read(Cursor(source, Budget()), Where.file("f")))
    assert Counting.taken < 300_000


_keys = st.lists(
    st.tuples(
        st.text("abc.", max_size=4),
        st.just(TEXT),
        st.text(max_size=40) | st.just("{% for m in messages %}{{ m }}{% endfor %}"),
    )
    | st.tuples(st.text("abc.", max_size=4), st.just(U64), st.integers(0, (1 << 64) - 1)),
    max_size=5,
)
_numbers = st.sampled_from([0, 1, 2, 31, 32, 33, 1 << 31, 1 << 32, (1 << 63) - 1, (1 << 64) - 1])
_tensors = st.lists(
    st.tuples(st.text("xy", max_size=2), st.lists(_numbers, max_size=5), st.integers(0, 50), _numbers), max_size=4
)


@settings(max_examples=300, deadline=None)
@given(_keys, _tensors, st.binary(max_size=80), st.sampled_from([2, 3]), st.sampled_from("<>"))
def test_any_header_gives_facts_or_a_typed_error(
    keys: list[tuple[str, int, object]],
    tensors: list[tuple[str, list[int], int, int]],
    data: bytes,
    version: int,
    order: str,
) -> None:
    found, _ = reads(FORMAT, gguf_of(keys, tensors, data, version=version, order=order))
    assert all(read.where.root == "f" for read in found)
