"""Whole files of formats beside the large ones, a few hundred bytes each."""

from __future__ import annotations

import itertools
import json
import struct
from collections.abc import Iterator
from typing import Any

from tests.samples.flat import flat
from tests.samples.rfiles import NIL, R


def whole() -> list[bytes]:
    """Return them."""
    return [*_boosters(), *_r(), *_documents(), *_packed(), *_media(), *_old()]


def tree(nodes: int = 3, /, **changed: Any) -> dict[str, Any]:
    """Return a tree of XGBoost's, with what is changed."""
    return {
        "tree_param": {"num_nodes": str(nodes), "size_leaf_vector": "1"},
        "left_children": [1, -1, -1],
        "right_children": [2, -1, -1],
        "split_indices": [0, 0, 0],
        "base_weights": [0.0, 1.0, 2.0],
    } | changed


def xgboost_json(*trees: dict[str, Any], said: int | None = None) -> bytes:
    """Return a model of XGBoost's."""
    model = {
        "gbtree_model_param": {"num_trees": str(len(trees) if said is None else said)},
        "tree_info": [0] * len(trees),
        "trees": list(trees),
    }
    learner = {
        "attributes": {"note": "hi"},
        "feature_names": ["a"],
        "gradient_booster": {"name": "gbtree", "model": model},
        "learner_model_param": {"num_feature": "1"},
        "objective": {"name": "binary:logistic"},
    }
    return json.dumps({"learner": learner, "version": [3, 2, 0]}).encode()


def ubjson(value: Any) -> bytes:
    """Write UBJSON as XGBoost does: integers of eight bytes, lists of integers as arrays of one type."""
    match value:
        case dict():
            return b"{" + b"".join(ubjson(key)[1:] + ubjson(item) for key, item in value.items()) + b"}"
        case list() if value and all(type(item) is int for item in value):
            return b"[$l#" + ubjson(len(value)) + struct.pack(f">{len(value)}i", *value)
        case list():
            return b"[#" + ubjson(len(value)) + b"".join(map(ubjson, value))
        case str():
            return b"S" + ubjson(len(value.encode())) + value.encode()
        case float():
            return b"d" + struct.pack(">f", value)
        case _:
            return b"L" + struct.pack(">q", value)


def xgboost_old(trees: int = 1, nodes: int = 3, *, binf: bool = True, after: bytes = b"") -> bytes:
    """Return a model of XGBoost's of old."""
    learner = struct.pack("<fIiii", 0.5, 1, 0, 1, 0) + bytes(116)
    forest = struct.pack("<iiii", trees, 1, 1, 0) + bytes(144)
    one = struct.pack("<iiiiii", 1, nodes, 0, 1, 1, 0) + bytes(124) + bytes(36 * nodes)
    attributes = struct.pack("<Q", 1) + _counted(b"key") + _counted(b"text")
    names = _counted(b"binary:logistic") + _counted(b"gbtree")
    body = learner + names + forest + one * trees + bytes(4 * max(trees, 0)) + attributes
    return (b"binf" if binf else b"") + body + after


def _counted(text: bytes) -> bytes:
    return struct.pack("<Q", len(text)) + text


def lightgbm(sizes: str | None = None, **files: str) -> bytes:
    """Return a model of LightGBM's of one tree."""
    one = "Tree=0\nnum_leaves=2\nsplit_feature=0\nleft_child=-1\nright_child=-2\nleaf_value=1 2\n\n\n"
    parameters = "".join(f"[{key}: {value}]\n" for key, value in files.items())
    head = f"tree\nversion=v4\nnum_class=1\nobjective=regression\nfeature_names=a\ntree_sizes={sizes or len(one)}\n\n"
    return f"{head}{one}end of trees\n\nparameters:\n{parameters}\nend of parameters\n".encode()


def catboost(after: bytes = b"", parts: tuple[bytes, ...] = ()) -> bytes:
    """Return a model of CatBoost's."""
    info = [{0: b"params", 1: b"{}"}]
    core = flat({0: b"FlabuffersModel_v1", 1: {0: b""}, 2: info, **({3: list(parts)} if parts else {})})
    return b"CBM1" + struct.pack("<I", len(core)) + core + after


