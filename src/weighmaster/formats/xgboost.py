"""XGBoost's models: JSON and UBJSON of one schema, and the binary form of old.

A tree is lists of numbers of one length; which node follows which is an index into them that prediction follows
without looking. Lists of different lengths and indices outside them are told.

Specifications: <https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html>,
<https://github.com/dmlc/xgboost/blob/master/doc/model.schema>; of old, `LearnerIO::LoadModel` and `RegTree::Load` in
<https://github.com/dmlc/xgboost/blob/v1.7.6/src/learner.cc>.
"""

from __future__ import annotations

import array
import sys
from collections.abc import Iterator
from typing import Any, Final

from weighmaster.extend.format import Format, Glance, Read, part
from weighmaster.model.errors import UnreadableError
from weighmaster.model.fact import Disagreement, Metadata, Stray
from weighmaster.model.where import Where
from weighmaster.reading.buffered import Buffered
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.document import document, may_be
from weighmaster.reading.ubjson import SIZES, Numbers, Reader

_UBJSON: Final = (b"{L\0\0\0\0\0\0\0\x07learner{", b"{L\0\0\0\0\0\0\0\x06Config{", b"{L\0\0\0\0\0\0\0\x05Model{")
_BINF: Final = b"binf"
_LEARNER: Final = 136
_FOREST: Final = 160
_TREE: Final = 148
_NODE: Final = 20
_STATISTICS: Final = 16
_BOOSTERS: Final = frozenset({b"gbtree", b"dart", b"gblinear"})
_PER_NODE: Final = (
    *("left_children", "right_children", "parents", "split_indices", "split_conditions", "default_left"),
    *("loss_changes", "sum_hessian"),
)
_INDICES: Final = ("left_children", "right_children")
_CODES: Final = {"i": "b", "U": "B", "I": "h", "l": "i", "L": "q"}
_TOLD: Final = 100
_TEXT: Final = 200
_BIG_ENDIAN: Final = sys.byteorder == "big"


def _matches(glance: Glance) -> bool:
    head = glance.head
    if head.startswith(_UBJSON):
        return True
    if _old_start(head):
        return True
    if not may_be(head) or not (b'"learner"' in head or b'"Learner"' in head or b'"learner"' in glance.tail):
        return False
    return _learner(document(glance.source)) is not None


def _old_start(head: bytes) -> int:
    """Return where the parameters of the binary form of old begin, plus one; 0 where these bytes are not that."""
    for start in (0, len(_BINF)) if head.startswith(_BINF) else (0,):
        at, name = start + _LEARNER, b""
        for _ in range(2):
            length = int.from_bytes(head[at : at + 8], "little")
            name = head[at + 8 : at + 8 + length] if length <= 64 else b""
            if not name or not name.isascii() or not name.decode().isprintable():
                break
            at += 8 + length
        else:
            if name in _BOOSTERS:
                return start + 1
    return 0


def _learner(found: Any) -> Any:
    """Return the learner of a document; the whole state of a booster keeps its model under `Model`."""
    if isinstance(found, dict) and isinstance(found.get("Model"), dict):
        found = found["Model"]
    learner = found.get("learner") if isinstance(found, dict) else None
    known = isinstance(learner, dict) and ("gradient_booster" in learner or "learner_model_param" in learner)
    return learner if known else None


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    head = cursor.source.read_at(0, 4096)
    if start := _old_start(head):
        yield from _old(cursor, where, start - 1)
        return
    if not head.startswith(_UBJSON):
        yield from _model(cursor, where, _learner(document(cursor.source)))
        return
    reader = Reader(Buffered(cursor.source, cursor.budget, order=">"))
    found = reader.value()
    for double in reader.doubles:
        yield Disagreement(where=where, kind="duplicate-key", detail=f"one object has {double[:_TEXT]!r} twice")
    yield from _model(cursor, where, _learner(found))
    yield from _rest(cursor, where, reader.stream.offset)


def _rest(cursor: Cursor, where: Where, end: int) -> Iterator[Read]:
    if end < cursor.size:
        yield Stray(where=where.span(end, cursor.size), size=cursor.size - end, position="after")
        yield part(cursor, where, end, cursor.size)


def _model(cursor: Cursor, where: Where, learner: Any) -> Iterator[Read]:
    if learner is None:
        raise UnreadableError("xgboost: there is no learner in it")
    yield from _metadata(where, learner)
    booster = learner.get("gradient_booster")
    booster = booster.get("gbtree", booster) if isinstance(booster, dict) else {}
    model = booster.get("model")
    model = model if isinstance(model, dict) else {}
    trees = model.get("trees")
    if not isinstance(trees, list):
        return
    yield from _counted(where, model, len(trees))
    told = 0
    for number, tree in enumerate(trees):
        cursor.budget.check_time()
        for detail in _wrong(cursor, tree):
            told += 1
            if told <= _TOLD:
                yield Disagreement(where=where, kind="counts-differ", detail=f"tree {number}: {detail}")


