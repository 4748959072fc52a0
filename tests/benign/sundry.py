"""What XGBoost, LightGBM, CatBoost and skops write in their own formats, and small files that stand beside models."""

from __future__ import annotations

import io
import os
import pickle
import struct
import warnings
import zipfile
import zlib
from typing import Any

import catboost
import lightgbm
import numpy as np
import xgboost
from tests.samples.rfiles import NIL, R
from tests.samples.whole.sqlite import database
from tests.samples.whole.sundry import array, arrow, msgpack, parquet, sentencepiece, whole

_GENERATOR = np.random.default_rng(4)
_X = _GENERATOR.random((60, 4))
_Y = np.arange(60) % 2
_CAT: dict[str, Any] = {"iterations": 4, "verbose": 0, "allow_writing_files": False, "thread_count": 1}
_PROGRAMS = (b"\xe3", b"\x1bLJ")


def write(folder: str) -> None:
    """Write them."""
    _xgboost(folder)
    _lightgbm(folder)
    _catboost(folder)
    _skops(folder)
    _r(folder)
    _beside(folder)


def _xgboost(folder: str) -> None:
    matrix = xgboost.DMatrix(_X, _Y, feature_names=["a", "b", "c", "d"])
    wide = xgboost.DMatrix(_X, np.stack([_Y, 1 - _Y], axis=1))
    options: dict[str, tuple[dict[str, Any], Any]] = {
        "trees": ({}, matrix),
        "dart": ({"booster": "dart"}, matrix),
        "linear": ({"booster": "gblinear"}, matrix),
        "classes": ({"objective": "multi:softprob", "num_class": 2}, matrix),
        "survival": ({"objective": "survival:cox"}, matrix),
        "quantile": ({"objective": "reg:quantileerror", "quantile_alpha": [0.2, 0.8]}, matrix),
        "vector leaves": ({"multi_strategy": "multi_output_tree", "tree_method": "hist"}, wide),
        "forest": ({"num_parallel_tree": 3}, matrix),
    }
    for name, (option, data) in options.items():
        booster = xgboost.train({"nthread": 1, **option}, data, 3)
        booster.set_attr(note="made in a test", best_iteration="2")
        for form in ("json", "ubj"):
            booster.save_model(os.path.join(folder, f"xgboost {name}.{form}"))
        with open(os.path.join(folder, f"xgboost {name}.state"), "wb") as file:
            file.write(bytes(booster.__getstate__()["handle"]))


def _lightgbm(folder: str) -> None:
    options: dict[str, dict[str, Any]] = {
        "trees": {},
        "linear": {"linear_tree": True},
        "dart": {"boosting": "dart"},
        "classes": {"objective": "multiclass", "num_class": 2},
        "forest": {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5},
        "category": {"categorical_feature": [0]},
    }
    for name, option in options.items():
        data = lightgbm.Dataset(np.round(_X * 5), _Y, params={"verbose": -1})
        booster = lightgbm.train({"verbose": -1, "num_threads": 1, "min_data_in_leaf": 3, **option}, data, 3)
        booster.save_model(os.path.join(folder, f"lightgbm {name}.txt"))


def _catboost(folder: str) -> None:
    words = [[f"hello there {i % 5}", str(i % 3), list(map(float, _X[i]))] for i in range(60)]
    pools = {
        "numbers": catboost.Pool(_X, _Y),
        "categories": catboost.Pool([row[1:2] for row in words], _Y, cat_features=[0]),
        "texts": catboost.Pool([row[:1] for row in words], _Y, text_features=[0]),
        "embeddings": catboost.Pool([row[2:] for row in words], _Y, embedding_features=[0]),
        "all": catboost.Pool(words, _Y, text_features=[0], cat_features=[1], embedding_features=[2]),
    }
    for name, pool in pools.items():
        model = catboost.CatBoostClassifier(**_CAT).fit(pool)
        model.save_model(os.path.join(folder, f"catboost {name}.cbm"))
        if name in {"numbers", "categories"}:
            model.save_model(os.path.join(folder, f"catboost {name}.json"), format="json", pool=pool)
    model = catboost.CatBoostRegressor(grow_policy="Lossguide", **_CAT).fit(_X, _X[:, 0])
    model.save_model(os.path.join(folder, "catboost lossguide.cbm"))
    model = catboost.CatBoostClassifier(**_CAT).fit(_X, _Y)
    for form in ("pmml", "cpp", "python"):
        model.save_model(os.path.join(folder, f"catboost.{form}"), format=form)


