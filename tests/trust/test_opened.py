"""What is read is what was verified, whatever others do to the file meanwhile."""

from __future__ import annotations

import errno
import functools
import hashlib
import io
import json
import mmap
import os
import random
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

import weighmaster
from weighmaster.model.errors import ConfigError, MissingExtraError, OverBudgetError, TrustError, UnreadableError
from weighmaster.trust.loading import opened, private
from weighmaster.trust.loading.loading import Block
from weighmaster.trust.loading.private import Wanted
from weighmaster.trust.manifests.digests import Hashing
from weighmaster.trust.manifests.hashing import hash_artifact
from weighmaster.trust.manifests.manifest import Entry, Manifest

CHUNK = 20_000
DATA = random.Random(0).randbytes(10 * CHUNK + 1230)
SHA256 = hashlib.sha256(DATA).hexdigest()
KEEPS = ["auto", "memory", "disk", "digests"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "weights"
    path.write_bytes(DATA)
    return path


def _wanted(data: bytes = DATA, *, chunks: bool = False) -> Wanted:
    digests = [blake3(data[at : at + CHUNK]).hexdigest() for at in range(0, len(data), CHUNK)]
    return Wanted(
        name="weights",
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        chunks=tuple(digests) if chunks else (),
        chunk=CHUNK,
    )


def _open(path: Path, keep: Any, *, chunks: bool) -> BinaryIO:
    return opened.opened(str(path), _wanted(chunks=chunks), keep)


EVERY_WAY = pytest.mark.parametrize(
    ("keep", "chunks"), [(keep, chunks) for keep in KEEPS[1:] for chunks in (False, True)]
)


@EVERY_WAY
def test_a_file_reads_as_it_is(file: Path, keep: str, chunks: bool) -> None:  # noqa: FBT001
    with _open(file, keep, chunks=chunks) as found:
        assert found.read() == DATA
        assert found.seek(5) == 5
        assert found.read(7) == DATA[5:12]
        assert found.seek(-3, os.SEEK_END) == len(DATA) - 3
        assert found.read() == DATA[-3:]
        assert found.read(1) == b""


def _in_place(path: Path) -> None:
    with path.open("r+b") as out:
        out.seek(4 * CHUNK)
        out.write(b"evil")


def _mapped(path: Path) -> None:
    with path.open("r+b") as out, mmap.mmap(out.fileno(), 0) as mapped:
        mapped[4 * CHUNK : 4 * CHUNK + 4] = b"evil"


def _swapped(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(bytes(len(DATA)))
    os.replace(other, path)


def _linked(path: Path) -> None:
    path.with_name("other").write_bytes(bytes(len(DATA)))
    path.unlink()
    path.symlink_to("other")


def _truncated(path: Path) -> None:
    os.truncate(path, 4 * CHUNK + 1)


def _grown(path: Path) -> None:
    with path.open("ab") as out:
        out.write(b"evil" * CHUNK)


def _removed(path: Path) -> None:
    path.unlink()


ATTACKS = pytest.mark.parametrize("attack", [_in_place, _mapped, _swapped, _linked, _truncated, _grown, _removed])


@ATTACKS
@EVERY_WAY
def test_after_opening_nobody_can_change_what_is_read(
    file: Path,
    keep: str,
    chunks: bool,  # noqa: FBT001
    attack: Callable[[Path], None],
) -> None:
    with _open(file, keep, chunks=chunks) as found:
        attack(file)
        try:
            assert found.read() == DATA
        except TrustError as error:
            assert keep == "digests"
            assert attack in {_in_place, _mapped, _truncated}
            assert "weights" in str(error)  # noqa: PT017


def test_what_was_changed_in_place_is_refused_where_it_is_read_and_the_rest_is_not(file: Path) -> None:
    with _open(file, "digests", chunks=True) as found:
        assert found.read(10) == DATA[:10]
        _in_place(file)
        found.seek(5 * CHUNK)
        assert found.read(CHUNK) == DATA[5 * CHUNK : 6 * CHUNK]
        found.seek(4 * CHUNK + 500)
        with pytest.raises(TrustError, match=r"'weights' is not what was vouched for: the bytes from 80000 on differ"):
            found.read(1)


def test_between_chunks_nobody_can_change_what_is_read(file: Path) -> None:
    with _open(file, "digests", chunks=True) as found:
        assert found.read(3 * CHUNK) == DATA[: 3 * CHUNK]
        _in_place(file)
        assert found.read(100) == DATA[3 * CHUNK : 3 * CHUNK + 100]
        with pytest.raises(TrustError, match=r"bytes from 80000 on differ"):
            found.read(CHUNK)


def test_a_file_that_got_shorter_is_refused(file: Path) -> None:
    with _open(file, "digests", chunks=True) as found:
        _truncated(file)
        with pytest.raises(TrustError, match=r"'weights' became shorter"):
            found.read()


@pytest.mark.parametrize("attack", [_in_place, _mapped, _truncated, _grown])
@EVERY_WAY
def test_a_file_that_was_changed_before_is_refused_or_refuses(
    file: Path,
    keep: str,
    chunks: bool,  # noqa: FBT001
    attack: Callable[[Path], None],
) -> None:
    attack(file)
    with pytest.raises(TrustError, match=r"'weights' (has|is not)"), _open(file, keep, chunks=chunks) as found:
        found.read()


@pytest.mark.parametrize("chunks", [False, True])
@pytest.mark.parametrize("keep", ["memory", "disk"])
def test_a_file_that_changes_while_it_is_copied_is_refused(
    file: Path,
    keep: str,
    chunks: bool,  # noqa: FBT001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = os.preadv

    def changing(descriptor: int, buffers: list[memoryview], offset: int) -> int:
        _in_place(file)
        return real(descriptor, buffers, offset)

    monkeypatch.setattr(os, "preadv", changing)
    with pytest.raises(TrustError, match=r"'weights' (has the SHA-256|is not what)"):
        _open(file, keep, chunks=chunks)


def test_a_file_that_changes_in_the_pass_that_verifies_it_is_refused(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.readv

    def changing(descriptor: int, buffers: list[memoryview]) -> int:
        _in_place(file)
        return real(descriptor, buffers)

    monkeypatch.setattr(os, "readv", changing)
    with pytest.raises(TrustError, match=r"'weights' has the SHA-256"):
        _open(file, "digests", chunks=False)


def test_a_copy_in_memory_cannot_be_written_by_anyone(file: Path) -> None:
    with _open(file, "memory", chunks=False) as found:
        number = found.fileno()
        with pytest.raises(OSError, match=r"Bad file descriptor|not permitted"):
            os.pwrite(number, b"evil", 0)
        with pytest.raises(OSError, match=r"not permitted|Permission denied"):
            os.truncate(f"/proc/self/fd/{number}", 0)
        with pytest.raises(OSError, match=r"not permitted"), open(f"/proc/self/fd/{number}", "r+b", buffering=0) as out:
            out.write(b"evil")
        with mmap.mmap(number, 0, prot=mmap.PROT_READ) as mapped:
            assert mapped[:] == DATA


def test_a_file_that_keeps_no_copy_has_no_descriptor_to_give_away(file: Path) -> None:
    with _open(file, "digests", chunks=True) as found, pytest.raises(io.UnsupportedOperation):
        found.fileno()


def test_no_descriptor_is_left_open(file: Path) -> None:
    before = sorted(os.listdir("/proc/self/fd"))
    for keep in KEEPS:
        for chunks in (False, True):
            _open(file, keep, chunks=chunks).close()
            with pytest.raises(TrustError):
                opened.opened(str(file), _wanted(b"other", chunks=chunks), keep)  # type: ignore[arg-type]
    assert sorted(os.listdir("/proc/self/fd")) == before


@settings(max_examples=60)
@given(
    length=st.integers(0, 5 * CHUNK),
    moves=st.lists(
        st.one_of(
            st.tuples(st.just("read"), st.integers(-1, 3 * CHUNK)),
            st.tuples(st.just("seek"), st.integers(0, 6 * CHUNK)),
            st.tuples(st.just("end"), st.integers(0, CHUNK)),
            st.tuples(st.just("line"), st.just(0)),
            st.tuples(st.just("at"), st.integers(0, 6 * CHUNK)),
        ),
        max_size=12,
    ),
)
def test_reads_across_chunks_are_those_of_the_plain_file(
    tmp_path_factory: pytest.TempPathFactory, length: int, moves: list[tuple[str, int]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "plain"
    data = DATA[:length]
    path.write_bytes(data)
    with opened.opened(str(path), _wanted(data, chunks=True), "digests") as found, path.open("rb") as plain:
        for kind, number in moves:
            match kind:
                case "read":
                    assert found.read(number) == plain.read(number)
                case "seek":
                    assert found.seek(number) == plain.seek(number)
                case "end":
                    place = min(number, length)
                    assert found.seek(-place, os.SEEK_END) == plain.seek(-place, os.SEEK_END)
                case "line":
                    assert found.readline() == plain.readline()
                case _:
                    raw: Any = found
                    assert raw.raw.read_at(number, CHUNK + 1) == data[number : number + CHUNK + 1]
            assert found.tell() == plain.tell()


def test_two_chunks_are_held_and_no_more(file: Path) -> None:
    found: Any = _open(file, "digests", chunks=True)
    for offset in (0, 3 * CHUNK, 9 * CHUNK, 0):
        found.raw.read_at(offset, 5)
        assert len(found.raw._held) <= 2
    found.close()


def test_threads_may_share_a_file(file: Path) -> None:
    found: Any = _open(file, "digests", chunks=True)
    wrong: list[int] = []

    def work(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(200):
            offset, count = chance.randrange(len(DATA)), chance.randrange(3 * CHUNK)
            if found.raw.read_at(offset, count) != DATA[offset : offset + count]:
                wrong.append(offset)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found.close()
    assert not wrong


def test_a_closed_file_reads_no_more(file: Path) -> None:
    found: Any = _open(file, "digests", chunks=True)
    raw = found.raw
    found.close()
    with pytest.raises(ValueError, match=r"closed"):
        raw.read_at(0, 1)


def test_readers_of_ours_read_it_too(file: Path) -> None:
    from weighmaster.model.errors import UnreadableError
    from weighmaster.reading.budget import Budget
    from weighmaster.reading.cursor import Cursor

    found: Any = _open(file, "digests", chunks=True)
    cursor = Cursor(found.raw, Budget())
    cursor.skip(len(DATA) - 3)
    assert cursor.take(3) == DATA[-3:]
    with pytest.raises(UnreadableError):
        cursor.take(1)
    found.close()


# What vouches for a file.


def test_a_digest_vouches_for_a_file(file: Path) -> None:
    for sha256 in (SHA256, SHA256.upper(), f"sha256:{SHA256}"):
        with weighmaster.open_verified(file, sha256=sha256) as found:
            assert found.read() == DATA
    with pytest.raises(TrustError, match=f"'weights' has the SHA-256 {SHA256}, and {'0' * 64} was vouched for"):
        weighmaster.open_verified(file, sha256="0" * 64)


def test_an_entry_vouches_for_a_file_and_its_size(file: Path) -> None:
    (entry,) = hash_artifact(file).entries
    with weighmaster.open_verified(file, entry=entry) as found:
        assert found.read() == DATA
    wrong = Entry(path="weights", size=1, sha256=SHA256)
    with pytest.raises(TrustError, match=f"'weights' has {len(DATA)} bytes, and 1 were vouched for"):
        weighmaster.open_verified(file, entry=wrong)


def test_a_manifest_vouches_for_a_file_under_its_name(tmp_path: Path) -> None:
    for name in ("unet", "vae"):
        (tmp_path / "m" / name).mkdir(parents=True)
        (tmp_path / "m" / name / "model.bin").write_bytes(name.encode())
    manifest = hash_artifact(tmp_path / "m", Hashing(full=True))
    with weighmaster.open_verified(tmp_path / "m" / "vae" / "model.bin", manifest=manifest) as found:
        assert found.read() == b"vae"
    os.replace(tmp_path / "m" / "unet" / "model.bin", tmp_path / "m" / "vae" / "model.bin")
    with pytest.raises(TrustError, match=r"'vae/model.bin' (has|is not)"):
        weighmaster.open_verified(tmp_path / "m" / "vae" / "model.bin", manifest=manifest)
    with pytest.raises(ConfigError, match=r"the manifest has no file that could be"):
        weighmaster.open_verified(tmp_path / "m" / "other.bin", manifest=manifest)
    with pytest.raises(ConfigError, match=r"the manifest has no file 'x'"):
        weighmaster.open_verified(tmp_path / "m" / "vae" / "model.bin", manifest=manifest, name="x")


def test_where_a_file_could_be_two_of_a_manifest_the_caller_says_which(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "w").write_bytes(b"sub")
    (tmp_path / "w").write_bytes(b"top")
    manifest = hash_artifact(tmp_path)
    with pytest.raises(ConfigError, match=r"could be 'sub/w' or 'w' of the manifest: say which with name="):
        weighmaster.open_verified(tmp_path / "sub" / "w", manifest=manifest)
    with weighmaster.open_verified(tmp_path / "sub" / "w", manifest=manifest, name="sub/w") as found:
        assert found.read() == b"sub"


def test_nothing_opens_without_something_that_vouches(file: Path) -> None:
    with pytest.raises(ConfigError, match=r"has to vouch for .*; nothing was given"):
        weighmaster.open_verified(file)
    with pytest.raises(ConfigError, match=r"sha256 and manifest was given"):
        weighmaster.open_verified(file, sha256=SHA256, manifest=Manifest.of([]))
    with pytest.raises(ConfigError, match=r"'abc' is no SHA-256"):
        weighmaster.open_verified(file, sha256="abc")


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, tmp_path / "missing", "zero\0byte"):
        with pytest.raises(TrustError, match=r"is no file|cannot be opened"):
            weighmaster.open_verified(path, sha256=SHA256)


def test_an_unknown_way_to_keep_a_file_is_a_wrong_use(file: Path) -> None:
    with pytest.raises(ConfigError, match=r"no way to keep a file is called 'cloud'"):
        weighmaster.open_verified(file, sha256=SHA256, keep="cloud")  # type: ignore[arg-type]


def test_chunks_have_to_cover_the_file(file: Path) -> None:
    entry = Entry(path="weights", size=len(DATA), sha256=SHA256, chunks=("0" * 64, "0" * 64))
    for keep in ("memory", "digests"):
        with pytest.raises(TrustError, match=r"and 2 chunks were vouched for"):
            weighmaster.open_verified(file, entry=entry, keep=keep)


def test_an_empty_file_is_verified_too(tmp_path: Path) -> None:
    (tmp_path / "e").write_bytes(b"")
    for keep in KEEPS:
        with weighmaster.open_verified(tmp_path / "e", sha256=hashlib.sha256().hexdigest(), keep=keep) as found:  # type: ignore[arg-type]
            assert found.read() == b""
        with pytest.raises(TrustError):
            weighmaster.open_verified(tmp_path / "e", sha256=SHA256, keep=keep)  # type: ignore[arg-type]


def test_older_systems_seal_memory_too(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.memfd_create

    def older(name: str, flags: int) -> int:
        if flags & 0x8:
            raise OSError(errno.EINVAL, "Invalid argument")
        return real(name, flags)

    monkeypatch.setattr(os, "memfd_create", older)
    with weighmaster.open_verified(file, sha256=SHA256) as found:
        assert found.read() == DATA


def test_no_memory_for_a_copy_is_said(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> int:
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    monkeypatch.setattr(os, "ftruncate", none)
    with pytest.raises(OverBudgetError, match=r"no room for a copy of \d+ bytes"):
        weighmaster.open_verified(file, sha256=SHA256)


def test_no_room_for_a_copy_is_said(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    for keep in ("memory", "disk"):
        with pytest.raises(OverBudgetError, match=r"No space left on device"):
            weighmaster.open_verified(file, sha256=SHA256, keep=keep)


# Tensors.


def _safetensors(header: dict[str, Any], data: bytes) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


HEADER = {
    "__metadata__": {"format": "pt"},
    "a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
    "b": {"dtype": "I16", "shape": [4], "data_offsets": [24, 32]},
}
VALUES = struct.pack("<6f4h", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
TENSORS = _safetensors(HEADER, VALUES)


@pytest.fixture
def tensors(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    path.write_bytes(TENSORS)
    return path


def _load(path: Path, **options: Any) -> dict[str, Any]:
    return weighmaster.load_file(path, sha256=hashlib.sha256(TENSORS).hexdigest(), **options)


def test_tensors_are_loaded_for_torch(tensors: Path) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file

    found, wanted = _load(tensors), load_file(tensors)
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[name], wanted[name]) and found[name].dtype == wanted[name].dtype for name in wanted)


def test_tensors_are_loaded_for_numpy(tensors: Path) -> None:
    found = _load(tensors, framework="numpy")
    assert {name: value.tolist() for name, value in found.items()} == {
        "a": [[1, 2, 3], [4, 5, 6]],
        "b": [7, 8, 9, 10],
    }


def test_tensors_are_loaded_without_any_library(tensors: Path) -> None:
    found = _load(tensors, framework="none")
    assert {name: (one.dtype, one.shape, bytes(one.data)) for name, one in found.items()} == {
        "a": ("F32", (2, 3), VALUES[:24]),
        "b": ("I16", (4,), VALUES[24:]),
    }
    assert all(isinstance(one, Block) and one.data.readonly for one in found.values())


@pytest.mark.parametrize("framework", ["torch", "numpy", "none"])
@ATTACKS
def test_no_tensor_changes_after_it_was_verified(tensors: Path, framework: str, attack: Callable[[Path], None]) -> None:
    data = _safetensors({"a": {"dtype": "U8", "shape": [len(DATA)], "data_offsets": [0, len(DATA)]}}, DATA)
    tensors.write_bytes(data)
    found = weighmaster.load_file(tensors, manifest=hash_artifact(tensors, Hashing(full=True)), framework=framework)
    attack(tensors)
    one = found["a"]
    assert bytes(one.data if framework == "none" else one.tolist()) == DATA


def test_changed_tensors_are_refused(tensors: Path) -> None:
    with tensors.open("r+b") as out:
        out.seek(-1, os.SEEK_END)
        out.write(b"\x01")
    with pytest.raises(TrustError, match=r"'model.safetensors' has the SHA-256"):
        _load(tensors)


def test_without_sealed_memory_tensors_are_loaded_all_the_same(tensors: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "memfd_create")
    real = os.path.exists
    monkeypatch.setattr(os.path, "exists", lambda path: not str(path).startswith("/proc/self/fd") and real(path))
    assert _load(tensors, framework="numpy")["b"].tolist() == [7, 8, 9, 10]
    with pytest.raises(ConfigError, match=r"no sealed memory that could be mapped to cuda"):
        _load(tensors, framework="numpy", device="cuda")


def _header(**changes: Any) -> bytes:
    return _safetensors(HEADER | changes, VALUES)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "a header of 0 bytes in a file of 0"),
        (TENSORS[:-1], "lies at 24-32"),
        (TENSORS + b"x", "the tensors end at 32, the data at 33"),
        (_header(b={"dtype": "I16", "shape": [4], "data_offsets": [20, 28]}), "lies at 20-28, 24 is where it has to"),
        (_header(b={"dtype": "I16", "shape": [5], "data_offsets": [24, 32]}), "not what its shape needs"),
        (_header(b={"dtype": "I17", "shape": [4], "data_offsets": [24, 32]}), "which is not known"),
        (_header(b={"dtype": "I16", "shape": [4.0], "data_offsets": [24, 32]}), "not a list of whole numbers"),
        (_header(__metadata__={"a": 1}), "not a mapping of text to text"),
        (_header(__metadata__={"a": "\ud800"}), "half a surrogate pair"),
        (struct.pack("<Q", 1 << 40) + b"{}", "a header of 1099511627776 bytes"),
        (struct.pack("<Q", 2) + b"\xff\xff", "not UTF-8"),
        (TENSORS.replace(b'"a"', b'"b"'), "has 'b' twice"),
    ],
)
@pytest.mark.parametrize("framework", ["numpy", "none"])
def test_what_breaks_the_law_of_safetensors_is_not_loaded(
    tmp_path: Path, data: bytes, said: str, framework: str
) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(data)
    with pytest.raises(UnreadableError, match=said):
        weighmaster.load_file(path, sha256=hashlib.sha256(data).hexdigest(), framework=framework)


def test_an_unknown_framework_is_a_wrong_use(tensors: Path) -> None:
    with pytest.raises(ConfigError, match=r"no framework is called 'caffe'"):
        _load(tensors, framework="caffe")


def test_a_missing_library_is_named_with_its_remedy(tensors: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(MissingExtraError, match=r"pip install safetensors torch"):
        _load(tensors)


@given(st.binary(max_size=60), st.integers(0, len(TENSORS) - 1), st.integers(0, 8))
def test_whatever_a_header_holds_is_loaded_or_refused(noise: bytes, at: int, length: int) -> None:
    from weighmaster.reading.safetensors import tensors as law
    from weighmaster.reading.source import BytesSource

    data = TENSORS[:at] + noise + TENSORS[at + length :]
    try:
        base, found = law(BytesSource(data))
    except UnreadableError:
        return
    assert base + sum(one.end - one.begin for one in found) == len(data)


def test_spans_are_copied_side_by_side_and_the_copy_is_whole(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private, "_SPAN", 7777)
    for jobs in (1, 3):
        monkeypatch.setattr(private, "processors", functools.partial(int, jobs))
        for keep in ("memory", "disk"):
            for chunks in (False, True):
                with _open(file, keep, chunks=chunks) as found:
                    assert found.read() == DATA
