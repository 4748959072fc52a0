"""LightGBM's text models: parameters, trees, and what it was trained with.

`tree_sizes` says how many bytes each tree takes; readers jump by it. The training parameters at the end name files;
nothing opens them when the model is loaded, so they are only told.

Specification: `GBDT::LoadModelFromString` in
<https://github.com/lightgbm-org/LightGBM/blob/main/src/boosting/gbdt_model_text.cpp>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.fact import Disagreement, Metadata, Reference
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.pattern import pattern

_HEAD: Final = pattern(rb"(?:tree|linear_tree|boosting)\r?\n(?:[a-z_]+=.*\n)*?version=v\d")
_HEADER: Final = 16 << 20
_TAIL: Final = 1 << 20
_LINE: Final = pattern(rb"^([A-Za-z_]{1,60})=(.*)$", 8)  # re.MULTILINE
_TREES: Final = pattern(rb"\r?\n\r?\n")
_FILES: Final = pattern(
    rb"^\[((?:forcedsplits|forcedbins|machine_list)_filename|parser_config_file|data|valid): (.{1,4096})\]$", 8
)
_SAID: Final = frozenset({b"objective", b"feature_names", b"feature_infos", b"monotone_constraints"})
_END: Final = b"end of trees"


def _matches(glance: Glance) -> bool:
    return glance.head.startswith((b"tree", b"linear_tree", b"boosting")) and _HEAD.match(glance.head) is not None


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    head = cursor.peek(min(cursor.size, _HEADER))
    parting = _TREES.search(head)
    header = head[: parting.start() if parting else len(head)]
    sizes = b""
    for line in _LINE.finditer(header):
        if line[1] in _SAID:
            yield Metadata(where=where, key=_text(line[1]), text=_text(line[2]))
        elif line[1] == b"tree_sizes":
            sizes = line[2]
    if parting is not None and sizes.strip():
        yield from _sizes(cursor, where, parting.end(), sizes)
    tail = cursor.source.read_at(max(0, cursor.size - _TAIL), _TAIL)
    for line in _FILES.finditer(tail):
        yield Reference(where=where, kind="dataset", target=_text(line[2]), by="lightgbm")


def _sizes(cursor: Cursor, where: Where, start: int, sizes: bytes) -> Iterator[Read]:
    """Look where the trees end: each follows the one before it, and then comes a line that says so."""
    items = sizes.split()
    if not all(item.isdigit() and len(item) <= 18 for item in items):
        detail = "the sizes of the trees are not all numbers"
        yield Disagreement(where=where, kind="tree-sizes", detail=detail)
        return
    end = start + sum(map(int, items))
    found = cursor.source.read_at(end, 64).lstrip()
    if not found.startswith(_END):
        detail = f"{len(items)} trees should end at byte {end} of {cursor.size}, and do not"
        yield Disagreement(where=where, kind="tree-sizes", detail=detail)


def _text(raw: bytes) -> str:
    return raw.rstrip(b"\r").decode("utf-8", "backslashreplace")


FORMAT: Final = Format(id="lightgbm", title="LightGBM model", matches=_matches, read=_read, layer=True)