def _metadata(where: Where, learner: Any) -> Iterator[Read]:
    objective = learner.get("objective")
    if isinstance(objective, dict) and isinstance(objective.get("name"), str):
        yield Metadata(where=where, key="objective", text=objective["name"][:_TEXT])
    attributes = learner.get("attributes")
    for key, text in (attributes if isinstance(attributes, dict) else {}).items():
        if isinstance(text, str):
            yield Metadata(where=where, key=key[:_TEXT], text=text)
    for key in ("feature_names", "feature_types"):
        names = learner.get(key)
        texts = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
        if texts:
            yield Metadata(where=where, key=key, text="\n".join(texts))


def _counted(where: Where, model: Any, trees: int) -> Iterator[Read]:
    parameters = model.get("gbtree_model_param")
    said = parameters.get("num_trees") if isinstance(parameters, dict) else None
    if said is not None and _integer(said) != trees:
        detail = f"the model has {trees} trees and says that it has {str(said)[:40]}"
        yield Disagreement(where=where, kind="counts-differ", detail=detail)
    groups = model.get("tree_info")
    if isinstance(groups, list) and len(groups) != trees:
        detail = f"the model has {trees} trees, {len(groups)} of them in groups"
        yield Disagreement(where=where, kind="counts-differ", detail=detail)


def _wrong(cursor: Cursor, tree: Any) -> Iterator[str]:
    """Say what does not fit in a tree."""
    parameters = tree.get("tree_param") if isinstance(tree, dict) else None
    if not isinstance(parameters, dict):
        yield "it has no parameters"
        return
    nodes = _integer(parameters.get("num_nodes"))
    for name in _PER_NODE:
        values = tree.get(name)
        count = values.count if isinstance(values, Numbers) else len(values) if isinstance(values, list) else None
        # What only explains the tree may be left out.
        if count is not None and count != nodes and count:
            yield f"{nodes} nodes, and {count} of {name}"
    for name in _INDICES:
        low, high = _range(cursor, tree.get(name))
        if low < -1 or high >= max(nodes, 1):
            yield f"{name} reach from {low} to {high}, and there are {nodes} nodes"


def _range(cursor: Cursor, values: Any) -> tuple[int, int]:
    """Return the least and the greatest of an array of integers."""
    if isinstance(values, Numbers) and values.type in _CODES and values.count:
        size = values.count * SIZES[values.type]
        cursor.budget.hold(size)
        numbers = array.array(_CODES[values.type], cursor.source.read_at(values.start, size))
        if not _BIG_ENDIAN:
            numbers.byteswap()
        return min(numbers), max(numbers)
    whole = [value for value in values if type(value) is int] if isinstance(values, list) else []
    return (min(whole), max(whole)) if whole else (0, 0)


def _integer(value: Any) -> int:
    """Return a number as XGBoost writes it: as text in its parameters."""
    if type(value) is int:
        return value
    if isinstance(value, str) and len(value) <= 20 and value.lstrip("-").isdecimal() and value.isascii():
        return int(value)
    return -1


def _old(cursor: Cursor, where: Where, start: int) -> Iterator[Read]:
    stream = Buffered(cursor.source, cursor.budget, offset=start + 12)
    has_attributes, has_metrics = stream.number("i"), stream.number("i")
    stream.skip(_LEARNER - 20)
    yield Metadata(where=where, key="objective", text=_string(stream))
    booster = _string(stream)
    if booster == "gblinear":
        return  # Weights alone, to the end.
    trees = stream.number("i")
    stream.skip(_FOREST - 4)
    if not 0 <= trees <= stream.left // (_TREE + _NODE):
        raise UnreadableError(f"xgboost: {trees} trees in {stream.left} bytes", offset=stream.offset)
    for _ in range(trees):
        _skip_tree(stream)
    stream.skip(4 * trees)
    if booster == "dart":
        stream.skip(4 * trees + 8 if stream.left >= 4 * trees + 8 else 0)
    if has_attributes:
        for _ in range(_count(stream)):
            key = _string(stream)
            yield Metadata(where=where, key=key[:_TEXT], text=_string(stream))
    if has_metrics:
        for _ in range(_count(stream)):
            yield Metadata(where=where, key="eval_metric", text=_string(stream))
    if stream.left >= 8 and booster != "dart":
        yield from _rest(cursor, where, stream.offset)


def _skip_tree(stream: Buffered) -> None:
    stream.skip(4)
    nodes = stream.number("i")
    stream.skip(12)
    leaf_vector = stream.number("i")
    stream.skip(_TREE - 24)
    if nodes < 1:
        raise UnreadableError(f"xgboost: a tree of {nodes} nodes", offset=stream.offset)
    stream.skip(nodes * (_NODE + _STATISTICS))
    if leaf_vector:
        stream.skip(4 * _count(stream))


def _count(stream: Buffered) -> int:
    count = stream.number("Q")
    if count > stream.left:
        raise UnreadableError(f"xgboost: {count} items in {stream.left} bytes", offset=stream.offset)
    return count


def _string(stream: Buffered) -> str:
    return stream.text(_count(stream))


FORMAT: Final = Format(id="xgboost", title="XGBoost model", matches=_matches, read=_read)
