from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from tests.samples.pickles import STOP, call, name, program, proto
from tests.samples.zips import DEFLATED, Head, Zipped, deflate, described, member, torch_zip, two_directories, zip_of

from weighmaster import shipped
from weighmaster.engine.scan import scan_bytes
from weighmaster.extend.format import Inner, Read
from weighmaster.formats.zip import FORMAT
from weighmaster.model.fact import Disagreement, Expansion, Fact, Link, Metadata, Nested, Stray
from weighmaster.model.finding import Finding
from weighmaster.model.report import Gap, GapReason, Report
from weighmaster.model.settings import Settings
from weighmaster.model.verdict import Outcome
from weighmaster.model.where import Where
from weighmaster.reading.budget import Budget, Limits
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.source import BytesSource

TOKEN = "weighmaster_fired"
EVIL = program(proto(2), call(name("posix", "system"), f"true {TOKEN}"), STOP)
PLAIN = f"cposix\nsystem\n(S'true {TOKEN}'\ntR.".encode()
KIND = b"\x80\x02}q\x00."
TEXT = b"Some text, to be read by people.\n"


def _read(data: bytes, limits: Limits | None = None) -> list[Read]:
    return list(FORMAT.read(Cursor(BytesSource(data), Budget(limits)), Where.file("x.zip")))


def _inner(data: bytes) -> dict[str, bytes]:
    found = {}
    for read in _read(data):
        if isinstance(read, Inner):
            source = read.open()
            found[str(read.where)] = source.read_at(0, source.size)
    return found


def _facts(data: bytes, kind: type[Fact]) -> list[Fact]:
    return [read for read in _read(data) if isinstance(read, kind)]


def _gaps(reads: list[Read]) -> list[tuple[str, GapReason]]:
    return [(str(read.where), read.reason) for read in reads if isinstance(read, Gap)]


def _judged(data: bytes, limits: Limits | None = None) -> tuple[Outcome, set[str], Report]:
    items = list(scan_bytes(data, "x.pt", shipped.registry(), limits or Limits()))
    report = Report.of("x.pt", items, files=1)
    verdict = shipped.policy("default").judge(report, Settings(), date(2026, 1, 1))
    return verdict.outcome, {f.rule.id for f in items if isinstance(f, Finding)}, report


def _evil(**changes: object) -> bytes:
    return zip_of(torch_zip(EVIL, data=replace(member("archive/data.pkl", EVIL), **changes)))  # type: ignore[arg-type]


def test_each_member_is_handed_on_and_folders_are_not() -> None:
    data = zip_of([member("a/", b""), member("a/b", TEXT), member("c", TEXT, method=DEFLATED)])
    assert _inner(data) == {"x.zip!a/b": TEXT, "x.zip!c": TEXT}
    assert [str(fact.where) for fact in _facts(data, Nested)] == ["x.zip!a/"]


def test_an_honest_archive_has_nothing_to_say() -> None:
    data = zip_of([described(member("a", TEXT, method=DEFLATED)), member("b", b"")])
    assert [type(read) for read in _read(data)] == [Inner, Inner]


def test_a_link_is_a_fact_and_its_text_no_artifact() -> None:
    data = zip_of([replace(member("a/l", b"../b"), mode=0o120777), member("b", TEXT)])
    assert [(fact.kind, fact.target) for fact in _facts(data, Link)] == [("symbolic", "../b")]  # type: ignore[attr-defined]
    assert list(_inner(data)) == ["x.zip!b"]


def test_a_pickle_in_the_place_of_a_links_target_is_read() -> None:
    data = zip_of([replace(member("l", PLAIN), mode=0o120777)])
    assert _inner(data) == {"x.zip!l": PLAIN}


@pytest.mark.parametrize("place", ["prefix", "between", "before_end", "suffix"])
def test_bytes_outside_the_members_are_handed_on(place: str) -> None:
    data = zip_of([member("a", TEXT)], **{place: EVIL})  # type: ignore[arg-type]
    assert EVIL in _inner(data).values()
    assert len(_facts(data, Stray)) == 1