def _boosters() -> Iterator[bytes]:
    model = xgboost_json(tree())
    yield from (model, ubjson(json.loads(model)), xgboost_old(), xgboost_old(binf=False), lightgbm(), catboost())
    yield catboost(struct.pack("<II", 1, 4) + b"ctrs", (b"static_provider_v1",))
    yield json.dumps({"features_info": {}, "model_info": {"params": "{}"}, "oblivious_trees": []}).encode()


def compiled_call(r: R, name: str) -> bytes:
    """Return a constant of compiled code that is a call without arguments."""
    return r.integer(6) + r.nil() + r.integer(0) + r.symbol(name) + r.integer(NIL) + r.nil()


def _r() -> Iterator[bytes]:
    for textual in (False, True):
        r = R(textual=textual)
        call = r.call(r.symbol("+"), r.reals(1.0), r.strings("a"))
        yield r.file(r.vector(r.strings("a", "b"), r.reals(1.0, 2.0), r.promise(call, value=NIL)))
        yield r.file(r.pairs(("model", r.closure(r.compiled(compiled_call(r, "f"))))), workspace=True)
    r = R()
    yield r.file(r.environment(r.pairs(("x", r.promise(r.call(r.symbol("f"), r.reference(2)))))))
    yield r.file(r.alternative("compact_intseq", "base", r.reals(3.0, 1.0, 1.0)))


_IDS = itertools.count(1)


def node(loader: str, module: str, name: str, **more: Any) -> dict[str, Any]:
    """Return a node of a skops schema."""
    return {"__loader__": loader, "__module__": module, "__class__": name, "__id__": next(_IDS), **more}


def text_node(text: str) -> dict[str, Any]:
    """Return a node of a skops schema that is a text."""
    return node("JsonNode", "builtins", "str", content=json.dumps(text), is_json=True)


def _documents() -> Iterator[bytes]:
    yield b"Apache License\nVersion 2.0, January 2004\n"
    yield json.dumps(node("ListNode", "builtins", "list", content=[text_node("a")], protocol=2)).encode()
    yield b'<?xml version="1.0"?><PMML version="4.4"><Header/><Apply function="+"/></PMML>'
    yield (
        b'<?xml version="1.0"?><net name="m" version="11"><layers><layer id="0" name="c" type="Const" version="opset1">'
        b'<data element_type="f32" shape="2, 3" offset="0" size="24"/></layer></layers></net>'
    )
    yield b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><r t="&b;">&b;</r>'
    blob = {"mediaType": "application/octet-stream", "digest": "sha256:" + "0" * 64, "size": 3}
    title = {"annotations": {"org.opencontainers.image.title": "model.bin"}}
    yield json.dumps({"schemaVersion": 2, "config": blob, "layers": [blob | title]}).encode()
    graph = {"nodes": [{"op": "null", "name": "x", "inputs": []}, {"op": "relu", "name": "y", "inputs": [[0, 0, 0]]}]}
    yield json.dumps(graph | {"arg_nodes": [0], "heads": [[1, 0, 0]]}).encode()
    codec = {"id": "zstd", "level": 1}
    yield json.dumps({"zarr_format": 2, "shape": [2], "chunks": [2], "dtype": "<f4", "compressor": codec}).encode()
    manifest = [{"paths": ["w.bin"], "weights": [{"name": "w", "shape": [2], "dtype": "float32"}]}]
    topology = {"node": [{"name": "x", "op": "Placeholder"}]}
    yield json.dumps({"format": "graph-model", "modelTopology": topology, "weightsManifest": manifest}).encode()
    component = b'[components.ner]\nfactory = "ner"\n@architectures = "spacy.Tagger.v2"\n'
    yield b'[nlp]\nlang = "en"\npipeline = ["ner"]\n\n' + component
    yield json.dumps({"lang": "en", "spacy_version": ">=3", "pipeline": [], "requirements": ["x"]}).encode()
    yield b"# so it goes on\n" * 65_537


def msgpack(value: Any) -> bytes:
    """Write MessagePack; a tuple of a number and bytes is an extension."""
    match value:
        case dict():
            return bytes((0x80 | len(value),)) + b"".join(msgpack(each) for pair in value.items() for each in pair)
        case list():
            return bytes((0x90 | len(value),)) + b"".join(map(msgpack, value))
        case str():
            return bytes((0xA0 | len(value),)) + value.encode()
        case bytes():
            return b"\xc5" + struct.pack(">H", len(value)) + value
        case (int() as code, bytes() as data):
            return b"\xc8" + struct.pack(">Hb", len(data), code) + data
        case _:
            return b"\xcd" + struct.pack(">H", value)


