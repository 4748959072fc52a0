"""What has not changed is not read again; whatever has, in whatever way, is; and nobody else has a say in it."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.samples.pickles import REDUCE, STOP, TUPLE1, name, program, proto, text
from tests.samples.sample import COMMAND

from weighmaster import api, looks
from weighmaster.engine.kept import packed, unpacked
from weighmaster.model.verdict import Outcome, Vetted
from weighmaster.shipped import registry
from weighmaster.store import keys
from weighmaster.store.answers import Answers
from weighmaster.store.memory import Memory

HOSTILE = program(proto(4), name("posix", "system"), text(COMMAND), TUPLE1, REDUCE, STOP)
LATER = time.time_ns() + 86_400 * 10**9


class Looks:
    """Looks at a folder, and counts the files that are read."""

    def __init__(self, target: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.target, self.cache, self.asked = target, cache, 0
        real = looks.look_at

        def counted(seen: list[looks.Look], **more: object) -> None:
            self.asked = sum(len(look.names) for look in seen)
            real(seen, **more)  # type: ignore[arg-type]

        monkeypatch.setattr(looks, "look_at", counted)

    def __call__(self, now: int = LATER, version: str = "1") -> Vetted:
        memory = Memory(str(self.cache), version, now)
        return api.vet_target(str(self.target), api.Request(memory=memory, jobs=2))

    def plain(self) -> Vetted:
        return api.vet_target(str(self.target), api.Request(jobs=2))


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Looks:
    target = tmp_path / "target"
    target.mkdir()
    for number in range(looks._WORTH_KEEPING):
        (target / f"{number}.txt").write_text(f"a text {number}\n")
    (target / "bad.pkl").write_bytes(HOSTILE)
    (target / "source.py").write_text("import os\nos.system('x')\nfrom . import near\n")
    return Looks(target, tmp_path / "cache", monkeypatch)


def test_the_second_look_reads_nothing_and_says_the_same(look: Looks) -> None:
    first = look()
    assert look.asked > looks._WORTH_KEEPING
    second = look()
    assert look.asked == 0
    assert second == first == look.plain()
    assert second.verdict.outcome is Outcome.BLOCK


CHANGES: dict[str, Callable[[Path], object]] = {
    "new bytes": lambda p: p.write_bytes(HOSTILE),
    "bytes of the same length at the same time": lambda p: _same_time(p, p.read_bytes().swapcase()),
    "another file under the name": lambda p: (p.with_name("new").write_bytes(HOSTILE), p.with_name("new").replace(p)),
}


def _same_time(path: Path, data: bytes) -> None:
    before = path.stat()
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_file_that_changes_is_read_again_and_no_other(look: Looks, change: Callable[[Path], object]) -> None:
    look()
    time.sleep(0.02)  # A file system's clock has ticks.
    change(look.target / "7.txt")
    vetted = look()
    assert look.asked == 1
    assert vetted == look.plain()


def test_a_file_that_is_new_gone_or_renamed_counts(look: Looks) -> None:
    look()
    (look.target / "3.txt").rename(look.target / "three.txt")
    (look.target / "4.txt").unlink()
    vetted = look()
    assert look.asked == 1
    assert vetted == look.plain()


@pytest.mark.parametrize("more", [{"advisories": ("audit.json",)}, {"full": True}, {"trust": object()}])
def test_no_report_is_kept_in_which_anything_else_has_a_say(look: Looks, more: dict[str, object]) -> None:
    assert looks._is_plain(api.Request(memory=Memory(str(look.cache), "1", LATER), jobs=2))
    assert not looks._is_plain(api.Request(**more))  # type: ignore[arg-type]


def test_what_changed_a_moment_ago_is_not_kept(look: Looks) -> None:
    look(now=time.time_ns())
    look(now=time.time_ns())
    assert look.asked > looks._WORTH_KEEPING


def test_another_version_asks_anew(look: Looks) -> None:
    look()
    look(version="2")
    assert look.asked > looks._WORTH_KEEPING


@pytest.mark.skipif(os.name != "posix", reason="owners and modes are POSIX's")
def test_a_folder_or_database_that_others_can_write_to_is_not_used(look: Looks) -> None:
    look.cache.mkdir(mode=0o777)
    look.cache.chmod(0o777)
    look()
    assert list(look.cache.iterdir()) == []
    look.cache.chmod(0o700)
    look()
    (database,) = look.cache.glob("*.sqlite")
    assert database.stat().st_mode & 0o077 == 0
    database.chmod(0o666)
    look()
    assert look.asked > looks._WORTH_KEEPING


@pytest.mark.parametrize("damage", [b"no database at all" * 99, b"SQLite format 3\0" + bytes(5000), b""])
def test_a_damaged_database_costs_time_and_nothing_else(look: Looks, damage: bytes) -> None:
    first = look()
    (database,) = look.cache.glob("*.sqlite")
    database.write_bytes(damage)
    assert look() == first


def test_damaged_answers_are_asked_again(look: Looks) -> None:
    first = look()
    (database,) = look.cache.glob("*.sqlite")
    with sqlite3.connect(database) as data:
        data.execute("UPDATE wholes SET answer = x'7b7d'")
        data.execute("DELETE FROM files")
    data.close()
    assert look() == first


def test_a_database_that_somebody_holds_is_done_without(look: Looks) -> None:
    first = look()
    (database,) = look.cache.glob("*.sqlite")
    data = sqlite3.connect(database, isolation_level=None)
    try:
        data.execute("BEGIN EXCLUSIVE")
        (look.target / "5.txt").write_text("other\n")
        assert look().verdict.outcome is first.verdict.outcome
    finally:
        data.close()


def test_a_link_is_never_kept(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert keys.of_file(b"k", str(tmp_path / "link"), "link", LATER) is None
    assert keys.of_file(b"k", str(tmp_path / "real"), "real", LATER) is not None


def test_a_report_comes_back_as_it_was(look: Looks) -> None:
    report = look.plain().report
    assert unpacked(report.target, packed(report), registry()) == report


def test_a_folder_that_cannot_be_made_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answers = Answers(str(tmp_path / "file" / "below"))
    answers.keep_files([(b"k", b"a")])
    assert answers.of_files([b"k"]) == {}
    answers.close()
