"""Formats that stand beside models: each is known, read to its end, and told where it acts."""

from __future__ import annotations

import gzip
import importlib.util
import io
import json
import marshal
import struct
import wave
from hashlib import sha256
from typing import Any

import msgpack as msgpack_library
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.samples.vetting import (
    inner_bytes,
    reads,
    report_on,
    report_on_folder,
    rules_on,
    verdict_on,
    verdict_on_folder,
)
from tests.samples.whole.sundry import (
    array,
    arrow,
    fasttext,
    msgpack,
    mxnet_arrays,
    old_fasttext,
    parquet,
    sentencepiece,
    tfrecord,
    torch7,
    whole,
    word2vec,
)

from weighmaster import shipped
from weighmaster.formats.arrow import FORMAT as ARROW
from weighmaster.formats.fasttext import FORMAT as FASTTEXT
from weighmaster.formats.media import FORMAT as MEDIA
from weighmaster.formats.msgpack import FORMAT as MSGPACK
from weighmaster.formats.mxnet import FORMAT as MXNET
from weighmaster.formats.oci import FORMAT as OCI
from weighmaster.formats.parquet import FORMAT as PARQUET
from weighmaster.formats.sentencepiece import FORMAT as SENTENCEPIECE
from weighmaster.formats.spacy import FORMAT as SPACY
from weighmaster.formats.tfjs import FORMAT as TFJS
from weighmaster.formats.tfrecord import FORMAT as TFRECORD
from weighmaster.formats.torch7 import FORMAT as TORCH7
from weighmaster.formats.zarr import FORMAT as ZARR
from weighmaster.model.errors import UnreadableError
from weighmaster.model.fact import CodeObject, Disagreement, Instantiation, Operation, Reference, Stray, Tensor
from weighmaster.model.verdict import Outcome
from weighmaster.reading.budget import Budget
from weighmaster.reading.buffered import Buffered
from weighmaster.reading.msgpack import leaves
from weighmaster.reading.source import BytesSource

PICKLE = b"cposix\nsystem\n(S'true'\ntR."
R_HARM = b"A\n3\n262912\n197888\n5\nUTF-8\n1029\n253\n252\n6\n1\n262153\n6\nsystem\n2\n16\n1\n262153\n4\ntrue\n254\n"


@pytest.mark.parametrize("data", whole(), ids=lambda data: repr(data[:12]))
def test_whole_files_are_known_by_what_they_hold(data: bytes) -> None:
    report = report_on(data, "file")
    assert set(report.artifacts[0].formats) - {"text", "json"}
    assert [gap for gap in report.gaps if "pyc" not in gap.detail] == []


@pytest.mark.parametrize(
    "format_", [ARROW, FASTTEXT, MEDIA, MSGPACK, MXNET, PARQUET, SENTENCEPIECE, TFRECORD, TORCH7], ids=lambda f: f.id
)
def test_a_pickle_behind_a_whole_file_is_found(format_: Any) -> None:
    for data in whole():
        claims = report_on(data).artifacts[0].formats
        if format_.id in claims and not data.startswith((b"fLaC", b"\x1aE", b"ARROW", b"PAR1", b"\n")):
            assert verdict_on(data + PICKLE) is not Outcome.ALLOW, data


def test_what_msgpack_writes_is_followed() -> None:
    tree = {
        "params": {"kernel": msgpack_library.ExtType(1, msgpack_library.packb(((2, 3), "float32", bytes(24))))},
        "step": 70_000,
        "names": ["a", "é", b"\0" * 40, None, True, 1.5, -3, 1 << 40],
        "more": {str(n): n for n in range(300)},
        "z": msgpack_library.ExtType(2, msgpack_library.packb((1.0, 2.0))),
    }
    data = msgpack_library.packb(tree)
    found, error = reads(MSGPACK, data)
    assert error is None
    assert [(read.name, read.shape) for read in found if isinstance(read, Tensor)] == [("params.kernel", (2, 3))]
    assert verdict_on(data, "flax_model.msgpack") is Outcome.ALLOW


