"""Where the payload stands in the stream, what is before and behind it, and how the stream ends."""

from __future__ import annotations

import pickle

from tests.samples.pickles import (
    APPEND,
    DUP,
    EMPTY_DICT,
    EMPTY_LIST,
    MARK,
    MEMOIZE,
    NONE,
    POP,
    POP_MARK,
    REDUCE,
    STACK_GLOBAL,
    STOP,
    TUPLE1,
    TUPLE2,
    binbytes,
    binget,
    binput,
    call,
    code,
    framed,
    global_,
    long_binput,
    name,
    pickle_of,
    program,
    proto,
    put,
    text,
    tuple_,
)
from tests.samples.sample import BROWSER, COMMAND, MODULE, SYSTEM, TOKEN, Table

_TABLE = Table("stream")
SAMPLES = _TABLE.samples
_raw = _TABLE.raw

PAYLOAD = call(name("posix", "system"), COMMAND)
HOSTILE = pickle_of(PAYLOAD)
TEXTUAL = program(global_("posix", "system"), MARK, b"S'" + COMMAND.encode() + b"'\n", b"tR", STOP)
_HARMLESS = pickle.dumps({"weights": [1.0, 2.0], "name": "model"}, 4)

# A stream that breaks after its payload has fired.
for _end, _bytes in {
    "ends right after the REDUCE": b"",
    "ends inside a string": b"\x8c\x20abc",
    "ends inside a length": b"\x8d\x01",
    "ends inside a GLOBAL": b"cposix\nsys",
    "an opcode that does not exist": b"\xff\xff",
    "a byte of text": b"hello",
    "PROTO 9": b"\x80\x09",
    "an absurd LONG_BINPUT": long_binput(0x7FFFFFFF),
    "a BINGET never put": binget(77),
    "a stack underflow": b"00000.",
    "a mark never set": b"t.",
    "bad UTF-8": b"\x8c\x02\xff\xfe.",
    "a bad number": b"Iabc\n.",
    "a string without its quote": b"S'abc\n.",
    "a negative length": b"T\xff\xff\xff\xff.",
    "a length of 2^63": b"\x8e" + b"\xff" * 8,
    "a module that does not exist": global_("no_such_module", "x"),
    "a call that fails": call(name("builtins", "int"), "x"),
    "BUILD on a number": code(b"K\x01", EMPTY_DICT, b"b"),
    "APPEND to a number": b"K\x01K\x01a",
    "an unhashable key": code(EMPTY_DICT, EMPTY_LIST, NONE, b"s"),
    "a frame too long": b"\x95" + b"\xff" * 7 + b"\x7f",
    "a NEXT_BUFFER": b"\x97",
    "an unregistered EXT1": b"\x82\x09",
}.items():
    _raw(f"payload, then {_end}", program(proto(4), PAYLOAD, _bytes), SYSTEM)
    _raw(f"textual payload, then {_end}", program(TEXTUAL[:-1], _bytes), SYSTEM)

# Several streams in one file.
_raw("malicious, STOP, then harmless", HOSTILE + _HARMLESS, SYSTEM)
_raw("harmless, STOP, then malicious", _HARMLESS + HOSTILE, SYSTEM, loader="pickles")
_raw("harmless, zero padding, malicious", _HARMLESS + bytes(64) + HOSTILE, SYSTEM, loader="pickles-past-padding")
_raw(
    "harmless, padding to 4096, malicious",
    _HARMLESS + bytes(4096 - len(_HARMLESS)) + HOSTILE,
    SYSTEM,
    loader="pickles-past-padding",
)
_raw("fifty harmless, then malicious", _HARMLESS * 50 + HOSTILE, SYSTEM, loader="pickles")
_raw("harmless textual, then malicious textual", pickle.dumps({"a": 1}, 0) + TEXTUAL, SYSTEM, loader="pickles")
_raw("harmless, then malicious in protocol 0", _HARMLESS + TEXTUAL, SYSTEM, loader="pickles")
_raw("empty pickles, then malicious", pickle.dumps(None, 0) * 20 + HOSTILE, SYSTEM, loader="pickles")
_raw("broken inside the second pickle", _HARMLESS + program(proto(4), PAYLOAD, b"\xff"), SYSTEM, loader="pickles")
_raw(
    "the second pickle uses other words under the same memo indices",
    program(proto(4), text("collections"), binput(0), POP, text("OrderedDict"), binput(1), STOP)
    + program(
        proto(4),
        text("posix"),
        binput(0),
        POP,
        text("system"),
        binput(1),
        POP,
        binget(0),
        binget(1),
        STACK_GLOBAL,
        tuple_(COMMAND),
        REDUCE,
        STOP,
    ),
    SYSTEM,
    loader="pickles",
)
_raw(
    "the second pickle reads the first one's memo",
    program(proto(4), text("posix"), binput(0), POP, text("system"), binput(1), STOP)
    + program(proto(4), binget(0), binget(1), STACK_GLOBAL, tuple_(COMMAND), REDUCE, STOP),
    SYSTEM,
    loader="pickles-one-unpickler",
    expected="review",
)
_raw("a 64-byte header, then a pickle", b"MYMODEL\0" + bytes(range(200, 256)) + HOSTILE, SYSTEM, loader="pickle-at-64")
_raw("a 64-byte header, then a textual pickle", b"MYMODEL\0" + bytes(56) + TEXTUAL, SYSTEM, loader="pickle-at-64")
_raw("malicious, then a megabyte of noise", HOSTILE + bytes(range(256)) * 4096, SYSTEM)
_raw("malicious, then a zip's end record", HOSTILE + b"PK\5\6" + bytes(18), SYSTEM)

