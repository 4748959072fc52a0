"""Models of Keras: code, references and files in their configurations, wherever the configuration stands."""

from __future__ import annotations

import base64
import io
import json
import marshal
import zipfile
from functools import partial
from typing import Any, Final

from tests.samples.pickles import call, name, pickle_of
from tests.samples.sample import COMMAND, SYSTEM, TOKEN, URL, Event, Table, Unproven
from tests.samples.techniques.hdf5 import hdf5_of

_TABLE = Table("keras")
SAMPLES = _TABLE.samples
_raw = _TABLE.raw

_KERAS: Final = {"loader": "keras", "needs": ("keras", "torch", "h5py")}
_REFUSED: Final = "Keras 3.15.1 refuses it, safe mode or not: "
_HOSTILE: Final = pickle_of(call(name("posix", "system"), COMMAND))


def _code() -> str:
    """Return a lambda of one argument, marshalled, in Base64: it runs a command and gives back what it was given."""
    source = f"lambda x: (__import__('os').system({COMMAND!r}), x)[1]"
    function = compile(source, "<lambda>", "eval").co_consts[0]
    return base64.encodebytes(marshal.dumps(function)).decode()


def _lambda() -> dict[str, Any]:
    return {"class_name": "__lambda__", "config": {"code": _code(), "defaults": None, "closure": None}}


def _layer(kind: str, module: str | None = "keras.layers", /, **config: Any) -> dict[str, Any]:
    return {"module": module, "class_name": kind, "config": {"name": kind.lower(), **config}, "registered_name": None}


def _input(width: int = 4) -> dict[str, Any]:
    return _layer("InputLayer", batch_shape=[None, width], dtype="float32")


def _model(*layers: dict[str, Any], **more: Any) -> dict[str, Any]:
    config = {"name": "model", "trainable": True, "layers": [_input(), *layers]}
    return {"module": "keras", "class_name": "Sequential", "config": config, "registered_name": None, **more}


def _single(kind: str, module: str = "keras.layers", /, **config: Any) -> bytes:
    return keras_of(_model(_layer(kind, module, **config)))


def _hdf5(**attributes: Any) -> bytes:
    import h5py

    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file.create_group("model_weights").attrs["layer_names"] = []
        file.attrs.update(attributes)
    return stream.getvalue()


