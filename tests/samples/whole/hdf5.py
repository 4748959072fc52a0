"""Small HDF5 files and configurations of Keras, written by hand: each layout that a reader must follow."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib

_NOWHERE = b"\xff" * 8
_SIGNATURE = b"\x89HDF\r\n\x1a\n"


def _u64(*numbers: int) -> bytes:
    return struct.pack(f"<{len(numbers)}Q", *numbers)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 8)


def _bytes_of(count: int) -> bytes:
    """Return the datatype of one unsigned byte, or of opaque bytes."""
    if count == 1:
        return struct.pack("<B3sIHH", 0x10, bytes(3), 1, 0, 8)
    return struct.pack("<B3sI", 0x15, b"\x08\0\0", count) + bytes(8)


def _text() -> bytes:
    """Return the datatype of text of variable length."""
    return struct.pack("<B3sI", 0x19, b"\x01\0\0", 16) + struct.pack("<B3sI", 0x13, bytes(3), 1)


def _space(*sizes: int) -> bytes:
    return struct.pack("<BBBB4x", 1, len(sizes), 0, 0) + _u64(*sizes)


def _attribute(name: bytes, kind: bytes, space: bytes, data: bytes) -> bytes:
    head = struct.pack("<BBHHH", 1, 0, len(name) + 1, len(kind), len(space))
    return head + _padded(name + b"\0") + _padded(kind) + _padded(space) + data


def _header(*messages: tuple[int, bytes]) -> bytes:
    """Return an object header of version 1."""
    body = b"".join(struct.pack("<HHB3x", kind, len(_padded(data)), 0) + _padded(data) for kind, data in messages)
    return struct.pack("<BxHII4x", 1, len(messages), 1, len(body)) + body


class _Space:
    """A file that grows: each piece is put behind the one before."""

    def __init__(self, start: int) -> None:
        self.data = bytearray(start)

    def put(self, piece: bytes) -> int:
        """Append a piece, and return where it begins."""
        at = len(self.data)
        self.data += _padded(piece)
        return at


def old(config: str = '{"class_name":"Sequential","config":{"layers":[]}}') -> bytes:
    """Return a file in the layout of the first releases: a symbol table, chunks in a tree, text in the global heap."""
    file = _Space(96)
    pickle = b"\x80\x02cposix\ngetcwd\n)R."
    packed = zlib.compress(pickle.ljust(24, b"\0"))
    chunk = file.put(packed)
    tree = file.put(
        b"TREE" + bytes((1, 0)) + struct.pack("<H", 1) + _NOWHERE * 2
        + struct.pack("<II", len(packed), 0) + _u64(0, 0, chunk) + struct.pack("<II", 0, 0) + _u64(24, 0)
    )  # fmt: skip
    layout = struct.pack("<BBB", 3, 2, 2) + _u64(tree) + struct.pack("<II", 24, 1)
    steps = struct.pack("<BB6xHHHHI4x", 1, 1, 1, 0, 1, 1, 4)
    chunked = file.put(_header((1, _space(24)), (3, _bytes_of(1)), (11, steps), (8, layout)))
    names = file.put(bytes(8) + b"../secret\0")
    heap = file.put(b"HEAP" + bytes(4) + _u64(24, 1, names))
    files = struct.pack("<B3xHH", 1, 1, 1) + _u64(heap) + _u64(8, 0, 9)
    nothing = struct.pack("<BB", 3, 1) + _NOWHERE + _u64(9)
    external = file.put(_header((1, _space(9)), (3, _bytes_of(1)), (7, files), (8, nothing)))
    text = config.encode()
    item = struct.pack("<HH4xQ", 1, 1, len(text)) + _padded(text)
    collection = file.put(b"GCOL" + b"\x01\0\0\0" + _u64(16 + len(item)) + item)
    found = struct.pack("<IQI", len(text), collection, 1)
    links = (b"external\0", b"state\0")
    content = bytes(8) + b"".join(links)
    segment = file.put(content)
    heap = file.put(b"HEAP" + bytes(4) + _u64(len(content), 1, segment))
    node = b"SNOD" + struct.pack("<BxH", 1, 2)
    node += _u64(8, external) + bytes(24) + _u64(8 + len(links[0]), chunked) + bytes(24)
    tree = file.put(b"TREE" + bytes((0, 0)) + struct.pack("<H", 1) + _NOWHERE * 2 + _u64(0, file.put(node), 8))
    root = file.put(_header((0x11, _u64(tree, heap)), (12, _attribute(b"model_config", _text(), _space(), found))))
    end = len(file.data)
    file.data[:96] = (
        _SIGNATURE + bytes((0, 0, 0, 0, 0, 8, 8, 0)) + struct.pack("<HHI", 4, 16, 0)
        + _u64(0) + _NOWHERE + _u64(end) + _NOWHERE + _u64(0, root) + bytes(24)
    )  # fmt: skip
    return bytes(file.data)


def _second(*messages: tuple[int, bytes]) -> bytes:
    """Return an object header of version 2."""
    body = b"".join(struct.pack("<BHB", kind, len(data), 0) + data for kind, data in messages)
    return b"OHDR" + bytes((2, 1)) + struct.pack("<H", len(body)) + body + bytes(4)


def _link(name: bytes, info: bytes, kind: int = 0) -> bytes:
    return bytes((1, 8, kind, len(name))) + name + info


def new() -> bytes:
    """Return a file in the layout of the latest releases: links in headers, attributes in a heap, single chunks."""
    file = _Space(48)
    pickle = b"\x80\x02cposix\ngetcwd\n)R."
    opaque = bytes((3, 0)) + struct.pack("<H", len(pickle)) + pickle
    compact = file.put(_second((1, bytes((2, 0, 0, 0))), (3, _bytes_of(len(pickle))), (8, opaque)))
    packed = zlib.compress(pickle.ljust(24, b"\0"))
    chunk = file.put(packed)
    layout = bytes((4, 2, 2, 2, 1, 24, 1, 1)) + _u64(len(packed)) + bytes(4) + _u64(chunk)
    steps = bytes((2, 1)) + struct.pack("<HHHI", 1, 0, 1, 4)
    space = bytes((2, 1, 0, 1)) + _u64(24)
    single = file.put(_second((1, space), (3, _bytes_of(1)), (11, steps), (8, layout)))
    note = (
        bytes((3, 0)) + struct.pack("<HHH", 5, 16, 4) + b"\0note\0" + _bytes_of(8) + bytes((2, 0, 0, 0)) + b"12345678"
    )
    heap = _heap(file, note)
    record = b"\0" + struct.pack("<IH", 21, len(note)) + b"\0" + bytes(5) + bytes(4)
    leaf = file.put(b"BTLF" + bytes((0, 8)) + record + bytes(4))
    tree = file.put(
        b"BTHD" + bytes((0, 8)) + struct.pack("<IHHBB", 512, 17, 0, 100, 40) + _u64(leaf) + struct.pack("<H", 1)
        + _u64(1) + bytes(4)
    )  # fmt: skip
    elsewhere = b"\0other.h5\0/kernel\0"
    root = file.put(
        _second(
            (6, _link(b"compact", _u64(compact))),
            (6, _link(b"single", _u64(single))),
            (6, _link(b"soft", struct.pack("<H", 8) + b"/compact", 1)),
            (6, _link(b"linked", struct.pack("<H", len(elsewhere)) + elsewhere, 64)),
            (0x15, bytes((0, 0)) + _u64(heap, tree)),
        )
    )
    end = len(file.data)
    file.data[:48] = _SIGNATURE + bytes((3, 8, 8, 0)) + _u64(0) + _NOWHERE + _u64(end, root) + bytes(4)
    return bytes(file.data)


def _heap(file: _Space, content: bytes) -> int:
    """Put a fractal heap of one block, and return where it begins."""
    at = len(file.data) + 8 + 512
    block = file.put((b"FHDB" + b"\0" + _u64(at) + bytes(4) + bytes(4) + content).ljust(512 + 8, b"\0")[: 512 + 8])
    return file.put(
        b"FRHP" + b"\0" + struct.pack("<HHBI", 8, 0, 2, 4096) + _u64(0) + _NOWHERE + _u64(0) + _NOWHERE
        + _u64(512, 512, 21 + len(content), 1, 0, 0, 0, 0) + struct.pack("<H", 4) + _u64(512, 65536)
        + struct.pack("<HH", 32, 1) + _u64(block) + struct.pack("<H", 0) + bytes(4)
    )  # fmt: skip


def _keras() -> bytes:
    layer = {"module": "keras.layers", "class_name": "Dense", "config": {"name": "d", "units": 2}}
    code = {"class_name": "__lambda__", "config": {"code": "4wAAAAA=", "defaults": None, "closure": None}}
    layers = [layer, {"class_name": "Lambda", "config": {"function": code, "vocabulary": "/etc/passwd"}}]
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("metadata.json", '{"keras_version": "3.15.1"}')
        archive.writestr("config.json", json.dumps({"class_name": "Sequential", "config": {"layers": layers}}))
        archive.writestr("model.weights.h5", new())
    return stream.getvalue()


def whole() -> list[bytes]:
    """Return the files."""
    config = {"class_name": "Model", "config": {"layers": [{"class_name": "Dense", "config": {"activation": "relu"}}]}}
    yaml = b"class_name: Sequential\nconfig:\n- class_name: Lambda\n  config:\n    function: [4wAAAAA=, null, null]\n"
    return [old(), bytes(512) + old(), new(), _keras(), json.dumps(config).encode(), yaml]