# Size and shape that tire a scanner.
_raw("a million POPs before the payload", program(proto(4), code(NONE, POP) * 1_100_000, PAYLOAD, STOP), SYSTEM)
_raw("twenty megabytes before the payload", program(proto(4), binbytes(bytes(20 << 20)), POP, PAYLOAD, STOP), SYSTEM)
_raw(
    "20,000 nested lists, then the payload",
    program(proto(4), EMPTY_LIST * 20_000, PAYLOAD, APPEND * 20_000, STOP),
    SYSTEM,
)
_raw("20,000 nested tuples, then the payload", program(proto(4), NONE, TUPLE1 * 20_000, POP, PAYLOAD, STOP), SYSTEM)
_raw("100,000 marks, then the payload", program(proto(4), MARK * 100_000, PAYLOAD, STOP), SYSTEM)
_raw(
    "50,000 harmless imports, then the payload",
    program(proto(4), code(name("collections", "OrderedDict"), POP) * 50_000, PAYLOAD, STOP),
    SYSTEM,
)
_raw(
    "50,000 harmless calls, then the payload",
    program(proto(4), code(call(name("collections", "OrderedDict")), POP) * 50_000, PAYLOAD, STOP),
    SYSTEM,
)
_raw(
    "doubling tuples, dropped, then the payload",
    program(proto(4), NONE, code(DUP, TUPLE2) * 200, POP, PAYLOAD, STOP),
    SYSTEM,
)
_raw(
    "a list that holds itself, then the payload",
    program(proto(4), EMPTY_LIST, MEMOIZE, binget(0), APPEND, POP, PAYLOAD, STOP),
    SYSTEM,
)
_LAUGHS = code(
    EMPTY_LIST,
    put(0),
    *(code(EMPTY_LIST, put(level + 1), MARK, code(b"g%d\n" % level) * 10, b"e") for level in range(60)),
)
_raw("a billion laughs of lists, then the payload", program(proto(4), _LAUGHS, POP, PAYLOAD, STOP), SYSTEM)
_raw(
    "a thousand small frames, then the payload",
    program(proto(4), *([framed(NONE, POP)] * 1000), framed(PAYLOAD), STOP),
    SYSTEM,
)
_raw("payload spliced at the end of a real state", _HARMLESS[:-1] + POP + PAYLOAD + STOP, SYSTEM)
_raw("payload spliced before a real state", program(_HARMLESS[:2], PAYLOAD, POP, _HARMLESS[11:]), SYSTEM)
_raw(
    "payload under a real state, dropped by POP_MARK",
    program(proto(4), MARK, PAYLOAD, POP_MARK, _HARMLESS[11:]),
    SYSTEM,
)

# Names that say something else.
for _file in (
    "README.txt", "LICENSE", "model.safetensors", "model.onnx", "config.json", "weights.npy", "model.h5", "model.gguf",
    "pytorch_model.bin", "model.dat", "model.pkl.bak", "model.dill", "model.cloudpickle", "model.jpg", "model.md",
    "model",
    ".hidden", "model.yaml", "model.py", "model.tar.gz", "model.zip", "model.PT",
):  # fmt: skip
    _raw(f"named {_file}", HOSTILE, SYSTEM, file=_file)
    _raw(f"textual, named {_file}", TEXTUAL, SYSTEM, file=_file)
_raw("a bare import, in protocol 0", program(global_(MODULE, "geohash"), STOP), BROWSER)
_raw("a bare import that fails later", program(global_(MODULE, TOKEN), STOP), BROWSER)

# The Python unpickler, which joblib and dill build on, takes the last character off a line that has no end.
_CUT_INST = program(MARK, b"S'" + COMMAND.encode() + b"'\n", b"iposix\nsystemX")
_raw("INST cut off inside its last line, read by the Python unpickler", _CUT_INST, SYSTEM, loader="pickle-python")
_raw("INST cut off inside its last line, read by joblib", _CUT_INST, SYSTEM, loader="joblib", needs=("joblib",))
_raw("GLOBAL cut off inside its last line", b"c" + MODULE.encode() + b"\ngeohashX", BROWSER, loader="pickle-python")
_raw("GLOBAL cut off before its last line", b"c" + MODULE.encode() + b"\n", BROWSER, loader="pickle-python")
# The C unpickler knows no frames, only what it has buffered: an inner FRAME's end is nothing to it.
_STRADDLES = program(b"\x8c\x20xx", b"A" * 30, b"C", bytes([len(PAYLOAD) + 1]), PAYLOAD, POP, EMPTY_DICT, STOP)
_raw(
    "an argument that crosses the outer of two frames, read without peek",
    program(
        proto(4),
        b"\x95",
        (13 + 2 + 4 - 4).to_bytes(8, "little"),
        b"\x95",
        (2).to_bytes(8, "little"),
        NONE,
        POP,
        _STRADDLES,
    ),
    SYSTEM,
    loader="pickle-unpeekable",
)
