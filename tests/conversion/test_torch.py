"""Held to PyTorch: what comes out is what `torch.load` gives, bit for bit."""

from __future__ import annotations

import io
import pickle
import tempfile
import warnings
import zipfile
from collections import OrderedDict, defaultdict
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conversion.converting import STORAGE, bits, converted, flat, in_tar, same, saved

from weighmaster.model.errors import UnreadableError

KINDS = [
    *(torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8),
    *(torch.uint8, torch.uint16, torch.uint32, torch.uint64, torch.bool, torch.complex64),
    *(torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz),
]
OLD = {*KINDS[:9], torch.bool, torch.complex64}
SOME = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def numbers(kind: torch.dtype, count: int, seed: int = 0) -> torch.Tensor:
    """Return that many elements of any bits."""
    width = torch.empty(0, dtype=kind).element_size()
    chance = torch.Generator().manual_seed(seed)
    raw = torch.randint(0, 2 if kind is torch.bool else 256, (count * width,), generator=chance, dtype=torch.uint8)
    return raw.view(kind)


@st.composite
def tensors(draw: st.DrawFn, kinds: list[torch.dtype], pool: list[torch.Tensor]) -> torch.Tensor:
    """Return a tensor of any kind and shape, a view or not, in a storage of its own or in one that others have."""
    if pool and draw(st.sampled_from([True, False])):
        base = draw(st.sampled_from(pool))
    else:
        base = numbers(draw(st.sampled_from(kinds)), draw(st.integers(0, 60)), draw(st.integers(0, 9)))
        pool.append(base)
    sides = draw(st.lists(st.integers(0, 4), max_size=4))
    steps = [draw(st.integers(0, 7)) for _ in sides]
    offset = draw(st.integers(0, 5))
    last = offset + sum((side - 1) * step for side, step in zip(sides, steps, strict=True))
    if base.numel() == 0 or 0 in sides or last >= base.numel():
        return base
    return torch.as_strided(base, sides, steps, offset)


@st.composite
def things(draw: st.DrawFn, kinds: list[torch.dtype]) -> Any:
    """Return nested dictionaries, lists and tuples of tensors that may share their storages."""
    pool: list[torch.Tensor] = []
    keys = st.text("abc_0", min_size=1, max_size=5)
    inner = st.recursive(
        tensors(kinds, pool),
        lambda deeper: (
            st.dictionaries(keys, deeper, max_size=4)
            | st.lists(deeper, max_size=3)
            | st.tuples(deeper, deeper)
            | st.dictionaries(keys, deeper, max_size=3).map(OrderedDict)
        ),
        max_leaves=8,
    )
    return {"always": numbers(draw(st.sampled_from(kinds)), 3), **draw(st.dictionaries(keys, inner, max_size=4))}


@SOME
@given(things(KINDS), st.booleans())
def test_gives_what_torch_load_gives(thing: Any, zipped: bool) -> None:  # noqa: FBT001 - drawn
    data = saved(thing, zipped=zipped)
    # PyTorch 2.13 stops at its own stacked pickles where a kind of numbers has no storage class.
    new = not zipped and any(tensor.dtype not in OLD for _, tensor in flat(thing))
    loaded = thing if new else torch.load(io.BytesIO(data), weights_only=True)
    done, got = converted(data)
    same(got, dict(flat(loaded)))
    assert all(
        left.kind == "value" and left.detail.startswith(("dict", "list", "tuple", "Ordered")) for left in done.left
    )


