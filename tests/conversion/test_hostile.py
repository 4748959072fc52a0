"""Files that lie, that would do something, or that would take more than there is."""

from __future__ import annotations

import io
import os
import pickle
import random
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.conversion.converting import converted, in_tar, same, saved, stacked
from tests.samples.damage import damaged
from tests.samples.pickles import STOP, name, persid, program, proto, value
from tests.samples.zips import member, zip_of

from weighmaster.conversion.convert import Wanted, convert, planned
from weighmaster.model.errors import (
    ConfigError,
    EncryptedError,
    OverBudgetError,
    TrustError,
    UnreadableError,
)
from weighmaster.reading.budget import Limits

COUNT = 20_000


class Marker:
    """Leaves a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


class Setter:
    """Would run its own code when its state is set."""

    def __init__(self) -> None:
        self.weight = torch.ones(2)

    def __setstate__(self, state: Any) -> None:
        raise SystemExit("a state was set")


def zipped(pickled: bytes, *storages: bytes) -> bytes:
    """Return PyTorch's zip around a pickle and storages."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("archive/data.pkl", pickled)
        for number, data in enumerate(storages):
            packed.writestr(f"archive/data/{number}", data)
    return out.getvalue()


def handle(key: str, count: int, kind: str = "FloatStorage") -> bytes:
    """Return a persistent id as PyTorch's zip has them."""
    return program(b"(", value("storage"), name("torch", kind), value(key), value("cpu"), value(count), b"tQ")


def rebuilt(storage: bytes, offset: int, shape: tuple[int, ...], stride: tuple[int, ...]) -> bytes:
    """Return the call that makes a tensor."""
    arguments = [value(offset), value(shape), value(stride), value(False), b"}"]
    return program(name("torch._utils", "_rebuild_tensor_v2"), b"(", storage, *arguments, b"tR")


def one(tensor: bytes, key: str = "w") -> bytes:
    """Return a pickle of one tensor."""
    return program(proto(2), b"}", value(key), tensor, b"s", STOP)


@pytest.mark.parametrize("as_zip", [True, False])
def test_what_would_run_does_not(tmp_path: Path, *, as_zip: bool) -> None:
    marker = tmp_path / "fired"
    data = saved({"w": torch.ones(2), "evil": Marker(marker), "set": Setter()}, zipped=as_zip)
    done, got = converted(data, alone=True)
    assert not marker.exists()
    same(got, {"w": torch.ones(2), "set.weight": torch.ones(2)})
    assert {"posix.mkdir"} <= set(done.names)
    assert ("evil", "what a call gives: posix.mkdir") in {(left.path, left.detail) for left in done.left}
    with pytest.raises(SystemExit, match="a state was set"):
        torch.load(io.BytesIO(data), weights_only=False)
    assert marker.exists()


def test_functions_that_only_look_like_those_of_pytorch_are_not_taken_for_them() -> None:
    evil = rebuilt(handle("0", 2), 0, (2,), (1,)).replace(b"torch._utils", b"torch_._util")
    done, got = converted(_two(evil))
    assert list(got) == ["good"]
    assert any(left.detail.startswith("what a call gives: torch_._util._rebuild_tensor_v2") for left in done.left)


def _two(other: bytes) -> bytes:
    good = rebuilt(handle("0", 2), 0, (2,), (1,))
    return zipped(program(proto(2), b"}(", value("good"), good, value("other"), other, b"u", STOP), b"\0" * 8)


@pytest.mark.parametrize(
    ("tensor", "why"),
    [
        (rebuilt(handle("0", 4), 0, (5,), (1,)), "'w': it reaches to byte 20 of a storage that has 16"),
        (rebuilt(handle("0", 4), 3, (2,), (1,)), "'w': it reaches to byte 20"),
        (rebuilt(handle("0", 4), 0, (2, 2), (3, 1)), "'w': it reaches to byte 20"),
        (rebuilt(handle("0", 1 << 60), 0, (4,), (1,)), "storage '0' is 4611686018427387904 bytes in data.pkl, and 16"),
        (rebuilt(handle("0", 5), 0, (5,), (1,)), "storage '0' is 20 bytes in data.pkl, and 16 in the archive"),
        (rebuilt(handle("0", -1), 0, (1,), (1,)), "storage '0' is -4 bytes"),
        (rebuilt(handle("7", 4), 0, (4,), (1,)), "no member 'archive/data/7'"),
        (rebuilt(handle("../data.pkl", 1), 0, (1,), (1,)), "no member"),
        (rebuilt(handle("0", 4), -1, (1,), (1,)), "its shape makes no sense"),
        (rebuilt(handle("0", 4), 0, (1,), (-1,)), "its shape makes no sense"),
        (rebuilt(handle("0", 4), 0, (1, 1), (1,)), "its shape makes no sense"),
        (rebuilt(handle("0", 4), 0, (1 << 40, 1 << 40), (0, 0)), "its shape makes no sense"),
    ],
)  # fmt: skip
def test_a_tensor_that_reaches_outside_its_storage_is_refused_by_its_name(tensor: bytes, why: str) -> None:
    with pytest.raises(UnreadableError, match=why.replace("(", "\\(")):
        converted(zipped(one(tensor), b"\0" * 16))


