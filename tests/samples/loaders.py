"""Programs that load samples: what somebody's code does with a file, in a few lines each.

A loader takes the path of a file and returns what it loaded. They run only in the throw-away processes of
`tests.samples.firing`.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final


def _pickle(path: str) -> object:
    import pickle

    with open(path, "rb") as file:
        return pickle.load(file)


def _pickle_python(path: str) -> object:
    import pickle

    with open(path, "rb") as file:
        return pickle._Unpickler(file).load()


def _pickle_unpeekable(path: str) -> object:
    """What `torch.load` does with a member of an archive: the unpickler reads from a `BytesIO`."""
    import io
    import pickle

    with open(path, "rb") as file:
        return pickle.Unpickler(io.BytesIO(file.read())).load()


def _pickles(path: str) -> object:
    """Read one pickle after the other, as legacy torch files, logs and caches are read."""
    import pickle

    found = []
    with open(path, "rb") as file:
        while True:
            try:
                found.append(pickle.load(file))
            except EOFError:
                return found


def _pickles_one_unpickler(path: str) -> object:
    """One unpickler that is asked again and again keeps its memo from pickle to pickle."""
    import pickle

    found = []
    with open(path, "rb") as file:
        unpickler = pickle.Unpickler(file)
        while True:
            try:
                found.append(unpickler.load())
            except EOFError:
                return found


def _pickles_past_padding(path: str) -> object:
    """Read records that zero bytes pad to a block size."""
    import io
    import pickle

    found = []
    with open(path, "rb") as file:
        data = file.read()
    while data := data.lstrip(b"\0"):
        stream = io.BytesIO(data)
        found.append(pickle.load(stream))
        data = data[stream.tell() :]
    return found


def _pickle_at_64(path: str) -> object:
    """Read a container of one's own: a 64-byte header, then a pickle."""
    import pickle

    with open(path, "rb") as file:
        file.seek(64)
        return pickle.load(file)


def _pickle_persistent(path: str) -> object:
    import pickle

    class Unpickler(pickle.Unpickler):
        def persistent_load(self, pid: Any) -> Any:
            return self.find_class(*pid) if isinstance(pid, tuple) else self.find_class(*str(pid).split(" ", 1))

    with open(path, "rb") as file:
        return Unpickler(file).load()


def _pickle_buffers(path: str) -> object:
    import pickle

    with open(path, "rb") as file:
        return pickle.load(file, buffers=[b"out of band"] * 4)


def _joblib(path: str) -> object:
    return importlib.import_module("joblib").load(path)


def _numpy(path: str) -> object:
    found = importlib.import_module("numpy").load(path, allow_pickle=True)
    return {key: found[key] for key in found.files} if hasattr(found, "files") else found


def _torch(path: str) -> object:
    return importlib.import_module("torch").load(path, weights_only=False)


def _pandas(path: str) -> object:
    return importlib.import_module("pandas").read_pickle(path)


def _dill(path: str) -> object:
    with open(path, "rb") as file:
        return importlib.import_module("dill").load(file)


def _cloudpickle_called(path: str) -> object:
    with open(path, "rb") as file:
        return importlib.import_module("cloudpickle").load(file)()


def _zlib(path: str) -> object:
    import pickle
    import zlib

    with open(path, "rb") as file:
        return pickle.loads(zlib.decompress(file.read()))


def _base64(path: str) -> object:
    import base64
    import pickle

    with open(path, "rb") as file:
        return pickle.loads(base64.b64decode(file.read()))


def _yaml(path: str) -> object:
    with open(path, "rb") as file:
        return list(importlib.import_module("yaml").load_all(file, importlib.import_module("yaml").UnsafeLoader))


def _hydra(path: str) -> object:
    read = importlib.import_module("omegaconf").OmegaConf.load(path)
    return importlib.import_module("hydra.utils").instantiate(read)


def _omegaconf_eval(path: str) -> object:
    """Resolve with the resolver that many programs register."""
    omegaconf = importlib.import_module("omegaconf").OmegaConf
    omegaconf.register_new_resolver("eval", eval)
    return omegaconf.to_container(omegaconf.load(path), resolve=True)


def _logging(path: str) -> object:
    with open(path, "rb") as file:
        return importlib.import_module("logging.config").dictConfig(json.load(file))


