"""A log takes entries and gives proofs; two writers cannot fork it, and a crash leaves it readable."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.trust.log.setting import ORIGIN, Setting, signer_of

from weighmaster.model.errors import ConfigError, TrustError, UnreachableError, UnreadableError
from weighmaster.trust.log import checkpoint as checkpoints
from weighmaster.trust.log import merkle, tiles
from weighmaster.trust.log.audit import audit
from weighmaster.trust.log.book import ForkedError, Log
from weighmaster.trust.log.checkpoint import Checkpoint
from weighmaster.trust.log.store import Folder, Held, OvertakenError
from weighmaster.trust.log.tiles import Place, placed, tile_path


def _files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*") if path.is_file() and path.name != ".lock"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("place", "path"),
    [
        ((0, 0, 256), "tile/0/000"), ((-1, 0, 5), "tile/entries/000.p/5"), ((1, 1234067, 256), "tile/1/x001/x234/067"),
        ((63, 999, 255), "tile/63/999.p/255"), ((0, 1000, 1), "tile/0/x001/000.p/1"),
    ],
)  # fmt: skip
def test_tiles_lie_where_the_specification_says(place: tuple[int, int, int], path: str) -> None:
    assert tile_path(*place) == path
    assert placed(path) == Place(level=place[0], index=place[1], width=place[2])


@pytest.mark.parametrize(
    "path",
    [
        "tile/64/000", "tile/00/000", "tile/0/0000", "tile/0/x000/000", "tile/0/000.p/0", "tile/0/000.p/256",
        "tile/0/001/000",
        "tile/0/000.p/01", "tile/0/../000", "/tile/0/000", "tile/entries/00", "tile/0/000/",
        "tile/0/\u0660\u0660\u0660",
        "tile/0/000\n",
    ],
)  # fmt: skip
def test_no_other_path_is_one_of_a_tile(path: str) -> None:
    assert placed(path) is None


def test_a_log_of_70000_has_the_tiles_of_the_example_in_the_specification(tmp_path: Path) -> None:
    log = Log.create(str(tmp_path / "log"), signer_of(1), ORIGIN)
    log.append((b"%d" % number for number in range(70_000)), signer_of(1))
    found = [one for path in _files(tmp_path / "log") if (one := placed(path))]
    of = {level: [one for one in found if one.level == level and one.width == 256] for level in (-1, 0, 1, 2)}
    assert {level: len(full) for level, full in of.items()} == {-1: 273, 0: 273, 1: 1, 2: 0}
    now = {(0, 273, 112), (-1, 273, 112), (1, 1, 17), (2, 0, 1)}
    assert now <= {(one.level, one.index, one.width) for one in found}
    held = Log.open(str(tmp_path / "log"), [key_of(1)])
    for index in (0, 255, 256, 65_535, 65_536, 69_999):
        assert held.entry(index) == b"%d" % index


def key_of(seed: int) -> Any:
    from weighmaster.trust.log.note import VerifierKey

    return VerifierKey.of(ORIGIN, signer_of(seed).key)


@given(st.lists(st.integers(0, 300), max_size=6), st.data())
@settings(max_examples=12, deadline=None)
def test_any_portions_give_the_same_log(portions: list[int], data: st.DataObject) -> None:
    entries = [data.draw(st.binary(max_size=6)) if number < 20 else b"%d" % number for number in range(sum(portions))]
    with tempfile.TemporaryDirectory() as folder:
        log, start = Log.create(folder, signer_of(1), ORIGIN), 0
        for portion in portions:
            assert log.append(entries[start : start + portion], signer_of(1)) == start
            start += portion
        assert log.checkpoint.size == len(entries)
        assert log.checkpoint.root == merkle.root(map(merkle.leaf_hash, entries))
        read = Log.open(folder, [key_of(1)])
        assert list(read.entries()) == entries
        assert audit(Folder(folder), [key_of(1)]).holds
        if entries:
            index = data.draw(st.integers(0, len(entries) - 1))
            merkle.verify_inclusion(
                merkle.leaf_hash(entries[index]), index, len(entries), read.inclusion(index), read.checkpoint.root
            )


def test_growth_is_proven_from_every_checkpoint_that_was_signed(setting: Setting) -> None:
    seen = [setting.log().checkpoint]
    for count in (1, 1, 3, 250, 2, 300):
        seen.append(setting.grown(count, seen[-1].size).checkpoint)
    log = setting.log()
    for old in seen:
        path = log.consistency(old)
        merkle.verify_consistency(old.size, old.root, log.checkpoint.size, log.checkpoint.root, path)


def test_a_forked_or_rolled_back_log_is_told_from_a_damaged_one(setting: Setting, tmp_path: Path) -> None:
    old = setting.grown(300).checkpoint
    other = Setting(tmp_path / "other")
    other.grown(299)
    other.grown(10, 1000)
    with pytest.raises(ForkedError, match="forked"):
        other.log().consistency(old)
    with pytest.raises(TrustError, match="rolled back: the log shows 309 entries, and had 400"):
        other.log().consistency(setting.grown(100, 300).checkpoint)
    tile = other.folder / "tile/0/001.p/53"
    tile.write_bytes(bytes(len(tile.read_bytes())))
    with pytest.raises(TrustError, match="damaged") as caught:
        other.log().consistency(old)
    assert not isinstance(caught.value, ForkedError)


def test_entries_are_of_any_bytes_up_to_the_longest(setting: Setting) -> None:
    entries = [b"", b"\0", b"x" * tiles.LONGEST_ENTRY, bytes(range(256))]
    setting.log().append(entries, setting.signer)
    assert list(setting.log().entries()) == entries
    with pytest.raises(TrustError, match="an entry of 65536 bytes"):
        setting.log().append([b"fine", b"x" * 65536], setting.signer)
    assert setting.log().checkpoint.size == 4
    assert audit(Folder(setting.at), [setting.key]).holds


def test_only_the_log_s_own_key_appends(setting: Setting) -> None:
    with pytest.raises(ConfigError, match="not the one that the log"):
        setting.log().append([b"x"], signer_of(9))
    with pytest.raises(TrustError, match="not signed by a key that is trusted"):
        Log.open(setting.at, [key_of(9)])
    with pytest.raises(ConfigError, match="holds a log already"):
        Log.create(setting.at, setting.signer, ORIGIN)


def test_nothing_is_appended_to_a_damaged_log(setting: Setting) -> None:
    setting.grown(5)
    before = (setting.folder / "checkpoint").read_bytes()
    for path in ("tile/0/000.p/5", "tile/entries/000.p/5"):
        place = setting.folder / path
        whole = place.read_bytes()
        place.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        with pytest.raises(TrustError, match="not those in the tree"):
            setting.log().append([b"x"], setting.signer)
        place.write_bytes(whole)
    assert (setting.folder / "checkpoint").read_bytes() == before
    setting.grown(1)


def test_a_log_rolled_back_under_our_hands_is_not_appended_to(setting: Setting) -> None:
    setting.grown(3)
    before = {name: (setting.folder / name).read_bytes() for name in ("checkpoint",)}
    log = setting.grown(2, 3)
    (setting.folder / "checkpoint").write_bytes(before["checkpoint"])
    with pytest.raises(TrustError, match="rolled back or forked"):
        log.append([b"x"], setting.signer)


class _Crashing(Folder):
    """A store whose power fails after so many writes."""

    left = 0

    def write(self, path: str, data: bytes) -> None:
        self._fail()
        super().write(path, data)

    def exchange(self, path: str, data: bytes, before: Held | None) -> None:
        self._fail()
        super().exchange(path, data, before)

    def discard(self, path: str) -> None:
        self._fail()
        super().discard(path)

    def _fail(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise UnreachableError("the power failed")


@pytest.mark.parametrize("start", [0, 3, 250, 256])
def test_a_crash_anywhere_in_an_append_leaves_a_log_that_goes_on(tmp_path: Path, start: int) -> None:
    for step in range(60):
        setting = Setting(tmp_path / str(step))
        setting.grown(start)
        store = _Crashing(setting.at)
        store.left = step
        try:
            Log.open(store, [setting.key]).append([b"new %d" % number for number in range(10)], setting.signer)
        except UnreachableError:
            found = audit(Folder(setting.at), [setting.key])
            assert found.holds, found
            assert found.checkpoint.size in {start, start + 10}
        else:
            break
        size = found.checkpoint.size
        assert len(list(setting.log().entries())) == size
        setting.grown(7, 500)  # Other entries than those that the crash left half there.
        found = audit(Folder(setting.at), [setting.key])
        assert (found.holds, found.checkpoint.size) == (True, size + 7)
    else:
        pytest.fail("it never ended")


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="the system does not say which file a descriptor is")
@pytest.mark.parametrize("count", [3, 300, 30_000])
def test_all_files_are_on_the_disk_before_the_checkpoint_speaks_of_them(
    setting: Setting, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    settled: set[str] = set()
    at_exchange: list[tuple[set[str], set[str]]] = []
    rename = os.rename

    def renamed(begun: str, place: str) -> None:
        if place.endswith("checkpoint"):
            tiles_now = {str(path) for path in setting.folder.rglob("tile/**/*")}
            at_exchange.append((tiles_now, {*settled}))
            assert begun in settled
        rename(begun, place)

    monkeypatch.setattr(os, "fsync", lambda descriptor: settled.add(os.readlink(f"/proc/self/fd/{descriptor}")))
    monkeypatch.setattr(os, "rename", renamed)
    setting.grown(count)
    ((there, on_disk),) = at_exchange
    assert there
    assert there <= on_disk  # Files, and the folders that name them.
    assert str(setting.folder) in settled


def _append(at: str, name: bytes) -> None:
    for number in range(10):
        Log.open(at, [key_of(1)]).append([b"%s %d" % (name, number)], signer_of(1))


def test_writers_at_the_same_time_do_not_fork_the_log(setting: Setting) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_append, args=(setting.at, name)) for name in (b"a", b"b", b"c")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    entries = list(setting.log().entries())
    assert sorted(entries) == sorted(b"%s %d" % (name, number) for name in (b"a", b"b", b"c") for number in range(10))
    assert audit(Folder(setting.at), [setting.key]).holds


def test_a_checkpoint_is_exchanged_only_if_it_is_still_the_one_that_was_read(setting: Setting) -> None:
    store = Folder(setting.at)
    held = store.held("checkpoint", 1 << 16)
    setting.grown(1)
    with pytest.raises(OvertakenError):
        store.exchange("checkpoint", b"other", held)
    log = setting.log()
    setting.grown(1)
    with pytest.raises(OvertakenError):
        log.replace_checkpoint(log.checkpoint)


def test_partial_tiles_go_once_they_are_full(setting: Setting) -> None:
    for start in range(0, 260, 10):
        setting.grown(10, start)
    names = {path for path in _files(setting.folder) if path.startswith("tile")}
    assert names == {
        "tile/0/000", "tile/0/001.p/4", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/4"
    }  # fmt: skip


def test_one_who_holds_an_older_checkpoint_finds_its_tiles_in_the_full_ones(setting: Setting) -> None:
    log = setting.grown(250)
    setting.grown(100, 250)
    assert log.entry(249) == b"entry 249"  # tile/0/000.p/250 is gone by now.
    assert not (setting.folder / "tile/0/000.p").exists()


def test_a_link_or_a_pipe_in_the_place_of_a_file_is_not_followed(setting: Setting, tmp_path: Path) -> None:
    setting.grown(3)
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    tile = setting.folder / "tile/0/000.p/3"
    tile.unlink()
    tile.symlink_to(secret)
    with pytest.raises(UnreadableError, match="is a link"):
        setting.log().entry(0)
    tile.unlink()
    os.mkfifo(tile)
    with pytest.raises(UnreadableError, match="no plain file"):
        setting.log().entry(0)
    tile.unlink()
    tile.write_bytes(b"x" * (tiles.TILE + 1))
    with pytest.raises(UnreadableError, match="longer than 8192"):
        setting.log().entry(0)


def test_a_folder_that_is_a_link_to_elsewhere_is_not_written_to(setting: Setting, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (setting.folder / "tile").symlink_to(elsewhere)
    with pytest.raises(TrustError, match="no folder of the log's own"):
        setting.grown(1)
    assert not list(elsewhere.iterdir())


def test_a_size_that_no_log_has_costs_nothing(setting: Setting) -> None:
    huge = Checkpoint(origin=ORIGIN, size=(1 << 63) - 1, root=b"\1" * 32)
    (setting.folder / "checkpoint").write_bytes(checkpoints.signed_by(setting.signer, huge).note)
    log = setting.log()
    for ask in (lambda: log.entry(1 << 60), lambda: log.inclusion(0), lambda: list(log.entries())):
        with pytest.raises(TrustError, match="missing"):
            ask()
    with pytest.raises(TrustError, match="missing"):
        log.append([b"x"], setting.signer)
    found = audit(Folder(setting.at), [setting.key])
    assert not found.holds
    assert len(found.damages) <= 60


def test_what_is_no_log_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(TrustError, match="holds no log"):
        Log.open(str(tmp_path / "nowhere"), [key_of(1)])
    with pytest.raises(ConfigError, match="not at ftp://"):
        Log.open("ftp://host/log", [key_of(1)])
