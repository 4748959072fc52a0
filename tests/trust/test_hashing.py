"""An artifact is all of its files, under names that every system reads alike; and each is hashed as it was read."""

from __future__ import annotations

import hashlib
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.trust.manifests import digests, files, hashing, lanes
from weighmaster.trust.manifests.digests import Chunked, Hashing
from weighmaster.trust.manifests.hashing import hash_artifact
from weighmaster.trust.manifests.manifest import Entry, Manifest


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    root = tmp_path / "model"
    (root / "sub").mkdir(parents=True)
    (root / ".git").mkdir()
    (root / "config.json").write_bytes(b"{}")
    (root / "sub" / "weights.bin").write_bytes(bytes(range(256)) * 3000)  # Longer than what is read at once.
    (root / ".git" / "config").write_bytes(b"[core]")
    (root / ".hidden").write_bytes(b"")
    return root


def test_every_file_is_covered_hidden_ones_and_those_of_git_too(model: Path) -> None:
    assert [entry.path for entry in hash_artifact(model).entries] == [
        ".git/config",
        ".hidden",
        "config.json",
        "sub/weights.bin",
    ]


def test_digests_and_sizes_are_those_of_the_bytes(model: Path) -> None:
    for entry in hash_artifact(model, Hashing(full=True)).entries:
        data = (model / entry.path).read_bytes()
        chunks = (blake3(data).hexdigest(),) if data else ()
        assert entry == Entry(
            path=entry.path, size=len(data), sha256=_sha256(data), blake3=blake3(data).hexdigest(), chunks=chunks
        )


def test_sha256_alone_gives_the_same_tree(model: Path) -> None:
    quick = hash_artifact(model)
    assert quick.tree == hash_artifact(model, Hashing(full=True)).tree
    assert all(not entry.blake3 and not entry.chunks for entry in quick.entries)


def test_a_file_alone_is_a_tree_under_its_own_name(model: Path) -> None:
    manifest = hash_artifact(model / "config.json")
    assert manifest == Manifest.of([Entry(path="config.json", size=2, sha256=_sha256(b"{}"))])