def _torch_export(path: str) -> object:
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = os.environ["TRITON_CACHE_DIR"] = os.path.dirname(path)
    program = importlib.import_module("torch.export").load(path)
    return program.module()(*program.example_inputs[0])


def _torch_script(path: str) -> object:
    torch = importlib.import_module("torch")
    return torch.jit.load(path)(torch.zeros(4))


def _torch_phone(path: str) -> object:
    torch = importlib.import_module("torch")
    return importlib.import_module("torch.jit.mobile")._load_for_lite_interpreter(path)(torch.zeros(4))


def _skops_trusted(path: str) -> object:
    """Trust what the file asks for, as the library's own examples do."""
    io_ = importlib.import_module("skops.io")
    return io_.load(path, trusted=io_.get_untrusted_types(file=path))


def _xml_external(path: str) -> object:
    """Read XML as readers do that follow what a document names; Python's own has to be told."""
    import xml.sax
    from xml.sax.handler import ContentHandler, feature_external_ges

    parser = xml.sax.make_parser()
    parser.setFeature(feature_external_ges, True)
    parser.setContentHandler(ContentHandler())
    parser.parse(path)
    return parser


def _compiled_module(path: str) -> object:
    from importlib.machinery import SourcelessFileLoader
    from importlib.util import module_from_spec, spec_from_loader

    loader = SourcelessFileLoader("model", path)
    spec = spec_from_loader("model", loader)
    if spec is None:
        raise ImportError(path)
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def _marshal(path: str) -> object:
    import marshal

    with open(path, "rb") as file:
        code = marshal.load(file)
    exec(code)
    return code


def _keras(path: str) -> object:
    """Load a model as one does who was told that safe mode is in the way, whatever its name."""
    os.environ["KERAS_BACKEND"] = "torch"
    keras = importlib.import_module("keras")
    with open(path, "rb") as file:
        data = file.read()
    if data[:4] == b"\x89HDF":
        return keras.saving.load_model(path, safe_mode=False)
    if data[:1] == b"{":
        keras.config.enable_unsafe_deserialization()
        return keras.models.model_from_json(data)
    named = os.path.join(os.getcwd(), "named.keras")
    with open(named, "wb") as file:
        file.write(data)
    return keras.saving.load_model(named, safe_mode=False)


def _h5py(path: str) -> object:
    """Return all datasets of a file, each as bytes."""
    found: dict[str, bytes] = {}
    with importlib.import_module("h5py").File(path) as file:
        for name in _names(file, ""):
            item = file[name]
            if hasattr(item, "shape"):
                found[name] = item[()].tobytes() if hasattr(item[()], "tobytes") else bytes(item[()])
    return found


def _names(group: Any, path: str) -> Iterator[str]:
    for name in group:
        yield f"{path}{name}"
        if hasattr(group[name], "keys"):
            yield from _names(group[name], f"{path}{name}/")


def _hdf5_pickles(path: str) -> object:
    """Unpickle what attributes and datasets hold, as PyTables does, and pandas with it; what is no pickle stays."""
    import contextlib
    import pickle

    found = []
    with importlib.import_module("h5py").File(path) as file:
        for value in (*file.attrs.values(), *(file[name][()] for name in _names(file, ""))):
            pieces = value if getattr(getattr(value, "dtype", None), "kind", "") == "O" else [value]
            for piece in pieces:
                with contextlib.suppress(Exception):
                    found.append(pickle.loads(piece if isinstance(piece, bytes) else piece.tobytes()))
    return found


def _tensorflow(path: str) -> object:
    """Load a saved model and call what it offers."""
    tensorflow = importlib.import_module("tensorflow")
    model = tensorflow.saved_model.load(os.path.dirname(path))
    return {name: {key: value.numpy() for key, value in f().items()} for name, f in model.signatures.items()}


def _tensorflow_graph(path: str) -> object:
    """Run what the node `out` of a frozen graph gives."""
    v1 = importlib.import_module("tensorflow").compat.v1
    graph = v1.GraphDef()
    with open(path, "rb") as file:
        graph.ParseFromString(file.read())
    with v1.Session(graph=v1.Graph()) as session, session.graph.as_default():
        v1.import_graph_def(graph, name="")
        return session.run("out:0")