def test_zeros_outside_the_members_are_padding() -> None:
    data = zip_of([member("a", TEXT)], suffix=bytes(512))
    assert list(_inner(data)) == ["x.zip!a"]
    assert [type(fact) for fact in _facts(data, Stray)] == [Stray]


def test_a_comment_is_metadata() -> None:
    data = zip_of([member("a", TEXT)], comment=b"hello")
    assert [(f.key, f.text) for f in _facts(data, Metadata)] == [("comment", "hello")]  # type: ignore[attr-defined]
    assert EVIL in _inner(zip_of([member("a", TEXT)], comment=EVIL)).values()


@pytest.mark.parametrize("flags", [0x01, 0x41])
@pytest.mark.parametrize("method", [0, DEFLATED])
def test_a_member_that_only_claims_to_be_encrypted_is_read(flags: int, method: int) -> None:
    data = zip_of([replace(member("a", EVIL, method=method), flags=flags)])
    assert _inner(data) == {"x.zip!a": EVIL}
    assert _facts(data, Disagreement)


@pytest.mark.parametrize("method", [0, DEFLATED, 99])
def test_an_encrypted_member_is_a_gap(method: int) -> None:
    noise = bytes(range(7, 200))
    odd = replace(member("a", TEXT), method=method, raw=noise, flags=1)
    assert _gaps(_read(zip_of([odd]))) == [("x.zip!a", GapReason.ENCRYPTED)]
    assert not _facts(zip_of([odd]), Disagreement)


def test_an_unknown_method_is_a_gap() -> None:
    _, _, report = _judged(zip_of([replace(member("a", TEXT), method=9)]))
    assert ("x.pt!a", GapReason.UNREADABLE) in [(str(gap.where), gap.reason) for gap in report.gaps]


def test_a_wrong_checksum_is_told_and_the_member_is_read() -> None:
    data = zip_of([replace(member("a", TEXT), local=Head(crc=1), central=Head(crc=1))])
    assert _inner(data) == {"x.zip!a": TEXT}
    assert [fact.kind for fact in _facts(data, Disagreement)] == ["member-checksum"]  # type: ignore[attr-defined]


def test_a_wrong_size_is_told_and_all_that_comes_out_is_read() -> None:
    said = Head(unpacked=5)
    data = zip_of([replace(member("a", EVIL, method=DEFLATED), local=said, central=said)])
    assert _inner(data) == {"x.zip!a": EVIL}
    assert [fact.kind for fact in _facts(data, Disagreement)] == ["member-size"]  # type: ignore[attr-defined]


def test_what_follows_the_end_of_packed_data_is_read() -> None:
    data = zip_of([replace(member("a", TEXT, method=DEFLATED), raw=deflate(TEXT) + EVIL)])
    assert sorted(_inner(data).values()) == sorted([TEXT, EVIL])


def _zeros(name: str) -> Zipped:
    import zlib

    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = bytes(1 << 20)
    raw = packer.compress(EVIL[:-1]) + b"".join(packer.compress(block) for _ in range(64)) + packer.flush()
    said = Head(unpacked=len(EVIL) - 1 + (64 << 20), crc=0)
    return Zipped(name=name.encode(), data=b"", method=DEFLATED, raw=raw, local=said, central=said)


def test_a_bomb_is_told_and_only_its_beginning_is_read() -> None:
    data = zip_of(torch_zip(b"", data=_zeros("archive/data.pkl")))
    limits = Limits(ratio_from=32 << 20)
    assert [type(read) for read in _read(data, limits)][:3] == [Expansion, Gap, Inner]
    outcome, rules, _ = _judged(data, limits)
    assert outcome is Outcome.BLOCK
    assert {"expansion-bomb", "dangerous-import"} <= rules


def test_a_bomb_that_claims_to_be_small_is_told() -> None:
    bomb = replace(_zeros("a"), local=Head(unpacked=9), central=Head(unpacked=9))
    outcome, rules, _ = _judged(zip_of([bomb]), Limits(ratio_from=32 << 20))
    assert outcome is not Outcome.ALLOW
    assert rules >= {"expansion-bomb"}


