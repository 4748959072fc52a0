from __future__ import annotations

import io
import random
import struct
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest
from tests.samples.pickles import STOP, call, name, program, proto
from tests.samples.zips import DEFLATED, Zipped, member, torch_zip, zip_of

from weighmaster import shipped
from weighmaster.engine.scan import scan_bytes
from weighmaster.extend.format import Glance, Inner
from weighmaster.formats.torch_zip import FORMAT
from weighmaster.formats.zip import FORMAT as ZIP
from weighmaster.model.fact import Disagreement, Storage
from weighmaster.model.finding import Finding
from weighmaster.model.report import Report
from weighmaster.model.settings import Settings
from weighmaster.model.verdict import Outcome
from weighmaster.model.where import Where
from weighmaster.reading.budget import Budget, Limits
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.source import BytesSource

EVIL = program(proto(2), call(name("posix", "system"), "true weighmaster_fired"), STOP)
PLAIN = b"cposix\nsystem\n(S'true weighmaster_fired'\ntR."
KIND = b"\x80\x02}q\x00."


def _storages(data: bytes) -> set[str]:
    reads = FORMAT.read(Cursor(BytesSource(data), Budget()), Where.file("x"))
    return {str(read.where).removeprefix("x!") for read in reads if isinstance(read, Storage)}


def _disagreements(data: bytes) -> list[str]:
    reads = FORMAT.read(Cursor(BytesSource(data), Budget()), Where.file("x"))
    return [read.kind for read in reads if isinstance(read, Disagreement)]


def _claimed(data: bytes) -> bool:
    return FORMAT.matches(Glance(BytesSource(data)))


def _judged(data: bytes) -> tuple[Outcome, set[str], Report]:
    items = list(scan_bytes(data, "x.pt", shipped.registry(), Limits()))
    report = Report.of("x.pt", items, files=1)
    verdict = shipped.policy("default").judge(report, Settings(), date(2026, 1, 1))
    return verdict.outcome, {f.rule.id for f in items if isinstance(f, Finding)}, report


def test_a_zip_is_claimed_by_the_pickle_in_it_whatever_its_case() -> None:
    assert _claimed(zip_of(torch_zip(KIND)))
    assert _claimed(zip_of([member("x/DATA.PKL", KIND)]))
    assert _claimed(zip_of([member("x/constants.pkl", KIND)], prefix=b"x" * 99))
    assert not _claimed(zip_of([member("x/other.pkl", KIND)]))
    assert not _claimed(b"\x80\x02}q\x00.")


def test_numbers_and_notes_are_storages_and_pickles_are_not() -> None:
    data = zip_of([*torch_zip(KIND), member("archive/.data/serialization_id", b"0" * 40)])
    assert _storages(data) == {
        "archive/byteorder",
        "archive/data/0",
        "archive/version",
        "archive/.data/serialization_id",
    }


def test_a_storage_has_the_place_that_the_zip_reader_gives_it() -> None:
    data = zip_of([*torch_zip(KIND), member("archive/data/1", b"x"), member("archive/data/1", b"y")])
    inner = {
        read.where for read in ZIP.read(Cursor(BytesSource(data), Budget()), Where.file("x")) if isinstance(read, Inner)
    }
    storages = {read.where for read in FORMAT.read(Cursor(BytesSource(data), Budget()), Where.file("x"))}
    assert storages < inner


@pytest.mark.parametrize(
    "odd",
    [
        member("archive/data/0", EVIL),
        member("archive/data/0", PLAIN),
        member("archive/data/0", EVIL, method=DEFLATED),
        member("archive/data/0", b"\x80\x04B" + struct.pack("<I", 9000) + bytes(9000) + b"0" + EVIL[2:]),
        member("archive/data/0", zip_of([member("a", b"b")])),
        member("archive/data/0", bytes(257) + b"ustar" + bytes(250)),
        member("archive/data/x", bytes(9)),
        member("other/data/0", bytes(9)),
        member("archive/version", PLAIN),
        member("archive/version", b"1" * 400),
        replace(member("archive/data/0", bytes(8)), mode=0o120777),
    ],
)
def test_what_may_be_more_than_numbers_is_no_storage(odd: Zipped) -> None:
    data = zip_of([member("archive/data.pkl", KIND), odd])
    assert _storages(data) == set()


