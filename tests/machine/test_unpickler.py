"""The machine on its own: windows, frames, lines, memo, arrays; what it says must be where it says it is."""

import os
import pickle
import pickletools
import random
import struct
from collections import OrderedDict

import pytest

from weighmaster.machine import unpickler
from weighmaster.machine.run import Trace, follow, plausible, whole
from weighmaster.machine.shadow import Global, Items, Result, Table
from weighmaster.reading.source import BytesSource

MIB = 1 << 20


def trace(data: bytes) -> Trace:
    return whole(BytesSource(data), opcodes=1 << 30)


def text(value: str) -> bytes:
    return b"\x8c" + bytes([len(value)]) + value.encode()


def named(module: str, name: str) -> bytes:
    return text(module) + text(name) + b"\x93"


def test_the_machine_under_test_is_compiled_where_that_is_asked_for() -> None:
    compiled = not str(unpickler.__file__).endswith(".py")
    assert compiled == bool(os.environ.get("WEIGHMASTER_COMPILED"))


@pytest.mark.parametrize("protocol", range(6))
def test_follows_what_pickle_writes_to_its_end(protocol: int) -> None:
    value = [
        {f"k{i}": (i, [i], "s" * i, 2.0**i, 10**i, None, True) for i in range(300)},
        {1, 2},
        frozenset([3]),
        b"x" * 400,
    ]
    data = pickle.dumps(value, protocol)
    seen = trace(data)
    assert (seen.stop, seen.broken) == (len(data), "")


@pytest.mark.parametrize("shift", range(12))
def test_nothing_is_lost_where_the_window_moves_on(shift: int) -> None:
    # Opcodes of every shape lie across the end of the first and the second MiB.
    filling = b"B" + struct.pack("<I", MIB - 40 + shift) + bytes(MIB - 40 + shift) + b"0"
    block = named("posix", "system") + b"0X\x06\x00\x00\x00string0J\x01\x00\x00\x00" + b"0cnt\nsystem\n0"
    data = b"\x80\x04" + filling + block + filling + block.replace(b"posix", b"pysix") + b"N."
    seen = trace(data)
    assert (seen.stop, seen.broken) == (len(data), "")
    wanted = [(op.name, at) for op, _, at in pickletools.genops(data) if op.name in ("STACK_GLOBAL", "GLOBAL")]
    assert [(opcode, at) for _, _, opcode, at in seen.imports] == [wanted[0], wanted[1], wanted[2]]


def test_a_constant_larger_than_the_window_is_stepped_over() -> None:
    data = b"\x80\x04B" + struct.pack("<I", 5 * MIB) + bytes(5 * MIB) + named("posix", "system") + b"."
    seen = trace(data)
    assert seen.imports[0][:2] == ("posix", "system")
    assert seen.constants == [("bytes", 7, 7 + 5 * MIB)]


def test_a_line_longer_than_the_window_is_stepped_over() -> None:
    data = b"V" + b"a" * (3 * MIB) + b"\n0cposix\nsystem\n."
    assert [found[:2] for found in trace(data).imports] == [("posix", "system")]


def test_many_opcodes_come_in_steps_that_keep_memory_flat() -> None:
    calls = b"".join(named("decimal", "Decimal") + text(str(n)) + b"\x85R0" for n in range(30_000))
    data = b"\x80\x04" + calls + b"N."
    steps = list(follow(BytesSource(data)))
    assert len(steps) > 3
    assert sum(len(step.calls) for step in steps) == 30_000
    assert max(len(step.calls) for step in steps) < 20_000


def test_calls_that_no_rule_could_tell_apart_are_told_once() -> None:
    row = named("numpy", "float64") + b"K\x01\x85R0"
    other = named("numpy", "float64") + text("1") + b"\x85R0"
    seen = trace(b"\x80\x04" + row * 500 + other + b"N.")
    assert len(seen.calls) == 2


def test_a_frame_that_ends_inside_an_argument_has_two_readings() -> None:
    # python/cpython#154848: the C unpickler over a file without `peek` forgets the rest of the frame.
    payload = b"cposix\nsystem\n(S'true'\ntR"
    hidden = b"C" + bytes([len(payload)]) + payload
    data = b"\x80\x04\x95" + struct.pack("<Q", 4) + b"\x8c\x14xx" + b"A" * 18 + hidden + b"."
    plain = trace(data)
    assert plain.straddle >= 0
    assert not plain.imports
    # What the frame held of the argument is dropped: its twenty bytes are those behind the frame, then comes more.
    dropped = list(follow(BytesSource(data), drops=True))[-1]
    assert [found[:2] for found in dropped.imports] == [("posix", "system")]


