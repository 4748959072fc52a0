"""NumPy's own reader is the oracle: what it loads we measure alike, and where it would unpickle we hand on a pickle."""

import io
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.samples.pickles import REDUCE, STOP, TUPLE1, name, program, proto, text
from tests.samples.tensors import npy, npy_of
from tests.samples.vetting import inner_bytes, reads, rules_on, verdict_on

from weighmaster.formats.npy import FORMAT
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.fact import Stray, Tensor
from weighmaster.model.report import Gap
from weighmaster.model.verdict import Outcome

PAYLOAD = program(proto(4), name("posix", "system"), text("true"), TUPLE1, REDUCE, STOP)
OBJECTS = npy_of("'|O'", "(1,)", PAYLOAD)


def saved(array: Any, version: tuple[int, int] | None = None) -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.lib.format.write_array(file, np.asanyarray(array), version=version)
    return file.getvalue()


PLAIN = [
    *(np.zeros(2, code) for code in "?bBhHiIlLqQpPefdgFDG"),
    np.zeros((2, 0, 3)),
    np.float64(3.5),
    np.array("abc"),
    np.array([b"ab", b"c"]),
    np.zeros(2, "V7"),
    np.array(["2020-01-01"], "M8[ns]"),
    np.array([1], "m8[25s]"),
    np.asfortranarray(np.ones((2, 3))),
    np.zeros(3, ">u4"),
    np.zeros(2, [("a", "<f4"), ("b", "<i2", (2, 3)), ("c", [("d", "U3")])]),
    np.zeros(2, [(("title", "a"), "f8")]),
    np.zeros(1, np.dtype({"names": ["x", "y"], "formats": ["i1", "f8"]}, align=True)),
    np.rec.array([(1, 2.0)]),
    np.zeros(1, np.dtype([("é", "f4")])),
]


@pytest.mark.parametrize("array", PLAIN, ids=lambda a: str(a.dtype))
def test_what_numpy_saves_as_numbers_is_allowed(array: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = saved(array)
    found, error = reads(FORMAT, data)
    assert error is None
    (tensor,) = found
    assert isinstance(tensor, Tensor)
    assert tensor.shape == array.shape
    assert verdict_on(data, "a.npy") is Outcome.ALLOW


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
@pytest.mark.parametrize(
    "array",
    [
        np.array([None, 1], object),
        np.zeros(2, [("a", "f4"), ("b", "O")]),
        np.zeros(2, [("a", [("b", [("c", "O", (2,))])])]),
        np.array(["long"], np.dtypes.StringDType()),
    ],
    ids=lambda a: str(a.dtype),
)
def test_the_pickle_of_an_object_array_is_handed_on(array: Any, version: tuple[int, int]) -> None:
    found, error = reads(FORMAT, saved(array, version))
    assert error is None
    (pickle,) = inner_bytes(found)
    assert pickle[:1] == b"\x80"
    assert pickle[-1:] == b"."


@pytest.mark.parametrize(
    "descr",
    [
        "'O'",
        "'|O'",
        "'|O8'",
        "'object'",
        "'object_'",
        "'i4,O'",
        "'f4, (2,)O'",
        "[('a', 'O')]",
        "[('a', '<f4'), ('b', '|O', (2,))]",
        "[(('title', 'a'), '|O')]",
        "('|O', (2, 3))",
        "[('a', [('b', [('c', '|O')])])]",
        "{('a', 'O'): 1}",
        "('V8', 'O')",
        "b'O'",
    ],
)
@pytest.mark.parametrize("name", ["a.npy", "a.bin", "a"])
def test_no_spelling_of_an_object_dtype_hides_the_pickle(descr: str, name: str) -> None:
    assert verdict_on(npy_of(descr, "(1,)", PAYLOAD), name) is Outcome.BLOCK


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0), (9, 0), (2, 7), (0, 0)])
def test_no_version_hides_the_pickle(version: tuple[int, int]) -> None:
    assert verdict_on(npy_of("'|O'", "(1,)", PAYLOAD, version=version)) is Outcome.BLOCK


def test_the_malicious_object_array_fires_with_the_real_reader() -> None:
    harmless = program(proto(4), name("builtins", "len"), text("four"), TUPLE1, REDUCE, STOP)
    assert np.load(io.BytesIO(npy_of("'|O'", "(1,)", harmless)), allow_pickle=True) == 4


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("", "empty"),
        ("[1, 2]", "no dictionary"),
        ("{'descr': '<f4', 'shape': (1,)}", "a key is missing"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}", "a key too many"),
        ("{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}", "order no truth value"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': [1]}", "shape no tuple"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (True,)}", "bool is no number"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", "negative"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1 << 70,)}", "no literal"),
        ("__import__('os').system('true')", "code"),
        ("{'descr': " + "(" * 500 + ")" * 500, "deep"),
        ("-" * 60000 + "1", "signs"),
        ("not " * 10000 + "1", "operators"),
        ("{[]: 1}", "unhashable"),
        ("\0", "nul"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (" + "9" * 5000 + ",)}", "too many digits"),
    ],
)
def test_a_broken_header_is_a_typed_error(header: str, why: str) -> None:
    found, error = reads(FORMAT, npy(header, b"\0" * 16, version=(2, 0)))
    assert isinstance(error, UnreadableError), why
    assert inner_bytes(found) == [b"\0" * 16], why


