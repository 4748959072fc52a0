"""XGBoost's, LightGBM's and CatBoost's own files."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import lightgbm as lightgbm_library
import numpy as np
import pytest
import xgboost as xgboost_library
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.samples.vetting import inner_bytes, reads, report_on, rules_on, verdict_on
from tests.samples.whole.sundry import catboost, lightgbm, tree, ubjson, xgboost_json, xgboost_old

from weighmaster.formats.catboost import FORMAT as CATBOOST
from weighmaster.formats.lightgbm import FORMAT as LIGHTGBM
from weighmaster.formats.xgboost import FORMAT as XGBOOST
from weighmaster.model.errors import UnreadableError
from weighmaster.model.fact import Disagreement, Metadata, Reference, Stray
from weighmaster.model.verdict import Outcome
from weighmaster.reading.budget import Budget
from weighmaster.reading.buffered import Buffered
from weighmaster.reading.source import BytesSource
from weighmaster.reading.ubjson import Numbers, Reader

_PICKLE = b"cposix\nsystem\n(S'true'\ntR."


def kinds(data: bytes) -> set[str]:
    return {read.kind for read in reads(XGBOOST, data)[0] if isinstance(read, Disagreement)}


@pytest.fixture(scope="module")
def booster() -> xgboost_library.Booster:
    x = np.random.default_rng(1).random((40, 3))
    booster = xgboost_library.train({"nthread": 1}, xgboost_library.DMatrix(x, np.arange(40) % 2), 2)
    booster.set_attr(note="by hand")
    return booster


@pytest.mark.parametrize("form", ["json", "ubj"])
def test_what_xgboost_writes_is_read_in_full(booster: xgboost_library.Booster, form: str) -> None:
    data = bytes(booster.save_raw(form))
    found, error = reads(XGBOOST, data)
    assert error is None
    assert ("note", "by hand") in {(read.key, read.text) for read in found if isinstance(read, Metadata)}
    assert verdict_on(data, f"model.{form}") is Outcome.ALLOW
    assert "xgboost" in report_on(data).artifacts[0].formats


@pytest.mark.parametrize("form", ["json", "ubj"])
@pytest.mark.parametrize(
    "changed",
    [{"left_children": [7, -1, -1]}, {"right_children": [2, -1, -9]}, {"right_children": [2, -1]}],
)
def test_a_tree_that_leads_out_of_itself_is_told(form: str, changed: dict[str, list[int]]) -> None:
    model = xgboost_json(tree(**changed))
    data = model if form == "json" else ubjson(json.loads(model))
    assert kinds(data) == {"counts-differ"}
    assert verdict_on(data) is Outcome.BLOCK


def test_a_count_of_trees_that_is_not_so_is_told() -> None:
    assert kinds(xgboost_json(tree(), said=9)) == {"counts-differ"}
    assert not kinds(xgboost_json(tree()))


def test_what_stands_behind_ubjson_is_read(booster: xgboost_library.Booster) -> None:
    data = bytes(booster.save_raw("ubj")) + _PICKLE
    assert any(isinstance(read, Stray) for read in reads(XGBOOST, data)[0])
    assert verdict_on(data) is Outcome.BLOCK


def test_the_binary_form_of_old_is_read_to_its_end() -> None:
    for data in (xgboost_old(), xgboost_old(binf=False)):
        found, error = reads(XGBOOST, data)
        assert error is None
        assert not [read for read in found if isinstance(read, Stray)]
    found, _ = reads(XGBOOST, xgboost_old(after=_PICKLE))
    assert inner_bytes(found) == [_PICKLE]
    assert isinstance(reads(XGBOOST, xgboost_old(trees=-1))[1], UnreadableError)
    assert isinstance(reads(XGBOOST, xgboost_old(nodes=0))[1], UnreadableError)


@pytest.mark.parametrize(
    "data",
    [
        b"{L" + struct.pack(">q", 1 << 40) + b"a", b"[$l#L" + struct.pack(">q", 1 << 60),
        b"[#L" + struct.pack(">q", -1),
        b"[" * 5000, b"{L" + struct.pack(">q", 1) + b"a?", b"[$l", b"[$l3",
    ],
)  # fmt: skip
def test_broken_ubjson_is_unreadable(data: bytes) -> None:
    with pytest.raises(UnreadableError):
        Reader(Buffered(BytesSource(data), Budget(), order=">")).value()


_JSON = st.recursive(
    st.integers(-(1 << 31), (1 << 31) - 1) | st.text(max_size=4),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=3), below, max_size=3),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(value=_JSON)
def test_ubjson_reads_back_as_what_was_written(value: object) -> None:
    data = ubjson(value)
    reader = Reader(Buffered(BytesSource(data), Budget(), order=">"))
    assert _plain(reader.value(), data) == value
    assert reader.stream.left == 0


def _plain(found: object, data: bytes) -> object:
    match found:
        case Numbers():
            return list(struct.unpack_from(f">{found.count}i", data, found.start))
        case dict():
            return {key: _plain(value, data) for key, value in found.items()}
        case list():
            return [_plain(value, data) for value in found]
        case _:
            return found


def test_what_lightgbm_writes_is_allowed(tmp_path: Path) -> None:
    x = np.random.default_rng(1).random((60, 3))
    path = str(tmp_path / "m.txt")
    data_set = lightgbm_library.Dataset(x, np.arange(60) % 2, params={"verbose": -1})
    lightgbm_library.train({"verbose": -1, "num_threads": 1}, data_set, 2).save_model(path)
    data = Path(path).read_bytes()
    found, error = reads(LIGHTGBM, data)
    assert error is None
    assert {read.key for read in found if isinstance(read, Metadata)} >= {"objective", "feature_names"}
    assert verdict_on(data, "m.txt") is Outcome.ALLOW


def test_sizes_of_trees_that_lead_elsewhere_wait_for_a_person() -> None:
    assert verdict_on(lightgbm(), "m.txt") is Outcome.ALLOW
    for sizes in ("5", "99999999999999", "x", "1 2 3"):
        assert rules_on(lightgbm(sizes), "m.txt") == {"some-readers-refuse"}


def test_files_that_lightgbm_was_trained_with_are_named_and_not_opened() -> None:
    data = lightgbm(forcedsplits_filename="/home/me/splits.json", valid="")
    references = [read for read in reads(LIGHTGBM, data)[0] if isinstance(read, Reference)]
    assert [read.target for read in references] == ["/home/me/splits.json"]
    assert verdict_on(data, "m.txt") is Outcome.ALLOW


def test_a_model_of_catboost_is_followed_through_its_parts() -> None:
    tables = struct.pack("<II", 1, 4) + b"ctrs"
    counters = (b"static_provider_v1",)
    assert verdict_on(catboost(tables, counters)) is Outcome.ALLOW
    assert verdict_on(catboost(tables + _PICKLE, counters)) is Outcome.BLOCK
    assert verdict_on(catboost(_PICKLE)) is Outcome.BLOCK
    assert verdict_on(catboost(struct.pack("<II", 1, 1 << 30), counters)) is Outcome.REVIEW
    assert verdict_on(catboost(b"", (b"a_part_of_ones_own",))) is Outcome.REVIEW
    found, error = reads(CATBOOST, catboost())
    assert error is None
    assert [read.key for read in found if isinstance(read, Metadata)] == ["params"]


def test_a_core_of_catboost_that_is_none_is_unreadable() -> None:
    for data in (b"CBM1" + b"\xff" * 4, b"CBM1" + struct.pack("<I", 40) + bytes(40), b"CBM1"):
        assert isinstance(reads(CATBOOST, data)[1], UnreadableError)
