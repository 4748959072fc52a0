"""What the functions of PyTorch that rebuild tensors make of their arguments, without calling them.

Source: torch/_utils.py, torch/_tensor.py (`_reduce_ex_internal`) and torch/storage.py of PyTorch 2.13.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Final, Protocol

from weighmaster.conversion.numbers import PAIRS, TORCH, width
from weighmaster.conversion.places import Place, Streams
from weighmaster.conversion.program import Program, entries
from weighmaster.machine.shadow import Global, Handle, Items, Result, Table
from weighmaster.model.errors import UnreadableError

_MOST: Final = 1 << 62
_DIMENSIONS: Final = 64
_REAL: Final = frozenset({"F64", "F32", "F16", "BF16", "C64", "C128", "C32"})


class Storage:
    """Numbers of one kind, in a row; `swap` says that their bytes are in the other order."""

    __slots__ = ("id", "kind", "place", "swap")

    def __init__(self, kind: str, place: Place, id: int, *, swap: bool = False) -> None:
        self.kind = kind
        self.place = place
        self.id = id
        self.swap = swap


class Leaf:
    """A tensor: see `plan.Tensor`, whose fields these are but for the name."""

    __slots__ = ("flip", "kind", "shape", "start", "storage", "stream", "stride", "swap")

    def __init__(  # noqa: PLR0913 - the fields of a tensor
        self,
        kind: str,
        shape: tuple[int, ...],
        stride: tuple[int, ...],
        place: tuple[int, int],
        *,
        storage: int,
        swap: bool = False,
        flip: str = "",
    ) -> None:
        self.kind = kind
        self.shape = shape
        self.stride = stride
        self.stream, self.start = place
        self.storage = storage
        self.swap = swap
        self.flip = flip


Loaded = Callable[[Place], "Storage | Refused"]
"""Returns the storage that a file inside of a pickle holds (`torch.storage._load_from_bytes`)."""


class Parts:
    """Several tensors that together are one, by the end of their names; `note` says what it was."""

    def __init__(self, note: str, parts: Sequence[tuple[str, object]]) -> None:
        self.note = note
        self.parts = parts


class Wrapped:
    """Another object, at the same place; `state` is what was set on it, `note` what is lost.

    With `kind` it is carried over only where its numbers are of that kind: they would have to be computed.
    """

    def __init__(self, inner: object, state: object = None, note: str = "", kind: str = "") -> None:
        self.inner = inner
        self.state = state
        self.note = note
        self.kind = kind


class Nested:
    """What another pickle leaves, which begins where this one was interrupted."""

    def __init__(self, program: Program) -> None:
        self.program = program


class Refused:
    """A tensor that cannot be carried over, and why."""

    def __init__(self, why: str) -> None:
        self.why = why


class Plain:
    """A value that is no tensor: `text` says which."""

    def __init__(self, text: str) -> None:
        self.text = text


Made = Leaf | Parts | Wrapped | Nested | Refused | Plain


class Resolver(Protocol):
    """Knows what the persistent ids of one layout stand for."""

    def resolve(self, handle: Handle) -> Storage | Leaf | Refused | str:
        """Return what a handle is; a text describes what is no tensor."""


def strided(  # noqa: PLR0913 - a tensor has so many
    storage: Storage, offset: object, shape: object, stride: object, *, kind: str = "", flip: str = ""
) -> Leaf | Parts | Refused:
    """Return the tensor that lies in a storage from element `offset` on.

    Raises:
        UnreadableError: it would reach outside, or it has no shape.
    """
    sides, steps, first = counts(shape), counts(stride), count(offset)
    if sides is None or steps is None or first is None or len(sides) != len(steps):
        raise UnreadableError("its shape makes no sense")
    if storage.swap and kind and width(kind) > 1:
        return Refused("its bytes are in the other order, and what they are is not known where that is changed")
    kind = kind or storage.kind
    if kind == "F4" and not sides:
        return Refused("a byte of two numbers without a dimension")
    step = width(kind)
    last = sum((side - 1) * by for side, by in zip(sides, steps, strict=True)) if 0 not in sides else -1
    end = (first + last + 1) * step
    if last >= 0 and end > storage.place.size:
        raise UnreadableError(f"it reaches to byte {end} of a storage that has {storage.place.size}")
    place = (storage.place.stream, storage.place.start + (first * step if last >= 0 else 0))
    swap = storage.swap and step > 1
    if kind in PAIRS:
        sides, steps = (*sides, 2), (*(2 * by for by in steps), 1)
        half = Leaf(PAIRS[kind], sides, steps, place, storage=storage.id, swap=swap, flip=flip)
        return Parts(f"complex numbers ({kind}), written as pairs", [("as_real", half)])
    return Leaf(kind, sides, steps, place, storage=storage.id, swap=swap, flip=flip)


def counts(x: object) -> tuple[int, ...] | None:
    """Return a shape or a stride; None where it is none."""
    if isinstance(x, Result) and _dotted(x.callee) == "torch.Size" and isinstance(x.arguments, tuple):
        x = x.arguments[0] if len(x.arguments) == 1 else None
    if isinstance(x, Items):
        x = tuple(x.items)
    if not isinstance(x, tuple) or len(x) > _DIMENSIONS:
        return None
    found = tuple(side for side in map(count, x) if side is not None)
    return found if len(found) == len(x) and prod(found) < _MOST else None


def count(x: object) -> int | None:
    """Return a whole number that counts something; None where it is none."""
    return x if isinstance(x, int) and not isinstance(x, bool) and 0 <= x < _MOST else None


class Torch:
    """Understands the calls that rebuild tensors in one pickle."""

    def __init__(self, program: Program, resolver: Resolver, loaded: Loaded) -> None:
        self._program = program
        self._resolver = resolver
        self._loaded = loaded
        self._streams: Streams = program.place.streams
        self._known: Mapping[str, Callable[..., Made | None]] = {
            "torch._utils._rebuild_tensor": self._tensor,
            "torch._utils._rebuild_tensor_v2": self._tensor_v2,
            "torch._utils._rebuild_tensor_v3": self._tensor_v3,
            "torch._utils._rebuild_parameter": _wrapped,
            "torch._utils._rebuild_buffer": _wrapped,
            "torch._utils._rebuild_parameter_with_state": _wrapped_with_state,
            "torch._utils._rebuild_qtensor": self._quantised,
            "torch._utils._rebuild_sparse_tensor": self._sparse,
            "torch._utils._rebuild_sparse_csr_tensor": self._sparse,
            "torch._utils._rebuild_nested_tensor": _nested,
            "torch._utils._rebuild_meta_tensor_no_storage": _meta,
            "torch._utils._rebuild_wrapper_subclass": _subclass,
            "torch._utils._rebuild_device_tensor_from_numpy": _moved,
            "torch._utils._rebuild_device_tensor_from_cpu_tensor": _moved,
            "torch._utils._rebuild_xla_tensor": _moved,
            "torch._tensor._rebuild_from_type": self._of_type,
            "torch._tensor._rebuild_from_type_v2": self._of_type,
            "torch.tensor._rebuild_from_type": self._of_type,
            "torch.nn.parameter.Parameter": _wrapped,
            "torch.nn.parameter.Buffer": _wrapped,
            "torch.autograd.variable.Variable": _wrapped,
        }

    def made(self, call: Result) -> Made | None:
        """Return what a call makes; None where it is none of PyTorch's."""
        if not isinstance(call.callee, Global) or not isinstance(call.arguments, tuple):
            return None
        known = self._known.get(f"{call.callee.module}.{call.callee.name}")
        if known is None:
            return None
        try:
            return known(*call.arguments)
        except TypeError:  # Other arguments than the function takes.
            return Refused(f"{call.callee.name} with other arguments than it takes")

    def _storage(self, x: object) -> Storage | Refused:
        if isinstance(x, Handle):
            found = self._resolver.resolve(x)
            return found if isinstance(found, (Storage, Refused)) else Refused("of something that is no storage")
        if isinstance(x, Result) and isinstance(x.callee, Global) and x.callee.name == "_load_from_bytes":
            arguments = x.arguments if isinstance(x.arguments, tuple) else ()
            place = self._program.raw(arguments[0]) if len(arguments) == 1 else None
            if place is not None:
                return self._loaded(place)
        return Refused("of something that is no storage")

    def _tensor(self, storage: object, offset: object, shape: object, stride: object, *_more: object) -> Made:
        return self._in(self._storage(storage), offset, shape, stride)

    def _tensor_v2(
        self, storage: object, offset: object, shape: object, stride: object,
        _grad: object, _hooks: object, metadata: object = None,
    ) -> Made:  # fmt: skip
        return self._in(self._storage(storage), offset, shape, stride, metadata=metadata)

    def _tensor_v3(  # noqa: PLR0913, PLR0917 - PyTorch's arguments
        self, storage: object, offset: object, shape: object, stride: object,
        _grad: object, _hooks: object, dtype: object, metadata: object = None,
    ) -> Made:  # fmt: skip
        kind = torch_kind(dtype)
        if kind is None:
            return Refused(f"its kind of numbers, {_dotted(dtype)}, has no name in safetensors")
        return self._in(self._storage(storage), offset, shape, stride, kind=kind, metadata=metadata)

    def _in(  # noqa: PLR0913 - a tensor has so many
        self, storage: Storage | Refused, offset: object, shape: object, stride: object, *,
        kind: str = "", metadata: object = None,
    ) -> Made:  # fmt: skip
        if isinstance(storage, Refused):
            return storage
        flip = _flip(metadata)
        of = kind or storage.kind
        if flip is None or (flip == "neg" and of not in _REAL) or (flip == "conj" and of not in {"C64", *PAIRS}):
            return Refused("a view whose signs are turned in a way that is not known")
        return strided(storage, offset, shape, stride, kind=kind, flip=flip)

    def _quantised(
        self, storage: object, offset: object, shape: object, stride: object, scheme: object, *_more: object
    ) -> Made:
        numbers = self._in(self._storage(storage), offset, shape, stride)
        if not isinstance(numbers, Leaf):
            return numbers
        match scheme:
            case (Global(name="per_tensor_affine"), int() | float() as scale, int() as zero):
                found: list[tuple[str, object]] = [("scale", self._f64([float(scale)], ()))]
                found.append(("zero_point", self._i64([zero], ())))
            case (Global() as name, scales, zeros, int() as axis) if name.name.startswith("per_channel_affine"):
                found = [("scales", self._list(scales)), ("zero_points", self._list(zeros))]
                found.append(("axis", self._i64([axis], ())))
            case _:
                return Refused("quantised in a way that is not known")
        return Parts("quantised: whole numbers, scale and zero point", [("", numbers), *found])

    def _list(self, x: object) -> object:
        if not isinstance(x, Items):
            return x
        wholes = [n for n in x.items if isinstance(n, int)]
        if len(wholes) == len(x.items):
            return self._i64(wholes, (len(wholes),))
        return self._f64([float(n) for n in x.items if isinstance(n, (int, float))], (len(x.items),))

    def _sparse(self, layout: object, data: object) -> Made:
        if isinstance(layout, Result) and isinstance(layout.arguments, tuple) and layout.arguments:
            layout = layout.arguments[0]  # torch.serialization._get_layout("torch.sparse_coo")
        names = _SPARSE.get(_dotted(layout).rpartition(".")[2])
        if names is None or not isinstance(data, tuple) or not len(names) < len(data) <= len(names) + 2:
            return Refused("sparse in a way that is not known")
        shape = counts(data[len(names)])
        if shape is None:
            return Refused("sparse, without a shape")
        parts = [*zip(names, data, strict=False), ("size", self._i64(shape, (len(shape),)))]
        return Parts("sparse: indices, values and size", parts)

    def _of_type(self, function: object, type: object, arguments: object, state: object) -> Made:
        call = Result(function, arguments, None, "REDUCE", 0)
        plain = isinstance(type, Global) and (type.module, type.name) in _OWN
        return Wrapped(call, state, "" if plain else f"a tensor of the class {_dotted(type)}; its numbers are written")

    def _f64(self, numbers: Sequence[float], shape: tuple[int, ...]) -> Leaf:
        return self._literal("F64", struct.pack(f"<{len(numbers)}d", *numbers), shape)

    def _i64(self, numbers: Sequence[int], shape: tuple[int, ...]) -> Leaf:
        return self._literal("I64", b"".join((n % (1 << 64)).to_bytes(8, "little") for n in numbers), shape)

    def _literal(self, kind: str, data: bytes, shape: tuple[int, ...]) -> Leaf:
        place = self._streams.literal(data)
        id = self._streams.storage(place)
        return Leaf(kind, shape, (1,) * len(shape), (place.stream, place.start), storage=id)


