"""What PyTorch saves: tensors, modules, optimizers, checkpoints, in the zip and the legacy layout; TorchScript."""

from __future__ import annotations

import argparse
import collections
import copy
import datetime as dt
import os
import pathlib
import pickle
import random
from typing import Any

import numpy as np
import torch
from torch import nn

_DTYPES = [
    "bool",
    "uint8",
    "int8",
    "int16",
    "int32",
    "int64",
    "float16",
    "bfloat16",
    "float32",
    "float64",
    "complex32",
    "complex64",
    "complex128",
    "float8_e4m3fn",
    "float8_e5m2",
    "float8_e4m3fnuz",
    "float8_e5m2fnuz",
    "uint16",
    "uint32",
    "uint64",
]


def _tensors() -> dict[str, Any]:
    base = torch.arange(24.0).reshape(4, 6)
    found: dict[str, Any] = {
        name: torch.ones(3, 2).to(getattr(torch, name)) for name in _DTYPES if hasattr(torch, name)
    }
    return found | {
        "views": {
            "whole": base,
            "row": base[1],
            "column": base[:, 2],
            "transposed": base.t(),
            "strided": base[::2, ::3],
        },
        "empty": torch.empty(0, 3),
        "scalar": torch.tensor(5.0),
        "parameter": nn.Parameter(base.clone()),
        "frozen parameter": nn.Parameter(base.clone(), requires_grad=False),
        "requires grad": torch.ones(2, requires_grad=True),
        "buffer": nn.Buffer(base.clone()) if hasattr(nn, "Buffer") else base,
        "sparse coo": torch.eye(3).to_sparse(),
        "sparse csr": torch.eye(3).to_sparse_csr(),
        "sparse csc": torch.eye(3).to_sparse_csc(),
        "quantized": torch.quantize_per_tensor(base, 0.1, 0, torch.qint8),
        "quantized by channel": torch.quantize_per_channel(base, torch.ones(4), torch.zeros(4), 0, torch.quint8),
        "conjugate": torch.ones(2, dtype=torch.complex64).conj(),
        "storage": torch.ones(3).untyped_storage(),
        "typed storage": torch.FloatStorage(4),
        "size": torch.Size([1, 2]),
        "dtype and device": {"dtype": torch.float16, "device": torch.device("cpu"), "shape": torch.Size([2, 3])},
        "list": [base, base.clone(), None, 3],
        "nested": torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
        "meta": torch.ones(3, device="meta"),
        "generator state": torch.get_rng_state(),
        "many": {f"layer{number}.weight": torch.ones(3) for number in range(400)},
    }


def _modules() -> dict[str, Any]:
    return {
        "linear": nn.Linear(4, 2),
        "perceptron": nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 2), nn.Softmax(-1)),
        "convolution": nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.GELU(), nn.MaxPool2d(2), nn.AdaptiveAvgPool2d(1), nn.Flatten()
        ),
        "transposed": nn.Sequential(
            nn.ConvTranspose2d(3, 4, 3), nn.GroupNorm(2, 4), nn.SiLU(), nn.Upsample(scale_factor=2)
        ),
        "lstm": nn.LSTM(4, 3, 2, bidirectional=True),
        "gru": nn.GRU(4, 3),
        "embedding": nn.Sequential(nn.Embedding(10, 4), nn.LayerNorm(4)),
        "attention": nn.MultiheadAttention(8, 2),
        "encoder": nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 2),
        "transformer": nn.Transformer(8, 2, 1, 1, 16),
        "module list": nn.ModuleList([nn.Linear(2, 2), nn.Identity()]),
        "module dict": nn.ModuleDict({"a": nn.Linear(2, 2), "b": nn.Tanh()}),
        "losses": nn.ModuleList([nn.CrossEntropyLoss(), nn.MSELoss(), nn.BCEWithLogitsLoss()]),
        "activations": nn.ModuleList([nn.ELU(), nn.LeakyReLU(), nn.PReLU(), nn.Sigmoid(), nn.Hardswish(), nn.Mish()]),
        "parametrized": nn.utils.parametrizations.weight_norm(nn.Linear(3, 3)).state_dict(),
    }


def _trained(optimizer: str, **options: Any) -> dict[str, Any]:
    model = nn.Linear(3, 2)
    chosen = getattr(torch.optim, optimizer)(model.parameters(), **options)
    for _ in range(2):

        def closure() -> Any:
            chosen.zero_grad()
            loss = model(torch.ones(4, 3)).pow(2).sum()
            loss.backward()
            return loss

        chosen.step(closure)
    return {"model": model.state_dict(), "optimizer": chosen.state_dict()}