def test_the_first_handle_of_a_storage_decides_what_it_holds_as_in_pytorch() -> None:
    first, second = rebuilt(handle("0", 2), 0, (2,), (1,)), rebuilt(handle("0", 4, "ShortStorage"), 0, (2,), (1,))
    data = zipped(program(proto(2), b"}(", value("a"), first, value("b"), second, b"u", STOP), struct.pack("<2f", 1, 2))
    same(converted(data)[1], {"a": torch.tensor([1.0, 2.0]), "b": torch.tensor([1.0, 2.0])})


@pytest.mark.parametrize(
    ("count", "data", "why"),
    [
        (5, b"\0" * 20, "has 5 elements, and 4 by the pickle"),
        (4, b"\0" * 12, "bytes"),
        (-1, b"", "has -1 elements"),
        (1 << 62, b"", "has 4611686018427387904 elements"),
    ],
)
def test_stacked_storages_that_lie_are_refused(count: int, data: bytes, why: str) -> None:
    packed = stacked(one(rebuilt(handle("0", 4), 0, (4,), (1,))), {"0": (count, data)})
    with pytest.raises(UnreadableError, match=why):
        converted(packed)


def test_a_stacked_storage_that_is_not_there_is_refused() -> None:
    with pytest.raises(UnreadableError, match="storage '0' is not in the file"):
        converted(stacked(one(rebuilt(handle("0", 4), 0, (4,), (1,))), {}))


def test_an_expanded_tensor_that_would_fill_the_disk_is_refused() -> None:
    with pytest.raises(OverBudgetError, match="'w' alone has 4000000000"):
        converted(zipped(one(rebuilt(handle("0", 4), 0, (1_000_000_000,), (0,))), b"\0" * 16))


def test_one_storage_under_a_million_names_is_refused_or_written_once() -> None:
    tensor = rebuilt(handle("0", 1 << 18), 0, (1 << 18,), (1,))
    entries = b"".join(bytes(value(f"t{number}")) + b"h\x01" for number in range(2000))
    pickled = program(proto(2), b"}", value("a"), tensor, b"q\x01s(", entries, b"u", STOP)
    data = zipped(pickled, b"\0" * (1 << 20))
    with pytest.raises(OverBudgetError, match="--shared first"):
        converted(data)
    done, got = converted(data, shared="first")
    assert (list(got), len(done.aliases)) == (["a"], 2000)


def test_things_that_hold_themselves_are_gone_through_once() -> None:
    thing: dict[str, Any] = {"w": torch.ones(1), "list": [torch.zeros(1)]}
    thing["list"].append(thing["list"])
    thing["self"] = thing
    done, got = converted(saved(thing))
    assert sorted(got) == ["list.0", "w"]
    assert [left.detail.partition(" of ")[0] for left in done.left] == ["list", "dictionary"]


def test_what_grows_with_each_level_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("weighmaster.conversion.walk._NODES", 10_000)
    thing: Any = torch.ones(1)
    for _ in range(60):
        thing = (thing, thing)
    with pytest.raises(OverBudgetError, match="parts"):
        converted(saved({"w": thing}))


def test_nested_deeper_than_names_go_is_listed() -> None:
    deep = program(proto(2), b"}(", value("w"), rebuilt(handle("0", 1), 0, (1,), (1,)), value("deep"))
    data = zipped(program(deep, b"]" * 50_000, b"a" * 49_999, b"u", STOP), b"\0" * 4)
    done, got = converted(data)
    assert list(got) == ["w"]
    assert any("too long" in left.detail for left in done.left)


def test_very_many_tensors(tmp_path: Path) -> None:
    entries: list[bytes] = []
    for number in range(COUNT):
        entries.append(value(f"layer.{number}"))
        entries.append(rebuilt(handle("0", COUNT), number, (1,), (1,)))
    data = zipped(program(proto(2), b"}(", *entries, b"u", STOP), struct.pack(f"<{COUNT}f", *range(COUNT)))
    (tmp_path / "a.pt").write_bytes(data)
    done = convert(str(tmp_path / "a.pt"), str(tmp_path / "out"))
    assert len(done.written) == COUNT
    raw = (tmp_path / "out").read_bytes()
    numbers = raw[8 + int.from_bytes(raw[:8], "little") :]
    wanted = sorted(range(COUNT), key=lambda number: f"layer.{number}")
    assert struct.unpack(f"<{COUNT}f", numbers) == tuple(map(float, wanted))


