"""How many raw bytes joblib writes after the state of a `NumpyArrayWrapper`.

joblib writes an array between two opcodes, so its files are pickles only to a reader that knows this:
joblib/numpy_pickle.py, classes `NumpyArrayWrapper` and `NumpyUnpickler` (and the copies of joblib that
scikit-learn carried until 0.23).
"""

from __future__ import annotations

from typing import Final

from weighmaster.machine.shadow import Global, Items, Result, Table

_OBJECTS: Final = -2
_MODULES: Final = ("joblib.numpy_pickle", "sklearn.externals.joblib.numpy_pickle")


class ArraySize:
    """`count` bytes (-1: cannot be told), after one byte of padding length if `aligned`, or a pickle of `objects`."""

    def __init__(self, count: int, aligned: bool, objects: bool) -> None:  # noqa: FBT001 - a record
        self.count = count
        self.aligned = aligned
        self.objects = objects


def is_array_wrapper(x: object) -> bool:
    """Whether joblib's unpickler would read an array after building `x`."""
    if not isinstance(x, Result):
        return False
    callee = x.callee
    if (
        isinstance(callee, Global)
        and callee.name == "_reconstructor"
        and isinstance(x.arguments, tuple)
        and x.arguments
    ):
        callee = x.arguments[0]
    return isinstance(callee, Global) and callee.name == "NumpyArrayWrapper" and callee.module in _MODULES


def array_size(state: object) -> ArraySize:
    """Read the wrapper's state: `shape`, `dtype`, `numpy_array_alignment_bytes`."""
    shape = _entry(state, "shape")
    dtype = _entry(state, "dtype")
    alignment = _entry(state, "numpy_array_alignment_bytes")
    aligned = isinstance(alignment, int) and alignment != 0
    item = _item_size(dtype, 8)
    if item == _OBJECTS:
        return ArraySize(-1, False, True)
    if not isinstance(shape, tuple) or item < 0:
        return ArraySize(-1, aligned, False)
    count = item
    for side in shape:
        if not isinstance(side, int) or side < 0:
            return ArraySize(-1, aligned, False)
        count *= side
    return ArraySize(count, aligned, False)


def _entry(state: object, key: str) -> object:
    if isinstance(state, Table):
        return state.notable.get(key)
    # BUILD with a pair sets attributes from both: the second part comes last.
    if isinstance(state, tuple) and len(state) == 2:
        later = _entry(state[1], key)
        return _entry(state[0], key) if later is None else later
    return None


def _item_size(dtype: object, depth: int) -> int:
    """Return the bytes of an item; `_OBJECTS` where items are Python objects, -1 where that cannot be told."""
    if not isinstance(dtype, Result) or depth == 0:
        return -1
    arguments = dtype.arguments
    code = arguments[0] if isinstance(arguments, tuple) and arguments else None
    if not isinstance(code, str) or (len(code) < 2 and code not in ("O", "b")):
        return -1
    state = dtype.states[-1] if dtype.states else None
    if _has_objects(code, state, depth):
        return _OBJECTS
    # numpy/_core/src/multiarray/descriptor.c, arraydescr_reduce: version, order, subarray, names, fields, size, ...
    if isinstance(state, tuple) and len(state) > 5 and isinstance(state[5], int) and state[5] > 0:
        return state[5]
    digits = code.lstrip("<>=|")[1:]
    if not (digits.isascii() and digits.isdigit()):
        return -1
    return int(digits) * (4 if "U" in code[:2] else 1)


def _has_objects(code: str, state: object, depth: int) -> bool:
    if "O" in code[:2]:
        return True
    if not isinstance(state, tuple) or len(state) < 5:
        return False
    subarray, fields = state[2], state[4]
    if isinstance(subarray, tuple) and subarray and _item_size(subarray[0], depth - 1) == _OBJECTS:
        return True
    if isinstance(fields, Table):
        for value in fields.pairs[1::2]:
            kind = value[0] if isinstance(value, tuple) and value else value
            if isinstance(kind, Items):
                return True
            if _item_size(kind, depth - 1) == _OBJECTS:
                return True
    return False