def array(shape: list[int], dtype: str, data: bytes) -> tuple[int, bytes]:
    """Return an array as Flax writes it."""
    return 1, msgpack([shape, dtype, data])


def compact(fields: dict[int, bytes]) -> bytes:
    """Return a struct of Thrift's compact protocol, of fields whose first byte is their type."""
    out, last = b"", 0
    for number, value in fields.items():
        out += bytes(((number - last) << 4 | value[0],)) + value[1:]
        last = number
    return out + b"\0"


def _zigzag(value: int) -> bytes:
    number, out = value << 1, b""
    while number > 0x7F:
        out += bytes((number & 0x7F | 0x80,))
        number >>= 7
    return out + bytes((number,))


def parquet(start: int = 4, size: int = 8, path: bytes = b"", pairs: tuple[tuple[bytes, bytes], ...] = ()) -> bytes:
    """Return a Parquet file of one column."""
    column = b"\x0c" + compact({7: b"\x06" + _zigzag(size), 9: b"\x06" + _zigzag(start)})
    chunk = compact({**({1: b"\x08" + bytes((len(path),)) + path} if path else {}), 2: b"\x06" + _zigzag(4), 3: column})
    group = compact({1: b"\x09\x1c" + chunk, 2: b"\x06\x10", 3: b"\x06\x02"})
    held = b"".join(compact({1: b"\x08" + _text(key), 2: b"\x08" + _text(value)}) for key, value in pairs)
    footer = compact(
        {
            1: b"\x05\x02",
            3: b"\x06\x02",
            4: b"\x09\x1c" + group,
            **({5: b"\x09" + bytes((len(pairs) << 4 | 12,)) + held} if pairs else {}),
            6: b"\x08\x02me",
        }
    )
    return b"PAR1" + bytes(8) + footer + struct.pack("<I", len(footer)) + b"PAR1"


def _text(text: bytes) -> bytes:
    size, out = len(text), b""
    while size > 0x7F:
        out += bytes((size & 0x7F | 0x80,))
        size >>= 7
    return out + bytes((size,)) + text


def arrow(pairs: list[dict[int, Any]], *, file: bool = False) -> bytes:
    """Return an Arrow stream or file of a schema and no batches."""
    field = {0: b"x", 2: ("B", 2), 3: {}, 6: pairs}
    message = flat({0: ("h", 4), 1: ("B", 1), 2: {1: [field], 2: [{0: b"k", 1: b"v"}]}, 3: 0})
    message += bytes(-len(message) % 8)
    stream = b"\xff\xff\xff\xff" + struct.pack("<I", len(message)) + message + b"\xff\xff\xff\xff" + bytes(4)
    footer = flat({0: ("h", 4)})
    return b"ARROW1\0\0" + stream + footer + struct.pack("<I", len(footer)) + b"ARROW1" if file else stream


def sentencepiece(*, trie: int = 4, more: bytes = b"") -> bytes:
    """Return a model of SentencePiece's."""
    pieces = b"".join(
        _field(1, _field(1, piece) + b"\x15" + struct.pack("<f", -1.0)) for piece in (b"<unk>", b"a", b"b")
    )
    normalizer = _field(1, b"nmt_nfkc") + _field(2, struct.pack("<I", trie) + b"trieab")
    return pieces + _field(2, _field(1, b"corpus.txt")) + _field(3, normalizer) + more


def _field(number: int, data: bytes) -> bytes:
    return bytes((number << 3 | 2, len(data))) + data


def _packed() -> Iterator[bytes]:
    yield msgpack({"params": {"kernel": array([2, 3], "float32", bytes(24))}, "step": 3, "more": [1, "a", b"x" * 20]})
    yield from (parquet(), parquet(pairs=((b"k", b"v"),)), arrow([]), arrow([{0: b"k", 1: b"v"}], file=True))
    yield sentencepiece()


def tfrecord(data: bytes) -> bytes:
    """Return one record of twelve bytes, whose checksum is known."""
    return struct.pack("<Q", 12) + b"\xf4\xc8\xfe\x0a" + data[:12].ljust(12, b"\0") + bytes(4)