@pytest.mark.parametrize("jobs", [1, 2, 5])
@pytest.mark.parametrize("length", [0, 1, 999, 1000, 1001, 300_000, 1_100_000, 3_000_000])
def test_chunks_are_cut_where_they_should_be_however_many_threads(tmp_path: Path, length: int, jobs: int) -> None:
    data = os.urandom(1000) * (length // 1000) + b"x" * (length % 1000)
    (tmp_path / "f").write_bytes(data)
    (entry,) = hash_artifact(tmp_path / "f", Hashing(full=True, chunk=1000, jobs=jobs)).entries
    assert entry.sha256 == _sha256(data)
    assert entry.blake3 == blake3(data).hexdigest()
    assert entry.chunks == tuple(blake3(data[at : at + 1000]).hexdigest() for at in range(0, length, 1000))


@given(blocks=st.lists(st.binary(max_size=50)), size=st.integers(1, 20))
def test_chunks_do_not_depend_on_how_bytes_arrive(blocks: list[bytes], size: int) -> None:
    chunked = Chunked(size)
    for block in blocks:
        chunked.update(memoryview(block))
    data = b"".join(blocks)
    assert chunked.hexdigests() == tuple(blake3(data[at : at + size]).hexdigest() for at in range(0, len(data), size))


def test_several_long_files_keep_their_names(tmp_path: Path) -> None:
    contents = {f"f{number}": os.urandom(400_000 + number) for number in range(7)}
    for name, data in contents.items():
        (tmp_path / name).write_bytes(data)
    for full in (False, True):
        manifest = hash_artifact(tmp_path, Hashing(full=full, jobs=3))
        assert {entry.path: entry.sha256 for entry in manifest.entries} == {n: _sha256(d) for n, d in contents.items()}


def test_evidence_at_the_top_is_no_part_of_what_it_speaks_of(model: Path) -> None:
    before = hash_artifact(model)
    (model / "model.sig").write_bytes(b"a signature")
    (model / "claims.jsonl").write_bytes(b"claims")
    assert hash_artifact(model) == before
    (model / "sub" / "model.sig").write_bytes(b"not at the top")
    assert "sub/model.sig" in hash_artifact(model).by_path


def test_a_folder_that_is_called_like_evidence_hides_nothing(model: Path) -> None:
    (model / "model.sig").mkdir()
    (model / "model.sig" / "evil.py").write_bytes(b"import os")
    assert "model.sig/evil.py" in hash_artifact(model).by_path


def test_evidence_of_a_file_lies_beside_it(tmp_path: Path) -> None:
    (tmp_path / "F").write_bytes(b"")
    assert files.evidence(str(tmp_path / "F")) == (f"{tmp_path}/F.sig", f"{tmp_path}/F.claims.jsonl")
    assert files.evidence(str(tmp_path)) == (f"{tmp_path}/model.sig", f"{tmp_path}/claims.jsonl")


def test_links_and_special_files_are_refused_and_all_named(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (model / "link").symlink_to("config.json")
    (model / "folder").symlink_to("sub")
    os.mkfifo(model / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        monkeypatch.chdir(model)  # The path of a socket is short.
        listening.bind("socket")
        with pytest.raises(TrustError) as refused:
            hash_artifact(model)
    assert str(refused.value) == (
        "not covered by any digest: 'folder' (a link), 'link' (a link), 'pipe' (a pipe), 'socket' (a socket)"
    )


def test_of_many_links_some_are_named_and_the_rest_counted(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"l{number:02}").symlink_to("x")
    with pytest.raises(TrustError, match=r"'l07' \(a link\) and 12 more$"):
        hash_artifact(tmp_path)


def test_evidence_that_is_a_link_is_refused_like_any_other(model: Path) -> None:
    (model / "model.sig").symlink_to("config.json")
    with pytest.raises(TrustError, match=r"'model.sig' \(a link\)"):
        hash_artifact(model)


def test_followed_links_count_under_their_own_names(tmp_path: Path) -> None:
    """The snapshot of a Hugging Face cache: every file is a link to a blob outside."""
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshot"
    (blobs / "code").mkdir(parents=True)
    snapshot.mkdir()
    (blobs / "1").write_bytes(b"one")
    (blobs / "code" / "run.py").write_bytes(b"pass")
    (snapshot / "model.bin").symlink_to("../blobs/1")
    (snapshot / "code").symlink_to("../blobs/code")  # What model-signing 1.1.1 does not descend into.
    manifest = hash_artifact(snapshot, Hashing(follow_links=True))
    assert {entry.path: entry.sha256 for entry in manifest.entries} == {
        "model.bin": _sha256(b"one"),
        "code/run.py": _sha256(b"pass"),
    }


@pytest.mark.parametrize("target", [".", "..", "sub"])
def test_a_folder_that_lies_in_itself_is_refused(tmp_path: Path, target: str) -> None:
    (tmp_path / "a" / "sub").mkdir(parents=True)
    (tmp_path / "a" / "sub" / "loop").symlink_to({"sub": "../sub"}.get(target, target))
    with pytest.raises(TrustError, match=r"'sub/loop' \(a link to a folder that it lies in\)"):
        hash_artifact(tmp_path / "a", Hashing(follow_links=True))


def test_links_that_lead_nowhere_or_to_no_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "gone").symlink_to("nothing")
    (tmp_path / "device").symlink_to("/dev/null")
    (tmp_path / "itself").symlink_to("itself")
    said = r"'device' \(a device\), 'gone' \(a link that leads nowhere\), 'itself' \(a link that leads nowhere\)"
    with pytest.raises(TrustError, match=said):
        hash_artifact(tmp_path, Hashing(follow_links=True))


def test_links_cannot_make_a_few_folders_endlessly_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST", 5000)
    for number in range(40):
        (tmp_path / f"d{number}").mkdir()
        for name in ("a", "b"):
            (tmp_path / f"d{number}" / name).symlink_to(f"../d{number + 1}")
    with pytest.raises(TrustError, match="more than 5000 files and folders"):
        hash_artifact(tmp_path / "d0", Hashing(follow_links=True))


def test_whoever_names_a_link_means_what_it_leads_to(model: Path) -> None:
    (model.parent / "latest").symlink_to(model)
    (model.parent / "weights").symlink_to(model / "sub" / "weights.bin")
    assert hash_artifact(model.parent / "latest") == hash_artifact(model)
    assert [entry.path for entry in hash_artifact(model.parent / "weights").entries] == ["weights"]


def test_what_is_not_there_is_a_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file or folder"):
        hash_artifact(tmp_path / "missing")


def test_a_pipe_as_the_artifact_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(TrustError, match="no file but a pipe"):
        hash_artifact(tmp_path / "pipe")


@pytest.mark.parametrize(
    "names",
    [
        ["Model.bin", "model.bin"],
        ["caf\u00e9", "cafe\u0301"],
        ["stra\u00dfe", "STRASSE"],
        ["A/x", "a/y"],
        ["model.sig", "MODEL.SIG"],
    ],
)
def test_names_that_some_systems_take_for_one_are_refused(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    with pytest.raises(TrustError, match="names that some systems take for one: '"):
        hash_artifact(tmp_path)


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    with open(os.fsencode(tmp_path) + b"/\xff.bin", "wb"):
        pass
    with pytest.raises(TrustError, match=r"the name b'\\xff.bin' is not UTF-8"):
        hash_artifact(tmp_path)


@pytest.mark.parametrize("name", ["", "/a", "a//b", "./a", "a/../b", "a/", "a\0b", ".."])
def test_no_name_leads_out_of_an_artifact(name: str) -> None:
    with pytest.raises(TrustError, match="is no path inside an artifact"):
        files.check_names([name])


def test_a_name_is_a_file_or_a_folder_and_not_both() -> None:
    with pytest.raises(TrustError, match="names that some systems take for one"):
        files.check_names(["a", "a/b"])
    with pytest.raises(TrustError, match="names that some systems take for one"):
        files.check_names(["a/b", "A"])


PARTS = st.text(st.sampled_from("aAbB\u00e9e\u0301\u00df"), min_size=1, max_size=3)


@given(st.lists(st.lists(PARTS, min_size=1, max_size=3).map("/".join), max_size=6, unique=True))
def test_names_are_refused_exactly_if_two_of_them_or_of_their_folders_fold_to_one(names: list[str]) -> None:
    spelled: dict[str, set[tuple[str, bool]]] = {}
    for name in names:
        parts = name.split("/")
        for depth in range(1, len(parts) + 1):
            prefix = "/".join(parts[:depth])
            spelled.setdefault(files.folded(prefix), set()).add((prefix, depth == len(parts)))
    clash = any(len(ways) > 1 for ways in spelled.values())
    try:
        files.check_names(names)
    except TrustError:
        assert clash
    else:
        assert not clash


def _meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Have `act` done once, after the first bytes of a file were read."""
    done: list[bool] = []

    def then(real: Callable[..., Any]) -> Callable[..., Any]:
        def read(*arguments: Any) -> Any:
            found = real(*arguments)
            if not done:
                done.append(True)
                act()
            return found

        return read

    for name in ("read", "readv"):
        monkeypatch.setattr(os, name, then(getattr(os, name)))


@pytest.mark.parametrize("length", [100, 600_000])
@pytest.mark.parametrize("change", ["write", "grow", "shrink", "replace"])
def test_a_file_that_changes_while_it_is_hashed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, length: int, change: str
) -> None:
    file = tmp_path / "weights"
    file.write_bytes(b"a" * length)
    os.utime(file, (1, 1))

    def act() -> None:
        match change:
            case "write":
                with file.open("r+b") as opened:
                    opened.write(b"b")
                os.utime(file, (1, 1))  # The time of change of the inode tells all the same.
            case "grow":
                with file.open("ab") as opened:
                    opened.write(b"b")
            case "shrink":
                os.truncate(file, length - 1)
            case _:
                (tmp_path / "other").write_bytes(b"b" * length)
                os.replace(tmp_path / "other", file)

    _meanwhile(monkeypatch, act)
    with pytest.raises(TrustError, match="'weights' changed while it was read"):
        hash_artifact(file)


def test_a_file_that_grows_without_end_is_not_read_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "weights"
    file.write_bytes(b"a" * 600_000)
    real = os.readv

    def growing(descriptor: int, buffers: list[memoryview]) -> int:
        with file.open("ab") as opened:
            opened.write(b"a" * len(buffers[0]))
        return real(descriptor, buffers)

    monkeypatch.setattr(os, "readv", growing)
    for jobs in (1, 4):
        with pytest.raises(TrustError, match="'weights' changed while it was read"):
            hash_artifact(file, Hashing(jobs=jobs))


def test_a_file_that_comes_while_a_folder_is_hashed_is_noticed(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = digests.entry_in_memory

    def hashed(name: str, data: bytes, how: Hashing) -> Entry:
        (model / "evil.py").write_bytes(b"import os")
        return real(name, data, how)

    monkeypatch.setattr(hashing, "entry_in_memory", hashed)
    with pytest.raises(TrustError, match="files came or went"):
        hash_artifact(model)


def test_a_link_that_takes_the_place_of_a_file_is_not_opened(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = files.files(str(model))
    (model / "config.json").unlink()
    (model / "config.json").symlink_to("/etc/hostname")
    monkeypatch.setattr(hashing, "files", lambda *_, **__: listed)
    with pytest.raises(TrustError, match=r"'config.json' cannot be opened"):
        hash_artifact(model)


def test_a_file_that_may_not_be_read_is_refused_by_name(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(TrustError, match=r"cannot be opened: Permission denied"):
        hash_artifact(model)


def test_a_folder_that_may_not_be_read_is_refused_by_name(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(TrustError, match=r"the folder .*model cannot be read: Permission denied"):
        hash_artifact(model)


def test_a_digest_that_fails_in_a_lane_is_told_and_nobody_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "f").write_bytes(bytes(30_000_000))

    class Broken:
        def update(self, _: memoryview) -> None:
            raise MemoryError

    monkeypatch.setattr(lanes, "feeds", lambda *_: [Broken()])
    with pytest.raises(MemoryError):
        hash_artifact(tmp_path, Hashing(jobs=4))


def test_progress_ends_at_the_whole(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"f{number}").write_bytes(os.urandom(500_000 * number + 10))
    seen: list[tuple[int, int]] = []
    hash_artifact(tmp_path, Hashing(progress=lambda done, total: seen.append((done, total)), jobs=1))
    assert seen[-1] == (1_500_030, 1_500_030)
    assert seen == sorted(seen)


def test_ctrl_c_ends_all_threads(tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / f"f{number}").write_bytes(bytes(2_000_000))

    def interrupt(done: int, _: int) -> None:
        if done > 3_000_000:
            raise KeyboardInterrupt

    before = threading.active_count()  # What other tests started may still run.
    for jobs in (1, 3, 8):
        with pytest.raises(KeyboardInterrupt):
            hash_artifact(tmp_path, Hashing(progress=interrupt, jobs=jobs, full=True))
    assert threading.active_count() == before
