"""Open a file, or load its tensors, so that what is used is what was verified."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, BinaryIO, Final, Unpack

from weighmaster.model.errors import ConfigError, MissingExtraError, UnreadableError
from weighmaster.model.value import Value
from weighmaster.reading.safetensors import Laid, tensors
from weighmaster.reading.source import FileSource
from weighmaster.trust.loading.opened import Keep, opened
from weighmaster.trust.loading.private import copied
from weighmaster.trust.loading.vouched import Vouched, wanted
from weighmaster.trust.manifests.files import open_file

_FRAMEWORKS: Final = {
    "torch": "pt",
    "numpy": "np",
    "flax": "flax",
    "mlx": "mlx",
    "tensorflow": "tf",
    "paddle": "paddle",
}
"""The modules of safetensors, and what `safe_open` calls them."""
_NONE: Final = "none"


def open_verified(path: str | os.PathLike[str], *, keep: Keep = "auto", **vouched: Unpack[Vouched]) -> BinaryIO:
    """Open a file to read it. The bytes are those that were vouched for, whatever others do to the file meanwhile.

    Args:
        path: the file.
        keep: where the verified bytes are kept: see `weighmaster.trust.loading.opened.opened`.
        vouched: what vouches for it: see `weighmaster.trust.loading.vouched.Vouched`.

    Raises:
        ConfigError: nothing vouches for it.
        TrustError: it is not what was vouched for; with `keep="digests"`, reading may raise this, too.
        OverBudgetError: there is no room for a copy.
    """
    name = os.fspath(path)
    return opened(name, wanted(name, vouched), keep)


class Block(Value):
    """A tensor as it lies in memory: its dtype as safetensors calls it, its shape, and its bytes, little-endian."""

    dtype: str
    shape: tuple[int, ...]
    data: memoryview


def load_file(
    path: str | os.PathLike[str], *, framework: str = "torch", device: Any = "cpu", **vouched: Unpack[Vouched]
) -> dict[str, Any]:
    """Load the tensors of a safetensors file, verified: the file is read once.

    It is copied into memory, which is sealed and then verified (chunk by chunk on all processors, where the digests of
    chunks are known), and the tensors are a view of that memory. So none can change after it was verified.

    Args:
        path: the file.
        framework: `torch`, `numpy`, or another that safetensors knows; `none` gives `Block`s and needs no library.
        device: where the framework puts the tensors.
        vouched: what vouches for it: see `weighmaster.trust.loading.vouched.Vouched`.

    Raises:
        ConfigError: nothing vouches for it, or there is no such framework.
        TrustError: it is not what was vouched for.
        UnreadableError: it breaks the law of safetensors.
        MissingExtraError: safetensors or the framework is not installed.
        OverBudgetError: there is no memory for it.
    """
    if framework not in _FRAMEWORKS and framework != _NONE:
        known = ", ".join((*_FRAMEWORKS, _NONE))
        raise ConfigError(f"no framework is called {framework!r} (there are: {known})")
    name = os.fspath(path)
    it = wanted(name, vouched)
    descriptor, state = open_file(it.name, name)
    try:
        copy = copied(descriptor, it, state.st_size)
    finally:
        os.close(descriptor)
    try:
        return _blocks(copy) if framework == _NONE else _tensors(copy, framework, device)
    finally:
        os.close(copy)


def _law(descriptor: int) -> tuple[int, tuple[Laid, ...]]:
    return tensors(FileSource(descriptor, os.fstat(descriptor).st_size))


def _blocks(descriptor: int) -> dict[str, Any]:
    import mmap

    base, laid = _law(descriptor)
    view = memoryview(mmap.mmap(descriptor, 0, prot=mmap.PROT_READ))
    return {
        one.name: Block(dtype=one.dtype, shape=one.shape, data=view[base + one.begin : base + one.end]) for one in laid
    }


def _tensors(descriptor: int, framework: str, device: Any) -> dict[str, Any]:
    """Have safetensors make tensors of a copy: it maps the copy, by the name that the system gives our descriptor."""
    _law(descriptor)
    try:
        from safetensors import SafetensorError

        place = f"/proc/self/fd/{descriptor}"
        make = _mapped if os.path.exists(place) else _held
        try:
            return make(descriptor, framework, device)
        except SafetensorError as error:
            raise UnreadableError(f"safetensors: {error}") from error
    except ImportError as error:
        command = f"pip install safetensors {framework}"
        raise MissingExtraError(f"{error.name or 'safetensors'} is needed to make tensors: {command}") from error


def _mapped(descriptor: int, framework: str, device: Any) -> dict[str, Any]:
    from safetensors import safe_open

    with safe_open(f"/proc/self/fd/{descriptor}", framework=_FRAMEWORKS[framework], device=device) as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no mapping


def _held(descriptor: int, framework: str, device: Any) -> dict[str, Any]:
    if device != "cpu":
        raise ConfigError(f"this system has no sealed memory that could be mapped to {device}: load to cpu")
    from importlib import import_module

    size = os.fstat(descriptor).st_size
    load: Callable[[bytes], dict[str, Any]] = import_module(f"safetensors.{framework}").load
    return load(FileSource(descriptor, size).read_at(0, size))