@SOME
@given(st.data())
def test_gives_what_torch_load_gives_of_its_first_layout(data: st.DataObject) -> None:
    pool: list[torch.Tensor] = []
    kinds = list(STORAGE)
    thing = {f"t{number}": data.draw(tensors(kinds, pool)) for number in range(data.draw(st.integers(1, 5)))}
    thing = {key: tensor for key, tensor in thing.items() if tensor.untyped_storage().nbytes()} or {
        "one": torch.ones(2)
    }
    packed = in_tar(thing)
    with tempfile.NamedTemporaryFile() as file:
        file.write(packed)
        file.flush()
        same(converted(packed)[1], torch.load(file.name, weights_only=False))


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_every_kind_of_numbers_is_carried_over(kind: torch.dtype, *, zipped: bool) -> None:
    base = numbers(kind, 24)
    thing = {"plain": base, "turned": base.view(4, 6).t(), "wide": base[:3].view(3, 1).expand(3, 5), "none": base[:0]}
    data = saved(thing, zipped=zipped)
    same(converted(data)[1], thing)


def test_views_whose_signs_are_turned_are_written_as_they_look() -> None:
    base = numbers(torch.complex64, 12)
    thing = {"conj": base.conj(), "neg": base.clone().conj().imag, "turned": base.view(3, 4).t().conj()}
    same(converted(saved(thing))[1], thing)


def test_complex_numbers_without_a_name_are_pairs() -> None:
    base = numbers(torch.complex128, 6).view(2, 3)
    done, got = converted(saved({"z": base.t(), "c": base.conj()}))
    same(got, {"z.as_real": torch.view_as_real(base.t()), "c.as_real": torch.view_as_real(base.conj().resolve_conj())})
    assert [(left.path, left.kind) for left in done.left] == [("z", "form"), ("c", "form")]


@pytest.mark.filterwarnings("ignore:.*quantize.*:UserWarning")
def test_quantised_tensors_are_whole_numbers_scales_and_zero_points() -> None:
    wide = torch.randn(3, 4)
    one = torch.quantize_per_tensor(wide, 0.1, 3, torch.qint8)
    scales, zeros = torch.tensor([0.1, 0.2, 0.3], dtype=torch.float64), torch.tensor([0, 1, 2])
    many = torch.quantize_per_channel(wide, scales, zeros, 0, torch.quint8)
    done, got = converted(saved({"one": one, "many": many}))
    same(
        got,
        {
            "one": one.int_repr(),
            "one.scale": torch.tensor(0.1, dtype=torch.float64),
            "one.zero_point": torch.tensor(3),
            "many": many.int_repr(),
            "many.scales": scales,
            "many.zero_points": zeros,
            "many.axis": torch.tensor(0),
        },
    )
    assert {left.kind for left in done.left} == {"form"}


def test_sparse_tensors_are_indices_values_and_size() -> None:
    coo = torch.tensor([[0.0, 2.0], [3.0, 0.0]]).to_sparse()
    with pytest.warns(UserWarning, match="Sparse"):
        csr = coo.to_sparse_csr()
    _, got = converted(saved({"coo": coo, "csr": csr}))
    size = torch.tensor([2, 2])
    same(
        got,
        {
            "coo.indices": coo.coalesce().indices(), "coo.values": coo.coalesce().values(), "coo.size": size,
            "csr.crow_indices": csr.crow_indices(), "csr.col_indices": csr.col_indices(),
            "csr.values": csr.values(), "csr.size": size,
        },
    )  # fmt: skip


def test_what_holds_no_numbers_is_listed_as_a_tensor_left_out() -> None:
    done, _ = converted(saved({"here": torch.ones(1), "meta": torch.ones(2, device="meta")}))
    assert [(left.path, left.kind) for left in done.left] == [("meta", "tensor")]
    assert done.missing


class Own(torch.Tensor):  # type: ignore[misc]
    """A subclass that only this file knows."""


class Holder:
    """An object that only this file knows."""

    def __init__(self) -> None:
        self.weight = torch.ones(2)
        self.label = "x"