def test_what_comes_before_the_break_was_done() -> None:
    for end in (b"\xff", b"", b"h\x09.", b"\x80\x09", b"00000"):
        seen = trace(b"\x80\x04" + named("posix", "system") + text("id") + b"\x85R" + end)
        assert seen.broken
        assert [found[:2] for found in seen.imports] == [("posix", "system")]
        assert len(seen.calls) == 1


def test_a_registered_extension_is_the_callable_it_stands_for() -> None:
    register = named("copyreg", "add_extension") + text("posix") + text("system") + b"K\xc8\x87R0"
    seen = trace(b"\x80\x04" + register + b"\x82\xc8.")
    assert ("posix", "system") in [found[:2] for found in seen.imports]
    assert trace(b"\x80\x04\x82\xc8.").extensions == [(200, 2)]


def test_the_memo_is_the_loaders_memo() -> None:
    swapped = b"\x80\x04" + text("posix") + b"q\x00q\x010" + text("system") + b"q\x02q\x030h\x01h\x03\x93."
    assert trace(swapped).imports[0][:2] == ("posix", "system")
    # MEMOIZE counts what is in the memo, wherever it stands.
    sparse = b"\x80\x04" + text("posix") + b"q\x07" + text("system") + b"\x94" + b"00h\x07h\x01\x93."
    assert trace(sparse).imports[0][:2] == ("posix", "system")


def test_a_name_that_is_built_at_load_time_is_said_to_be_so() -> None:
    joined = named("builtins", "str.join") + text("") + b"]" + b"\x86R"
    assert ("os", "?") in [f[:2] for f in trace(b"\x80\x04" + text("os") + joined + b"\x93.").imports]


def test_joblibs_arrays_are_stepped_over_and_read_as_opcodes() -> None:
    dtype = named("numpy", "dtype") + text("f8") + b"\x85R"
    state = b"}(" + text("shape") + b"K\x03\x85" + text("dtype") + dtype + b"u"
    wrapper = named("joblib.numpy_pickle", "NumpyArrayWrapper") + b")\x81" + state + b"b"
    raw = b"cposix\nsystem\n(S'true'\nt"
    data = b"\x80\x04" + wrapper + raw[:24] + b"."
    arrays = whole(BytesSource(data), arrays=True)
    assert (arrays.stop, [f[1] for f in arrays.imports]) == (len(data), ["NumpyArrayWrapper", "dtype"])
    assert ("posix", "system") in [f[:2] for f in trace(data).imports]


def test_an_array_whose_size_is_set_in_slots_is_stepped_over_too() -> None:
    dtype = named("numpy", "dtype") + text("f8") + b"\x85R"
    state = b"N}(" + text("shape") + b"K\x00\x85" + text("dtype") + dtype + b"u\x86"
    wrapper = named("joblib.numpy_pickle", "NumpyArrayWrapper") + b")\x81" + state + b"b"
    data = b"\x80\x04" + wrapper + b"0" + named("posix", "system") + b"."
    assert ("posix", "system") in [f[:2] for f in whole(BytesSource(data), arrays=True).imports]


def test_an_escape_that_python_does_not_know_stands_for_itself() -> None:
    assert trace(b"S'a\\ b'\n.").broken == ""


def test_a_call_tells_what_it_calls_and_with_what() -> None:
    (call,) = trace(pickle.dumps(OrderedDict, 4)[:-1] + b")R.").calls
    assert isinstance(call, Result)
    assert isinstance(call.callee, Global)
    assert (call.callee.module, call.callee.name, call.arguments) == ("collections", "OrderedDict", ())


def test_random_bytes_are_seldom_a_pickle() -> None:
    chance = random.Random(0)
    assert sum(plausible(chance.randbytes(200)) for _ in range(5000)) < 5


def test_that_nothing_is_left_out_where_all_is_wanted() -> None:
    value = {"rows": list(range(1000)), "half": 0.5, "same": [OrderedDict(a=1), OrderedDict(a=1)]}
    traces = list(follow(BytesSource(pickle.dumps(value, protocol=4)), complete=True))
    top = traces[-1].top
    assert isinstance(top, Table)
    rows, half = top.pairs[1], top.pairs[3]
    assert isinstance(rows, Items)
    assert (rows.items, rows.size, half) == (list(range(1000)), 1000, 0.5)
    assert sum(len(trace.calls) for trace in traces) == sum(len(trace.changes) for trace in traces) == 2