def _skops(folder: str) -> None:
    import skops.io
    from sklearn import ensemble, feature_extraction, linear_model, neighbors, pipeline, preprocessing, svm, tree

    x, y = np.abs(_X), _Y
    models: dict[str, Any] = {
        "forest": ensemble.RandomForestClassifier(3).fit(x, y),
        "boosting": ensemble.HistGradientBoostingClassifier(max_iter=3).fit(x, y),
        "logistic": linear_model.LogisticRegression().fit(x, y),
        "sgd": linear_model.SGDClassifier().fit(x, y),
        "neighbours": neighbors.KNeighborsClassifier().fit(x, y),
        "svc": svm.SVC(probability=False).fit(x, y),
        "tree": tree.DecisionTreeRegressor().fit(x, y),
        "pipeline": pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.Ridge()).fit(x, y),
        "function": preprocessing.FunctionTransformer(np.log1p).fit(x),
        "words": feature_extraction.text.TfidfVectorizer().fit(["some words", "other words"]),
        "splines": preprocessing.SplineTransformer().fit(x),
        "data": {"a": [1, 2.5, None, "x"], "b": (np.arange(3), np.float32(1)), "c": {"d"}},
        "generator": np.random.default_rng(3),
        "xgboost": xgboost.XGBClassifier(n_estimators=2, n_jobs=1).fit(x, y),
        "lightgbm": lightgbm.LGBMClassifier(n_estimators=2, verbose=-1, n_jobs=1).fit(x, y),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, model in models.items():
            skops.io.dump(model, os.path.join(folder, f"{name}.skops"))
        skops.io.dump(models["forest"], os.path.join(folder, "packed.skops"), compression=zipfile.ZIP_DEFLATED)


def _r(folder: str) -> None:
    """Write what R writes for a fitted model: lists, factors, a formula with its environment, compiled functions."""
    for textual in (False, True):
        r = R(textual=textual)
        formula = r.call(r.symbol("~"), r.symbol("y"), r.call(r.symbol("+"), r.symbol("a"), r.symbol("b")))
        forced = r.promise(r.call(r.symbol("read.csv"), r.strings("x.csv")), value=NIL)
        waiting = r.promise(r.call(r.symbol("eval"), r.symbol("call")))
        frame = r.pairs(("data", forced), ("weights", waiting), ("predict", r.closure(formula)))
        model = r.vector(r.reals(1.0, 2.0), formula, r.environment(frame), r.call(r.symbol("lm"), r.symbol("formula")))
        _put(folder, f"model {textual}.rds", r.file(model))
        _put(folder, f"model {textual}.rda", r.file(r.pairs(("fit", model), ("n", r.reals(3.0))), workspace=True))


def _beside(folder: str) -> None:
    for number, data in enumerate(whole()):
        if not any(program in data for program in _PROGRAMS):
            _put(folder, f"small {number}.bin", data)
    tree = {"params": {f"layer{n}": {"kernel": array([2, 3], "float32", bytes(24))} for n in range(9)}}
    _put(folder, "flax_model.msgpack", msgpack(tree))
    _put(folder, "tokenizer.model", sentencepiece())
    _put(folder, "data.parquet", parquet(pairs=((b"pandas", b'{"columns": []}'), (b"huggingface", b"{}"))))
    _put(
        folder,
        "data.arrow",
        arrow([{0: b"ARROW:extension:name", 1: b"datasets.features.features.Array2DExtensionType"}]),
    )
    rows = [pickle.dumps({"loss": number / 7}) for number in range(200)], [b"%d" % number * 40 for number in range(200)]
    held = [*rows[0], *map(zlib.compress, rows[1]), "text\nof lines", *range(500)]
    _put(folder, "study.db", database(*held, page=4096, then=["DELETE FROM t WHERE k % 7 = 1"]))
    picture = (
        b'<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/'
        b'svg11.dtd" [<!ENTITY ns "http://www.w3.org/2000/svg">]><svg xmlns="&ns;"><g id="x"/></svg>'
    )
    _put(folder, "logo.svg", picture)
    stream = io.BytesIO()
    np.save(stream, _X)
    _put(folder, "vectors", stream.getvalue())
    _put(
        folder, "clip.mp4", struct.pack(">I4s4sI", 16, b"ftyp", b"isom", 0) + struct.pack(">I4s", 12, b"mdat") + b"film"
    )


def _put(folder: str, name: str, data: bytes) -> None:
    with open(os.path.join(folder, name), "wb") as file:
        file.write(data)