def test_a_shape_that_overflows_is_too_short() -> None:
    _, error = reads(FORMAT, npy_of("'<f8'", f"({1 << 62}, 8)"))
    assert isinstance(error, UnreadableError)


def test_a_header_longer_than_is_parsed_is_over_budget_and_what_follows_is_read() -> None:
    data = npy_of("'|O'", "(1,)" + " " * 70000, PAYLOAD, version=(2, 0))
    assert isinstance(reads(FORMAT, data)[1], OverBudgetError)
    assert verdict_on(data) is Outcome.BLOCK


def test_long_integers_of_python_2_are_read() -> None:
    found, error = reads(FORMAT, npy_of("'<f4'", "(2L, 1L)", b"\0" * 8))
    assert error is None
    assert [read.shape for read in found if isinstance(read, Tensor)] == [(2, 1)]


def test_several_arrays_in_one_file_are_read() -> None:
    assert verdict_on(saved(np.zeros(2)) * 50, "a.npy") is Outcome.ALLOW
    assert verdict_on(saved(np.zeros(2)) + OBJECTS, "a.npy") is Outcome.BLOCK


def test_what_follows_the_array_is_read() -> None:
    found, _ = reads(FORMAT, saved(np.zeros(2)) + PAYLOAD)
    assert [(read.size, read.position) for read in found if isinstance(read, Stray)] == [(len(PAYLOAD), "after")]
    assert "dangerous-import" in rules_on(saved(np.zeros(2)) + PAYLOAD, "a.npy")


def test_a_cut_off_array_is_not_allowed() -> None:
    assert verdict_on(saved(np.zeros(20))[:-1], "a.npy") is Outcome.REVIEW


_CODES = st.sampled_from(["'<f4'", "'|b1'", "'|O'", "'U2'", "'<M8[s]'", "'|V3'", "'|S5'", "'>c16'"])
_DESCRS = st.recursive(
    _CODES,
    lambda inner: st.lists(
        st.tuples(inner, st.sampled_from(["", ", (2,)", ", 3", ", (1, 2)"])), min_size=1, max_size=3
    ).map(lambda fields: "[" + ", ".join(f"('f{i}', {d}{s})" for i, (d, s) in enumerate(fields)) + "]"),
    max_leaves=6,
)


def loaded(file: bytes) -> tuple[Any, str]:
    try:
        return np.load(io.BytesIO(file), allow_pickle=False), ""
    except ValueError as error:
        return None, str(error)


@settings(max_examples=150, deadline=None)
@given(descr=_DESCRS, shape=st.lists(st.integers(0, 3), max_size=3).map(tuple), data=st.binary(max_size=200))
def test_numpy_reads_no_object_that_was_not_handed_on(descr: str, shape: tuple[int, ...], data: bytes) -> None:
    file = npy_of(descr, repr(shape), data)
    found, error = reads(FORMAT, file)
    array, refused = loaded(file)
    if refused:
        assert error or inner_bytes(found), refused
        assert "allow_pickle" not in refused or data in inner_bytes(found)
        return
    assert error is None
    (tensor,) = [read for read in found if isinstance(read, Tensor)][:1]
    assert tensor.shape == array.shape
    assert tensor.where.steps[-1].end - tensor.where.steps[-1].start == array.nbytes  # type: ignore[union-attr]


@settings(max_examples=300, deadline=None)
@given(
    file=st.sampled_from([saved(a) for a in PLAIN[10:]] + [OBJECTS]),
    changes=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), min_size=1, max_size=4),
    cut=st.integers(0, 40),
)
def test_a_changed_file_gives_facts_or_a_typed_error(file: bytes, changes: list[tuple[int, int]], cut: int) -> None:
    changed = bytearray(file)
    for at, value in changes:
        changed[at % len(changed)] = value
    reads(FORMAT, bytes(changed[: len(changed) - cut]))


def test_a_gap_tells_of_an_unknown_version() -> None:
    found, _ = reads(FORMAT, npy_of("'<f4'", "()", b"\0" * 4, version=(4, 2)))
    assert [read.detail for read in found if isinstance(read, Gap)] == [
        "npy: version 4.2, which NumPy refuses; read as version 3.0"
    ]
