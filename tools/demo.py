"""Builds a small folder of real models with the libraries that people use, some of them poisoned (harmlessly)."""

from __future__ import annotations

import json
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
    (folder / "checkpoint.pkl").write_bytes(pickle.dumps({"weights": weights, "epoch": 3, "callback": Poison()}))
    (folder / "pipeline-v2.pkl").write_bytes(pickle.dumps({"model": pipeline, "version": Poison()}))
    assistant(folder / "assistant")


CODE = """import os

from .helpers import banner

os.system(banner)


class Assistant:
    pass
"""
TEMPLATE = (
    "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}"
    "{{ cycler.__init__.__globals__.os.popen('echo this could have been any command').read() }}"
)


def assistant(folder: Path) -> None:
    """Write a repository as hubs have them: sound weights, and beside them code and a template that run commands."""
    folder.mkdir(exist_ok=True)
    config = {"model_type": "assistant", "auto_map": {"AutoModel": "modeling_assistant.Assistant"}}
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    (folder / "modeling_assistant.py").write_text(CODE, "utf-8")
    (folder / "helpers.py").write_text('banner = "echo this could have been any command"\n', "utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": TEMPLATE}), "utf-8")
    save_file({"weight": np.zeros((4, 4), np.float32)}, folder / "model.safetensors", metadata={"format": "np"})


if __name__ == "__main__":
    build(Path(sys.argv[1]))
