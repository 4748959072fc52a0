"""What a Python process reads and writes, and the state that decides whether it can be repeated.

This file needs nothing but the standard library: it also runs inside of interpreters in which weighmaster is not
installed (see `command.py`). What is opened by code that is not Python's (a library in Rust or C) is not seen.
"""

from __future__ import annotations

import os
import sys
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


class Observer:
    """Remembers which files this process opened, while it is `on`."""

    def __init__(self) -> None:
        self.on = True
        self.read: dict[str, None] = {}
        self.written: dict[str, None] = {}
        self.more = 0

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Take an audit event (PEP 578); `open` has a path, a mode and flags."""
        if event != "open" or not self.on:
            return
        path, _, flags = arguments
        if not isinstance(path, (str, bytes)) or not isinstance(flags, int):
            return
        name = os.path.join(os.getcwd(), os.fsdecode(path))
        files = self.written if flags & _WRITES else self.read
        if name in files:
            return
        if len(files) >= MOST:
            self.more += 1
        else:
            files[name] = None

    def found(self) -> dict[str, Any]:
        """Return what was seen, and what this process says of itself."""
        self.on = False
        return {
            "read": list(self.read),
            "written": list(self.written),
            "more": self.more,
            "python": sys.version.split()[0],
            "implementation": sys.implementation.name,
            "prefixes": sorted({sys.prefix, sys.base_prefix, sys.exec_prefix}),
            "packages": packages(),
            "variables": {name: os.environ[name] for name in VARIABLES if name in os.environ},
            "libraries": libraries(),
        }


def packages() -> list[dict[str, str]]:
    """Return the installed distributions: name, version, and the SHA-256 of the list of their files."""
    import hashlib
    from importlib import metadata

    found = {}
    for each in metadata.distributions():
        name = each.metadata["Name"]
        if name and name not in found:
            record = each.read_text("RECORD") or ""
            digest = hashlib.sha256(record.encode()).hexdigest() if record else ""
            found[name] = {"name": name, "version": each.version, "record": digest}
    return [found[name] for name in sorted(found, key=str.lower)]


def libraries() -> dict[str, Any]:
    """Return the flags of those libraries, loaded in this process, that decide whether numbers repeat."""
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "are_deterministic_algorithms_enabled"):
        return {}
    cuda = torch.cuda.is_available()
    return {
        "torch": {
            "initial_seed": torch.initial_seed(),
            "deterministic_algorithms": torch.are_deterministic_algorithms_enabled(),
            "cudnn_deterministic": torch.backends.cudnn.deterministic,
            "cudnn_benchmark": torch.backends.cudnn.benchmark,
            "float32_matmul_precision": torch.get_float32_matmul_precision(),
            "threads": torch.get_num_threads(),
            "devices": [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
            if cuda
            else [],
        }
    }


def observe_process(folder: str) -> None:
    """Observe this process to its end, and write what was found into a file of its own in `folder`."""
    import atexit
    import json

    observer = Observer()

    def write() -> None:
        path = os.path.join(folder, f"{os.getpid()}.json")
        found = observer.found()
        with open(path + ".part", "w", encoding="utf-8", errors="surrogateescape") as file:
            json.dump(found, file)
        os.replace(path + ".part", path)

    sys.addaudithook(observer.hook)
    atexit.register(write)
    # A forked worker of multiprocessing leaves without atexit; its parent sees what it shares.
