"""Loaders called by a pickle: the payload is in a constant, packed or plain."""

from __future__ import annotations

import base64
import bz2
import gzip
import lzma
import zlib
from typing import Any

from tests.samples.pickles import (
    STOP,
    attribute,
    bytearray8,
    call,
    name,
    pickle_of,
    program,
    proto,
)
from tests.samples.sample import COMMAND, OPEN, SYSTEM, TOKEN, After, Event, Table

_TABLE = Table("nested")
SAMPLES = _TABLE.samples
_add = _TABLE.program

_INNER = pickle_of(call(name("posix", "system"), COMMAND))
_FILE = call(name("io", "BytesIO"), _INNER)

_add("pickle.loads", [call(name("pickle", "loads"), _INNER)], SYSTEM)
_add("pickle._loads", [call(name("pickle", "_loads"), _INNER)], SYSTEM)
_add("_pickle.loads", [call(name("_pickle", "loads"), _INNER)], SYSTEM)
_add("_pickle.load of a file in memory", [call(name("_pickle", "load"), _FILE)], SYSTEM)
_add("pickle.Unpickler(BytesIO).load()", [call(attribute(call(name("pickle", "Unpickler"), _FILE), "load"))], SYSTEM)
_add(
    "pickle._Unpickler(BytesIO).load()",
    [call(name("pickle", "_Unpickler.load"), call(name("pickle", "_Unpickler"), _FILE))],
    SYSTEM,
)
_add(
    "_compat_pickle's neighbour: pickletools",
    [call(name("pickletools", "dis"), _INNER)],
    After("True"),
    expected="review",
)
_add("dill.loads", [call(name("dill", "loads"), _INNER)], SYSTEM, needs=("dill",))
_add("dill._dill.loads", [call(name("dill._dill", "loads"), _INNER)], SYSTEM, needs=("dill",))
_add("cloudpickle.loads", [call(name("cloudpickle", "loads"), _INNER)], SYSTEM, needs=("cloudpickle",))
_add("joblib.load", [call(name("joblib", "load"), _FILE)], SYSTEM, needs=("joblib",))
_add("joblib.load of a path", [call(name("joblib", "load"), TOKEN)], OPEN, needs=("joblib",))
_add(
    "joblib.numpy_pickle.NumpyUnpickler",
    [call(name("joblib.numpy_pickle", "load_temporary_memmap"), TOKEN, None, True)],
    OPEN,
    needs=("joblib",),
)
_add("numpy.load", [call(name("numpy", "load"), _FILE, None, True)], SYSTEM, needs=("numpy",))
_add("numpy.load of a path", [call(name("numpy", "load"), TOKEN)], OPEN, needs=("numpy",))
_add(
    "numpy.lib.format.read_array",
    [call(name("numpy.lib.format", "read_array"), _FILE, True)],
    After("isinstance(result, ValueError)"),
    needs=("numpy",),
)
_add(
    "numpy._core._methods._loads",
    [call(name("numpy", "core.multiarray.scalar"), call(name("numpy", "dtype"), "O"), _INNER)],
    After("True"),
    needs=("numpy",),
)
_add("pandas.read_pickle", [call(name("pandas", "read_pickle"), _FILE)], SYSTEM, needs=("pandas",))
_add(
    "pandas.compat.pickle_compat",
    [
        call(
            name("pandas.compat.pickle_compat", "Unpickler.load"),
            call(name("pandas.compat.pickle_compat", "Unpickler"), _FILE),
        )
    ],
    SYSTEM,
    needs=("pandas",),
)
_add("torch.load", [call(name("torch", "load"), _FILE)], After("'Weights' in str(result) or True"), needs=("torch",))
_add(
    "torch.storage._load_from_bytes",
    [call(name("torch.storage", "_load_from_bytes"), _INNER)],
    SYSTEM,
    needs=("torch",),
)
_add(
    "torch.serialization._legacy_load",
    [call(name("torch.serialization", "_legacy_load"), _FILE, None, name("linecache", "__spec__"))],
    After("isinstance(result, BaseException)"),
    needs=("torch",),
)
_add(
    "torch.jit.load",
    [call(name("torch.jit", "load"), _FILE)],
    After("isinstance(result, RuntimeError)"),
    needs=("torch",),
)
_add(
    "torch.multiprocessing's ForkingPickler",
    [call(name("multiprocessing.reduction", "ForkingPickler.loads"), _INNER)],
    SYSTEM,
)
_add(
    "multiprocessing.reduction.loads through a dotted name",
    [call(name("multiprocessing.connection", "_ForkingPickler.loads"), _INNER)],
    SYSTEM,
)
_add(
    "multiprocessing.managers' server reads pickles",
    [call(name("multiprocessing.reduction", "pickle.loads"), _INNER)],
    SYSTEM,
)
_add("shelve.open", [call(name("shelve", "open"), TOKEN)], OPEN)
_add(
    "shelve.Shelf over a dictionary",
    [call(name("operator", "getitem"), call(name("shelve", "Shelf"), {b"k": _INNER}), "k")],
    SYSTEM,
)
_add("shelve.BsdDbShelf's neighbour: DbfilenameShelf", [call(name("shelve", "DbfilenameShelf"), TOKEN)], OPEN)
_add("logging.config.listen", [call(name("logging.config", "listen"), 0)], After("type(result).__name__ == 'Server'"))
_add("logging.handlers.SocketHandler.makePickle", [call(name("logging.handlers", "pickle.loads"), _INNER)], SYSTEM)
_add(
    "copy.deepcopy of a partial that is built",
    [call(call(name("copy", "deepcopy"), call(name("functools", "partial"), name("pickle", "loads"), _INNER)))],
    SYSTEM,
)
_add("http.cookies.Morsel and pickle by another name", [call(name("tracemalloc", "pickle.loads"), _INNER)], SYSTEM)
_add("pstats through marshal", [call(name("pstats", "Stats"), TOKEN)], OPEN)
_add(
    "yaml.unsafe_load",
    [call(name("yaml", "unsafe_load"), f"!!python/object/apply:os.system ['{COMMAND}']")],
    SYSTEM,
    needs=("yaml",),
)
_add(
    "yaml.full_load of a name",
    [call(name("yaml", "full_load"), "!!python/name:os.system")],
    After("True"),
    needs=("yaml",),
    expected="review",
)
_add(
    "jsonpickle.decode",
    [call(name("jsonpickle", "decode"), '{"py/reduce": [{"py/function": "os.system"}, {"py/tuple": ["true"]}]}')],
    SYSTEM,
    needs=("jsonpickle",),
)
_add(
    "xml.etree over text does nothing",
    [call(name("xml.etree.ElementTree", "fromstring"), "<a/>")],
    After("True"),
    expected="review",
)
_add(
    "sqlite3 in memory runs SQL",
    [
        call(
            name("sqlite3", "Connection.executescript"),
            call(name("sqlite3", "connect"), ":memory:"),
            f"attach '{TOKEN}' as x",
        )
    ],
    Event("sqlite3.connect", ":memory:"),
)