def test_files_that_torch_load_refuses_give_their_tensors() -> None:
    own = torch.arange(3.0).as_subclass(Own)
    data = saved({"own": own, "parameter": torch.nn.Parameter(torch.ones(2)), "holder": Holder()})
    with pytest.raises(pickle.UnpicklingError):
        torch.load(io.BytesIO(data), weights_only=True)
    done, got = converted(data)
    same(got, {"own": torch.arange(3.0), "parameter": torch.ones(2), "holder.weight": torch.ones(2)})
    assert [(left.path, left.kind) for left in done.left] == [("own", "form"), ("holder", "object")]
    assert any(each.endswith(".Holder") for each in done.names)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_module_saved_whole_has_the_names_of_its_state_dictionary(*, zipped: bool) -> None:
    module = torch.nn.Sequential(torch.nn.Linear(3, 4, bias=False), torch.nn.BatchNorm1d(4), torch.nn.ReLU())
    module.register_buffer("scratch", torch.ones(2), persistent=False)
    done, got = converted(saved(module, zipped=zipped))
    same(got, module.state_dict())
    assert ("scratch", "omitted") in {(left.path, left.kind) for left in done.left}
    assert not done.missing


def test_a_whole_checkpoint_keeps_its_paths_and_a_part_of_it_its_own() -> None:
    module = torch.nn.Linear(2, 3)
    optimizer = torch.optim.Adam(module.parameters())
    module(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    thing = {"state_dict": module.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}
    data = saved(thing)
    same(converted(data)[1], dict(flat(thing)))
    done, got = converted(data, select="state_dict")
    same(got, module.state_dict())
    assert "epoch" not in {left.path for left in done.left}


def test_numbers_and_short_texts_are_kept_on_request(tmp_path: Any) -> None:
    from safetensors import safe_open

    from weighmaster.conversion.convert import Wanted, convert

    (tmp_path / "a.pt").write_bytes(
        saved({"w": torch.ones(1), "epoch": 3, "args": {"lr": 0.1, "name": "ü", "deep": [1]}})
    )
    done = convert(str(tmp_path / "a.pt"), str(tmp_path / "a.safetensors"), Wanted(keep_values=True))
    with safe_open(tmp_path / "a.safetensors", "pt") as file:
        kept = file.metadata()
    assert kept == {"format": "pt", "epoch": "3", "args.lr": "0.1", "args.name": '"\\u00fc"', "args.deep.0": "1"}
    assert (done.left_count, done.values) == (0, 4)


def test_names_that_are_taken_get_a_number() -> None:
    done, got = converted(
        saved({"a": {"b": torch.ones(1)}, "a.b": torch.zeros(1), 0: torch.ones(2), "0": torch.ones(3)})
    )
    assert {key: tuple(tensor.shape) for key, tensor in got.items()} == {
        "a.b": (1,), "a.b#2": (1,), "0": (2,), "0#2": (3,),
    }  # fmt: skip
    assert done.renamed == (("a.b", "a.b#2"), ("0", "0#2"))


def test_shared_tensors_are_told_and_written_once_on_request() -> None:
    base = torch.arange(6.0)
    thing = {"a": base, "b": base, "view": base[2:4], "alone": torch.ones(1)}
    done, got = converted(saved(thing))
    same(got, thing)
    assert done.shared == (("a", "b", "view"),)
    done, got = converted(saved(thing), shared="first")
    same(got, {key: thing[key] for key in ("a", "view", "alone")})
    assert done.aliases == (("b", "a"),)


def test_the_reference_library_loads_a_model_whose_tensors_are_written_once(tmp_path: Any) -> None:
    from safetensors.torch import load_model

    from weighmaster.conversion.convert import Wanted, convert

    model = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Linear(3, 3))
    model[1].weight = model[0].weight
    (tmp_path / "m.pt").write_bytes(saved(model.state_dict()))
    convert(str(tmp_path / "m.pt"), str(tmp_path / "m.safetensors"), Wanted(shared="first"))
    twin = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Linear(3, 3))
    twin[1].weight = twin[0].weight
    assert load_model(twin, tmp_path / "m.safetensors") == (set(), [])
    same(twin.state_dict(), model.state_dict())


def test_a_pickle_of_tensors_alone_is_converted() -> None:
    thing = {"w": torch.randn(5, 4).t(), "long": torch.randn(300)}
    for protocol in range(2, 6):
        same(converted(pickle.dumps(thing, protocol=protocol))[1], thing)


