"""Held to the reference writer; and elements gathered from anywhere, held to PyTorch."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from tests.conversion.converting import saved
from tests.conversion.test_torch import KINDS, numbers
from tests.samples.vetting import report_on

from weighmaster.conversion import gathering, plan
from weighmaster.conversion.convert import Wanted, convert, planned
from weighmaster.conversion.copying import Copier
from weighmaster.conversion.gathering import slabs
from weighmaster.conversion.plan import Plan, Stream, Tensor
from weighmaster.model.errors import ConfigError, OverBudgetError, TrustError, UnreadableError


def tensor(**fields: Any) -> Tensor:
    """Return a tensor of a plan."""
    plain = {"name": "t", "kind": "F32", "shape": (2,), "stride": (1,), "stream": 0, "start": 0}
    return Tensor(**{**plain, "swap": False, "flip": "", "storage": 0, **fields})


def test_the_file_is_that_of_the_reference_writer_byte_for_byte(tmp_path: Path) -> None:
    marks = 'zä"\\\n'
    thing = {f"{marks[i % 5]}{i}": numbers(kind, 2 + i).view(1, -1) for i, kind in enumerate(KINDS)}
    (tmp_path / "a.pt").write_bytes(saved(thing))
    convert(str(tmp_path / "a.pt"), str(tmp_path / "ours"))
    save_file(thing, tmp_path / "theirs", metadata={"format": "pt"})
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()
    assert not report_on((tmp_path / "ours").read_bytes()).gaps


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([(1, "U8", "u1"), (2, "I16", "<i2"), (4, "F32", "<i4"), (8, "I64", "<i8")]),
    st.lists(st.tuples(st.integers(1, 5), st.integers(0, 9)), max_size=4),
    st.integers(0, 4),
    st.integers(1, 40),
    st.integers(1, 200),
)
def test_gathers_any_elements_however_little_is_held_at_once(
    kind: tuple[int, str, str], sides: list[tuple[int, int]], offset: int, slab: int, extent: int
) -> None:
    width, name, code = kind
    data = np.random.default_rng(1).integers(0, 256, 400 * width, dtype="u1").tobytes()
    shape, stride = tuple(side for side, _ in sides), tuple(step for _, step in sides)
    of = tensor(kind=name, shape=shape, stride=stride, start=offset * width)
    with mock.patch.multiple(gathering, _SLAB=slab * width, _EXTENT=extent):
        got = b"".join(slabs(of, lambda at, count: data[at : at + count]))
    whole = np.frombuffer(data, code)[offset:]
    assert got == np.lib.stride_tricks.as_strided(whole, shape, tuple(step * width for step in stride)).tobytes()


@pytest.mark.parametrize("extent", [1 << 30, 1 << 10])
@pytest.mark.parametrize(
    ("shape", "order"),
    [((70, 90), (1, 0)), ((3, 40, 50), (2, 1, 0)), ((40, 3, 50), (2, 0, 1)), ((33, 32, 4), (2, 1, 0))],
)
def test_tiles_are_where_they_belong(
    shape: tuple[int, ...], order: tuple[int, ...], extent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "_EXTENT", extent)
    monkeypatch.setattr(gathering, "_ALONG", 16)
    monkeypatch.setattr(gathering, "_ACROSS", 7)
    plain = np.arange(np.prod(shape), dtype="<i4").reshape(shape)
    turned = plain.transpose(order)
    one = tensor(kind="I32", shape=turned.shape, stride=tuple(step // 4 for step in turned.strides), stream=0, start=0)
    raw = plain.tobytes()
    assert b"".join(slabs(one, lambda at, count: raw[at : at + count])) == turned.tobytes()


def test_a_large_transposed_tensor_is_gathered_without_being_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "_SLAB", 1 << 20)
    monkeypatch.setattr(gathering, "_EXTENT", 1 << 20)
    thing = {"t": torch.randn(900, 1100).t(), "fifth": torch.randn(10, 100_000)[:, ::5]}
    (tmp_path / "a.pt").write_bytes(saved(thing))
    convert(str(tmp_path / "a.pt"), str(tmp_path / "a.safetensors"))
    save_file({key: value.contiguous() for key, value in thing.items()}, tmp_path / "b", metadata={"format": "pt"})
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b").read_bytes()


def test_nothing_is_replaced_unless_that_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(saved({"a": torch.ones(1)}))
    (tmp_path / "out").write_bytes(b"mine")
    with pytest.raises(ConfigError, match="--force"):
        convert(str(tmp_path / "a.pt"), str(tmp_path / "out"))
    assert (tmp_path / "out").read_bytes() == b"mine"
    convert(str(tmp_path / "a.pt"), str(tmp_path / "out"), Wanted(force=True))
    assert (tmp_path / "out").read_bytes() != b"mine"
    assert sorted(os.listdir(tmp_path)) == ["a.pt", "out"]


@pytest.mark.parametrize("kind", ["pipe", "folder", "socket"])
def test_what_is_no_file_is_never_replaced(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a.pt").write_bytes(saved({"a": torch.ones(1)}))
    out = tmp_path / "out"
    if kind == "folder":
        out.mkdir()
    else:
        os.mknod(out, stat.S_IFIFO if kind == "pipe" else stat.S_IFSOCK)
    with pytest.raises(ConfigError, match="is no file"):
        convert(str(tmp_path / "a.pt"), str(out), Wanted(force=True))
    assert not out.is_file()


def test_the_source_is_not_written_over(tmp_path: Path) -> None:
    source = saved({"a": torch.ones(1)})
    (tmp_path / "a.pt").write_bytes(source)
    (tmp_path / "link.pt").symlink_to("a.pt")
    for one, other in (("a.pt", "a.pt"), ("link.pt", "a.pt")):
        with pytest.raises(ConfigError, match="is the source"):
            convert(str(tmp_path / one), str(tmp_path / other), Wanted(force=True))
    assert (tmp_path / "a.pt").read_bytes() == source


def test_what_is_packed_small_does_not_fill_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("weighmaster.conversion.convert._ALWAYS", 1 << 20)
    old = zipfile.ZipFile(io.BytesIO(saved({"a": torch.zeros(1 << 20)})))
    with old, zipfile.ZipFile(tmp_path / "a.pt", "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    with pytest.raises(OverBudgetError, match="would be written of"):
        convert(str(tmp_path / "a.pt"), str(tmp_path / "out"))
    assert os.listdir(tmp_path) == ["a.pt"]


def test_a_file_that_changes_meanwhile_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "a.pt"
    source.write_bytes(saved({"a": torch.ones(1)}))

    def swapped(*arguments: Any) -> Plan:
        found = planned(*arguments)
        source.write_bytes(saved({"a": torch.zeros(1)}))
        return found

    monkeypatch.setattr("weighmaster.conversion.convert.planned", swapped)
    with pytest.raises(TrustError, match="changed while it was read"):
        convert(str(source), str(tmp_path / "out"))
    assert os.listdir(tmp_path) == ["a.pt"]


def test_what_is_written_is_read_again_and_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "a.pt"
    source.write_bytes(saved({"a": torch.randn(1000), "turned": torch.randn(10, 20).t()}))
    for lies in ("_direct", "_pieces"):
        does = getattr(Copier, lies)

        def lying(self: Any, one: Any, *more: Any, does: Any = does) -> None:
            does(self, one, *more)
            os.pwrite(self._out, b"\x55\xaa", one.at)

        with monkeypatch.context() as patched:
            patched.setattr(Copier, lies, lying)
            with pytest.raises(TrustError, match="is not what was read"):
                convert(str(source), str(tmp_path / "out"))
    assert os.listdir(tmp_path) == ["a.pt"]


def test_copies_where_the_system_cannot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cannot(*_: Any) -> int:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "copy_file_range", cannot)
    (tmp_path / "a.pt").write_bytes(saved({"a": torch.arange(1e5)}))
    convert(str(tmp_path / "a.pt"), str(tmp_path / "out"))
    monkeypatch.undo()
    convert(str(tmp_path / "a.pt"), str(tmp_path / "other"))
    assert (tmp_path / "out").read_bytes() == (tmp_path / "other").read_bytes()


GOOD = Plan(
    layout="pickle", framework="pt", streams=(Stream(parent=0, start=0, end=100, codec="", size=100),), literals=b"",
    tensors=(tensor(),), left=(), left_count=0, names=(), values=(), renamed=(), identity=(1, 2, 3, 4),
)  # fmt: skip


def test_a_plan_survives_the_way_between_processes() -> None:
    assert plan.read(plan.written(GOOD)) == GOOD


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("start", 93), ("start", -1), ("shape", (1 << 40,)), ("shape", (26,)), ("stride", (-1,)), ("stride", ()),
        ("kind", "F128"), ("stream", 1), ("flip", "upside down"), ("name", "x" * 5000), ("swap", 1), ("storage", None),
        ("shape", (1 << 40, 1 << 40)), ("stride", (1 << 70,)),
    ],
)  # fmt: skip
def test_no_tensor_of_a_plan_lies_outside_its_bytes(field: str, value: Any) -> None:
    from weighmaster.model.value import replace

    with pytest.raises(UnreadableError):
        plan.read(plan.written(replace(GOOD, tensors=(tensor(**{field: value}),))))


@pytest.mark.parametrize(
    "stream",
    [(0, 0, 200, "zlib", 10), (3, 0, 10, "zlib", 10), (0, 20, 10, "zlib", 10), (0, 0, 0, "literals", 9), (0, 0, 10)],
)
def test_no_stream_of_a_plan_lies_outside_the_file(stream: tuple[Any, ...]) -> None:
    import json

    document = json.loads(plan.written(GOOD))
    document["streams"].append(stream)
    with pytest.raises(UnreadableError):
        plan.read(json.dumps(document).encode())


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"literals": 3}'])
def test_what_is_no_plan_is_refused(raw: bytes) -> None:
    with pytest.raises(UnreadableError):
        plan.read(raw)


def test_a_worker_looks_at_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(saved({"a": torch.ones(1)}))
    found = planned(str(tmp_path / "a.pt"), Wanted())
    assert [one.name for one in found.tensors] == ["a"]
    out = io.BytesIO()
    out.write(plan.written(found))
    assert plan.read(out.getvalue()) == found
