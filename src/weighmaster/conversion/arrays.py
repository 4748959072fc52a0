"""NumPy's arrays, as pickles, joblib and `.npy` files hold them.

Sources: numpy/_core/src/multiarray/methods.c (`array_setstate`, `array_reduce_ex_picklebuffer`), descriptor.c
(`arraydescr_reduce`), numpy/lib/format.py; joblib/numpy_pickle.py (`NumpyArrayWrapper.read_array`).
"""

from __future__ import annotations

from math import prod
from typing import Final

from weighmaster.conversion.numbers import ML_DTYPES, NUMPY, width
from weighmaster.conversion.places import Place
from weighmaster.conversion.program import Program, entries
from weighmaster.conversion.tensors import Leaf, Made, Nested, Parts, Plain, Refused, Storage, Wrapped, counts, strided
from weighmaster.machine.shadow import Global, Items, Result, Table
from weighmaster.model.errors import UnreadableError
from weighmaster.model.value import Value
from weighmaster.reading.pattern import pattern

_NUMERIC: Final = frozenset(
    {"numpy.core.multiarray", "numpy._core.multiarray", "numpy.core.numeric", "numpy._core.numeric"}
)
_TRANSPARENT: Final = frozenset({"ndarray", "memmap", "matrix"})
_HEADER: Final = pattern(
    r"\{'descr': '([<>=|]?[?a-zA-Z]\d{0,3})', 'fortran_order': (True|False), "
    r"'shape': \(((?:\d{1,18}L?,? ?)*)\),? *\}\s*"
)
"""What `numpy.lib.format` writes for arrays of one kind of numbers."""
_MAGIC: Final = b"\x93NUMPY"
_LONGEST: Final = 10_000
_SHOWN: Final = 40


class Dtype(Value):
    """A kind of numbers, and whether their bytes are in the other order; or `why` it cannot be carried over."""

    kind: str = ""
    swap: bool = False
    objects: bool = False
    why: str = ""


def dtype_of(code: str, order: str = "") -> Dtype:
    """Return what a code such as `<f4` says; `order` is that of its state."""
    swapped = (order or code[:1]) == ">"
    plain = code.lstrip("<>=|")
    kind = NUMPY.get(plain)
    if kind is None:
        return Dtype(
            objects=plain[:1] == "O", why=f"its kind of numbers, {code[:_SHOWN]!r}, has no name in safetensors"
        )
    return Dtype(kind=kind, swap=swapped and width(kind) > 1)


def dtype(x: object) -> Dtype:
    """Return what the pickle of a `numpy.dtype` says."""
    if not (isinstance(x, Result) and isinstance(x.callee, Global) and isinstance(x.arguments, tuple) and x.arguments):
        return Dtype(why="its kind of numbers is not known")
    code, state = x.arguments[0], x.states[-1] if x.states else None
    order = ""
    if isinstance(state, tuple) and len(state) > 4:
        if any(part is not None for part in state[2:5]):
            return Dtype(why="its items are records")
        order = state[1] if state[1] in {"<", ">"} else ""
    if isinstance(code, Global):
        kind = ML_DTYPES.get(code.name) if code.module.startswith("ml_dtypes") else None
        return Dtype(why=f"its kind of numbers, {code.name}, is not known") if kind is None else Dtype(kind=kind)
    if x.callee.name != "dtype" or not isinstance(code, str):
        return Dtype(why="its kind of numbers is not known")
    return dtype_of(code, order)


def array(place: Place, kind: Dtype, shape: tuple[int, ...], *, fortran: bool) -> Leaf | Parts | Refused:
    """Return the array whose numbers `place` is.

    Raises:
        UnreadableError: there are more or fewer than its shape needs.
    """
    if not kind.kind:
        return Refused(kind.why)
    needed = prod(shape) * width(kind.kind)
    if place.size != needed:
        raise UnreadableError(f"its shape needs {needed} bytes, and there are {place.size}")
    stride, step = [0] * len(shape), 1
    for axis in range(len(shape)) if fortran else reversed(range(len(shape))):
        stride[axis] = step
        step *= max(1, shape[axis])
    storage = Storage(kind.kind, place, place.streams.storage(place), swap=kind.swap)
    return strided(storage, 0, shape, tuple(stride))