_ITEM = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 64) - 1) | st.text(max_size=40)
    | st.binary(max_size=300) | st.floats(),
    lambda below: st.lists(below, max_size=20) | st.dictionaries(st.text(max_size=40), below, max_size=20),
    max_leaves=30,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(value=st.dictionaries(st.text(max_size=9), _ITEM, min_size=1, max_size=20))
def test_any_msgpack_is_read_to_its_last_byte(value: dict[str, Any]) -> None:
    data = msgpack_library.packb(value)
    stream = Buffered(BytesSource(data), Budget(), order=">")
    for leaf in leaves(stream):
        assert 0 <= leaf.start <= leaf.end <= len(data)
    assert stream.left == 0


def test_arrays_of_msgpack_that_do_not_fit_are_told() -> None:
    data = msgpack({"a": array([2, 3], "float32", bytes(20))})
    assert [read.kind for read in reads(MSGPACK, data)[0] if isinstance(read, Disagreement)] == ["shape-against-bytes"]
    assert isinstance(reads(MSGPACK, msgpack({"a": (1, b"\x93\x01")}))[1], UnreadableError)
    assert verdict_on(msgpack({"params": (9, b"own"), "b": {"c": 1}})) is Outcome.REVIEW


def test_a_pickle_in_msgpack_is_read() -> None:
    for held in (b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R.", PICKLE):
        assert verdict_on(msgpack_library.packb({"nd": True, "kind": b"O", "data": held})) is Outcome.BLOCK


def manifest(**changed: Any) -> bytes:
    blob = {"mediaType": "application/octet-stream", "digest": "sha256:" + "0" * 64, "size": 3} | changed
    return json.dumps({"schemaVersion": 2, "config": blob, "layers": [blob]}).encode()


def test_oci_layers_stay_in_their_folder() -> None:
    def titled(path: str) -> bytes:
        return manifest(annotations={"org.opencontainers.image.title": path})

    assert verdict_on(titled("weights/model.bin"), "manifest.json") is Outcome.ALLOW
    for path in ("../../.ssh/authorized_keys", "/etc/cron.d/x", "C:\\x"):
        assert verdict_on(titled(path), "manifest.json") is Outcome.BLOCK
    for broken in (manifest(digest="sha256:../../x"), manifest(size=-1), manifest(size="3")):
        assert isinstance(reads(OCI, broken)[1], UnreadableError)


def test_a_blob_that_is_not_its_name_is_blocked() -> None:
    blob = b"some text"
    name = f"blobs/sha256/{sha256(blob).hexdigest()}"
    assert verdict_on_folder({name: blob, "oci-layout": b"{}"}) is Outcome.ALLOW
    report = report_on_folder({name: b"other text"})
    assert {finding.rule.id for finding in report.findings} == {"blob-is-another"}


def test_parquet_and_arrow_give_away_what_they_carry() -> None:
    assert verdict_on(parquet(), "d.parquet") is Outcome.ALLOW
    assert verdict_on(parquet(path=b"/etc/passwd"), "d.parquet") is Outcome.BLOCK
    assert [read.kind for read in reads(PARQUET, parquet(size=4000))[0] if isinstance(read, Disagreement)]
    for pair in ((b"own", PICKLE), (b"r", R_HARM)):
        assert verdict_on(parquet(pairs=(pair,)), "d.parquet") is Outcome.BLOCK
        for file in (False, True):
            assert verdict_on(arrow([{0: pair[0], 1: pair[1]}], file=file), "d.arrow") is Outcome.BLOCK
    extension = [{0: b"ARROW:extension:name", 1: b"arrow.py_extension_type"}]
    assert rules_on(arrow(extension)) == {"configured-danger"}


def test_the_arrow_schema_in_a_parquet_file_is_read() -> None:
    from base64 import b64encode

    message = arrow([{0: b"ARROW:extension:metadata", 1: PICKLE}])[:-8]
    data = parquet(pairs=((b"ARROW:schema", b64encode(message)),))
    assert inner_bytes(reads(PARQUET, data)[0]) == [PICKLE]
    assert verdict_on(data, "d.parquet") is Outcome.BLOCK


def test_an_end_that_is_none_is_not_allowed() -> None:
    for data in (parquet()[:-4] + b"PARE", parquet()[:-1], arrow([], file=True)[:-1], b"FEA1" + bytes(40)):
        assert verdict_on(data) is not Outcome.ALLOW


def test_sentencepiece_is_claimed_strictly_and_its_table_measured() -> None:
    assert verdict_on(sentencepiece(), "tokenizer.model") is Outcome.ALLOW
    assert verdict_on(sentencepiece(trie=400), "tokenizer.model") is Outcome.BLOCK
    assert verdict_on(sentencepiece(more=b"\x5a\x02ab"), "tokenizer.model") is Outcome.REVIEW
    for text in (b"\nhello there", b"\n\n\n\n", b"\n\x05hello"):
        assert "sentencepiece" not in report_on(text).artifacts[0].formats


_PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog{}>>endobj\n%%EOF\n"


def test_documents_that_act_wait_for_a_person() -> None:
    assert verdict_on(_PDF.replace(b"{}", b"/OpenAction[3 0 R /Fit]"), "paper.pdf") is Outcome.ALLOW
    for action in (b"/JavaScript", b"/S/Launch", b"/J#61vaScript", b"/JS(x)"):
        assert rules_on(_PDF.replace(b"{}", action), "paper.pdf") == {"active-document"}
    assert verdict_on(_PDF + PICKLE, "paper.pdf") is Outcome.BLOCK
    assert verdict_on(_PDF[:20], "paper.pdf") is Outcome.REVIEW


def test_sounds_and_films_are_known(tmp_path: Any) -> None:
    path = str(tmp_path / "a.wav")
    with wave.open(path, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(100))
    for data in (data for data in whole() if MEDIA.id in report_on(data).artifacts[0].formats):
        assert verdict_on(data, "clip.mp4") is Outcome.ALLOW
    assert isinstance(
        reads(MEDIA, struct.pack(">I4s4sI", 16, b"ftyp", b"isom", 0) + b"\0\0\xff\xffmdat")[1], UnreadableError
    )
    assert isinstance(reads(MEDIA, struct.pack(">I4s", 9999, b"ftyp"))[1], UnreadableError)


def graph(*nodes: dict[str, Any]) -> bytes:
    return json.dumps({"nodes": [{"op": "null", "name": "x"}, *nodes], "arg_nodes": [0], "heads": [[1, 0]]}).encode()


@pytest.mark.parametrize(
    ("node", "outcome"),
    [
        ({"op": "Convolution", "name": "c", "attrs": {"kernel": "(3, 3)"}}, Outcome.ALLOW),
        ({"op": "_npi_add", "name": "c"}, Outcome.ALLOW),
        ({"op": "_contrib_box_nms", "name": "c"}, Outcome.ALLOW),
        ({"op": "Custom", "name": "c", "attrs": {"op_type": "own"}}, Outcome.BLOCK),
        ({"op": "Custom", "name": "c", "param": {"op_type": "own"}}, Outcome.BLOCK),
        ({"op": "_Native", "name": "c", "attrs": {"info": "0x7f"}}, Outcome.BLOCK),
        ({"op": "_cvimread", "name": "c", "attrs": {"filename": "/etc/passwd"}}, Outcome.BLOCK),
        ({"op": "own_gemm", "name": "c"}, Outcome.REVIEW),
        ({"op": "relu", "name": "c", "attrs": {"library": "/tmp/own.so"}}, Outcome.BLOCK),
        ({"op": "_foreach", "subgraphs": [json.loads(graph({"op": "Custom", "name": "d"}))]}, Outcome.BLOCK),
    ],
    ids=str,
)  # fmt: skip
def test_operators_of_mxnet_are_judged(node: dict[str, Any], outcome: Outcome) -> None:
    assert verdict_on(graph(node), "model-symbol.json") is outcome


def test_arrays_of_mxnet_are_measured() -> None:
    found, error = reads(MXNET, mxnet_arrays())
    assert error is None
    assert [(read.name, read.shape) for read in found if isinstance(read, Tensor)] == [("arg:w", (2, 3))]
    for data in (mxnet_arrays(shape=(1 << 40, 1 << 40)), mxnet_arrays(names=0)[:-8], mxnet_arrays()[:60]):
        assert isinstance(reads(MXNET, data)[1], UnreadableError)


def test_functions_and_classes_of_torch7_are_told() -> None:
    for textual in (False, True):
        assert verdict_on(torch7(textual=textual), "model.t7") is Outcome.ALLOW
        found, error = reads(TORCH7, torch7(textual=textual, function=True))
        assert error is None
        assert [read.form for read in found if isinstance(read, CodeObject)] == ["Lua bytecode"]
        assert verdict_on(torch7(textual=textual, function=True), "model.t7") is Outcome.BLOCK
        assert verdict_on(torch7(textual=textual, name="own.Layer"), "model.t7") is Outcome.REVIEW


def test_codecs_of_zarr_are_judged_wherever_they_stand() -> None:
    def notes(**more: Any) -> bytes:
        return json.dumps({"zarr_format": 2, "shape": [2], "chunks": [2], "dtype": "<f4", **more}).encode()

    assert verdict_on(notes(compressor={"id": "blosc"}, filters=None), ".zarray") is Outcome.ALLOW
    assert verdict_on(notes(filters=[{"id": "pickle"}]), ".zarray") is Outcome.BLOCK
    assert verdict_on(notes(compressor={"id": "own"}), ".zarray") is Outcome.REVIEW
    inner = {"name": "sharding_indexed", "configuration": {"codecs": [{"name": "numcodecs.pickle"}]}}
    assert verdict_on(json.dumps({"zarr_format": 3, "shape": [1], "codecs": [inner]}).encode()) is Outcome.BLOCK
    group = {"zarr_consolidated_format": 1, "metadata": {"a/.zarray": json.loads(notes(filters=[{"id": "pickle"}]))}}
    assert verdict_on(json.dumps(group).encode(), ".zmetadata") is Outcome.BLOCK
    assert isinstance(reads(ZARR, notes(shape=[-1]))[1], UnreadableError)


_CONFIG = """[paths]
vectors = null

[nlp]
lang = "en"
pipeline = ["ner"]
before_creation = null

[components.ner]
factory = "{}"

[components.ner.model]
@architectures = "{}"

[initialize]
vectors = "{}"
"""


def test_functions_of_spacy_are_judged() -> None:
    ordinary = _CONFIG.format("ner", "spacy.TransitionBasedParser.v2", "vectors").encode()
    assert verdict_on(ordinary, "config.cfg") is Outcome.ALLOW
    found, _ = reads(SPACY, ordinary)
    names = {read.dotted for read in found if isinstance(read, Instantiation)}
    assert names == {"factory.ner", "spacy.TransitionBasedParser.v2"}
    for own in (("own", "spacy.Tagger.v2"), ("ner", "somebodys.Layer.v1")):
        assert rules_on(_CONFIG.format(*own, "v").encode(), "config.cfg") >= {"configured-unknown"}
        assert verdict_on(_CONFIG.format(*own, "v").encode(), "config.cfg") is Outcome.REVIEW


def test_weights_and_operators_of_tensorflow_js_are_told() -> None:
    def model(path: str, op: str) -> bytes:
        weights = [{"paths": [path], "weights": [{"name": "w", "shape": [2], "dtype": "float32"}]}]
        topology = {"node": [{"name": "x", "op": op}], "library": {"function": [{"nodeDef": [{"op": "Add"}]}]}}
        return json.dumps({"format": "graph-model", "modelTopology": topology, "weightsManifest": weights}).encode()

    assert verdict_on(model("group1-shard1of1.bin", "Placeholder"), "model.json") is Outcome.ALLOW
    assert verdict_on(model("../../secret", "Placeholder"), "model.json") is Outcome.BLOCK
    assert verdict_on(model("a.bin", "ReadFile"), "model.json") is Outcome.BLOCK
    found, _ = reads(TFJS, model("a.bin", "Placeholder"))
    assert [read.name for read in found if isinstance(read, Operation)] == ["Placeholder", "Add"]
    assert [read.target for read in found if isinstance(read, Reference)] == ["a.bin"]


def test_fasttext_is_measured() -> None:
    found, error = reads(FASTTEXT, fasttext())
    assert error is None
    assert [read.shape for read in found if isinstance(read, Tensor)] == [(2, 2), (2, 2)]
    for data in (fasttext(words=1 << 30), fasttext(rows=1 << 40), fasttext(words=-1)):
        assert isinstance(reads(FASTTEXT, data)[1], UnreadableError)


def test_fasttext_is_measured_without_its_mark() -> None:
    found, error = reads(FASTTEXT, old_fasttext())
    assert error is None
    assert [read.shape for read in found if isinstance(read, Tensor)] == [(2, 2), (2, 2)]
    assert verdict_on(old_fasttext(), "lee.bin") is Outcome.ALLOW
    assert verdict_on(old_fasttext() + PICKLE, "lee.bin") is Outcome.BLOCK
    assert isinstance(reads(FASTTEXT, old_fasttext(words=1 << 20))[1], UnreadableError)
    for data in (old_fasttext(numbers=1 << 16), old_fasttext(loss=9), bytes(200)):
        assert "fasttext" not in report_on(data, "lee.bin").artifacts[0].formats


def test_records_of_tensorflow_are_known_by_their_checksum() -> None:
    data = tfrecord(b"brain.Event:")
    assert verdict_on(data * 3, "events.out.tfevents.1") is Outcome.ALLOW
    assert [type(read) for read in reads(TFRECORD, data + PICKLE)[0] if isinstance(read, Stray)] == [Stray]
    assert "tfrecord" not in report_on(data[:8] + bytes(4) + data[12:]).artifacts[0].formats
    # What TensorBoard's own writer begins a file with.
    assert shipped.registry().formats["tfrecord"].matches is TFRECORD.matches
    assert "tfrecord" in report_on(b"\x18" + bytes(7) + b'\xa3\x7fK"' + bytes(40)).artifacts[0].formats


def test_compiled_python_is_never_allowed() -> None:
    code = marshal.dumps(compile("import os", "x", "exec"))
    assert verdict_on(code, "weights.bin") is Outcome.BLOCK
    module = importlib.util.MAGIC_NUMBER + bytes(12) + code
    assert verdict_on(module, "module.cpython-311.pyc") is Outcome.REVIEW
    assert verdict_on(gzip.compress(code), "weights.gz") is Outcome.BLOCK


def test_numbers_that_only_begin_alike_are_not_claimed() -> None:
    chance = np.random.default_rng(5)
    stream = io.BytesIO()
    for _ in range(200):
        stream.seek(0)
        data = bytes(chance.integers(0, 256, 400, dtype=np.uint8))
        found = set(report_on(data).artifacts[0].formats)
        assert not found & {"msgpack", "sentencepiece", "torch7", "tfrecord", "pyc", "xgboost", "arrow", "r-serialized"}


def test_vectors_of_word2vec_are_counted() -> None:
    assert verdict_on(word2vec(), "vectors.bin") is Outcome.ALLOW
    for data in (word2vec() + PICKLE, word2vec(words=3), word2vec(numbers=9)):
        assert verdict_on(data, "vectors.bin") is not Outcome.ALLOW


@pytest.mark.parametrize(
    ("numbers", "line"), [(2, b"-7.36e-04 nan "), (5, b"-0.11189 0.12135 -0.11379 0.024496 -0.0225 ")]
)
def test_vectors_that_are_text_are_text(numbers: int, line: bytes) -> None:
    data = b"9 %d\n" % numbers + b"".join(b"word.n.%d %s\n" % (at, line) for at in range(9))
    assert report_on(data, "toy.vec").artifacts[0].formats == ("text",)
    assert verdict_on(data, "toy.vec") is Outcome.ALLOW
    assert verdict_on(data + PICKLE + bytes(9), "toy.vec") is not Outcome.ALLOW


def test_rows_of_spacy_are_known() -> None:
    table = msgpack_library.packb({(1 << 63) + n: n for n in range(40)})
    assert verdict_on(table, "key2row") is Outcome.ALLOW