_PACKED: list[tuple[str, str, str, bytes]] = [
    ("zlib", "zlib", "decompress", zlib.compress(_INNER)),
    ("gzip", "gzip", "decompress", gzip.compress(_INNER, mtime=0)),
    ("bz2", "bz2", "decompress", bz2.compress(_INNER)),
    ("lzma", "lzma", "decompress", lzma.compress(_INNER)),
    ("base64", "base64", "b64decode", base64.b64encode(_INNER)),
    ("base85", "base64", "b85decode", base64.b85encode(_INNER)),
    ("ascii85", "base64", "a85decode", base64.a85encode(_INNER)),
    ("hex", "binascii", "unhexlify", _INNER.hex().encode()),
    ("base64 by binascii", "binascii", "a2b_base64", base64.b64encode(_INNER)),
    ("base64 by codecs", "codecs", "decode", base64.b64encode(_INNER)),
]
for _packing, _module, _name, _data in _PACKED:
    _more: tuple[Any, ...] = ("base64",) if _module == "codecs" else ()
    _add(
        f"pickle.loads of {_packing}",
        [call(name("pickle", "loads"), call(name(_module, _name), _data, *_more))],
        SYSTEM,
    )
_add(
    "base64, loaded through multiprocessing's ForkingPickler",
    [
        call(
            name("multiprocessing.reduction", "ForkingPickler.loads"),
            call(name("base64", "b64decode"), base64.b64encode(_INNER)),
        )
    ],
    SYSTEM,
)
_add(
    "zlib inside base64",
    [
        call(
            name("pickle", "loads"),
            call(
                name("zlib", "decompress"), call(name("base64", "b64decode"), base64.b64encode(zlib.compress(_INNER)))
            ),
        )
    ],
    SYSTEM,
)
_add(
    "halves joined at load",
    [call(name("pickle", "loads"), call(name("operator", "concat"), _INNER[:9], _INNER[9:]))],
    SYSTEM,
)
_add(
    "bytes reversed at load",
    [call(name("pickle", "loads"), call(name("builtins", "bytes"), call(name("builtins", "reversed"), _INNER[::-1])))],
    SYSTEM,
)
_add(
    "latin-1 text encoded at load",
    [call(name("pickle", "loads"), call(name("_codecs", "encode"), _INNER.decode("latin-1"), "latin1"))],
    SYSTEM,
)
_add(
    "list of numbers made bytes at load",
    [call(name("pickle", "loads"), call(name("builtins", "bytes"), list(_INNER)))],
    SYSTEM,
)
_add("loads of a bytearray", [call(name("pickle", "loads"), bytearray8(_INNER))], SYSTEM)
_add("loads of a memoryview", [call(name("pickle", "loads"), call(name("builtins", "memoryview"), _INNER))], SYSTEM)
_add("loads of an array", [call(name("pickle", "loads"), call(name("array", "array"), "B", _INNER))], SYSTEM)

_deep = _INNER
for _ in range(30):
    _deep = pickle_of(call(name("pickle", "loads"), _deep))
_TABLE.raw("pickle.loads nested thirty deep", _deep, SYSTEM)
_alternating = _INNER
for _turn in range(8):
    _alternating = pickle_of(
        call(
            name("_pickle", "loads"),
            call(name("zlib", "decompress"), zlib.compress(_alternating))
            if _turn % 2
            else call(name("base64", "b64decode"), base64.b64encode(_alternating)),
        )
    )
_TABLE.raw("zlib and base64 in turns, eight deep", _alternating, SYSTEM)
_TABLE.raw(
    "protocol 0 inside protocol 5",
    program(proto(5), call(name("pickle", "loads"), b"cposix\nsystem\n(S'" + COMMAND.encode() + b"'\ntR."), STOP),
    SYSTEM,
)
