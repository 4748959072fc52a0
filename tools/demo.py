"""Builds a small folder of real models with the libraries that people use, one of them poisoned (harmlessly)."""

from __future__ import annotations

import os
import pickle
import sys
from pathlib import Path

import joblib
import numpy as np
from safetensors.numpy import save_file
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


class Poison:
    """Pickles to a call of `os.system`: what a poisoned model does, with a command that harms nobody."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        """Say how to rebuild this object: by running a command."""
        return os.system, ("echo this could have been any command",)


def build(folder: Path) -> None:
    """Write the models into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    samples, kinds = load_iris(return_X_y=True)
    forest = RandomForestClassifier(10, random_state=0).fit(samples, kinds)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200)).fit(samples, kinds)
    joblib.dump(forest, folder / "forest.joblib", compress=3)
    (folder / "pipeline.pkl").write_bytes(pickle.dumps(pipeline))
    random = np.random.default_rng(0)
    weights = {f"layer.{i}.weight": random.normal(size=(64, 64)).astype(np.float32) for i in range(4)}
    save_file(weights, folder / "model.safetensors", metadata={"format": "np"})
    np.savez_compressed(folder / "weights.npz", **weights)
    (folder / "README.md").write_text("# Iris models\n\nA forest, a pipeline and a small network.\n", "utf-8")
    (folder / "pipeline-v2.pkl").write_bytes(pickle.dumps({"model": pipeline, "version": Poison()}))


if __name__ == "__main__":
    build(Path(sys.argv[1]))
