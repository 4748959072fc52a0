"""What a Python process reads and writes, and the state that decides whether it can be repeated.

This file needs nothing but the standard library: it also runs inside of interpreters in which weighmaster is not
installed (see `command.py`). What is opened by code that is not Python's (a library in Rust or C) is not seen.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # What `typing` says, without its weight in every process that is observed.
if TYPE_CHECKING:
    from typing import Any, Final

MOST: Final = 20_000
"""Files that are remembered; the rest is counted."""
VARIABLES: Final = (
    "PYTHONHASHSEED",
    "CUBLAS_WORKSPACE_CONFIG",
    "CUDA_VISIBLE_DEVICES",
    "JAX_ENABLE_X64",
    "MKL_CBWR",
    "MKL_NUM_THREADS",
    "NVIDIA_TF32_OVERRIDE",
    "OMP_NUM_THREADS",
    "TF_CUDNN_DETERMINISTIC",
    "TF_DETERMINISTIC_OPS",
    "TOKENIZERS_PARALLELISM",
    "XLA_FLAGS",
)
"""Variables of the environment that decide about numbers. No others are written down: they may hold secrets."""
_WRITES: Final = os.O_WRONLY | os.O_RDWR
_CODE: Final = (".py", ".pyc", ".so", ".pth")
_FOLDER: Final = getattr(os, "O_DIRECTORY", 0)


class Observer:
    """Remembers which files this process opened, each by what was done with it first.

    Workers that are forked or ended leave without a word: with a `journal`, which is a folder, what they open is
    written down at once, other than code.
    """

    def __init__(self, journal: str = "") -> None:
        self.read: dict[str, None] = {}
        self.written: dict[str, None] = {}
        self.more = 0
        self._journal = journal

    def opened(self, path: object, flags: object) -> None:
        """Take that a file was opened. Nothing is raised: the program that opens it would see that."""
        if not isinstance(path, (str, bytes)) or not isinstance(flags, int) or flags & _FOLDER:
            return
        name = os.fsdecode(path)
        if not os.path.isabs(name):
            try:
                name = os.path.join(os.getcwd(), name)
            except OSError:  # The folder that the process stands in is gone.
                self.more += 1
                return
        if name in self.read or name in self.written or (self._journal and name.startswith(self._journal)):
            return
        if len(self.read) + len(self.written) >= MOST:
            self.more += 1
            return
        is_written = bool(flags & _WRITES)
        (self.written if is_written else self.read)[name] = None
        if self._journal and not name.endswith(_CODE):
            self._write_down(("w" if is_written else "r") + name)

    def _write_down(self, text: str) -> None:
        path = os.path.join(self._journal, f"{os.getpid()}.opened")
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(descriptor, os.fsencode(text) + b"\0")
            finally:
                os.close(descriptor)
        except OSError:
            self.more += 1

    def found(self) -> dict[str, Any]:
        """Return what was seen, and what this process says of itself."""
        return {
            "read": list(self.read),
            "written": list(self.written),
            "more": self.more,
            "python": sys.version.split()[0],
            "implementation": sys.implementation.name,
            "path": list(map(str, sys.path)),
            "prefixes": sorted({sys.prefix, sys.base_prefix, sys.exec_prefix, *_libraries_of_others()}),
            "variables": {name: os.environ[name] for name in VARIABLES if name in os.environ},
            "libraries": libraries(),
        }


def _libraries_of_others() -> list[str]:
    ends = ("site-packages", "dist-packages")
    return [path for path in map(str, sys.path) if path.endswith(ends)]


_installed: list[bool] = []
_watching: list[Observer] = []


def start(observer: Observer) -> None:
    """Let an observer hear of every file that this process opens, until `stop`."""
    _watching.append(observer)
    if not _installed:
        # A hook of this kind (PEP 578) cannot be taken out again: there is one for all.
        sys.addaudithook(_hook)
        _installed.append(True)


def stop(observer: Observer) -> None:
    """Tell an observer nothing more."""
    if observer in _watching:
        _watching.remove(observer)


def watching() -> int:
    """Return how many observers there are now."""
    return len(_watching)


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open":
        for observer in _watching:
            observer.opened(arguments[0], arguments[2])


def packages(path: list[str] | None = None) -> list[dict[str, str]]:
    """Return the distributions on a search path (default: this process's): name, version, SHA-256 of their `RECORD`."""
    import hashlib
    from importlib import metadata

    found = {}
    for each in metadata.distributions(path=sys.path if path is None else path):
        name = each.metadata["Name"]
        if name and name not in found:
            record = each.read_text("RECORD") or ""
            digest = hashlib.sha256(record.encode()).hexdigest() if record else ""
            found[name] = {"name": name, "version": str(each.version), "record": digest}
    return [found[name] for name in sorted(found, key=str.lower)]


def libraries() -> dict[str, Any]:
    """Return the flags of those libraries, loaded in this process, that decide whether numbers repeat."""
    torch = sys.modules.get("torch")
    try:
        return {} if torch is None else {"torch": _of_torch(torch)}
    except (AttributeError, RuntimeError):  # It is loaded by half, or of another release.
        return {}


def _of_torch(torch: Any) -> dict[str, Any]:
    cuda = torch.cuda
    # Whoever asks for the name of a device initialises it: that is left to the program.
    count = cuda.device_count() if cuda.is_initialized() else 0
    return {
        "initial_seed": torch.initial_seed(),
        "deterministic_algorithms": torch.are_deterministic_algorithms_enabled(),
        "cudnn_deterministic": torch.backends.cudnn.deterministic,
        "cudnn_benchmark": torch.backends.cudnn.benchmark,
        "float32_matmul_precision": torch.get_float32_matmul_precision(),
        "threads": torch.get_num_threads(),
        "devices": [cuda.get_device_name(index) for index in range(count)],
    }


def observe_process(folder: str) -> None:
    """Observe this process to its end, and write what was found into a file of its own in `folder`."""
    import atexit

    observer = Observer(folder)

    def write() -> None:
        import json

        stop(observer)
        path = os.path.join(folder, f"{os.getpid()}.json")
        try:
            with open(path + ".part", "w", encoding="utf-8", errors="surrogateescape") as file:
                json.dump(observer.found(), file)
            os.replace(path + ".part", path)
        except OSError:
            return  # The recording is over: this process lived longer than the command.

    start(observer)
    atexit.register(write)
