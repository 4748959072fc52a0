"""Nets of Caffe: their layers, what these are given, and the blobs that they hold.

Message: <https://github.com/BVLC/caffe/blob/master/src/caffe/proto/caffe.proto>, `NetParameter`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from weighmaster.model.errors import OverBudgetError
from weighmaster.model.fact import Fact, Operation, Reference, Tensor
from weighmaster.model.where import Where
from weighmaster.reading.pattern import pattern
from weighmaster.reading.protobuf import BYTES, VARINT, Field, Message, inside, shaped, signed
from weighmaster.reading.prototext import Schema
from weighmaster.reading.source import Source

NET: Final[Mapping[int, int | tuple[int, ...]]] = {
    1: BYTES,
    2: BYTES,
    3: BYTES,
    4: (VARINT, BYTES),
    5: VARINT,
    6: BYTES,
    7: VARINT,
    8: BYTES,
    100: BYTES,
}
_LAYER: Final = {1: BYTES, 2: BYTES, 3: BYTES, 4: BYTES, 6: BYTES, 7: BYTES, 8: BYTES, 9: BYTES, 10: VARINT}
_OLD_LAYER: Final = {2: BYTES, 3: BYTES, 4: BYTES, 5: VARINT, 6: BYTES, 32: BYTES, 33: BYTES, 39: VARINT}
_TYPE: Final = pattern(rb"[A-Za-z][A-Za-z0-9_]{0,99}")
_LAYERS: Final = 200_000
_NAME: Final = 1000
_PATH: Final = 4096

OLD_TYPES: Final = (
    "NONE", "ACCURACY", "BNLL", "CONCAT", "CONVOLUTION", "DATA", "DROPOUT", "EUCLIDEAN_LOSS", "FLATTEN", "HDF5_DATA",
    "HDF5_OUTPUT", "IM2COL", "IMAGE_DATA", "INFOGAIN_LOSS", "INNER_PRODUCT", "LRN", "MULTINOMIAL_LOGISTIC_LOSS",
    "POOLING", "RELU", "SIGMOID", "SOFTMAX", "SOFTMAX_LOSS", "SPLIT", "TANH", "WINDOW_DATA", "ELTWISE", "POWER",
    "SIGMOID_CROSS_ENTROPY_LOSS", "HINGE_LOSS", "MEMORY_DATA", "ARGMAX", "THRESHOLD", "DUMMY_DATA", "SLICE", "MVN",
    "ABSVAL", "SILENCE", "CONTRASTIVE_LOSS", "EXP", "DECONVOLUTION",
)  # fmt: skip
"""The types of layers in the order of their numbers, as nets before 2015 give them (`V1LayerParameter`)."""

_PATHS: Final = {
    100: (4,), 107: (1, 3), 112: (1,), 113: (1,), 115: (1, 3, 12), 116: (1,), 129: (1, 3, 13), 200: (2,), 204: (),
}  # fmt: skip
"""Parameters of a layer that name files, and in which fields."""
_OLD_PATHS: Final = {11: (1, 3), 13: (1,), 14: (1,), 15: (1, 3, 12), 16: (1,), 20: (1, 3, 13), 36: (4,)}
_PYTHON: Final = 130

_SOURCE: Final[Schema] = {"source": (1, str), "mean_file": (3, str)}
_LAYER_TEXT: Final[Schema] = {
    "name": (1, str),
    "type": (2, str),
    "transform_param": (100, {"mean_file": (4, str)}),
    "data_param": (107, _SOURCE),
    "hdf5_data_param": (112, _SOURCE),
    "hdf5_output_param": (113, {"file_name": (1, str)}),
    "image_data_param": (115, {**_SOURCE, "root_folder": (12, str)}),
    "infogain_loss_param": (116, _SOURCE),
    "window_data_param": (129, {**_SOURCE, "root_folder": (13, str)}),
    "annotated_data_param": (200, {"label_map_file": (2, str)}),
    "python_param": (130, {"module": (1, str), "layer": (2, str), "param_str": (3, str)}),
}
NET_TEXT: Final[Schema] = {"name": (1, str), "layer": (100, _LAYER_TEXT), "layers": (100, _LAYER_TEXT)}
"""What of a net in text is looked at. Old layers, whose types are words, are read as new ones."""


def is_net(source: Source, fields: Sequence[Field]) -> bool:
    """Say whether the fields are those of a net: one of its layers proves it."""
    if not shaped(fields, NET):
        return False
    layers = [field for field in fields if field.number in {2, 100}][:32]
    return any(_is_layer(source, f) if f.number == 100 else _is_old_layer(source, f) for f in layers)


def _is_layer(source: Source, field: Field) -> bool:
    found = inside(source, field)
    types = [f for f in found if f.number == 2]
    if not types or not shaped(found, _LAYER):
        return False
    return _TYPE.fullmatch(source.read_at(types[-1].start, min(types[-1].value, _NAME))) is not None


def _is_old_layer(source: Source, field: Field) -> bool:
    found = inside(source, field)
    numbers = {f.number for f in found}
    types = [f.value for f in found if f.number == 5]
    # Caffe's own writer gives every layer a name, a type, and something that goes in or comes out.
    return bool({4, 5} <= numbers and numbers & {2, 3} and shaped(found, _OLD_LAYER) and types[-1] < len(OLD_TYPES))


def net(whole: Message, where: Where) -> Iterator[Fact]:
    """Yield what a net says: operators, once for everything different that they are given, files and blobs."""
    told: set[tuple[str, str]] = set()
    count = 0
    for field in whole.fields():
        if field.number not in {2, 100} or field.wire != BYTES:
            continue
        count += 1
        if count > _LAYERS:
            raise OverBudgetError(f"caffe: more than {_LAYERS} layers")
        for fact in _layer(whole.message(field), field, where):
            if not isinstance(fact, Operation):
                yield fact
            elif (fact.name, fact.detail) not in told:
                told.add((fact.name, fact.detail))
                yield fact


def _layer(message: Message, field: Field, where: Where) -> Iterator[Fact]:
    old = field.number == 2
    name = kind = detail = ""
    paths: list[str] = []
    blobs: list[Field] = []
    for inner in message.fields():
        if inner.number == (5 if old else 2):
            kind = _old_type(inner.value) if old else message.text(inner, _NAME)
        elif inner.wire != BYTES:
            continue
        elif inner.number == (4 if old else 1):
            name = message.text(inner, _NAME)
        elif inner.number == (6 if old else 7):
            blobs.append(inner)
        elif inner.number == _PYTHON and not old:
            detail = ".".join(_texts(message.message(inner), (1, 2)))
        else:
            paths += _texts(message.message(inner), (_OLD_PATHS if old else _PATHS).get(inner.number, ()))
    place = where.span(field.start, field.end)
    yield Operation(where=place, dialect="caffe", name=kind, detail=detail)
    for path in paths:
        yield Reference(where=place, kind="data", target=path, by="caffe")
    for number, blob in enumerate(blobs):
        shape = tuple(_shape(message.message(blob)))
        yield Tensor(where=where.span(blob.start, blob.end), name=f"{name}.{number}", dtype="float32", shape=shape)


def _old_type(number: int) -> str:
    return OLD_TYPES[number] if number < len(OLD_TYPES) else f"type {number}"


def _texts(message: Message, numbers: Sequence[int]) -> list[str]:
    if not numbers:
        return []
    fields = (field for field in message.fields() if field.number in numbers and field.wire == BYTES)
    return [message.text(field, _PATH) for field in fields if field.value]


def _shape(blob: Message) -> list[int]:
    found: list[int] = []
    old: list[int] = []
    for field in blob.fields():
        if field.number == 7 and field.wire == BYTES:
            shape = blob.message(field)
            found += [signed(n) for f in shape.fields() if f.number == 1 for n in shape.numbers(f, 64)]
        elif field.number in {1, 2, 3, 4} and field.wire == VARINT:
            old.append(signed(field.value))
    return found or old