def test_a_zip_that_is_the_last_member_of_a_tar_leaves_the_rest_to_the_tar() -> None:
    import tarfile

    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for each, content in (("a.txt", TEXT), ("b.zip", zip_of([member("c", TEXT)]))):
            info = tarfile.TarInfo(each)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    assert [type(read) for read in _read(file.getvalue())] == [Inner]


HOSTILE = {
    "as torch writes it": _evil(),
    "deflated": _evil(method=DEFLATED),
    "encryption flag in the local header": _evil(local=Head(flags=1)),
    "encryption flag in the central header": _evil(central=Head(flags=1)),
    "encryption flag in both": _evil(flags=1),
    "patched flag": _evil(flags=0x20),
    "strong encryption flag": _evil(flags=0x40),
    "UTF-8 flag": _evil(flags=0x800),
    "wrong checksum in both headers": _evil(local=Head(crc=7), central=Head(crc=7)),
    "wrong checksum in the central header": _evil(central=Head(crc=7)),
    "another local name": _evil(local=Head(name=b"archive/data.txt")),
    "deflated says the directory, stored the header": _evil(central=Head(method=DEFLATED)),
    "deflated says the header, stored the directory": _evil(local=Head(method=DEFLATED)),
    "a second data.pkl, malicious last": zip_of([member("archive/data.pkl", KIND), *torch_zip(EVIL)]),
    "a second data.pkl, malicious first": zip_of([*torch_zip(EVIL), member("archive/data.pkl", KIND)]),
    "no magic byte": zip_of(torch_zip(PLAIN)),
    "upper case and no magic byte": zip_of(torch_zip(b"", data=member("archive/DATA.PKL", PLAIN))),
    "another root": zip_of(torch_zip(EVIL, root="x")),
    "two directories, malicious shown": two_directories(torch_zip(EVIL), torch_zip(KIND + bytes(400))),
    "two directories, malicious hidden": two_directories(torch_zip(KIND), torch_zip(EVIL + bytes(400))),
    "a header's worth of junk before": zip_of(torch_zip(EVIL), prefix=b"PK\x03\x04" + bytes(26)),
    "junk before": zip_of(torch_zip(EVIL), prefix=bytes(range(256)) * 2),
    "junk before, not counted": zip_of(torch_zip(EVIL), prefix=bytes(range(256)) * 2, counts_prefix=False),
    "GGUF first": zip_of(torch_zip(EVIL), prefix=b"GGUF\x03\0\0\0" + bytes(64)),
    "a pickle, then an archive": EVIL + zip_of(torch_zip(KIND)),
    "a pickle, then an archive that knows": zip_of(torch_zip(KIND), prefix=EVIL),
    "a pickle, then arrays": EVIL + zip_of([member("a.npy", TEXT)]),
    "a pickle between": zip_of(torch_zip(KIND), between=PLAIN),
    "a pickle after": zip_of(torch_zip(KIND), suffix=PLAIN),
    "a pickle in the comment": zip_of(torch_zip(KIND), comment=EVIL),
    "an archive in the comment": zip_of(torch_zip(KIND), comment=zip_of(torch_zip(EVIL))),
    "a pickle under another name": zip_of([*torch_zip(KIND), member("archive/config.json", EVIL)]),
    "a pickle as a storage": zip_of(torch_zip(KIND, storage=member("archive/data/0", EVIL))),
    "a pickle without magic as a storage": zip_of(torch_zip(KIND, storage=member("archive/data/0", PLAIN))),
    "an archive as a storage": zip_of(torch_zip(KIND, storage=member("archive/data/0", zip_of(torch_zip(EVIL))))),
    "a pickle as the version": zip_of(torch_zip(KIND, version=member("archive/version", PLAIN))),
    "a pickle as a deflated storage": zip_of(torch_zip(KIND, storage=member("archive/data/0", EVIL, method=DEFLATED))),
    "a member in no directory": zip_of([*torch_zip(KIND), replace(member("archive/x", EVIL), listed=False)]),
    "four folders down": zip_of([member("a/b/c/d/model.pkl", EVIL)]),
    "no extension": zip_of([member("a", PLAIN)]),
    "three archives deep": zip_of([member("a.zip", zip_of([member("b", zip_of([member("c", EVIL)]), method=8)]))]),
    "a link": zip_of([replace(member("archive/data.pkl", PLAIN), mode=0o120777)]),
    "larger than it says": _evil(method=DEFLATED, local=Head(unpacked=3), central=Head(unpacked=3)),
    "stored, larger than it says": _evil(local=Head(packed=3), central=Head(packed=3)),
    "cut off before the directory": zip_of(torch_zip(EVIL))[:-100],
}


