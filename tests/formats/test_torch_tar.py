from __future__ import annotations

import struct

from tests.samples.archives import honest_tar
from tests.samples.pickles import POP, STOP, TUPLE3, call, name, program, proto, value
from tests.samples.vetting import inner_bytes, reads, report_on, rules_on, verdict_on

from weighmaster.extend.format import Glance, Inner
from weighmaster.formats.torch_tar import FORMAT
from weighmaster.model.errors import WeighmasterError
from weighmaster.model.fact import Storage
from weighmaster.model.verdict import Outcome
from weighmaster.reading.source import BytesSource

NUMBERS = bytes(range(200, 240))


def _pickled(thing: object) -> bytes:
    return program(proto(2), value(thing), STOP)


def _storage(key: str, kind: str = "FloatStorage", before: bytes = b"") -> bytes:
    return program(proto(2), before, value(key), value("cpu"), name("torch", kind), TUPLE3, STOP)


def _checkpoint(storages: bytes) -> bytes:
    shape = struct.pack("<ii4qq", 2, 0, 2, 5, 5, 1, 0)
    tensor = program(proto(2), value(5), value("a"), name("torch", "FloatTensor"), TUPLE3, STOP)
    return honest_tar(
        {
            "sys_info": _pickled({"protocol_version": 1000, "little_endian": True}),
            "pickle": _pickled({"weight": 1}),
            "tensors": _pickled(1) + tensor + shape,
            "storages": storages,
        }.items()
    )


def _storages(second: bytes) -> bytes:
    count = struct.pack("<q", 10)
    return _pickled(2) + _storage("a") + count + NUMBERS + second + count + NUMBERS + _pickled([])


GOOD = _checkpoint(_storages(_storage("b")))


def test_is_told_from_other_tars() -> None:
    assert FORMAT.matches(Glance(BytesSource(GOOD)))
    assert not FORMAT.matches(Glance(BytesSource(honest_tar([("pickle", b"N."), ("storages", b"N.")]))))


def test_each_pickle_is_handed_on_and_the_numbers_are_storages() -> None:
    found, error = reads(FORMAT, GOOD)
    assert error is None
    assert inner_bytes(found) == [
        _pickled(1),
        program(proto(2), value(5), value("a"), name("torch", "FloatTensor"), TUPLE3, STOP),
        _pickled(2),
        _storage("a"),
        _storage("b"),
        _pickled([]),
    ]
    sizes = [read.size for read in found if isinstance(read, Storage) and "@" in str(read.where)]
    assert sizes == [48, 48, 48]


def test_an_honest_checkpoint_has_no_gap_and_no_danger() -> None:
    report = report_on(GOOD)
    assert report.gaps == ()
    assert not {"dangerous-import", "stray-bytes", "readers-disagree"} & {f.rule.id for f in report.findings}


def test_a_payload_in_the_second_storage_is_found() -> None:
    second = _storage("b", before=call(name("posix", "system"), "true") + POP)
    assert verdict_on(_checkpoint(_storages(second))) is Outcome.BLOCK


def test_what_does_not_add_up_is_handed_on() -> None:
    evil = program(proto(2), call(name("posix", "system"), "true"), STOP)
    storages = _pickled(1) + _storage("a") + struct.pack("<q", 1 << 40) + evil
    found, _ = reads(FORMAT, _checkpoint(storages))
    assert [read.open().size for read in found if isinstance(read, Inner)][-1] == 8 + len(evil)
    unknown = _pickled(1) + _storage("a", "OtherStorage") + evil
    assert verdict_on(_checkpoint(unknown)) is Outcome.BLOCK


def test_bytes_after_the_last_pickle_are_told() -> None:
    assert "stray-bytes" in rules_on(_checkpoint(_storages(_storage("b")) + b"\x01\x02\x03\x04"))


def test_every_cut_gives_facts_or_a_typed_error() -> None:
    storages = _storages(_storage("b"))
    for cut in range(0, len(storages), 3):
        found, error = reads(FORMAT, _checkpoint(storages[:cut]))
        assert error is None or isinstance(error, WeighmasterError)
        inner_bytes(found)
