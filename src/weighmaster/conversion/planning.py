"""Making the plan: done in a confined worker, for the file is hostile."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Final

from weighmaster.conversion.layouts import gather, loaded
from weighmaster.conversion.places import Streams
from weighmaster.conversion.plan import LISTED, Left, Plan, Tensor, written
from weighmaster.conversion.tensors import Leaf
from weighmaster.conversion.walk import Walk
from weighmaster.model.errors import ConfigError, OverBudgetError, UnreadableError, WeighmasterError
from weighmaster.model.where import Where
from weighmaster.reading.budget import Budget, Limits
from weighmaster.reading.source import FileSource

_RESERVED: Final = "__metadata__"
_NAMES: Final = 200
_SHOWN: Final = 8
_NEEDED: Final = frozenset(
    {
        "torch", "torch._utils", "torch.storage", "torch.cuda", "torch.serialization", "torch._tensor", "numpy",
        "numpy.core.multiarray", "numpy._core.multiarray", "numpy.core.numeric", "numpy._core.numeric",
        "torch.nn.parameter", "ml_dtypes", "_codecs",
    }
)  # fmt: skip
"""Modules whose names are needed to say what a tensor is."""
_HARMLESS: Final = frozenset(
    {
        "collections.OrderedDict", "collections.defaultdict", "builtins.set", "builtins.dict", "builtins.list",
        "builtins.frozenset", "builtins.tuple", "builtins.bytes", "builtins.bytearray", "copyreg._reconstructor",
        "builtins.object", "__builtin__.set", "__builtin__.object", "copy_reg._reconstructor", "builtins.int",
        "joblib.numpy_pickle.NumpyArrayWrapper", "collections.Counter", "collections.deque",
    }
)  # fmt: skip


def plan(path: str, name: str, select: str, limits: Limits, keep_values: bool) -> bytes:  # noqa: FBT001 - a message
    """Return the plan for the file at `path`, or `!`, the kind of an error, `:` and its text, as bytes."""
    try:
        with open(path, "rb", buffering=0) as file:
            return written(_planned(file.fileno(), name, select, limits, keep_values=keep_values))
    except WeighmasterError as error:
        kind = next((each for each in (ConfigError, OverBudgetError) if isinstance(error, each)), UnreadableError)
        return f"!{kind.__name__}:{name}: {error}".encode(errors="backslashreplace")
    except RecursionError:
        return f"!UnreadableError:{name}: nested too deep".encode(errors="backslashreplace")


def _planned(descriptor: int, name: str, select: str, limits: Limits, *, keep_values: bool) -> Plan:
    status = os.fstat(descriptor)
    streams = Streams(FileSource(descriptor, status.st_size), Budget(limits))
    walk = Walk(loaded, keep_values=keep_values)
    layout, framework = gather(streams.file, walk, Where.file(os.path.basename(name)))
    tensors, renamed = named(walk, select)
    left = [one for one in walk.left if not select or one.kind == "member" or within(one.path, select) is not None]
    return Plan(
        layout=layout,
        framework=framework,
        streams=streams.done(),
        literals=bytes(streams.literals),
        tensors=tensors,
        left=tuple(map(_safe, left[:LISTED])),
        left_count=len(left),
        names=tuple(sorted(_unneeded(walk.names)))[:_NAMES],
        values=tuple(
            sorted((key, text) for path, text in walk.values.items() if (key := within(path, select)) and _encodes(key))
        ),
        renamed=renamed,
        identity=(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns),
    )


def within(path: str, select: str) -> str | None:
    """Return a path as seen from the part that is selected; None where it lies elsewhere.

    >>> within("model.a.b", "model"), within("modelled.a", "model"), within("a.b", "")
    ('a.b', None, 'a.b')
    """
    if not select:
        return path
    if path == select:
        return path.rpartition(".")[2]
    return path.removeprefix(f"{select}.") if path.startswith(f"{select}.") else None


def named(walk: Walk, select: str) -> tuple[tuple[Tensor, ...], tuple[tuple[str, str], ...]]:
    """Give each tensor a name of its own; return also those that are not called as they would be.

    Raises:
        ConfigError: nothing lies where it was selected.
    """
    found: dict[str, Leaf] = {}
    renamed: list[tuple[str, str]] = []
    for path, leaf in walk.tensors:
        name = within(path, select)
        if name is None:
            continue
        if not _encodes(name):
            walk.left.append(Left(path=path, kind="tensor", detail="its name is no text", place=""))
            continue
        own, number = name, 1
        while own in found or own == _RESERVED:
            number += 1
            own = f"{name}#{number}"
        if own != name:
            renamed.append((name, own))
        found[own] = leaf
    if select and not found:
        tops = dict.fromkeys(path.partition(".")[0] for path, _ in walk.tensors)
        raise ConfigError(f"no tensors at {select!r}; at the top there are: {', '.join(list(tops)[:_SHOWN]) or 'none'}")
    return tuple(_tensor(name, leaf) for name, leaf in found.items()), tuple(renamed)


def _tensor(name: str, leaf: Leaf) -> Tensor:
    return Tensor(
        name=name,
        kind=leaf.kind,
        shape=leaf.shape,
        stride=leaf.stride,
        stream=leaf.stream,
        start=leaf.start,
        swap=leaf.swap,
        flip=leaf.flip,
        storage=leaf.storage,
    )


def _unneeded(names: Iterable[str]) -> set[str]:
    return {_spelled(name) for name in names if name not in _HARMLESS and name.rpartition(".")[0] not in _NEEDED}


def _safe(left: Left) -> Left:
    return Left(path=_spelled(left.path), kind=left.kind, detail=_spelled(left.detail), place=_spelled(left.place))


def _spelled(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()


def _encodes(text: str) -> bool:
    return _spelled(text) == text
