"""What is read of large files that lie elsewhere: their tables, and the borders of their parts."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
from collections.abc import Sequence

import pytest
from tests.samples.pickles import STOP, name, program, proto, value
from tests.sims.files import Files

from weighmaster import api, shipped
from weighmaster.engine.scan import scan_far
from weighmaster.model.report import Gap
from weighmaster.reading.budget import Limits
from weighmaster.reading.far import Far, FarSource, Span

_EACH = 1 << 20
_MANY = 24
_HEADER = b"{'descr': '<f4', 'fortran_order': False, 'shape': (262144,), }".ljust(117) + b"\n"
_ARRAY = b"\x93NUMPY\x01\0" + struct.pack("<H", len(_HEADER)) + _HEADER + bytes(_EACH)


def _npz() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for number in range(_MANY):
            archive.writestr(f"a{number}.npy", _ARRAY)
    return target.getvalue()


def _tar() -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for number in range(_MANY):
            entry = tarfile.TarInfo(f"a{number}.npy")
            entry.size = len(_ARRAY)
            archive.addfile(entry, io.BytesIO(_ARRAY))
    return target.getvalue()


def _legacy() -> bytes:
    def stored(key: str) -> bytes:
        kind = name("torch", "FloatStorage")
        return program(b"(", value("storage"), kind, value(key), value("cpu"), value(_EACH // 4), b"NtQ")

    def pickled(*parts: bytes) -> bytes:
        return program(proto(2), *parts, STOP)

    keys = [str(number) for number in range(_MANY)]
    magic = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"
    head = pickled(magic) + pickled(value(1001)) + pickled(value({"little_endian": True}))
    storages = (struct.pack("<q", _EACH // 4) + bytes(_EACH) for _ in keys)
    return head + pickled(b"](", *map(stored, keys), b"e") + pickled(value(sorted(keys))) + b"".join(storages)


@pytest.mark.parametrize("data", [_npz(), _tar(), _legacy()], ids=["npz", "tar", "legacy"])
def test_little_is_read_of_each_part(data: bytes) -> None:
    with Files({"/f": data}) as files:
        report = api.vet(files.url("/f")).report
    assert not report.gaps
    assert files.sent < len(data) / 6


def test_the_lengths_of_old_storages_are_fetched_at_once() -> None:
    data, rounds = _legacy(), []

    def fetch(spans: Sequence[Span]) -> list[bytes]:
        rounds.append(spans)
        return [data[start:end] for start, end in spans]

    source = FarSource(Far(name="f", size=len(data), locator=""), fetch, 1 << 30)
    assert not [item for item in scan_far(source, shipped.registry(), Limits()) if isinstance(item, Gap)]
    assert len(rounds) < _MANY / 2