class Numpy:
    """Understands the calls that rebuild arrays in one pickle."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def made(self, call: Result) -> Made | None:  # noqa: PLR0911 - one a function
        """Return what a call makes; None where it is none of NumPy's."""
        if id(call) in self._program.arrays:
            return self._wrapper(call, self._program.arrays[id(call)])
        if not (isinstance(call.callee, Global) and isinstance(call.arguments, tuple)):
            return None
        module, name = call.callee.module, call.callee.name
        if module not in _NUMERIC:
            return None
        match name, call.arguments:
            case "_reconstruct", (Global() as kind, *_):
                return self._array(call, kind)
            case "_frombuffer", (data, kind, shape, order):
                return self._from_buffer(data, kind, shape, order)
            case "scalar", (kind, *_):
                return Plain(f"a number of NumPy ({dtype(kind).kind or 'of another kind'})")
            case _:
                return None

    def _array(self, call: Result, cls: Global) -> Made:
        state = call.states[-1] if call.states else None
        if isinstance(state, tuple) and len(state) == 5:
            state = state[1:]
        if not isinstance(state, tuple) or len(state) != 4 or cls.name not in _TRANSPARENT:
            return Refused(f"an array of the class {cls.module}.{cls.name}")
        shape, kind, fortran, data = counts(state[0]), dtype(state[1]), state[2], state[3]
        if shape is None:
            raise UnreadableError("its shape makes no sense")
        if kind.objects and isinstance(data, Items):
            return Wrapped(data.items[0] if shape == () and len(data.items) == 1 else data, note="an array of objects")
        raw = self._program.raw(data)
        if raw is None:
            return Refused("its numbers lie outside the file")
        return array(raw, kind, shape, fortran=fortran is True or fortran == 1)

    def _from_buffer(self, data: object, kind: object, shape: object, order: object) -> Made:
        raw, sides = self._program.raw(data), counts(shape)
        if raw is None:
            return Refused("its numbers lie outside the file")
        if sides is None:
            raise UnreadableError("its shape makes no sense")
        return array(raw, dtype(kind), sides, fortran=order == "F")

    def _wrapper(self, call: Result, at: int) -> Made:
        state = call.states[-1] if call.states else None
        pairs = entries(state) if isinstance(state, Table) else ()
        fields = {key: value for key, value in pairs if isinstance(key, str)}
        kind, shape = dtype(fields.get("dtype")), counts(fields.get("shape"))
        place = self._program.place
        if kind.objects:
            return Nested(Program(place, at))  # Its items are pickled there as by themselves.
        if not kind.kind:
            return Refused(kind.why)
        if shape is None:
            raise UnreadableError("its shape makes no sense")
        if fields.get("numpy_array_alignment_bytes"):
            at += 1 + place.source.read_at(at, 1)[0]
        numbers = place.part(at, at + prod(shape) * width(kind.kind))
        return array(numbers, kind, shape, fortran=fields.get("order") == "F")


def npy(place: Place) -> tuple[Leaf | Parts | Refused, Place | None]:
    """Return the array of a `.npy` file; one of objects is refused, and the pickle that holds them returned.

    Raises:
        UnreadableError: it is none, or does not hold what it says.
    """
    head = place.source.read_at(0, 12)
    if head[:6] != _MAGIC or len(head) < 12 or head[6] not in {1, 2, 3}:
        raise UnreadableError("npy: no array")
    start, length = (10, head[8:10]) if head[6] == 1 else (12, head[8:12])
    end = start + int.from_bytes(length, "little")
    if end - start > _LONGEST:
        return Refused(f"npy: a header of {end - start} bytes"), None
    found = _HEADER.fullmatch(place.part(start, end).source.read_at(0, end - start).decode("latin-1"))
    if found is None:
        return Refused("npy: an array of records, or of what is not known"), None
    kind = dtype_of(found[1])
    if kind.objects:
        return Refused("an array of objects"), place.part(end, place.size)
    shape = tuple(int(side.strip().rstrip("L")) for side in found[3].split(",") if side.strip())
    if not kind.kind:
        return Refused(kind.why), None
    numbers = place.part(end, end + prod(shape) * width(kind.kind))
    return array(numbers, kind, shape, fortran=found[2] == "True"), None
