"""Load hostile samples, each in a process of its own, and say which of them were about to do what they are built for.

Run as `python -m tests.samples.firing` with a JSON list of jobs on standard input; one JSON line a job comes out. The
process that runs this is thrown away; it imports the loaders' libraries once and forks for every job.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import tempfile
import types
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

_PATIENCE = 20
"""Seconds that a sample may take."""

_LIBRARIES = (
    "gguf",
    "jinja2",
    "numpy",
    "joblib",
    "pandas",
    "sklearn",
    "scipy",
    "torch",
    "cloudpickle",
    "dill",
    "requests",
    "idlelib.run",
    "h5py",
    "keras",
    "skops.io",
)

_DENIED = [
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.startfile",
    "os.fork",
    "os.forkpty",
    "os.kill",
    "os.killpg",
    "subprocess.Popen",
    "os.remove",
    "os.rmdir",
    "os.rename",
    "os.link",
    "os.symlink",
    "os.chmod",
    "os.chown",
    "os.truncate",
    "os.setxattr",
    "os.mkdir",
    "os.utime",
    "shutil.rmtree",
    "shutil.move",
    "shutil.copyfile",
    "shutil.copytree",
    "shutil.chown",
    "shutil.make_archive",
    "shutil.unpack_archive",
    "socket.connect",
    "socket.bind",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "socket.gethostbyaddr",
    "socket.getnameinfo",
    "socket.sendto",
    "socket.sendmsg",
    "socket.sethostname",
    "urllib.Request",
    "http.client.connect",
    "http.client.send",
    "ftplib.connect",
    "smtplib.connect",
    "poplib.connect",
    "imaplib.open",
    "nntplib.connect",
    "telnetlib.Telnet.open",
    "webbrowser.open",
    "pty.spawn",
    "ctypes.dlopen",
    "ctypes.call_function",
    "builtins.breakpoint",
    "builtins.input",
    "sqlite3.connect",
    "signal.pthread_kill",
    "syslog.openlog",
    "syslog.syslog",
    "fcntl.flock",
    "resource.setrlimit",
]
"""Events that are stopped whether a sample is built for them or not."""


_AT_HOME = {"os.mkdir", "os.rmdir", "os.remove", "os.utime", "os.chmod", "shutil.rmtree", "socket.bind"}
"""Events that are let through where they touch only the sample's own folder, or this machine's own address."""


def _at_home(arguments: tuple[Any, ...], own: str) -> bool:
    if not isinstance(arguments[0], str):
        return {"127.0.0.1", "::1"} & set(_words(arguments[-1])) != set()
    return os.path.abspath(arguments[0]).startswith(own)


class Stopped(BaseException):
    """A sample was about to do harm."""


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


_LATE = {"tensorflow": "tensorflow", "tensorflow-graph": "tensorflow"}
"""Loaders whose library is imported after all others are done with: it is slow, and starts threads."""


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
    import json

    with open(path, "rb") as file:
        found = json.load(file)["chat_template"]
    texts = [entry["template"] for entry in found] if isinstance(found, list) else [found]
    return "".join(map(_rendered, texts))


def _jinja_template(path: str) -> object:
    with open(path, encoding="utf-8") as file:
        return _rendered(file.read())


LOADERS: dict[str, Callable[[str], object]] = {
    "gguf-template": _gguf_template,
    "json-template": _json_template,
    "jinja-template": _jinja_template,
    "python-import": _python_import,
    "python-path-file": _python_path_file,
    "pickle": _pickle,
    "pickle-python": _pickle_python,
    "pickle-unpeekable": _pickle_unpeekable,
    "pickles": _pickles,
    "pickles-one-unpickler": _pickles_one_unpickler,
    "pickles-past-padding": _pickles_past_padding,
    "pickle-at-64": _pickle_at_64,
    "pickle-persistent": _pickle_persistent,
    "pickle-buffers": _pickle_buffers,
    "joblib": _joblib,
    "numpy": _numpy,
    "torch": _torch,
    "pandas": _pandas,
    "dill": _dill,
    "cloudpickle-called": _cloudpickle_called,
    "zlib": _zlib,
    "base64": _base64,
    "keras": _keras,
    "h5py": _h5py,
    "hdf5-pickles": _hdf5_pickles,
    "skops-trusted": _skops_trusted,
    "xml-external": _xml_external,
    "pyc": _compiled_module,
    "marshal": _marshal,
    "yaml": _yaml,
    "hydra": _hydra,
    "omegaconf-eval": _omegaconf_eval,
    "logging": _logging,
    "torch-export": _torch_export,
    "torch-script": _torch_script,
    "torch-phone": _torch_phone,
    "tensorflow": _tensorflow,
    "tensorflow-graph": _tensorflow_graph,
    "onnxruntime": _onnxruntime,
}


def _words(argument: object) -> Iterator[str]:
    """Yield the text in an argument of an audit event, and run none of its methods."""
    kind = type(argument)
    if kind is str:
        yield argument  # type: ignore[misc]
    elif kind in {bytes, bytearray}:
        yield bytes(argument).decode("latin-1")  # type: ignore[call-overload]
    elif kind is int:
        yield str(argument)
    elif kind is types.CodeType:
        yield from argument.co_names  # type: ignore[attr-defined]
        for constant in argument.co_consts:  # type: ignore[attr-defined]
            yield from _words(constant)
    elif kind in {tuple, list}:
        for item in argument:  # type: ignore[attr-defined]
            yield from _words(item)
    elif isinstance(argument, os.PathLike):
        yield os.fspath(argument)


def _watch(event: str, token: str, tell: Callable[[str], NoReturn], own: str) -> None:
    writes = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    inside = False

    def hook(name: str, arguments: tuple[Any, ...]) -> None:
        nonlocal inside
        if inside:
            return
        inside = True
        try:
            if name == event and (not token or any(token in word for word in _words(arguments))):
                tell(name)
            if name == "open" and isinstance(arguments[2], int) and arguments[2] & writes:
                path = os.path.abspath(next(_words(arguments[0]), ""))
                if not path.startswith(own) and path != os.devnull:
                    raise Stopped(f"open {path}")
            if name in _DENIED and not (name in _AT_HOME and _at_home(arguments, own)):
                raise Stopped(name)
        finally:
            inside = False

    sys.addaudithook(hook)


def _fire(job: dict[str, str], pipe: int) -> NoReturn:
    """Load one sample in this process, which ends here."""

    def tell(what: str) -> NoReturn:
        os.write(pipe, what.encode("utf-8", "replace")[:2000])
        os._exit(0)

    os.chdir(job["folder"])
    tempfile.tempdir = job["folder"]
    devnull = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(devnull, stream)
    sys.stdin = open(devnull, closefd=False)  # noqa: SIM115 - for the rest of this process
    sys.setrecursionlimit(10_000)
    signal.alarm(_PATIENCE)
    loader = LOADERS[job["loader"]]
    if job["event"]:
        _watch(job["event"], job["token"], tell, os.path.abspath(job["folder"]))
    else:
        _watch("", "", tell, os.path.abspath(job["folder"]))
    try:
        result: object = loader(job["path"])
    except BaseException as error:  # noqa: BLE001 - what a sample raises is part of what it does
        result = error
    if job["event"]:
        import gc

        result_type = (
            f"{type(result).__name__}: {result}" if isinstance(result, BaseException) else type(result).__name__
        )
        del result
        gc.collect()
        tell(f"nothing fired; {result_type}")
    held = eval(job["after"], {"result": result})
    tell("after" if held else f"not so; {type(result).__name__}: {result!s:.300}")


def _outcome(job: dict[str, str]) -> str:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        _fire(job, write)
    os.close(write)
    with open(read, "rb") as pipe:
        said = pipe.read().decode("utf-8", "replace")
    _, status = os.waitpid(child, 0)
    return said or f"no word; wait status {status}"


def main() -> None:
    """Read jobs, fire them one by one."""
    jobs = json.load(sys.stdin)
    os.environ["KERAS_BACKEND"] = "torch"
    for library in _LIBRARIES:
        try:
            importlib.import_module(library)
        except ImportError:
            continue
    for job in sorted(jobs, key=lambda job: job["loader"] in _LATE):
        if job["loader"] in _LATE:
            os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
            importlib.import_module(_LATE[job["loader"]])
        outcome = _outcome(job)
        sys.stdout.write(
            json.dumps({"id": job["id"], "fired": outcome == (job["event"] or "after"), "saw": outcome}) + "\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
