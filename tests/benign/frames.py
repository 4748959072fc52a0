"""What pandas pickles."""

from __future__ import annotations

import os
import pickle
from typing import Any

import numpy as np
import pandas as pd


def _frames() -> dict[str, Any]:
    frame = pd.DataFrame(
        {
            "a": range(5),
            "b": np.linspace(0, 1, 5),
            "c": ["x", "y", None, "z", "x"],
            "d": pd.Categorical(["u", "v", "u", "v", "u"]),
            "e": pd.date_range("2024-01-01", periods=5),
            "f": [True, False, True, True, False],
        }
    )
    multi = frame.set_index(["a", "c"])
    return {
        "frame": frame,
        "series": frame["b"],
        "multi index": multi,
        "multi columns": pd.concat({"x": frame[["a", "b"]], "y": frame[["a", "b"]]}, axis=1),
        "index": [
            pd.Index([1, 2]),
            pd.Index(["a", "b"]),
            pd.RangeIndex(5),
            pd.MultiIndex.from_product([[1, 2], ["a", "b"]]),
        ],
        "time index": [
            pd.date_range("2024", periods=3, freq="D"),
            pd.date_range("2024", periods=3, tz="UTC"),
            pd.timedelta_range("1D", periods=3),
        ],
        "periods": [pd.period_range("2024-01", periods=3, freq="M"), pd.Period("2024-01", "M")],
        "intervals": [pd.interval_range(0, 3), pd.Interval(0, 1), pd.cut([1, 2, 3], 2)],
        "timestamps": [
            pd.Timestamp("2024-02-29"),
            pd.Timestamp("2024-02-29", tz="UTC"),
            pd.Timedelta("1D"),
            pd.NaT,
            pd.NA,
        ],
        "categorical": pd.Categorical(["a", "b"], categories=["b", "a"], ordered=True),
        "nullable": pd.DataFrame(
            {
                "i": pd.array([1, None], dtype="Int64"),
                "b": pd.array([True, None], dtype="boolean"),
                "f": pd.array([1.5, None], dtype="Float64"),
            }
        ),
        "strings": pd.Series(["a", None, "b"], dtype="string"),
        "arrow": pd.Series(["a", None], dtype="string[pyarrow]") if _has_arrow() else pd.Series(["a"]),
        "sparse": pd.Series(pd.arrays.SparseArray([0, 0, 1])),
        "objects": pd.Series([{"a": 1}, [1, 2], None], dtype=object),
        "offsets": [pd.offsets.MonthEnd(2), pd.offsets.BusinessDay(), pd.Timedelta(5, "s")],
        "dtypes": [pd.CategoricalDtype(["a"]), pd.DatetimeTZDtype(tz="UTC"), pd.PeriodDtype("M"), pd.Int64Dtype()],
        "empty": pd.DataFrame(),
        "dictionary": {"train": frame, "columns": list(frame.columns), "mean": frame["b"].mean()},
    }


def _has_arrow() -> bool:
    from importlib.util import find_spec

    return find_spec("pyarrow") is not None


def write(folder: str) -> None:
    """Write each by pickle in two protocols, and the frame in all compressions."""
    found = _frames()
    for name, item in found.items():
        for protocol in (4, 5):
            with open(os.path.join(folder, f"{name}-{protocol}.pkl"), "wb") as file:
                pickle.dump(item, file, protocol)
    for suffix in ("pkl", "pkl.gz", "pkl.bz2", "pkl.xz", "pkl.zip", "pkl.tar", "pkl.zst"):
        found["frame"].to_pickle(os.path.join(folder, f"frame.{suffix}"))
