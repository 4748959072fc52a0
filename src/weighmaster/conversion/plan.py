"""The plan of a conversion: which tensors, and where in the file their numbers lie.

A confined worker makes it out of a hostile file, and the process that writes trusts no byte of it: `read` checks that
every number lies where there are bytes, and nothing else comes out of it.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from math import prod
from typing import Any, Final

from weighmaster.conversion.numbers import WIDTH
from weighmaster.model.errors import UnreadableError
from weighmaster.model.value import Value

MOST: Final = 500_000
"""Tensors of a file: more than their header could name in the bytes that readers take."""
LISTED: Final = 1000
"""Things not carried over that are listed; the rest is counted."""
ALONE: Final = "tensor"
"""The name of a tensor that is all that a file holds."""
LITERALS: Final = "literals"
TEXT: Final = "latin-1"
_DIMENSIONS: Final = 64
_NAME: Final = 4096
_MOST_NUMBER: Final = 1 << 62
_FLIPS: Final = ("", "neg", "conj")


class Stream(Value):
    """Bytes from which tensors are taken: `start` to `end` of stream `parent`, unpacked by `codec`, `size` in all.

    Stream 0 is the file. The codec `latin-1` undoes UTF-8 text that stands for bytes; `literals` are short ones that
    the plan itself holds.
    """

    parent: int
    start: int
    end: int
    codec: str
    size: int


class Tensor(Value):
    """A tensor to be written: element 0 stands at byte `start` of a stream, and `stride` counts elements.

    `swap` says that its bytes are in the other order; `flip`, which signs are turned: of all (`neg`) or of imaginary
    parts (`conj`). `storage` is the same for tensors that share their numbers.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    stream: int
    start: int
    swap: bool
    flip: str
    storage: int

    @property
    def size(self) -> int:
        """How many bytes are written of it."""
        return prod(self.shape) * WIDTH[self.kind]

    @property
    def end(self) -> int:
        """Where in its stream its last element ends."""
        if 0 in self.shape:
            return self.start
        last = sum((count - 1) * step for count, step in zip(self.shape, self.stride, strict=True))
        return self.start + (last + 1) * WIDTH[self.kind]


class Left(Value):
    """Something that is not carried over: its path in the object, what it is, and where it stands in the file."""

    path: str
    kind: str
    detail: str
    place: str


class Plan(Value):
    """All that a file holds. `left_count` counts what is not carried over; `left` lists the first of it.

    `names` are the globals that the file names and that were not needed; `values` numbers and texts by their path;
    `renamed` tensors whose name was taken: the name it would have, and the one it has. `identity` tells the file that
    was read from any other: device, inode, size, time of change in nanoseconds.
    """

    layout: str
    framework: str
    streams: tuple[Stream, ...]
    literals: bytes
    tensors: tuple[Tensor, ...]
    left: tuple[Left, ...]
    left_count: int
    names: tuple[str, ...]
    values: tuple[tuple[str, str], ...]
    renamed: tuple[tuple[str, str], ...]
    identity: tuple[int, ...]


def written(plan: Plan) -> bytes:
    """Return a plan as bytes."""
    document = {
        "layout": plan.layout,
        "framework": plan.framework,
        "streams": [[s.parent, s.start, s.end, s.codec, s.size] for s in plan.streams],
        "literals": base64.b64encode(plan.literals).decode(),
        "tensors": [
            [t.name, t.kind, t.shape, t.stride, t.stream, t.start, t.swap, t.flip, t.storage] for t in plan.tensors
        ],
        "left": [[x.path, x.kind, x.detail, x.place] for x in plan.left],
        "left_count": plan.left_count,
        "names": plan.names,
        "values": plan.values,
        "renamed": plan.renamed,
        "identity": plan.identity,
    }
    return json.dumps(document, separators=(",", ":")).encode()


def read(raw: bytes) -> Plan:
    """Return the plan that a worker wrote.

    Raises:
        UnreadableError: it is none, or it says what cannot be.
    """
    try:
        return _plan(json.loads(raw))
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error) as error:
        raise UnreadableError(f"the worker's plan makes no sense: {error}") from error


def _plan(document: Any) -> Plan:
    literals = base64.b64decode(_is(document["literals"], str), validate=True)
    streams = _streams(_is(document["streams"], list), len(literals))
    tensors = tuple(_tensor(*one, streams=streams) for one in _is(document["tensors"], list))
    if len(tensors) > MOST or len({tensor.name for tensor in tensors}) != len(tensors):
        raise ValueError("too many tensors, or two of one name")
    return Plan(
        layout=_is(document["layout"], str),
        framework=_is(document["framework"], str),
        streams=streams,
        literals=literals,
        tensors=tensors,
        left=tuple(
            Left(path=_text(a), kind=_text(b), detail=_text(c), place=_text(d)) for a, b, c, d in document["left"]
        ),
        left_count=_count(document["left_count"]),
        names=tuple(_text(name) for name in _is(document["names"], list)),
        values=_pairs(document["values"]),
        renamed=_pairs(document["renamed"]),
        identity=tuple(_count(number) for number in _is(document["identity"], list)),
    )


def _streams(listed: Sequence[Any], literals: int) -> tuple[Stream, ...]:
    found: list[Stream] = []
    for parent, start, end, codec, size in listed:
        one = Stream(parent=_count(parent), start=_count(start), end=_count(end), codec=_text(codec), size=_count(size))
        within = one.parent < len(found) and one.start <= one.end <= found[one.parent].size if found else True
        if not within or (one.codec == LITERALS and one.size != literals):
            raise ValueError("a stream outside the file")
        found.append(one)
    if not found:
        raise ValueError("no streams")
    return tuple(found)


def _tensor(  # noqa: PLR0913, PLR0917 - the fields of a tensor
    name: Any, kind: Any, shape: Any, stride: Any, stream: Any, start: Any, swap: Any, flip: Any, storage: Any,
    *, streams: tuple[Stream, ...],
) -> Tensor:  # fmt: skip
    tensor = Tensor(
        name=_text(name),
        kind=_is(kind, str),
        shape=tuple(_count(n) for n in _is(shape, list)),
        stride=tuple(_count(n) for n in _is(stride, list)),
        stream=_count(stream),
        start=_count(start),
        swap=_is(swap, bool),
        flip=_is(flip, str),
        storage=_count(storage),
    )
    sound = (
        len(tensor.shape) == len(tensor.stride) <= _DIMENSIONS
        and tensor.kind in WIDTH
        and tensor.flip in _FLIPS
        and len(tensor.name) <= _NAME
        and tensor.stream < len(streams)
        and tensor.end <= streams[tensor.stream].size
        and prod(tensor.shape) < _MOST_NUMBER
    )
    if not sound:
        raise ValueError(f"{tensor.name!r} lies outside its bytes")
    return tensor


def _pairs(listed: Any) -> tuple[tuple[str, str], ...]:
    return tuple((_text(one), _text(other)) for one, other in _is(listed, list))


def _is(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{kind.__name__} wanted, {type(value).__name__} found")
    return value


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value < _MOST_NUMBER:
        raise TypeError("a whole number wanted")
    return value


def _text(value: Any) -> str:
    text: str = _is(value, str)
    text.encode()
    return text