def _media() -> Iterator[bytes]:
    yield b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n"
    yield struct.pack(">I4s4sI", 16, b"ftyp", b"isom", 0) + struct.pack(">I4s", 12, b"mdat") + b"film"
    yield b"OggS\0\x02" + bytes(20) + b"\x01\x05sound"
    yield b"fLaC" + b"\x80\0\0\x04head" + b"sound"
    yield b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm" + b"\x18\x53\x80\x67\x84film"
    frame = b"\xff\xfb\x10\0" + bytes(100)
    yield b"ID3\x04\0\0\0\0\0\x04tags" + frame * 2 + b"TAG" + bytes(125)


def mxnet_arrays(shape: tuple[int, ...] = (2, 3), size: int = 24, names: int = 1) -> bytes:
    """Return one array of MXNet's."""
    head = struct.pack("<QQQ", 0x112, 0, 1) + struct.pack("<Iii", 0xF993FAC9, 0, len(shape))
    body = struct.pack(f"<{len(shape)}q", *shape) + struct.pack("<iii", 1, 0, 0) + bytes(size)
    return head + body + struct.pack("<Q", names) + _counted(b"arg:w") * names


def torch7(*, textual: bool = False, function: bool = False, name: str = "nn.Linear") -> bytes:
    """Return an object of Torch7's with a tensor in it, and a function if that is wanted."""
    out = b""

    def put(*values: float | bytes) -> None:
        nonlocal out
        for value in values:
            if textual:
                out += value + b"\n" if isinstance(value, bytes) else f"{value}\n".encode()
            else:
                code = "<d" if isinstance(value, float) else "<i"
                out += value if isinstance(value, bytes) else struct.pack(code, value)

    def wide(*values: int) -> None:
        nonlocal out
        out += b"".join(f"{value}\n".encode() if textual else struct.pack("<q", value) for value in values)

    put(4, 1, 3, b"V 1", len(name), name.encode(), 3, 2, 2)
    put(2, 6, b"weight", 4, 3, 3, b"V 1", 17, b"torch.FloatTensor", 1)
    wide(2, 1, 1)
    put(4, 4, 3, b"V 1", 18, b"torch.FloatStorage")
    wide(2)
    out += b"0.5 0.5\n" if textual else bytes(8)
    put(2, 3, b"fun")
    put(*((8, 5, 5, b"\x1bLJ\x02x", 3, 6, 0) if function else (5, 1)))
    return out


def fasttext(words: int = 2, rows: int = 2) -> bytes:
    """Return a model of fastText's."""
    head = struct.pack("<ii", 793712314, 12) + bytes(56) + struct.pack("<iiiqq", words, 2, 0, 5, -1)
    entries = b"".join(word + b"\0" + struct.pack("<qb", 1, 0) for word in (b"a", b"bc"))
    matrix = b"\0" + struct.pack("<qq", rows, 2) + bytes(16)
    return head + entries + matrix + b"\0" + struct.pack("<qq", 2, 2) + bytes(16)


def old_fasttext(numbers: int = 2, loss: int = 2, words: int = 2) -> bytes:
    """Return a model of fastText's first releases, which begins without a mark."""
    settings = struct.pack("<12id", numbers, 5, 5, 5, 5, 1, loss, 2, 1000, 3, 6, 10000, 1e-4)
    entries = b"".join(word + b"\0" + struct.pack("<qb", 1, 0) for word in (b"a", b"bc"))
    matrix = struct.pack("<qq", 2, 2) + bytes(16)
    return settings + struct.pack("<iiiq", words, words, 0, 5) + entries + matrix * 2


def _old() -> Iterator[bytes]:
    yield from (
        mxnet_arrays(),
        torch7(),
        torch7(textual=True),
        torch7(function=True),
        fasttext(),
        old_fasttext(),
        word2vec(),
    )
    yield b"\x0c\xdb\x3a\x2a" + struct.pack("<Q", 20) + bytes(8)
    yield tfrecord(b"brain.Event:")
    code = b"\xe3" + bytes(16) + b"\x73\x04\0\0\0d\0S\0" + bytes(20)
    yield from (code, b"\xa7\x0d\r\n" + bytes(12) + code)


def word2vec(words: int = 2, numbers: int = 2) -> bytes:
    """Return vectors of word2vec's."""
    vectors = b"".join(word + b" " + struct.pack("<ff", 0.1, 0.2) + b"\n" for word in (b"a", b"bc"))
    return f"{words} {numbers}\n".encode() + vectors
