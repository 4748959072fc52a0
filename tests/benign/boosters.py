"""What XGBoost and LightGBM write."""

from __future__ import annotations

import os
import pickle
from typing import Any

import joblib
import lightgbm
import numpy as np
import xgboost

_GENERATOR = np.random.default_rng(4)
_X = _GENERATOR.random((60, 4))
_Y = np.arange(60) % 2


def _models() -> dict[str, Any]:
    quiet: dict[str, Any] = {"n_estimators": 3, "n_jobs": 1}
    matrix = xgboost.DMatrix(_X, _Y)
    return {
        "XGBClassifier": xgboost.XGBClassifier(**quiet).fit(_X, _Y),
        "XGBRegressor": xgboost.XGBRegressor(**quiet).fit(_X, _X[:, 0]),
        "XGBRFClassifier": xgboost.XGBRFClassifier(**quiet).fit(_X, _Y),
        "XGBRanker": xgboost.XGBRanker(**quiet).fit(_X, _Y, group=[30, 30]),
        "xgboost booster": xgboost.train({"nthread": 1}, matrix, 3),
        "xgboost linear": xgboost.train({"nthread": 1, "booster": "gblinear"}, matrix, 3),
        "LGBMClassifier": lightgbm.LGBMClassifier(verbose=-1, **quiet).fit(_X, _Y),
        "LGBMRegressor": lightgbm.LGBMRegressor(verbose=-1, **quiet).fit(_X, _X[:, 0]),
        "LGBMRanker": lightgbm.LGBMRanker(verbose=-1, **quiet).fit(_X, _Y, group=[30, 30]),
        "lightgbm booster": lightgbm.train({"verbose": -1, "num_threads": 1}, lightgbm.Dataset(_X, _Y), 3),
    }


def write(folder: str) -> None:
    """Write each by pickle and joblib, the boosters in their own formats too."""
    models = _models()
    for name, model in models.items():
        with open(os.path.join(folder, f"{name}.pkl"), "wb") as file:
            pickle.dump(model, file)
        joblib.dump(model, os.path.join(folder, f"{name}.joblib"))
        joblib.dump(model, os.path.join(folder, f"{name}.joblib.gz"), compress=("gzip", 3))
    models["xgboost booster"].save_model(os.path.join(folder, "xgboost.json"))
    models["lightgbm booster"].save_model(os.path.join(folder, "lightgbm.txt"))
