"""Small whole files of GGUF and its relatives, chat templates, engines."""

from __future__ import annotations

import io
import json
import struct
import zipfile

from tests.samples.ggufs import ARRAY, BOOL, F32, TEXT, U8, U32, gguf_of

TEMPLATE = (
    "{% set ns = namespace(x='') %}{% macro m(a, b='c') %}{{ a ~ b }}{% endmacro %}"
    "{% for m in messages if m.role %}"
    "{% if 'a' in m.content|lower %}{{ m['content'][1:] + '\\n' }}"
    "{% elif loop.first %}{% set ns.x = ns.x ~ m %}{% endif %}"
    "{% endfor %}{{ m(bos_token) if add_generation_prompt else ['a', 'b']|join('%s' % 1) }}"
)


def whole() -> list[bytes]:
    """Return the files."""
    keys = [
        ("general.architecture", TEXT, "llama"),
        ("general.alignment", U32, 32),
        ("tokenizer.chat_template", TEXT, TEMPLATE),
        ("tokenizer.ggml.tokens", ARRAY, (TEXT, ["a", "bc", ""])),
        ("tokenizer.ggml.scores", ARRAY, (F32, [0.5, 1.0])),
        ("nested", ARRAY, (ARRAY, [(U8, [1, 2]), (BOOL, [1])])),
    ]
    tensors = [("a", [4], 0, 0), ("b", [32], 2, 32)]
    files = [gguf_of(keys, tensors, bytes(64), version=version) for version in (1, 2, 3)]
    files.append(gguf_of(keys, tensors, bytes(64), order=">"))
    configuration = {"chat_template": [{"name": "default", "template": TEMPLATE}], "tokenizer_class": "A"}
    files += [json.dumps(configuration).encode(), TEMPLATE.encode()]
    return [*files, *old(), engine(), noted_engine(), rknn(), llamafile()]


def tensor(name: bytes, shape: list[int], kind: int, data: bytes, *, at: int | None = None) -> bytes:
    """Return a tensor as the formats before GGUF have it; `at` is where it stands, if tensors are aligned."""
    head = struct.pack("<3I", len(shape), len(name), kind) + struct.pack(f"<{len(shape)}I", *shape) + name
    return head + (bytes(-(at + len(head)) % 32) if at is not None else b"") + data


def old() -> list[bytes]:
    """Return files of before GGUF."""
    numbers = struct.pack("<7I", 2, 8, 4, 1, 1, 8, 0)
    plain = b"lmgg" + numbers + 2 * struct.pack("<I1s", 1, b"a") + tensor(b"w", [2, 2], 0, bytes(16))
    scored = struct.pack("<I", 1) + numbers + 2 * struct.pack("<I1sf", 1, b"a", 0.5)
    jt = b"tjgg" + scored
    mf = b"fmgg" + scored + tensor(b"w", [2, 2], 1, bytes(8))
    la = b"algg" + struct.pack("<3I", 1, 8, 16)
    whisper = b"lmgg" + struct.pack("<11I", 2, 1500, 8, 1, 1, 448, 8, 1, 1, 2, 1) + struct.pack("<2I", 2, 3) + bytes(24)
    whisper += struct.pack("<I", 2) + 2 * struct.pack("<I1s", 1, b"a") + tensor(b"conv", [2, 2], 0, bytes(16))
    return [
        plain,
        mf,
        jt + tensor(b"w", [32], 2, bytes(18), at=len(jt)),
        la + tensor(b"w.loraA", [4], 0, bytes(16), at=len(la)),
        whisper,
    ]


def engine() -> bytes:
    """Return what begins as a TensorRT engine does."""
    return b"ftrt" + struct.pack("<IQ", 0, 64) + b"\x7fELF\x02\x01\x01" + bytes(11) + struct.pack("<H", 190) + bytes(64)


def noted_engine() -> bytes:
    """Return an engine with notes in front, as Ultralytics writes them."""
    notes = json.dumps({"description": "a model", "task": "detect"}).encode()
    return struct.pack("<I", len(notes)) + notes + engine()


def rknn() -> bytes:
    """Return what an RKNN toolkit writes, without the model."""
    told = json.dumps(
        {"name": "n", "norm_tensor": [{"url": "in", "dtype": {"vx_type": "INT8"}, "size": [1, 3]}]}
    ).encode()
    return b"RKNN" + bytes(4) + struct.pack("<2Q", 6, 32) + bytes(range(32)) + struct.pack("<Q", len(told)) + told


def llamafile() -> bytes:
    """Return a program with a zip behind it that holds a model."""
    stream = io.BytesIO()
    stream.write(b"MZqFpD='\n".ljust(60) + struct.pack("<I", 64) + b"PE\0\0" + bytes(60))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("model.gguf", gguf_of([("general.name", TEXT, "tiny")]))
        archive.writestr(".args", "-m\nmodel.gguf\n")
    return stream.getvalue()
