"""What Keras saves: whole models, weights and architectures of every kind of layer; and what h5py writes by itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np

os.environ["KERAS_BACKEND"] = "torch"

_NOT_OLD = {"pictures"}
"""Models that Keras 3 cannot write as `.h5`."""
_VERSIONS = ("earliest", "v108", "v110", "v112", "v114", "latest")


def _sequentials() -> Iterator[tuple[str, Any]]:
    import keras
    from keras import layers

    def model(*parts: Any, shape: tuple[int | None, ...] = (8,), dtype: str = "float32") -> Any:
        return keras.Sequential([layers.Input(shape, dtype=dtype), *parts])

    yield "perceptron", model(layers.Dense(6, "relu"), layers.Dropout(0.2), layers.Dense(2, "softmax"))
    yield (
        "regularized",
        model(
            layers.Dense(
                4,
                kernel_regularizer=keras.regularizers.L1L2(0.1, 0.2),
                kernel_constraint=keras.constraints.MaxNorm(2),
                kernel_initializer=keras.initializers.TruncatedNormal(seed=1),
                bias_initializer=keras.initializers.Constant(0.5),
            ),
            layers.LeakyReLU(),
            layers.BatchNormalization(),
            layers.PReLU(),
        ),
    )
    yield (
        "convolution",
        model(
            layers.Rescaling(1 / 255),
            layers.RandomFlip(),
            layers.RandomRotation(0.1),
            layers.Conv2D(4, 3, padding="same", activation="gelu"),
            layers.SeparableConv2D(4, 3),
            layers.DepthwiseConv2D(3),
            layers.MaxPooling2D(),
            layers.UpSampling2D(),
            layers.ZeroPadding2D(),
            layers.Conv2DTranspose(2, 2),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3),
            shape=(16, 16, 3),
        ),
    )
    yield (
        "recurrent",
        model(
            layers.Embedding(20, 4, mask_zero=True),
            layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
            layers.GRU(3, return_sequences=True),
            layers.TimeDistributed(layers.Dense(2)),
            layers.SimpleRNN(2),
            shape=(5,),
            dtype="int32",
        ),
    )
    yield (
        "stacked cells",
        model(layers.RNN(layers.StackedRNNCells([layers.LSTMCell(2), layers.GRUCell(2)])), shape=(4, 3)),
    )
    yield "one dimension", model(
        layers.Conv1D(3, 2), layers.AveragePooling1D(2), layers.Permute((2, 1)), layers.Flatten(),
        layers.RepeatVector(2),
        layers.Reshape((-1,)), layers.LayerNormalization(), layers.UnitNormalization(), layers.GaussianNoise(0.1),
        shape=(9, 2),
    )  # fmt: skip
    yield "spectral", model(layers.SpectralNormalization(layers.Dense(3)), layers.GroupNormalization(1))
    yield "einsum", model(layers.EinsumDense("ab,bc->ac", output_shape=4), layers.Activation("mish"), layers.ReLU(6.0))
    yield "three dimensions", model(layers.Conv3D(2, 2), layers.GlobalMaxPooling3D(), shape=(4, 4, 4, 1))


def _functionals() -> Iterator[tuple[str, Any]]:
    import keras
    from keras import layers, ops

    one, two = layers.Input((6,), name="one"), layers.Input((6,), name="two")
    shared = layers.Dense(4, name="shared")
    joined = layers.Concatenate()([shared(one), shared(two), layers.Add()([one, two])])
    heads = [layers.Dense(1, name="a")(joined), layers.Dense(3, "softmax", name="b")(joined)]
    yield "two heads", keras.Model([one, two], heads)
    yield "named inputs", keras.Model({"one": one, "two": two}, {"a": heads[0], "b": heads[1]})
    tokens = layers.Input((7, 8))
    attended = layers.MultiHeadAttention(2, 4)(tokens, tokens)
    yield "attention", keras.Model(tokens, layers.LayerNormalization()(layers.Add()([tokens, attended])))
    yield "operations", keras.Model(one, ops.mean(ops.relu(one * 2.0 + ops.exp(one)), axis=-1, keepdims=True))
    inner = keras.Sequential([layers.Input((6,)), layers.Dense(3, name="inner")], name="nested")
    yield "nested", keras.Model(one, layers.Dense(2)(inner(one)))
    yield "deeper", keras.Sequential([layers.Input((6,)), keras.Sequential([inner, layers.Dense(2)]), layers.Softmax()])


def _preprocessing() -> Iterator[tuple[str, Any]]:
    import keras
    from keras import layers

    normalization = layers.Normalization()
    normalization.adapt(np.arange(24.0).reshape(4, 6))
    yield "normalization", keras.Sequential([layers.Input((6,)), normalization])
    discretization = layers.Discretization(bin_boundaries=[0.0, 1.0, 2.0])
    yield "discretization", keras.Sequential([layers.Input((6,)), discretization, layers.CategoryEncoding(4)])
    yield "pictures", keras.Sequential([
        layers.Input((8, 8, 3)), layers.Resizing(6, 6), layers.CenterCrop(4, 4), layers.RandomZoom(0.1),
        layers.RandomContrast(0.1), layers.RandomTranslation(0.1, 0.1), layers.RandomBrightness(0.1),
    ])  # fmt: skip


def _compiled() -> Iterator[tuple[str, Any]]:
    import keras
    from keras import layers

    chosen: dict[str, dict[str, Any]] = {
        "adam": {"optimizer": keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9))},
        "sgd": {"optimizer": "sgd", "loss": "mae", "metrics": ["mse", keras.metrics.RootMeanSquaredError()]},
        "adamw": {"optimizer": keras.optimizers.AdamW(weight_decay=0.1), "loss": keras.losses.Huber()},
        "lion": {"optimizer": keras.optimizers.Lion(), "loss": keras.losses.mean_squared_error},
        "rmsprop": {"optimizer": keras.optimizers.RMSprop(0.1), "loss": ["mse"], "weighted_metrics": ["mae"]},
        "scaled": {"optimizer": keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam())},
    }
    for name, options in chosen.items():
        model = keras.Sequential([layers.Input((3,)), layers.Dense(2), layers.Dense(1)])
        model.compile(**{"loss": "mse", **options})
        if name != "scaled":
            model.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0)
        yield f"compiled {name}", model


def _write_models(folder: str) -> None:
    import keras

    keras.utils.set_random_seed(0)
    for name, model in (*_sequentials(), *_functionals(), *_preprocessing(), *_compiled()):
        model.save(os.path.join(folder, f"{name}.keras"))
        if name not in _NOT_OLD:
            model.save(os.path.join(folder, f"{name}.h5"))
        model.save_weights(os.path.join(folder, f"{name}.weights.h5"))
        with open(os.path.join(folder, f"{name}.json"), "w", encoding="utf-8") as file:
            file.write(model.to_json())
    keras.saving.save_model(model, os.path.join(folder, "unzipped"), zipped=False)
    keras.config.set_dtype_policy("mixed_bfloat16")
    small = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(1, dtype="float32")])
    keras.config.set_dtype_policy("float32")
    small.save(os.path.join(folder, "mixed.keras"))
    quantized = keras.Sequential([keras.layers.Input((16,)), keras.layers.Dense(8)])
    quantized.quantize("int8")
    quantized.save(os.path.join(folder, "int8.keras"))


def _fill(file: Any) -> None:
    chance = np.random.default_rng(0)
    file.attrs["text"] = "plain text, and more of it."
    file.attrs["bytes"] = np.bytes_(b"fixed")
    file.attrs["names"] = np.array([b"alpha", b"beta"])
    file.attrs["strings"] = np.array(["alpha", "beta"], dtype=h5py.string_dtype())
    file.attrs["numbers"] = np.arange(4)
    file.attrs["empty"] = h5py.Empty("f4")
    for number in range(14):
        file.attrs[f"attribute {number}"] = number
    group = file.create_group("group/below")
    for number in range(30):
        group[f"member {number}"] = np.float32(number)
    file["soft"] = h5py.SoftLink("/group/below")
    file["hard"] = group
    file["reference"] = np.array([group.ref], dtype=h5py.ref_dtype)
    file["type"] = np.dtype("f8")
    file["compound"] = np.zeros(3, dtype=[("id", "i4"), ("name", "S7"), ("place", "f8", (2,))])
    file["flags"] = np.array([True, False])
    file["complex"] = np.ones(2, dtype=complex)
    file["half"] = np.ones(3, dtype="f2")
    file.create_dataset("strings", data=["alpha", "beta.", ""], dtype=h5py.string_dtype())
    file.create_dataset("fixed", data=np.array([b"one", b"two"]))
    file.create_dataset(
        "ragged", data=np.array([np.arange(2), np.arange(3)], dtype=object), dtype=h5py.vlen_dtype("i4")
    )
    file.create_dataset("opaque", data=np.void(b"\x01\x02\x03\x04"))
    file.create_dataset("scalar", data=1.5)
    file.create_dataset("null", data=h5py.Empty("i4"))
    file.create_dataset("picture", data=chance.integers(0, 255, (40, 30, 3), dtype="u1"))
    file.create_dataset("later", shape=(10, 10), dtype="f4", chunks=(5, 5), fillvalue=2.0)
    numbers = chance.normal(size=(50, 40)).astype("f4")
    options: dict[str, dict[str, Any]] = {
        "plain": {}, "chunked": {"chunks": (10, 7)}, "gzip": {"compression": "gzip"}, "single": {"chunks": (50, 40)},
        "lzf": {"compression": "lzf", "shuffle": True}, "sums": {"fletcher32": True, "chunks": (9, 9)},
        "growing": {"maxshape": (None, 40), "chunks": (3, 40)}, "both": {"maxshape": (None, None), "chunks": (8, 8)},
        "scaled": {"scaleoffset": 3, "chunks": True},
    }  # fmt: skip
    for name, option in options.items():
        file.create_dataset(f"numbers/{name}", data=numbers, **option)
        if name != "scaled":
            bytes_ = {**option, "data": chance.integers(0, 255, (50, 40), dtype="u1")}
            file.create_dataset(f"bytes/{name}", **bytes_)
    del file["half"]


def _write_hdf5(folder: str) -> None:
    for version in _VERSIONS:
        ways: dict[str, dict[str, Any]] = {
            "": {}, "ordered": {"track_order": True}, "user block": {"userblock_size": 1024},
            "paged": {"fs_strategy": "page", "fs_persist": True, "fs_page_size": 4096},
            "aggregated": {"fs_strategy": "aggregate"}, "free": {"fs_strategy": "fsm", "fs_persist": True},
        }  # fmt: skip
        for name, options in ways.items():
            with h5py.File(os.path.join(folder, f"{version} {name}.h5"), "w", libver=version, **options) as file:
                _fill(file)
    with h5py.File(os.path.join(folder, "large attribute.h5"), "w", libver="latest") as file:
        file.attrs["large"] = np.arange(100_000)
        file.attrs["long"] = "word " * 40_000
    with h5py.File(os.path.join(folder, "many.h5"), "w", libver="latest") as file:
        for number in range(2_000):
            file.create_group(f"{number}")
    _write_annotated(os.path.join(folder, "annotated.h5ad"))


def _write_annotated(path: str) -> None:
    """Write a file in the layout of AnnData (https://anndata.readthedocs.io/en/latest/fileformat-prose.html)."""
    with h5py.File(path, "w") as file:
        file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
        sparse = file.create_group("X")
        sparse.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": [3, 2]})
        for key, data in {"data": np.ones(3, "f4"), "indices": np.arange(3) % 2, "indptr": np.arange(4)}.items():
            sparse[key] = data
        for key in ("obs", "var"):
            frame = file.create_group(key)
            frame.attrs.update({"encoding-type": "dataframe", "encoding-version": "0.2.0", "_index": "_index"})
            frame.attrs["column-order"] = np.array(["kind"], dtype=h5py.string_dtype())
            frame["_index"] = np.array([f"cell{n}" for n in range(3)], dtype=h5py.string_dtype())
            kind = frame.create_group("kind")
            kind["codes"] = np.array([0, 1, 0], dtype="i1")
            kind["categories"] = np.array(["a", "b"], dtype=h5py.string_dtype())
        file.create_group("uns")["title"] = '{"made": "by hand"}'


def write(folder: str) -> None:
    """Save models by Keras in each format, then files by h5py in each release of the format and each layout."""
    _write_models(folder)
    plain = os.path.join(folder, "h5py")
    os.makedirs(plain)
    _write_hdf5(plain)
