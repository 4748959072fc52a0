"""Whatever is changed in a log is found, and it is said where."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
from pathlib import Path

import pytest
from tests.trust.log.setting import ORIGIN, Setting, signer_of

from weighmaster.model.errors import TrustError, UnreadableError
from weighmaster.trust.log import checkpoint as checkpoints
from weighmaster.trust.log import find, merkle, tiles
from weighmaster.trust.log.audit import Audit, audit
from weighmaster.trust.log.checkpoint import Checkpoint
from weighmaster.trust.log.store import Folder


def _audit(setting: Setting) -> Audit:
    return audit(Folder(setting.at), [setting.key])


def _refused(setting: Setting) -> bool:
    try:
        return not _audit(setting).holds
    except TrustError:
        return True


def _places(found: Audit) -> list[tuple[str, int]]:
    return [(one.path, one.entry) for one in found.damages]


def _edit(setting: Setting, path: str, data: bytes) -> None:
    (setting.folder / path).write_bytes(data)


def _bundle(setting: Setting, path: str) -> list[bytes]:
    return tiles.unpacked((setting.folder / path).read_bytes(), path)


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 512, 700])
def test_a_whole_log_holds(setting: Setting, size: int) -> None:
    setting.grown(size)
    found = _audit(setting)
    assert (found.holds, found.checkpoint.size, found.listed) == (True, size, True)
    assert (found.unfinished, found.foreign, found.unknown) == ((), (), ())


def test_an_edited_entry_is_named(setting: Setting) -> None:
    setting.grown(600)
    entries = _bundle(setting, "tile/entries/001")
    entries[7] = b"edited"
    _edit(setting, "tile/entries/001", tiles.packed(entries))
    assert _places(_audit(setting)) == [("tile/entries/001", 263)]
    assert "not the one that was logged" in _audit(setting).damages[0].what


def test_entries_that_changed_places_are_named(setting: Setting) -> None:
    setting.grown(600)
    entries = _bundle(setting, "tile/entries/000")
    entries[3], entries[4] = entries[4], entries[3]
    _edit(setting, "tile/entries/000", tiles.packed(entries))
    assert _places(_audit(setting)) == [("tile/entries/000", 3), ("tile/entries/000", 4)]


def test_a_duplicated_entry_is_found(setting: Setting) -> None:
    setting.grown(600)
    entries = _bundle(setting, "tile/entries/002.p/88")
    _edit(setting, "tile/entries/002.p/88", tiles.packed([*entries[:10], entries[9], *entries[10:-1]]))
    assert _places(_audit(setting))[0] == ("tile/entries/002.p/88", 522)
    _edit(setting, "tile/entries/002.p/88", tiles.packed([*entries, entries[-1]]))
    assert "holds 89 entries, not 88" in _audit(setting).damages[0].what


def test_a_changed_tile_is_told_from_a_changed_entry(setting: Setting) -> None:
    setting.grown(600)
    tile = bytearray((setting.folder / "tile/0/001").read_bytes())
    tile[64] ^= 1
    _edit(setting, "tile/0/001", bytes(tile))
    (damage,) = _audit(setting).damages
    assert (damage.path, damage.entry) == ("tile/0/001", 258)
    assert "the tile was changed" in damage.what


def test_an_entry_and_its_tile_changed_together_are_found_in_the_tile_above(setting: Setting) -> None:
    setting.grown(600)
    entries = _bundle(setting, "tile/entries/001")
    entries[7] = b"edited"
    _edit(setting, "tile/entries/001", tiles.packed(entries))
    _edit(setting, "tile/0/001", b"".join(map(merkle.leaf_hash, entries)))
    found = _audit(setting)
    assert [one.path for one in found.damages] == ["tile/1/000.p/2", "checkpoint"]
    assert "hash 1 of this tile" in found.damages[0].what


def test_a_log_rewritten_from_the_first_entry_does_not_give_the_signed_root(setting: Setting, tmp_path: Path) -> None:
    setting.grown(600)
    other = Setting(tmp_path / "other")
    other.grown(600, 1)
    shutil.rmtree(setting.folder / "tile")
    shutil.copytree(other.folder / "tile", setting.folder / "tile")
    (damage,) = _audit(setting).damages
    assert (damage.path, damage.what) == (
        "checkpoint", "the entries do not give the root that the log signed: they are not those that were logged"
    )  # fmt: skip


def test_a_cut_log_is_found(setting: Setting) -> None:
    setting.grown(600)
    for path in ("tile/entries/002.p/88", "tile/0/002.p/88"):
        (setting.folder / path).unlink()
    found = _audit(setting)
    assert ("tile/entries/002.p/88", 512) in _places(found)
    assert all("missing" in one.what for one in found.damages[:2])
    (setting.folder / "checkpoint").unlink()
    with pytest.raises(TrustError, match="its checkpoint is missing"):
        _audit(setting)


def test_a_log_cut_back_with_a_forged_checkpoint_is_refused(setting: Setting) -> None:
    setting.grown(600)
    root = merkle.root(merkle.leaf_hash(b"entry %d" % number) for number in range(256))
    forged = checkpoints.signed_by(signer_of(9), Checkpoint(origin=ORIGIN, size=256, root=root))
    _edit(setting, "checkpoint", forged.note)
    with pytest.raises(TrustError, match="not signed by a key that is trusted"):
        _audit(setting)


def test_a_cut_bundle_is_found_and_the_rest_is_still_looked_at(setting: Setting) -> None:
    setting.grown(600)
    whole = (setting.folder / "tile/entries/000").read_bytes()
    _edit(setting, "tile/entries/000", whole[:-3])
    entries = _bundle(setting, "tile/entries/001")
    entries[7] = b"edited"
    _edit(setting, "tile/entries/001", tiles.packed(entries))
    found = _audit(setting)
    assert [(one.path, one.entry) for one in found.damages] == [("tile/entries/000", 0), ("tile/entries/001", 263)]
    assert "cut within its entry 255" in found.damages[0].what


def test_every_bit_of_every_file_counts(tmp_path: Path) -> None:
    setting = Setting(tmp_path / "log")
    for count, start in ((3, 0), (254, 3), (2, 257), (1, 259)):
        setting.grown(count, start)
    body = b"a claim"
    setting.log().keep(find.kept(body), body)
    assert _audit(setting).holds
    assert _audit(setting).kept == 1
    rng = random.Random(7)
    files = [path for path in setting.folder.rglob("*") if path.is_file() and path.name != ".lock"]
    assert len(files) == 11
    for path in files:
        whole = path.read_bytes()
        for bit in rng.sample(range(len(whole) * 8), min(16, len(whole) * 8)):
            path.write_bytes(_flipped(whole, bit))
            assert _refused(setting), (path, bit)
        for other in (whole[:-1], whole + b"\0", whole[1:], b""):
            path.write_bytes(other)
            assert _refused(setting), (path, len(other))
        path.unlink()
        # Without an older partial tile, or a claim that was kept beside, the log is still whole.
        older = path.parent.name == "001.p" and path.name in {"1", "3"}
        assert _refused(setting) != (older or "kept" in path.parts), path
        path.write_bytes(whole)
    assert _audit(setting).holds


def _flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_every_bit_of_a_checkpoint_counts(setting: Setting) -> None:
    whole = setting.grown(3).checkpoint.note
    for bit in range(len(whole) * 8):
        with pytest.raises(TrustError):
            checkpoints.verified(_flipped(whole, bit), [setting.key])


def test_an_older_partial_tile_that_says_something_else_is_found(setting: Setting) -> None:
    setting.grown(3)
    setting.grown(2, 3)
    for path in ("tile/0/000.p/3", "tile/entries/000.p/3"):
        whole = (setting.folder / path).read_bytes()
        _edit(setting, path, whole[:-1] + b"?")
        assert _places(_audit(setting)) == [(path, -1)]
        _edit(setting, path, whole)


def test_what_an_append_left_behind_and_what_is_not_the_log_s_is_said(setting: Setting) -> None:
    setting.grown(3)
    for path in ("tile/0/000.p/9", "tile/entries/001", "pending/9-aa", "tile/0/.begun-12-000", "readme.txt", "tile/x"):
        (setting.folder / path).parent.mkdir(parents=True, exist_ok=True)
        _edit(setting, path, b"x")
    found = _audit(setting)
    assert found.holds
    assert sorted(found.unfinished) == ["pending/9-aa", "tile/0/.begun-12-000", "tile/0/000.p/9", "tile/entries/001"]
    assert sorted(found.foreign) == ["readme.txt", "tile/x"]


def test_folders_in_folders_without_end_are_listed(setting: Setting) -> None:
    setting.grown(3)
    here = os.open(setting.folder, os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    try:
        assert _audit(setting).holds
    finally:
        os.removedirs(setting.folder / "/".join(["d"] * 1200))  # What removes trees would recurse.


def test_any_files_in_the_place_of_a_log_are_refused_and_no_more(setting: Setting) -> None:
    setting.grown(300)
    rng = random.Random(11)
    files = [path for path in setting.folder.rglob("*") if path.is_file() and path.name != ".lock"]
    whole = {path: path.read_bytes() for path in files}
    for _ in range(150):
        for path in rng.sample(files, rng.randint(1, 3)):
            data = whole[path]
            start, end = sorted(rng.randrange(len(data) + 1) for _ in range(2))
            path.write_bytes(data[:start] + rng.choice([b"", data[start:end] * 2, rng.randbytes(9)]) + data[end:])
        _refused(setting)
        try:
            log = setting.log()
            for ask in (log.entry, log.inclusion):
                with contextlib.suppress(TrustError, UnreadableError):
                    ask(rng.randrange(300))
            with contextlib.suppress(TrustError, UnreadableError):
                log.append([b"x"], setting.signer)
        except TrustError:
            pass
        for path, data in whole.items():
            path.write_bytes(data)


def test_more_damage_than_can_be_told_ends_the_look(setting: Setting) -> None:
    setting.grown(600)
    _edit(setting, "tile/entries/000", tiles.packed([b"x"] * 256))
    found = _audit(setting)
    assert not found.holds
    assert len(found.damages) <= 60
    assert "the rest of the log was not looked at" in found.damages[-1].what


def test_signatures_of_keys_that_nobody_asked_about_are_named(setting: Setting) -> None:
    log = setting.grown(3)
    log.replace_checkpoint(checkpoints.cosigned_by(setting.seers[0], setting.witnesses[0].name, log.checkpoint, 5))
    assert _audit(setting).unknown == (setting.witnesses[0].name,)
    seen = audit(Folder(setting.at), [setting.key], setting.witnesses[:1])
    assert (seen.unknown, [one.witness for one in seen.checkpoint.cosigned]) == ((), [setting.witnesses[0].name])
    with pytest.raises(TrustError, match="1 of the 2 witnesses"):
        audit(Folder(setting.at), [setting.key], setting.witnesses)