@pytest.mark.parametrize("trick", HOSTILE)
def test_a_malicious_pickle_is_found_however_the_archive_hides_it(trick: str) -> None:
    outcome, rules, _ = _judged(HOSTILE[trick])
    assert outcome is Outcome.BLOCK
    assert "dangerous-import" in rules


@pytest.mark.parametrize("module", ["zipfile.ZIP_LZMA", "zipfile.ZIP_BZIP2"])
def test_a_malicious_pickle_is_found_however_it_is_packed(module: str) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", getattr(zipfile, module.partition(".")[2])) as archive:
        archive.writestr("model.pkl", EVIL)
    assert _judged(file.getvalue())[0] is Outcome.BLOCK


FIRING_WITH_TORCH = [
    "as torch writes it",
    "UTF-8 flag",
    "wrong checksum in both headers",
    "wrong checksum in the central header",
    "another local name",
    "a second data.pkl, malicious first",
    "no magic byte",
    "upper case and no magic byte",
    "two directories, malicious hidden",
    "a header's worth of junk before",
    "a pickle, then an archive",
]


def test_the_tricks_fire(tmp_path: Path) -> None:
    jobs = [_job(tmp_path, trick, "torch") for trick in FIRING_WITH_TORCH]
    jobs += [_job(tmp_path, "a pickle, then an archive that knows", "pickle")]
    jobs += [_job(tmp_path, "a pickle, then arrays", "numpy")]
    done = subprocess.run(
        [sys.executable, "-m", "tests.samples.firing"],
        input=json.dumps(jobs),
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert [job for job in map(json.loads, done.stdout.splitlines()) if not job["fired"]] == []
    assert len(done.stdout.splitlines()) == len(jobs)


def _job(folder: Path, trick: str, loader: str) -> dict[str, str]:
    place = folder / str(abs(hash(trick)))
    place.mkdir()
    path = place / "model.pt"
    path.write_bytes(HOSTILE[trick])
    return {
        "id": trick,
        "loader": loader,
        "path": str(path),
        "folder": str(place),
        "event": "os.system",
        "token": TOKEN,
        "after": "",
    }


@pytest.mark.parametrize(
    "outside", ["../x", "a/../../x", "/etc/x", "C:\\x", "..\\x", "\\\\host\\x", "a/..\0/x", "../x/"]
)
def test_a_name_that_leads_outside_is_told(outside: str) -> None:
    outcome, rules, _ = _judged(zip_of([member(outside, b"" if outside.endswith("/") else TEXT)]))
    assert outcome is Outcome.BLOCK
    assert rules & {"member-outside-archive", "readers-disagree"}


@pytest.mark.parametrize("inside", ["x", "a/b", "a..b/c", "...", "..a/b", "a/./b", "~x", "a:b/c"])
def test_a_name_that_stays_inside_is_not_told(inside: str) -> None:
    assert "member-outside-archive" not in _judged(zip_of([member(inside, TEXT)]))[1]


@pytest.mark.parametrize(
    ("link", "target", "leads_out"),
    [
        ("l", "/etc/hostname", True),
        ("l", "../x", True),
        ("a/l", "../../x", True),
        ("a/l", "b/../../../x", True),
        ("l", "C:\\x", True),
        ("a/l", "../x", False),
        ("l", "libx.so.1", False),
        ("a/b/l", "../../c/x", False),
    ],
)
def test_a_link_is_told_if_it_leads_outside(link: str, target: str, leads_out: bool) -> None:  # noqa: FBT001 - a row
    data = zip_of([replace(member(link, target.encode()), mode=0o120777)])
    assert ("link-outside-archive" in _judged(data)[1]) is leads_out