def keras_of(model: Any, members: dict[str, bytes] | None = None, encoding: str = "utf-8") -> bytes:
    """Return a `.keras` file of one configuration, with weights that hold nothing."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.15.1", "date_saved": "2026-01-01@00:00:00"}))
        archive.writestr("config.json", json.dumps(model).encode(encoding))
        for member, data in (members or {"model.weights.h5": _hdf5()}).items():
            archive.writestr(member, data)
    return stream.getvalue()


def _old(model: Any, **attributes: Any) -> bytes:
    return _hdf5(model_config=json.dumps(model), keras_version="3.15.1", backend="torch", **attributes)


def _sequential_of_old(*layers: dict[str, Any]) -> dict[str, Any]:
    """Return a model as Keras 2 writes it: classes have a name, and no module."""
    old = [{"class_name": one["class_name"], "config": one["config"]} for one in layers]
    return {"class_name": "Sequential", "config": {"name": "model", "layers": [_input(), *old]}}


def _module() -> str:
    import torch

    stream = io.BytesIO()
    torch.save({"weights": torch.zeros(2)}, stream)
    with zipfile.ZipFile(io.BytesIO(stream.getvalue())) as found:
        members = {info.filename: found.read(info) for info in found.infolist()}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for member, data in members.items():
            archive.writestr(member, _HOSTILE if member.endswith("data.pkl") else data)
    return base64.b64encode(packed.getvalue()).decode()


_LAMBDA = _layer("Lambda", function=_lambda())
_raw("a Lambda layer", lambda: keras_of(_model(_LAMBDA)), SYSTEM, file="model.keras", **_KERAS)
_raw("a Lambda layer, named as an archive", lambda: keras_of(_model(_LAMBDA)), SYSTEM, file="model.zip", **_KERAS)
_raw("a Lambda layer in an HDF5 file", lambda: _old(_model(_LAMBDA)), SYSTEM, file="model.h5", **_KERAS)
_raw("a Lambda layer in a file named hdf5", lambda: _old(_model(_LAMBDA)), SYSTEM, file="model.hdf5", **_KERAS)
_raw("a Lambda layer in JSON", lambda: json.dumps(_model(_LAMBDA)).encode(), SYSTEM, file="model.json", **_KERAS)
_raw(
    "a Lambda layer in a model in a model",
    lambda: keras_of(_model(_model(_layer("Dense", units=4), _model(_LAMBDA)))),
    SYSTEM,
    file="model.keras",
    **_KERAS,
)
_raw(
    "a Lambda layer under a wrapper",
    lambda: keras_of(_model(_layer("Reshape", target_shape=[2, 2]), _layer("TimeDistributed", layer=_LAMBDA))),
    SYSTEM,
    file="model.keras",
    **_KERAS,
)
_raw(
    "a Lambda layer by its private path",
    lambda: keras_of(_model(_layer("Lambda", "keras.src.layers.core.lambda_layer", function=_lambda()))),
    SYSTEM,
    file="model.keras",
    **_KERAS,
)
_raw(
    "a Lambda layer whose Base64 is full of other characters",
    lambda: keras_of(
        _model(
            _layer(
                "Lambda",
                function={
                    "class_name": "__lambda__",
                    "config": {"code": "*".join(_code()), "defaults": None, "closure": None},
                },
            )
        )
    ),
    SYSTEM,
    file="model.keras",
    **_KERAS,
)
_raw(
    "a Lambda layer in a configuration in UTF-16",
    lambda: keras_of(_model(_LAMBDA), encoding="utf-16"),
    SYSTEM,
    file="model.keras",
    **_KERAS,
)
_raw(
    "a Lambda layer with escaped keys",
    lambda: json.dumps(_model(_LAMBDA)).replace("class_name", "\\u0063lass_name").encode(),
    SYSTEM,
    file="model.json",
    **_KERAS,
)
_raw(
    "a lambda where an activation should be",
    lambda: keras_of(
        _model(
            _layer(
                "Dense", units=2, activation={"class_name": "__lambda__", "config": {"value": [_code(), None, None]}}
            )
        )
    ),
    Event("marshal.loads"),
    file="model.keras",
    **_KERAS,
)
_raw(
    "a lambda for the shape that comes out",
    lambda: keras_of(
        _model(_layer("Lambda", function=_function("builtins", "relu"), output_shape=_lambda()), _layer("Flatten"))
    ),
    SYSTEM,
    file="model.keras",
    **_KERAS,
)
_raw(
    "a Lambda layer as Keras 2 wrote it",
    lambda: _old(_sequential_of_old(_layer("Lambda", function=[_code(), None, None], function_type="lambda"))),
    Unproven("Keras 3.15.1 takes the list that Keras 2 wrote for data; tf_keras is not installed"),
    file="model.h5",
)
_raw(
    "a Lambda layer as Keras 1 wrote it",
    lambda: json.dumps(
        {"class_name": "Sequential", "keras_version": "1.2.2",
         "config": [{"class_name": "Lambda", "config": {"function": _code(), "function_type": "lambda"}}]}
    ).encode(),
    Unproven("Keras 1 does not run on any Python that is supported"),
    file="model.json",
)  # fmt: skip
_raw(
    "a Lambda layer in YAML",
    (
        "backend: tensorflow\nclass_name: Sequential\nconfig:\n  name: model\n  layers:\n  - class_name: Lambda\n"
        f"    config:\n      function:\n      - {json.dumps(_code())}\n      - null\n      - null\n"
        "      function_type: lambda\nkeras_version: 2.4.0\n"
    ).encode,
    Unproven("Keras since 2.6 reads no YAML"),
    file="model.yaml",
)


def _function(module: str, name_: str) -> dict[str, Any]:
    return {"module": module, "class_name": "function", "config": name_, "registered_name": "function"}


def _calling(module: str, name_: str, **arguments: Any) -> bytes:
    """Return a model whose Lambda layer calls a function that lies elsewhere."""
    return keras_of(_model(_layer("Lambda", function=_function(module, name_), arguments=arguments)))


_raw(
    "a pickled module of PyTorch's",
    lambda: keras_of(_model(_layer("TorchModuleWrapper", module=_module(), output_shape=[4]))),
    SYSTEM,
    file="model.keras",
    **_KERAS,
)
_raw(
    "a pickled module of PyTorch's in an HDF5 file",
    lambda: _old(_model(_layer("TorchModuleWrapper", module=_module(), output_shape=[4]))),
    SYSTEM,
    file="model.h5",
    **_KERAS,
)
for _module_name, _class in (("subprocess", "run"),):
    _raw(
        f"a configuration names {_module_name}.{_class}",
        partial(_single, _class, _module_name),
        Unproven(_REFUSED + "only modules of Keras's own are imported since 3.9 (CVE-2025-1550)"),
        file="model.keras",
    )
_raw(
    "an activation is a reference to os.system",
    lambda: keras_of(_model(_layer("Dense", units=2, activation=_function("os", "system")))),
    Unproven(_REFUSED + "only modules of Keras's own are imported since 3.9 (CVE-2025-1550)"),
    file="model.keras",
)
_raw(
    "a type specification names another module",
    lambda: keras_of(
        _model(
            _layer(
                "Lambda",
                function={"class_name": "__typespec__", "spec_name": "Popen", "module": "subprocess", "config": [],
                          "registered_name": None},
            )
        )
    ),
    Unproven(_REFUSED + "only modules of Keras's own are imported since 3.9 (CVE-2025-1550)"),
    file="model.keras",
)  # fmt: skip
_raw(
    "a Lambda layer calls get_file",
    lambda: _calling("keras.utils", "get_file", fname=TOKEN, origin=URL),
    Unproven(_REFUSED + "functions that are no part of a model are disallowed since 3.11 (CVE-2025-8747)"),
    file="model.keras",
)
_raw(
    "a configuration lets everything after it run code",
    lambda: keras_of(
        _model(_layer("Lambda", function=_function("keras.config", "enable_unsafe_deserialization")), _LAMBDA)
    ),
    Unproven(_REFUSED + "functions that are no part of a model are disallowed since 3.11 (CVE-2025-9906)"),
    file="model.keras",
)
_raw(
    "a Lambda layer loads another model",
    lambda: _calling("keras.models", "load_model", filepath=f"/tmp/{TOKEN}.keras"),
    Unproven(_REFUSED + "functions that are no part of a model are disallowed since 3.11"),
    file="model.keras",
)
_raw(
    "a function of TensorFlow's reads a file",
    lambda: _old(_sequential_of_old(_layer("TFOpLambda", function="io.read_file"))),
    Unproven("Keras 3 has no TFOpLambda; tf_keras is not installed"),
    file="model.h5",
)
_raw(
    "an operator of TensorFlow's writes a file",
    lambda: _old(
        _sequential_of_old(_layer("TensorFlowOpLayer", node_def=json.dumps({"name": "w", "op": "WriteFile"})))
    ),
    Unproven("Keras 3 has no TensorFlowOpLayer; tf_keras is not installed"),
    file="model.h5",
    expected="review",
)
_NO_TENSORFLOW: Final = Unproven(
    "layers of text need TensorFlow, which reads the file past Python; Keras 3.15.1 refuses files that lie outside the"
    " archive in safe mode (CVE-2025-12058)"
)
for _vocabulary in ("/etc/passwd", "http://127.0.0.1:9/words.txt"):
    _raw(
        f"a vocabulary at {_vocabulary}",
        partial(_single, "StringLookup", vocabulary=_vocabulary),
        _NO_TENSORFLOW,
        file="model.keras",
    )
_raw(
    "a vocabulary beside the program that loads the model",
    lambda: keras_of(_model(_layer("TextVectorization", vocabulary="words.txt"))),
    _NO_TENSORFLOW,
    file="model.keras",
    expected="review",
)
_raw(
    "a layer loads a model of TensorFlow's from elsewhere",
    lambda: keras_of(_model(_layer("TFSMLayer", filepath="/srv/models/other"))),
    Unproven("the layer needs TensorFlow, which reads the model past Python"),
    file="model.keras",
)
_raw(
    "a pickle among the assets",
    lambda: keras_of(_model(), {"model.weights.h5": _hdf5(), "assets/vocabulary.pkl": _HOSTILE}),
    Unproven("whoever unpickles the asset runs it; Keras itself reads vocabularies as text"),
    file="model.keras",
)
_raw(
    "a pickle in the weights",
    lambda: keras_of(_model(), {"model.weights.npz": _npz()}),
    Unproven("Keras 3.15.1 loads arrays without pickles, which refuses it"),
    file="model.keras",
)
_raw(
    "weights that lie in another file",
    lambda: keras_of(
        _model(),
        {
            "model.weights.h5": hdf5_of(
                lambda file: file.create_dataset("w", (9,), "u1", external=[("/etc/passwd", 0, 9)])
            )
        },
    ),
    Unproven("Keras 3.15.1 refuses elements that lie in other files (CVE-2026-1669)"),
    file="model.keras",
)
_raw(
    "an asset that leads out of the archive",
    lambda: keras_of(_model(), {"model.weights.h5": _hdf5(), f"../../{TOKEN}": b"x"}),
    Unproven("Keras 3.15.1 filters what it unpacks (CVE-2025-12060)"),
    file="model.keras",
)


def _npz() -> bytes:
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
    header = header.ljust(117) + b"\n"
    array = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + _HOSTILE
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("layers.npy", array)
    return stream.getvalue()