def _onnxruntime(path: str) -> object:
    session = importlib.import_module("onnxruntime").InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {})


def _python_import(path: str) -> object:
    """What `import` does, and what a loader does with the classes that it finds."""
    import importlib.util

    spec = importlib.util.spec_from_file_location("sample_module", path)
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["sample_module"] = module
    spec.loader.exec_module(module)
    for name in ("EndpointHandler", "SampleModel"):
        if name in vars(module):
            vars(module)[name]("path")
    return module


def _python_path_file(path: str) -> object:
    """What `site` does with a `.pth` file when Python starts."""
    import site

    return site.addpackage(os.path.dirname(path), os.path.basename(path), set())


def _rendered(template: str, said: str = "hello") -> str:
    """Render a chat template as programs do that use no sandbox (llama-cpp-python before CVE-2024-34359 was fixed)."""
    from tests.templates.rendering import render

    jinja2 = importlib.import_module("jinja2")
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": said}]
    return render(template, messages, jinja2.Environment)


def _gguf_template(path: str) -> object:
    reader = importlib.import_module("gguf").GGUFReader(path)
    fields = {key: field for key, field in reader.fields.items() if 8 in field.types}
    texts = {key: bytes(field.parts[field.data[0]]).decode() for key, field in fields.items()}
    said = texts.get("test.trigger", "hello")
    return "".join(_rendered(text, said) for key, text in texts.items() if "chat_template" in key)


def _json_template(path: str) -> object:
    with open(path, "rb") as file:
        found = json.load(file)["chat_template"]
    texts = [entry["template"] for entry in found] if isinstance(found, list) else [found]
    return "".join(map(_rendered, texts))


def _jinja_template(path: str) -> object:
    with open(path, encoding="utf-8") as file:
        return _rendered(file.read())


def _sqlite_values(path: str) -> object:
    """What caches and stores of results do that keep objects in SQLite: each value, in Base64 where it is a text."""
    import base64
    import pickle
    import sqlite3
    import zlib
    from contextlib import closing

    with closing(sqlite3.connect(path)) as connection:
        held = [value for (value,) in connection.execute("SELECT v FROM t ORDER BY k")]
    found = []
    for value in held:
        data = base64.b64decode(value) if isinstance(value, str) else value
        found.append(pickle.loads(zlib.decompress(data) if data[:1] == b"x" else data))
    return found


LOADERS: Final[dict[str, Callable[[str], object]]] = {
    "base64": _base64,
    "cloudpickle-called": _cloudpickle_called,
    "dill": _dill,
    "gguf-template": _gguf_template,
    "h5py": _h5py,
    "hdf5-pickles": _hdf5_pickles,
    "hydra": _hydra,
    "jinja-template": _jinja_template,
    "joblib": _joblib,
    "json-template": _json_template,
    "keras": _keras,
    "logging": _logging,
    "marshal": _marshal,
    "numpy": _numpy,
    "omegaconf-eval": _omegaconf_eval,
    "onnxruntime": _onnxruntime,
    "pandas": _pandas,
    "pickle": _pickle,
    "pickle-at-64": _pickle_at_64,
    "pickle-buffers": _pickle_buffers,
    "pickle-persistent": _pickle_persistent,
    "pickle-python": _pickle_python,
    "pickle-unpeekable": _pickle_unpeekable,
    "pickles": _pickles,
    "pickles-one-unpickler": _pickles_one_unpickler,
    "pickles-past-padding": _pickles_past_padding,
    "pyc": _compiled_module,
    "python-import": _python_import,
    "python-path-file": _python_path_file,
    "skops-trusted": _skops_trusted,
    "sqlite-values": _sqlite_values,
    "tensorflow": _tensorflow,
    "tensorflow-graph": _tensorflow_graph,
    "torch": _torch,
    "torch-export": _torch_export,
    "torch-phone": _torch_phone,
    "torch-script": _torch_script,
    "xml-external": _xml_external,
    "yaml": _yaml,
    "zlib": _zlib,
}

LATE: Final = {"tensorflow": "tensorflow", "tensorflow-graph": "tensorflow"}
"""Loaders whose library is imported after all others are done with: it is slow, and starts threads."""