def test_random_numbers_are_storages() -> None:
    chance = random.Random(1)
    storages = [member(f"archive/data/{i}", chance.randbytes(chance.choice([4, 60, 800]))) for i in range(3000)]
    data = zip_of([member("archive/data.pkl", KIND), *storages])
    assert len(_storages(data)) == 3000


def test_two_members_of_one_name_are_both_read() -> None:
    data = zip_of([*torch_zip(KIND), member("archive/data/0", EVIL)])
    assert _judged(data)[0] is Outcome.BLOCK
    assert "archive/data/0" not in _storages(data)
    assert "archive/data/0" not in _storages(zip_of([*torch_zip(KIND), member("ARCHIVE/data/0", EVIL)]))


def _checkpoint(elements: int, held: int) -> bytes:
    """Return what `torch.save(torch.zeros(elements))` writes, with `held` bytes in the storage."""
    tensor = (
        b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpu"
        b"J"
        + struct.pack("<i", elements)
        + b"tQK\0J"
        + struct.pack("<i", elements)
        + b"\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtR."
    )
    return zip_of(torch_zip(tensor, storage=member("archive/data/0", bytes(held))))


def test_a_storage_that_is_shorter_than_the_pickle_claims_is_told() -> None:
    assert _disagreements(_checkpoint(4, 16)) == []
    assert _disagreements(_checkpoint(4, 20)) == []
    assert _disagreements(_checkpoint(4000, 16)) == ["storage-size"]
    assert _judged(_checkpoint(4, 16))[0] is Outcome.ALLOW
    assert _judged(_checkpoint(4000, 16))[0] is Outcome.BLOCK


_SAVED = """
import io, sys, torch
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.BatchNorm1d(8), torch.nn.Linear(8, 2))
optimizer = torch.optim.Adam(model.parameters())
model(torch.randn(3, 8)).sum().backward()
optimizer.step()
half = {"a": torch.randn(9).half(), "b": torch.randn(9).bfloat16(), "c": torch.randn(9, dtype=torch.complex64)}
bytes_ = {str(i): torch.randint(0, 255, (300,), dtype=torch.uint8) for i in range(200)}
things = [torch.randn(100), model.state_dict(), {"m": model.state_dict(), "o": optimizer.state_dict(), "e": 3}, half]
things += [bytes_, {}, {str(i): torch.arange(i - 128, 127, dtype=torch.int8) for i in range(250)}]
views = torch.randn(100)
things += [{"a": views[:10], "b": views[5:]}, torch.empty(7, device="meta")]
for thing in things:
    file = io.BytesIO()
    torch.save(thing, file)
    sys.stdout.buffer.write(len(file.getvalue()).to_bytes(8, "little") + file.getvalue())
"""


def _saved(script: str) -> Sequence[bytes]:
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout
    found = []
    while out:
        size = int.from_bytes(out[:8], "little")
        found.append(out[8 : 8 + size])
        out = out[8 + size :]
    return found


def test_what_torch_saves_is_left_alone() -> None:
    for data in _saved(_SAVED):
        outcome, rules, report = _judged(data)
        assert (outcome, rules, report.gaps) == (Outcome.ALLOW, set(), ())


def test_a_checkpoint_that_another_tool_packed_again_is_left_alone() -> None:
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(zip_of(torch_zip(KIND)))) as archive,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as again,
    ):
        for each in archive.namelist():
            again.writestr(each, archive.read(each))
    outcome, rules, report = _judged(packed.getvalue())
    assert (outcome, rules, report.gaps) == (Outcome.ALLOW, set(), ())