def test_a_name_that_is_no_text_or_reserved() -> None:
    tensor = rebuilt(handle("0", 1), 0, (1,), (1,))
    half = b"X\x03\0\0\0\xed\xa0\x80"
    entries = program(value("__metadata__"), tensor, half, tensor, value("w"), tensor)
    done, got = converted(zipped(program(proto(2), b"}(", entries, b"u", STOP), b"\0" * 4))
    assert sorted(got) == ["__metadata__#2", "w"]
    assert [(left.path, left.kind) for left in done.left] == [("\\ud800", "tensor")]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "cannot be followed"),
        (b"\x80\x02}q", "cannot be followed: truncated"),
        (pickle.dumps({}) + b"more", "4 bytes follow the pickle"),
        (pickle.dumps({"a": 1}), "no tensors that can be carried over; 1 other things"),
        (struct.pack("<Q", 2) + b"{}", "safetensors file already"),
        (zipped(b"N.")[:-30], "a zip with neither"),
    ],
)
def test_what_is_no_file_of_tensors_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        converted(data)


def test_two_members_of_one_name_are_refused() -> None:
    tensor = one(rebuilt(handle("0", 1), 0, (1,), (1,)))
    packed = zip_of(
        [member("archive/data.pkl", tensor), member("archive/data/0", b"\0" * 4), member("archive/data/0", b"\1" * 4)]
    )
    with pytest.raises(UnreadableError, match="no member 'archive/data/0', or several"):
        converted(packed)


def test_two_objects_in_one_archive_are_refused() -> None:
    packed = zip_of([member("a/data.pkl", pickle.dumps({})), member("b/data.pkl", pickle.dumps({}))])
    with pytest.raises(UnreadableError, match="2 members are called"):
        converted(packed)


def test_a_pickle_that_two_readers_take_for_two_things_is_refused() -> None:
    # A FRAME that ends inside an argument: one unpickler forgets the rest of it.
    pickled = program(proto(4), b"\x95" + struct.pack("<Q", 4), b"}", value("key"), b"K\x01s", STOP)
    with pytest.raises(UnreadableError, match="one thing to one reader"):
        converted(pickled)


def test_persistent_ids_without_storages_beside_them_are_listed() -> None:
    data = program(proto(2), b"}(", value("a"), persid("x"), value("b"), value(1), b"u", STOP)
    with pytest.raises(UnreadableError, match="no tensors"):
        converted(data)


def test_a_bomb_is_not_unpacked() -> None:
    import bz2

    data = bz2.compress(b"\0" * (4 << 20))
    with pytest.raises(OverBudgetError, match="unpack"):
        converted(data, limits=Limits(ratio=1100, ratio_from=1 << 20))


def test_encrypted_members_are_refused() -> None:
    packed = bytearray(zipped(one(rebuilt(handle("0", 1), 0, (1,), (1,))), b"\0" * 4))
    for at in (packed.find(b"PK\x03\x04", 40) + 6, packed.rfind(b"PK\x01\x02") + 8):
        packed[at] |= 1
    with pytest.raises((EncryptedError, UnreadableError)):
        converted(bytes(packed))


def test_a_selection_that_is_not_there_names_what_is() -> None:
    with pytest.raises(ConfigError, match="no tensors at 'model'; at the top there are: w"):
        converted(saved({"w": torch.ones(1)}), select="model")


def test_a_worker_that_dies_is_an_error_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.pt").write_bytes(saved({"w": torch.ones(1)}))
    monkeypatch.setattr("weighmaster.conversion.planning.gather", lambda *_: os._exit(9))
    with pytest.raises(UnreadableError, match="its worker ended"):
        convert(str(tmp_path / "a.pt"), str(tmp_path / "out"))
    assert os.listdir(tmp_path) == ["a.pt"]


def test_the_worker_may_read_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.pt").write_bytes(saved({"w": torch.ones(1)}))
    (tmp_path / "secret").write_bytes(b"secret")

    def curious(*_: Any) -> Any:
        raise UnreadableError(open(tmp_path / "secret").read())  # noqa: SIM115 - the worker is gone in a moment

    monkeypatch.setattr("weighmaster.conversion.planning.gather", curious)
    with pytest.raises(UnreadableError, match="PermissionError"):
        planned(str(tmp_path / "a.pt"), Wanted())


FILES = {
    "zip": lambda: saved({"a": torch.arange(6.0).view(2, 3).t(), "b": [torch.ones(2, dtype=torch.bfloat16)], "c": "x"}),
    "stacked": lambda: saved({"a": torch.arange(6.0).view(2, 3).t(), "b": [torch.ones(2)]}, zipped=False),
    "tar": lambda: in_tar({"a": torch.arange(6.0), "b": torch.ones(2, 2)}),
    "pickle": lambda: pickle.dumps({"a": torch.arange(3.0), "b": torch.arange(4).numpy()}),
}


@pytest.mark.parametrize("kind", FILES)
def test_damaged_files_are_converted_or_refused_and_nothing_else(kind: str, tmp_path: Path) -> None:
    from weighmaster.conversion.planning import plan

    whole = FILES[kind]()
    chance = random.Random(kind)
    path = str(tmp_path / "damaged")
    outcomes = set()
    for _ in range(300):
        data = damaged(whole, chance)
        with open(path, "wb") as file:
            file.write(data)
        outcomes.add(plan(path, "damaged", "", Limits(), keep_values=True)[:1])
        try:
            converted(bytes(data))
        except (UnreadableError, OverBudgetError, EncryptedError, TrustError):
            continue
    assert outcomes == {b"!", b"{"}