def _checkpoints() -> dict[str, Any]:
    model = nn.Linear(3, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    schedules = torch.optim.lr_scheduler
    options: dict[str, dict[str, Any]] = {"SGD": {"lr": 0.1, "momentum": 0.9}, "Adam": {"amsgrad": True}}
    plain = ["AdamW", "LBFGS", "RMSprop", "Adagrad", "Adadelta", "Adamax", "NAdam", "RAdam", "Rprop", "ASGD"]
    found: dict[str, Any] = {
        f"optimizer {name}": _trained(name, **options.get(name, {})) for name in (*options, *plain)
    }
    for name, scheduler in {
        "step": schedules.StepLR(optimizer, 2),
        "cosine": schedules.CosineAnnealingLR(optimizer, 5),
        "plateau": schedules.ReduceLROnPlateau(optimizer),
        "one cycle": schedules.OneCycleLR(optimizer, 0.1, total_steps=10),
        "exponential": schedules.ExponentialLR(optimizer, 0.9),
        "chained": schedules.SequentialLR(
            optimizer, [schedules.ConstantLR(optimizer), schedules.ExponentialLR(optimizer, 0.9)], [2]
        ),
    }.items():
        found[f"scheduler {name}"] = scheduler.state_dict()
    arguments = argparse.Namespace(
        lr=0.1, epochs=3, out=pathlib.PurePosixPath("runs/1"), device=torch.device("cpu"), seed=None
    )
    found["training"] = {
        "epoch": 3,
        "step": np.int64(7),
        "best": np.float32(0.5),
        "args": arguments,
        "date": dt.datetime(2024, 1, 1, tzinfo=dt.UTC),
        "history": collections.defaultdict(list, {"loss": [1.0, 0.5]}),
        "counts": collections.Counter("aab"),
        "order": collections.OrderedDict(a=1),
        "labels": {"cat", "dog"},
        "phase": 1 + 2j,
        "confusion": np.ones((2, 2)),
        "path": pathlib.Path("runs/1"),
        "dtype": torch.float16,
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
    }
    found["random states"] = {
        "torch": torch.get_rng_state(),
        "numpy": np.random.get_state(),  # noqa: NPY002 - what a trainer writes
        "python": random.getstate(),
    }
    found["scaler"] = torch.amp.GradScaler("cpu", enabled=True).state_dict()
    found["average"] = torch.optim.swa_utils.AveragedModel(nn.Linear(2, 2)).state_dict()
    found["average by hand"] = {"ema": copy.deepcopy(model).state_dict(), "decay": 0.99}
    found["lightning shape"] = {
        "epoch": 1,
        "global_step": 2,
        "pytorch-lightning_version": "2.4.0",
        "state_dict": model.state_dict(),
        "loops": {"fit_loop": {"state_dict": {}}},
        "callbacks": {"ModelCheckpoint{'monitor': None}": {"best_model_path": "x"}},
        "optimizer_states": [optimizer.state_dict()],
        "lr_schedulers": [],
        "hparams_name": "kwargs",
        "hyper_parameters": {"lr": 0.1},
    }
    return found


def write(folder: str) -> None:
    """Save each by `torch.save` in both layouts, modules also whole, a few by pickle; TorchScript last."""
    torch.manual_seed(0)
    for name, item in _tensors().items():
        torch.save(item, os.path.join(folder, f"{name}.pt"))
        if name not in {"nested", "buffer"}:
            torch.save(item, os.path.join(folder, f"{name} legacy.pt"), _use_new_zipfile_serialization=False)
    for name, module in _modules().items():
        state = module if isinstance(module, dict) else module.state_dict()
        torch.save(state, os.path.join(folder, f"{name} state.pth"))
        torch.save(module, os.path.join(folder, f"{name} whole.pt"))
        torch.save(module, os.path.join(folder, f"{name} whole legacy.bin"), _use_new_zipfile_serialization=False)
    for name, item in _checkpoints().items():
        torch.save(item, os.path.join(folder, f"{name}.ckpt"))
        torch.save(item, os.path.join(folder, f"{name} legacy.tar"), _use_new_zipfile_serialization=False)
    for name in ("float32", "views", "parameter", "bfloat16"):
        with open(os.path.join(folder, f"{name}.pkl"), "wb") as file:
            pickle.dump(_tensors()[name], file)
    torch.save(nn.Linear(2, 2).state_dict(), os.path.join(folder, "protocol 4.pt"), pickle_protocol=4)
    _write_scripts(folder)


def _write_scripts(folder: str) -> None:
    modules = _modules()
    for name in ("linear", "perceptron", "convolution", "embedding", "lstm"):
        torch.jit.script(modules[name]).save(os.path.join(folder, f"{name} script.pt"))
    torch.jit.trace(modules["perceptron"].eval(), torch.ones(1, 4)).save(os.path.join(folder, "perceptron trace.pt"))
    torch.jit.trace(modules["convolution"].eval(), torch.ones(1, 3, 8, 8)).save(
        os.path.join(folder, "convolution trace.pt")
    )
    torch.jit.freeze(torch.jit.script(modules["linear"].eval())).save(os.path.join(folder, "linear frozen.pt"))
