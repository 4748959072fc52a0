"""What surrounds PyTorch, by the libraries themselves: exports, scripts, phones, MLflow, and the YAML beside models."""

from __future__ import annotations

import io
import json
import logging
import os
import tarfile
import textwrap
import warnings
from typing import Any

import torch
import yaml

logging.getLogger("torch").setLevel(logging.ERROR)


class _Net(torch.nn.Module):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.conv = torch.nn.Conv2d(1, 2, 3)
        self.norm = torch.nn.BatchNorm2d(2)
        self.head = torch.nn.Linear(2, 3)
        self.register_buffer("scale", torch.ones(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.norm(self.conv(x)).relu().mean(dim=[2, 3])
        return self.head(y) * self.scale


class _Sized(torch.nn.Module):  # type: ignore[misc]
    def forward(self, x: torch.Tensor, y: torch.Tensor) -> Any:
        z = torch.cat([x, y])
        return z, x.shape[0] + 2, torch.sym_max(x.shape[0], 3), z.reshape(-1, 3), x.shape[0] // 2


def write(folder: str) -> None:
    """Save small models in each of the ways, and write the configurations that stand beside them."""
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _write_exported(folder)
        _write_scripted(folder)
    _write_served(folder)
    _write_nemo(folder)
    _write_mlflow(os.path.join(folder, "mlflow"))
    for name, text in _TEXTS.items():
        _put(folder, name, textwrap.dedent(text).lstrip("\n").encode())
    _put(folder, "dumped.yaml", yaml.safe_dump({"a": [1, 2.5, None, "x"], "b": {"c": True}}).encode())
    _put(folder, "tuples.yaml", yaml.dump({"betas": (0.9, 0.99), "ids": {1, 2}, "z": 1j}).encode())
    _put(folder, "config.json", json.dumps(yaml.safe_load(textwrap.dedent(_TEXTS["hydra.yaml"]))).encode())


def _write_exported(folder: str) -> None:
    image = torch.zeros(2, 1, 8, 8)
    exported = torch.export.export(_Net().eval(), (image,))
    torch.export.save(exported, os.path.join(folder, "static.pt2"))
    torch.export.save(exported, os.path.join(folder, "extra.pt2"), extra_files={"notes.txt": "weighed"})
    batch = torch.export.Dim("batch", min=2, max=64)
    sizes = {"x": {0: batch}, "y": {0: torch.export.Dim("other", min=2, max=64)}}
    rows = (torch.zeros(6, 3), torch.zeros(7, 3))
    torch.export.save(torch.export.export(_Sized(), rows, dynamic_shapes=sizes), os.path.join(folder, "dynamic.pt2"))


def _write_scripted(folder: str) -> None:
    net = _Net().eval()
    scripted, traced = torch.jit.script(net), torch.jit.trace(net, torch.zeros(2, 1, 8, 8))
    scripted.save(os.path.join(folder, "scripted.pt"))
    traced.save(os.path.join(folder, "traced.pt"))
    torch.jit.save(torch.jit.freeze(scripted), os.path.join(folder, "frozen.pt"), _extra_files={"labels.txt": b"a\nb"})
    for name, model in (("scripted", scripted), ("traced", traced)):
        model._save_for_lite_interpreter(os.path.join(folder, f"{name}.ptl"))
        model._save_for_lite_interpreter(os.path.join(folder, f"{name}-flat.ptl"), _use_flatbuffer=True)


def _write_served(folder: str) -> None:
    import zipfile

    manifest = {
        "createdOn": "01/01/2026 00:00:00",
        "runtime": "python",
        "model": {"modelName": "net", "serializedFile": "net.pt", "handler": "image_classifier", "modelVersion": "1.0"},
        "archiverVersion": "0.12.0",
    }
    weights = io.BytesIO()
    torch.save(_Net().state_dict(), weights)
    with zipfile.ZipFile(os.path.join(folder, "net.mar"), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("net.pt", weights.getvalue())
        archive.writestr("index_to_name.json", json.dumps({"0": "a", "1": "b"}))
        archive.writestr("MAR-INF/MANIFEST.json", json.dumps(manifest, indent=2))


def _write_nemo(folder: str) -> None:
    weights = io.BytesIO()
    torch.save(_Net().state_dict(), weights)
    members = {
        "./model_config.yaml": textwrap.dedent(_TEXTS["nemo.yaml"]).lstrip("\n").encode(),
        "./model_weights.ckpt": weights.getvalue(),
        "./0123_tokenizer.vocab": b"<unk>\t0\na\t-1\n",
    }
    for name in ("model.nemo", "packed.nemo"):
        with tarfile.open(os.path.join(folder, name), "w:gz" if name == "packed.nemo" else "w:") as archive:
            for path, data in members.items():
                entry = tarfile.TarInfo(path)
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))


def _write_mlflow(folder: str) -> None:
    """Write the files of flavours with MLflow's own model, without a tracking server."""
    from mlflow.models import Model, ModelSignature
    from mlflow.types import ColSpec, Schema

    signature = ModelSignature(inputs=Schema([ColSpec("double", "x")]), outputs=Schema([ColSpec("double", "y")]))
    flavours: dict[str, dict[str, Any]] = {
        "sklearn": {"pickled_model": "model.pkl", "sklearn_version": "1.7", "serialization_format": "cloudpickle"},
        "pytorch": {"model_data": "data", "pytorch_version": "2.13.0"},
        "transformers": {"model_binary": "model", "task": "text-generation", "source_model_name": "tiny/tiny"},
    }
    for flavour, about in flavours.items():
        place = os.path.join(folder, flavour)
        os.makedirs(place)
        model = Model(signature=signature, artifact_path="model", run_id="0" * 32)
        model.add_flavor(flavour, code=None, **about)
        model.add_flavor(
            "python_function",
            loader_module=f"mlflow.{flavour}",
            model_path="model.pkl",
            predict_fn="predict",
            python_version="3.11.9",
            env={"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
        )
        model.save(os.path.join(place, "MLmodel"))
        _put(place, "conda.yaml", textwrap.dedent(_TEXTS["conda.yaml"]).encode())
        _put(
            place,
            "python_env.yaml",
            b"python: 3.11.9\nbuild_dependencies:\n- pip==24.0\ndependencies:\n- -r requirements.txt\n",
        )


def _put(folder: str, name: str, data: bytes) -> None:
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


_TEXTS = {
    "hydra.yaml": """
        defaults: [_self_, {model: vit}, {override hydra/launcher: joblib}]
        seed: 12
        paths: {root: /data, out: "./runs"}
        datamodule:
          _target_: torch.utils.data.DataLoader
          batch_size: 32
          dataset: {_target_: torchvision.datasets.MNIST, root: data, download: true}
        model:
          _target_: torch.nn.Sequential
          _args_:
            - {_target_: torch.nn.Linear, in_features: 2, out_features: 3}
            - {_target_: torch.nn.ReLU}
        optimizer: {_target_: torch.optim.AdamW, _partial_: true, lr: 1e-3, weight_decay: 0.01}
        scheduler: {_target_: torch.optim.lr_scheduler.CosineAnnealingLR, T_max: 10}
        trainer:
          _target_: pytorch_lightning.Trainer
          max_epochs: 3
          callbacks:
            - {_target_: pytorch_lightning.callbacks.ModelCheckpoint, monitor: val/loss}
            - {_target_: lightning.pytorch.callbacks.EarlyStopping, monitor: val/loss}
        logger:
          - {_target_: lightning.pytorch.loggers.csv_logs.CSVLogger, save_dir: runs}
          - {_target_: lightning.pytorch.loggers.wandb.WandbLogger, project: weigh}
        text: {_target_: transformers.AutoModel.from_pretrained, pretrained_model_name_or_path: google-bert/bert-base}
        activation: {_target_: hydra.utils.get_method, path: torch.nn.functional.gelu}
        """,
    "interpolated.yaml": """
        width: 8
        layer: torch.nn.Linear
        net: {_target_: "${layer}", in_features: "${width}", out_features: "${eval:'${width} * 2'}"}
        data: ${oc.env:DATA_ROOT,./data}
        run: ${now:%Y-%m-%d}/${hydra:job.num}
        """,
    "nemo.yaml": """
        target: nemo.collections.asr.models.ctc_bpe_models.EncDecCTCModelBPE
        nemo_version: 1.23.0
        preprocessor:
          _target_: nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor
          sample_rate: 16000
        encoder: {_target_: nemo.collections.asr.modules.ConformerEncoder, n_layers: 2}
        decoder: {_target_: nemo.collections.asr.modules.ConvASRDecoder, vocabulary: [a, b]}
        tokenizer: {dir: null, model_path: "nemo:0123_tokenizer.model"}
        optim: {name: adamw, lr: 0.001}
        """,
    "latent.yaml": """
        model:
          base_learning_rate: 1.0e-04
          target: ldm.models.diffusion.ddpm.LatentDiffusion
          params:
            unet_config:
              target: ldm.modules.diffusionmodules.openaimodel.UNetModel
              params: {in_channels: 4, model_channels: 8}
            first_stage_config: {target: ldm.models.autoencoder.AutoencoderKL, params: {embed_dim: 4}}
            loss: {target: torch.nn.Identity}
        """,
    "lightning-cli.yaml": """
        seed_everything: true
        trainer:
          logger: {class_path: lightning.pytorch.loggers.TensorBoardLogger, init_args: {save_dir: logs}}
        model: {optimizer: {class_path: torch.optim.Adam, init_args: {lr: 0.1}}}
        """,
    "hparams.yaml": """
        lr: 0.001
        betas: !!python/tuple
        - 0.9
        - 0.999
        args: !!python/object:argparse.Namespace
          epochs: 3
          root: !!python/object/apply:pathlib.PosixPath
          - data
        """,
    "hyperparams.yaml": """
        seed: 1986
        __set_seed: !apply:torch.manual_seed [!ref <seed>]
        dim: 8
        linear: !new:speechbrain.nnet.linear.Linear
            input_size: !ref <dim>
            n_neurons: 2
        activation: !name:torch.nn.LeakyReLU
        modules:
            linear: !ref <linear>
        pretrainer: !new:speechbrain.utils.parameter_transfer.Pretrainer
            loadables:
                linear: !ref <linear>
        """,
    "conda.yaml": """
        name: env
        channels: [conda-forge]
        dependencies:
        - python=3.11
        - pip<=24.0
        - pip: [mlflow==3.0, scikit-learn==1.7]
        """,
    "docker-compose.yaml": """
        services:
          model:
            image: registry.example/model:1.0
            build: {context: ., target: runtime, args: {VERSION: "${VERSION:-1.0}"}}
            command: ["serve", "--port", "80"]
            environment: ["TOKEN=${TOKEN}", HOME=/root]
            volumes: [data:/data]
        volumes: {data: {}}
        """,
    ".github/workflows/ci.yml": """
        name: ci
        on: {push: {branches: [main]}, pull_request: {}}
        jobs:
          test:
            runs-on: ubuntu-latest
            if: ${{ !cancelled() && github.event_name == 'push' }}
            strategy: {matrix: {python: ["3.11", "3.12"]}}
            steps:
              - uses: actions/checkout@v4
              - run: |
                  echo "$HOME" && pip install . \\
                    --quiet
                  python -m pytest
        """,
    "stack.yaml": """
        Resources:
          Bucket:
            Type: AWS::S3::Bucket
            Properties: {BucketName: !Sub "${AWS::StackName}-x", Tags: [{Key: a, Value: !Ref Name}]}
        Outputs: {Arn: {Value: !GetAtt Bucket.Arn}}
        """,
    "mkdocs.yml": """
        site_name: weigh
        markdown_extensions:
          - pymdownx.emoji:
              emoji_index: !!python/name:material.extensions.emoji.twemoji
              emoji_generator: !!python/name:material.extensions.emoji.to_svg
          - pymdownx.superfences:
              custom_fences:
                - {name: mermaid, class: mermaid, format: !!python/name:pymdownx.superfences.fence_code_format }
        """,
    "values.yaml": """
        base: &base {image: model, replicas: 1}
        one: {<<: *base, replicas: 2}
        two: {<<: *base, class: nginx}
        target: 80%
        target_port: 8080
        """,
    "logging.yaml": """
        version: 1
        formatters: {plain: {format: "%(asctime)s %(message)s"}, json: {(): pythonjsonlogger.jsonlogger.JsonFormatter}}
        handlers:
          console: {class: logging.StreamHandler, formatter: plain, stream: ext://sys.stdout}
          file: {class: logging.handlers.RotatingFileHandler, filename: run.log, maxBytes: 1000}
        root: {level: INFO, handlers: [console, file]}
        """,
    "bundle.json": """
        {"imports": ["$import glob", "$import os"], "bundle_root": ".", "device": "$torch.device('cpu')",
         "files": "$sorted(glob.glob(os.path.join(@bundle_root, '*.nii')))",
         "network_def": {"_target_": "UNet", "spatial_dims": 3}, "network": "$@network_def.to(@device)",
         "dataset": {"_target_": "monai.data.CacheDataset", "data": "$[{'image': i} for i in @files]"}}
        """,
    "io.json": """
        {"root": {"type": "ref", "key": "a"}, "objects": {"a": {"type": {"type": "pyref",
         "module": "nemo.collections.llm.gpt.model.llama", "name": "Llama31Config8B"}, "items": [], "metadata": []}}}
        """,
    "README.md": """
        ---
        license: mit
        tags: [vision]
        ---
        # A model

        Never load with `!!python/object/apply:os.system`! Use `_target_: os.system`: that is bad, too.
        """,
}
