"""Held to NumPy and joblib."""

from __future__ import annotations

import io
import pickle
from typing import Any

import joblib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conversion.converting import converted

CODES = ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?", "c8"]
SOME = settings(max_examples=20, deadline=None)


@st.composite
def arrays(draw: st.DrawFn) -> np.ndarray[Any, Any]:
    """Return an array of any kind, byte order, shape and order of axes."""
    code = draw(st.sampled_from(["<", ">"])) + draw(st.sampled_from(CODES))
    shape = tuple(draw(st.lists(st.integers(0, 5), max_size=3)))
    raw = np.random.default_rng(draw(st.integers(0, 9))).integers(0, 2, (np.prod(shape, dtype=int) * 8,), dtype="u1")
    made = raw[: np.prod(shape, dtype=int) * np.dtype(code).itemsize].view(code).reshape(shape)
    return np.asfortranarray(made) if draw(st.booleans()) else made


def same(data: bytes, wanted: dict[str, np.ndarray[Any, Any]]) -> None:
    """Hold what is converted to be these arrays, bit for bit, in the order of bytes of this machine."""
    _, got = converted(data)
    assert got.keys() == wanted.keys()
    for key, array in wanted.items():
        plain = array.astype(array.dtype.newbyteorder("="), order="C")
        found = got[key].numpy()
        assert (found.dtype, found.shape, found.tobytes()) == (plain.dtype, plain.shape, plain.tobytes()), key


@SOME
@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), arrays(), min_size=1, max_size=4), st.integers(0, 5))
def test_gives_the_arrays_of_a_pickle(thing: dict[str, Any], protocol: int) -> None:
    same(pickle.dumps(thing, protocol=protocol), thing)


@SOME
@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=3), arrays(), min_size=1, max_size=4),
    st.sampled_from([0, 1, ("gzip", 1), ("bz2", 1), ("xz", 1), ("lzma", 1), ("lz4", 1)]),
)
def test_gives_the_arrays_of_joblib(thing: dict[str, Any], compress: Any) -> None:
    out = io.BytesIO()
    joblib.dump(thing, out, compress=compress)
    same(out.getvalue(), thing)


@SOME
@given(st.dictionaries(st.text("xyz", min_size=1, max_size=3), arrays(), min_size=1, max_size=4), st.booleans())
def test_gives_the_arrays_of_an_archive(thing: dict[str, Any], packed: bool) -> None:  # noqa: FBT001 - drawn
    out = io.BytesIO()
    (np.savez_compressed if packed else np.savez)(out, **thing)
    same(out.getvalue(), thing)


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 5])
def test_long_arrays_in_every_protocol(protocol: int) -> None:
    thing = {"wide": np.random.default_rng(0).random((60, 40)), "bytes": np.arange(256, dtype="u1")}
    same(pickle.dumps(thing, protocol=protocol), thing)


def test_the_bytes_of_python_2_are_bytes_even_where_they_look_like_text() -> None:
    # Python 2 writes raw bytes as a string; these are also the UTF-8 of one character.
    raw = b"\xc3\xa9" * 4
    state = b"(I1\nI8\ntcnumpy\ndtype\n(S'u1'\nI0\nI1\ntRI00\nU" + bytes([len(raw)]) + raw + b"t"
    data = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n(I0\ntS'b'\n\x87R(K\x01" + state[1:]
    data = data.replace(b"(K\x01I1\nI8\nt", b"(K\x01(I8\nt") + b"b."
    assert pickle.loads(data, encoding="latin1").tobytes() == raw
    assert converted(data)[1]["tensor"].numpy().tobytes() == raw


def test_one_array_alone_is_called_tensor() -> None:
    out = io.BytesIO()
    np.save(out, np.asfortranarray(np.arange(6.0).reshape(2, 3)))
    same(out.getvalue(), {"tensor": np.arange(6.0).reshape(2, 3)})


def test_arrays_of_objects_are_gone_through_and_those_of_texts_listed() -> None:
    thing = {
        "objects": np.array([np.arange(2), None], dtype=object),
        "texts": np.array(["a", "bc"]),
        "records": np.zeros(2, dtype=[("a", "f4"), ("b", "i4")]),
        "dates": np.array(["2026-01-01"], dtype="M8[D]"),
        "number": np.float32(1.5),
    }
    done, got = converted(pickle.dumps(thing))
    assert [(key, value.tolist()) for key, value in got.items()] == [("objects.0", [0, 1])]
    assert {(left.path, left.kind) for left in done.left} == {
        ("objects", "form"), ("objects.1", "value"), ("texts", "tensor"), ("records", "tensor"),
        ("dates", "tensor"), ("number", "value"),
    }  # fmt: skip


def test_an_estimator_gives_its_arrays_and_is_not_made() -> None:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit([[0.0], [1.0], [2.0]], [0, 1, 1])
    out = io.BytesIO()
    joblib.dump(model, out)
    done, got = converted(out.getvalue())
    assert got["coef_"].numpy().tobytes() == model.coef_.tobytes()
    assert done.left[0].detail.startswith("object of sklearn.linear_model._logistic.LogisticRegression: not made")
    assert done.layout == "joblib"


def test_an_array_of_objects_in_a_file_of_joblib_is_gone_through() -> None:
    held = np.empty(2, dtype=object)
    held[0], held[1] = {"w": np.arange(3.0)}, {"w": np.ones((2, 2), dtype="i4")}
    out = io.BytesIO()
    joblib.dump({"trees": held, "after": np.ones(4)}, out)
    done, found = converted(out.getvalue())
    assert found.keys() == {"trees.0.w", "trees.1.w", "after"}
    assert np.array_equal(found["trees.0.w"].numpy(), np.arange(3.0))
    assert not done.missing