def test_a_tensor_alone_is_called_tensor() -> None:
    assert bits(converted(saved(torch.arange(3)))[1]["tensor"]) == bits(torch.arange(3))


def test_a_file_of_the_other_byte_order_is_turned() -> None:
    import zipfile

    thing = {
        "f": torch.arange(5, dtype=torch.float32),
        "h": torch.arange(4, dtype=torch.int16),
        "z": torch.ones(2) * 1j,
    }
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved(thing))) as archive, zipfile.ZipFile(out, "w") as turned:
        for info in archive.infolist():
            data = archive.read(info)
            if info.filename.endswith("byteorder"):
                data = b"big"
            elif "/data/" in info.filename:
                width = (4, 2, 4)[int(info.filename[-1])]
                data = b"".join(data[at : at + width][::-1] for at in range(0, len(data), width))
            turned.writestr(info.filename, data)
    same(converted(out.getvalue())[1], thing)


def test_compressed_members_are_unpacked() -> None:
    import zipfile

    thing = {"plain": torch.randn(700), "turned": torch.randn(30, 20).t()}
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(saved(thing))) as archive,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for info in archive.infolist():
            packed.writestr(info.filename, archive.read(info))
    same(converted(out.getvalue())[1], thing)


def test_entries_whose_keys_have_no_text_of_their_own_are_all_there() -> None:
    first, second = torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.zeros(2))
    states = defaultdict(dict, {first: {"step": torch.ones(1)}, second: {"step": torch.zeros(1)}})
    done, found = converted(saved(states))
    assert sorted(tensor.item() for name, tensor in found.items() if name.startswith("?.step")) == [0.0, 1.0]
    assert any(left.detail == "a key that is an object" for left in done.left)


def test_entries_whose_keys_look_the_same_are_all_there() -> None:
    done, found = converted(saved(OrderedDict([(1, torch.ones(1)), ("1", torch.zeros(1))])))
    assert {name: tensor.item() for name, tensor in found.items()} == {"1": 1.0, "1#2": 0.0}
    assert done.renamed == (("1", "1#2"),)


def test_a_key_of_bytes_is_shown_as_python_shows_it() -> None:
    assert converted(saved({b"k": torch.ones(1)}))[1].keys() == {"b'k'"}


def test_a_recurrent_layer_has_the_names_of_its_state_and_no_others() -> None:
    layer = torch.nn.LSTM(2, 3)
    assert converted(saved(layer))[1].keys() == layer.state_dict().keys()


def test_a_script_is_called_one_and_gives_its_constants(tmp_path: Path) -> None:
    class Sum(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(3))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x + self.weight * torch.tensor([5.0, 6.0, 7.0])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.trace(Sum(), torch.ones(3)).save(str(tmp_path / "s.pt"))
    done, found = converted((tmp_path / "s.pt").read_bytes())
    assert done.layout == "torchscript"
    assert found["weight"].tolist() == [1.0, 1.0, 1.0]
    assert [tensor.tolist() for name, tensor in found.items() if name.startswith("constants.")] == [[5.0, 6.0, 7.0]]


def test_an_exported_program_is_called_one() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("m/models/model.json", "{}")
        archive.writestr("m/data/weights/weight_0", bytes(8))
    with pytest.raises(UnreadableError, match=r"torch\.export"):
        converted(out.getvalue())


def test_what_cannot_be_carried_over_is_named_where_nothing_can() -> None:
    with pytest.raises(UnreadableError, match="1 other things are in it, first: a tensor without numbers"):
        converted(saved(torch.empty(3, device="meta")))


@pytest.mark.parametrize("order", [b"Big", b"big\n", b"middle", b""])
def test_an_order_of_bytes_that_pytorch_does_not_know_is_refused(order: bytes) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved({"w": torch.ones(2)}))) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, order if name.endswith("byteorder") else old.read(name))
    with pytest.raises(UnreadableError, match="order of bytes"):
        converted(out.getvalue())