_OWN: Final = frozenset({("torch", "Tensor"), ("torch._tensor", "Tensor"), ("torch.nn.parameter", "Parameter")})
_SPARSE: Final = {
    "sparse_coo": ("indices", "values"),
    "sparse_csr": ("crow_indices", "col_indices", "values"),
    "sparse_bsr": ("crow_indices", "col_indices", "values"),
    "sparse_csc": ("ccol_indices", "row_indices", "values"),
    "sparse_bsc": ("ccol_indices", "row_indices", "values"),
}


def torch_kind(dtype: object) -> str | None:
    """Return the kind of a `torch.dtype`; None where safetensors has no name for it."""
    return TORCH.get(dtype.name) if isinstance(dtype, Global) and dtype.module == "torch" else None


def _flip(metadata: object) -> str | None:
    """Return which signs a view turns (`torch._C._get_tensor_metadata`); None where that is not known."""
    if not isinstance(metadata, Table):
        return "" if metadata is None or isinstance(metadata, Result) else None
    turned = {key for key, value in entries(metadata) if value is True}
    if not turned:
        return ""
    one = turned.pop()
    return str(one) if not turned and one in {"neg", "conj"} else None


def _wrapped(data: object, *_more: object) -> Made:
    return Wrapped(data)


def _wrapped_with_state(data: object, _grad: object, _hooks: object, state: object) -> Made:
    return Wrapped(data, state)


def _nested(buffer: object, sizes: object, strides: object, offsets: object) -> Made:
    parts = [("buffer", buffer), ("sizes", sizes), ("strides", strides), ("offsets", offsets)]
    return Parts("nested: all numbers in a row, and the shapes of its tensors", parts)


def _meta(*_arguments: object) -> Made:
    return Refused("a tensor without numbers (on the device `meta`)")


def _subclass(cls: object, *_arguments: object) -> Made:
    return Refused(f"a tensor of the class {_dotted(cls)}, which holds its numbers in a way of its own")


def _moved(data: object, dtype: object, *_more: object) -> Made:
    kind = torch_kind(dtype)
    if kind is None:
        return Refused(f"its kind of numbers, {_dotted(dtype)}, has no name in safetensors")
    return Wrapped(data, kind=kind)


def _dotted(x: object) -> str:
    if isinstance(x, Global):
        return f"{x.module}.{x.name}"
    return x if isinstance(x, str) else f"<{type(x).__name__.lower()}>"
