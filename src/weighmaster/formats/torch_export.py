"""torch.export and AOTInductor: a PyTorch zip (`.pt2`) with programs as JSON, weights, constants, libraries.

Format: <https://docs.pytorch.org/docs/stable/export/pt2_archive.html>; what the loader makes of a program is in
<https://github.com/pytorch/pytorch/blob/main/torch/_export/serde/serialize.py>:

* a node's `target` that is no operator is a Python name, taken from `torch`, `operator` or `math` step by step;
* sizes are expressions (`expr_str`), which sympy evaluates as Python; so are the guards;
* a `.so` under `data/aotinductor/` is loaded as the archive is.

The pickles inside (`sample_inputs/`, `constants/`, weights that are pickled) are members, and looked at as such.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.knowledge.configured import named, parts
from weighmaster.knowledge.expressions import reaches
from weighmaster.knowledge.instantiation import judgement
from weighmaster.model.errors import OverBudgetError, UnreadableError, WeighmasterError
from weighmaster.model.fact import Fact, Instantiation, Operation, Reference
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.where import Where
from weighmaster.reading.budget import Budget
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.pattern import pattern
from weighmaster.reading.zip import Entry, contents, is_zip, names, open_entry

_BY: Final = "torch.export"
_PROGRAM: Final = pattern(r"(?:.*/)?(?:models/[^/]*\.json|serialized_exported_program\.json)\Z", 2 | 16)
_LIBRARY: Final = pattern(r"(?:.*/)?data/aotinductor/.*\.(?:so|dll|dylib|pyd)\Z", 2 | 16)
_LONGEST: Final = 64 << 20
_SHOWN: Final = 160
_EXPRESSIONS: Final = ("expr_str", "as_expr", "sym_expr")
_ATTRIBUTES: Final = frozenset(
    {"size", "stride", "dim", "ndim", "shape", "storage_offset", "item", "dtype", "device", "numel", "requires_grad"}
    | {"layout", "is_contiguous", "node", "expr", "float32", "float16", "bfloat16", "int64", "int32", "bool"}
)
"""What guards ask of tensors."""
_CALLED: Final = frozenset(
    {"len", "isinstance", "int", "float", "bool", "max", "min", "abs", "cast_symbool_to_symint_guardless", "type"}
    | {"list", "tuple", "dict", "str", "math.isnan", "torch.sym_max", "torch.sym_min", "torch.sym_not", "sum", "all"}
)


def _matches(glance: Glance) -> bool:
    if not is_zip(glance.source, glance.head, glance.tail):
        return False
    try:
        return any(_PROGRAM.match(name) or _LIBRARY.match(name) for name in names(glance.source, Budget()))
    except WeighmasterError:
        return False


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    for content in contents(cursor.source, cursor.budget):
        if not isinstance(content, Entry):
            continue
        place = content.at(where)
        if _LIBRARY.match(content.name):
            yield Reference(where=place, kind="library", target=content.name, by=_BY)
        elif _PROGRAM.match(content.name):
            try:
                yield from _program(_document(content, cursor), place)
            except WeighmasterError as error:
                over = isinstance(error, OverBudgetError)
                reason = GapReason.OVER_BUDGET if over else GapReason.UNREADABLE
                yield Gap(where=place, reason=reason, detail=f"torch.export: {error}")


def _document(entry: Entry, cursor: Cursor) -> Any:
    opened = open_entry(entry, cursor.source, cursor.budget)
    if opened.size > _LONGEST:
        raise OverBudgetError(f"a program of {opened.size} bytes, {_LONGEST} allowed")
    cursor.budget.hold(opened.size)
    try:
        return json.loads(opened.read_at(0, opened.size))
    except (ValueError, RecursionError) as error:
        raise UnreadableError("the program is not JSON") from error


def _program(document: Any, where: Where) -> Iterator[Read]:
    said: set[Fact] = set()
    for mapping in parts(document):
        if not isinstance(mapping, dict):
            continue
        for fact in _mapping(mapping, where):
            if fact not in said:
                said.add(fact)
                yield fact


def _mapping(mapping: dict[str, Any], where: Where) -> Iterator[Fact]:
    target = mapping.get("target")
    if isinstance(target, str) and "inputs" in mapping:
        yield from _target(target, where)
    for key in _EXPRESSIONS:
        if isinstance(text := mapping.get(key), str):
            yield from _evaluated(text, (), where)
    guards = mapping.get("guards_code")
    for text in guards if isinstance(guards, list) else ():
        if isinstance(text, str):
            yield from _evaluated(text, _ATTRIBUTES, where)


def _target(target: str, where: Where) -> Iterator[Fact]:
    if target.startswith("#"):
        return  # An extension's operator, which is the business of the extension.
    match target.split("."):
        case ["torch", "ops", namespace, operator, *_]:
            yield Operation(where=where, dialect="export", name=f"{namespace}::{operator}")
        case [_]:
            yield Operation(where=where, dialect="export", name=target[:_SHOWN])
        case _:
            yield named(_BY, target[:_SHOWN], "", where)


def _evaluated(text: str, attributes: tuple[str, ...] | frozenset[str], where: Where) -> Iterator[Fact]:
    for reach in reaches(text, _CALLED, attributes):
        if reach.danger:
            yield Instantiation(where=where, by=_BY, module="builtins", name="eval", arguments=text[:_SHOWN])
            return
        if judgement(_BY, "sympy", reach.name).kind != "ordinary":
            # What sympy evaluates finds all of sympy's names.
            module = "sympy" if reach.name.isidentifier() else ""
            yield Instantiation(where=where, by=_BY, module=module, name=reach.name[:_SHOWN], arguments=text[:_SHOWN])


FORMAT: Final = Format(id="torch-export", title="torch.export archive", matches=_matches, read=_read, layer=True)
