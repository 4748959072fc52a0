"""The wire format, with Google's own decoder as the oracle."""

from __future__ import annotations

from random import Random

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from google.protobuf.message import Message as Theirs
from google.protobuf.unknown_fields import UnknownFieldSet
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.samples.messages import field, varint
from tests.samples.whole.graphs import whole
from tools.fuzz import damage

from weighmaster.model.errors import UnreadableError
from weighmaster.reading.budget import Budget
from weighmaster.reading.protobuf import BYTES, GROUP, Message, inside, outline, outline_of, shaped, signed
from weighmaster.reading.source import BytesSource
from weighmaster.reading.tags import may_be_message


def _empty() -> type[Theirs]:
    file = descriptor_pb2.FileDescriptorProto(name="weighmaster.proto", package="weighmaster", syntax="proto3")
    file.message_type.add(name="Empty")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    made: type[Theirs] = message_factory.GetMessageClass(pool.FindMessageTypeByName("weighmaster.Empty"))
    return made


_EMPTY = _empty()


def _ours(data: bytes) -> list[tuple[int, int, object]] | None:
    """Return number, wire type and content of each field; None where the bytes are no message."""
    try:
        return _fields(Message(BytesSource(data), Budget()))
    except UnreadableError:
        return None


def _fields(message: Message) -> list[tuple[int, int, object]]:
    found: list[tuple[int, int, object]] = []
    for one in message.fields():
        content: object = one.value
        if one.wire == BYTES:
            content = message.raw(one, one.value)
        elif one.wire == GROUP:
            content = _fields(message.message(one))
        found.append((one.number, one.wire, content))
    return found


def _theirs(data: bytes) -> list[tuple[int, int, object]] | None:
    message = _EMPTY()
    try:
        message.ParseFromString(data)
    except DecodeError:
        return None
    return _unknown(UnknownFieldSet(message))


def _unknown(fields: UnknownFieldSet) -> list[tuple[int, int, object]]:
    return [
        (one.field_number, one.wire_type, _unknown(one.data) if one.wire_type == GROUP else one.data) for one in fields
    ]


_numbers = st.integers(0, 40) | st.sampled_from([100, 2047, 2048, (1 << 29) - 1])
_scalars = st.builds(
    field,
    _numbers,
    st.integers(0, (1 << 64) - 1) | st.binary(max_size=40) | st.floats(width=32, allow_nan=False),
)
_doubles = st.builds(lambda number, raw: varint(number << 3 | 1) + raw, _numbers, st.binary(min_size=8, max_size=8))
_plain = st.lists(_scalars | _doubles, max_size=6).map(b"".join)
_groups = st.builds(lambda number, inner: varint(number << 3 | 3) + inner + varint(number << 3 | 4), _numbers, _plain)
_messages = st.lists(_scalars | _doubles | _groups, max_size=8).map(b"".join)


@settings(max_examples=300, deadline=None)
@given(_messages)
def test_whole_messages_are_read_as_the_reference_reads_them(data: bytes) -> None:
    assert _ours(data) == _theirs(data) is not None


@settings(max_examples=400, deadline=None)
@given(data=st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_as_the_reference_does(data: bytes) -> None:
    assert _ours(data) == _theirs(data)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(whole()), st.sampled_from(whole()), st.integers())
def test_damaged_models_are_read_or_refused_as_the_reference_does(one: bytes, other: bytes, seed: int) -> None:
    data = damage(one, other, Random(seed))
    assert _ours(data) == _theirs(data)


def test_a_field_that_claims_more_than_there_is_is_refused() -> None:
    assert _ours(b"\x0a\x7f" + bytes(10)) is None


def test_a_number_of_more_than_ten_bytes_is_refused() -> None:
    assert _ours(b"\x08" + b"\xff" * 10 + b"\x01") is None


def test_groups_that_do_not_end_or_nest_without_end_are_refused() -> None:
    assert _ours(b"\x0b\x08\x01") is None
    assert _ours(b"\x0b" * 200 + b"\x0c" * 200) is None


def test_long_content_is_jumped_over_and_not_read() -> None:
    class Counting(BytesSource):
        __slots__ = ("read",)

        def __init__(self, data: bytes) -> None:
            super().__init__(data)
            self.read = 0

        def read_at(self, offset: int, count: int) -> bytes:
            self.read += count
            return super().read_at(offset, count)

    source = Counting(b"".join(field(1, bytes(1 << 20)) for _ in range(20)) + field(2, "end"))
    message = Message(source, Budget())
    assert [one.number for one in message.fields()] == [1] * 20 + [2]
    assert source.read < 1 << 17


def test_packed_numbers_are_read_like_numbers_one_by_one() -> None:
    packed = field(3, varint(1) + varint(300) + varint(-1))
    single = field(3, 1) + field(3, 300) + field(3, -1)
    for data in (packed, single):
        message = Message(BytesSource(data), Budget())
        assert [signed(n) for one in message.fields() for n in message.numbers(one)] == [1, 300, -1]


def test_an_outline_is_the_first_fields_or_nothing() -> None:
    data = field(1, "name") + field(2, field(1, 7))
    source = BytesSource(data)
    assert [one.number for one in outline(source)] == [1, 2] == [one.number for one in outline_of(data)]
    assert outline(source) is outline(source)
    assert [one.value for one in inside(source, outline(source)[1])] == [7]
    assert outline_of(b"\x0a\xff" + bytes(50)) == ()


def test_a_shape_is_held_by_the_fields_it_names() -> None:
    fields = outline_of(field(1, 7) + field(2, "text here") + field(9, 1))
    assert shaped(fields, {1: 0, 2: 2})
    assert shaped(fields, {1: (0, 5)})
    assert not shaped(fields, {1: 2})


@pytest.mark.parametrize(
    "head", [b"\x80\x04\x95\x10", b"import os\nx: 1\n" * 9, b"\x7fELF" + bytes(30), b"", b"\xff" * 60, b"\0\1\x06" * 9]
)
def test_what_begins_otherwise_is_no_message(head: bytes) -> None:
    assert not may_be_message(head, len(head))


@pytest.mark.parametrize("data", [one for one in whole() if outline_of(one)])
def test_what_has_an_outline_may_be_a_message(data: bytes) -> None:
    assert may_be_message(data, len(data))
