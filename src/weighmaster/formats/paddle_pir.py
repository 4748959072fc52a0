"""PaddlePaddle 3: a program as JSON (`model.json`), regions of blocks of operators.

Operators are called after their dialect by a number, and by their name: `1.conv2d`. Written by
<https://github.com/PaddlePaddle/Paddle/tree/develop/paddle/fluid/pir/serialize_deserialize>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.fact import Operation
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.document import document
from weighmaster.reading.source import Source

_DIALECTS: Final = {"0": "builtin", "1": "pd_op", "2": "cf", "3": "custom_op", "4": "dist_op"}
_PARAMETER: Final = "p"
_OPERATORS: Final = 1_000_000
_DEEPEST: Final = 64
_NAME: Final = 200
_TEXT: Final = 4096
_PATHS: Final = frozenset({"file_path", "filename", "dirname"})


def _matches(glance: Glance) -> bool:
    return _program(glance.source) is not None


def _program(source: Source) -> Any:
    found = document(source)
    if not isinstance(found, dict):
        return None
    code = found.get("base_code")
    program = found.get("program")
    return program if isinstance(code, dict) and code.get("magic") == "pir" and isinstance(program, dict) else None


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    told: set[tuple[str, str]] = set()
    for count, operator in enumerate(_operators(_program(cursor.source))):
        if count >= _OPERATORS:
            raise OverBudgetError(f"paddle-pir: more than {_OPERATORS} operators")
        if count % 1024 == 0:
            cursor.budget.check_time()
        name = operator.get("#")
        if not isinstance(name, str) or name == _PARAMETER:
            continue
        dialect, dot, bare = name[:_NAME].partition(".")
        spelled = f"{_DIALECTS.get(dialect, dialect)}::{bare}" if dot else name[:_NAME]
        detail = ", ".join(_paths(operator))[:_TEXT]
        if (spelled, detail) not in told:
            told.add((spelled, detail))
            yield Operation(where=where, dialect="paddle", name=spelled, detail=detail)


def _operators(program: Any) -> Iterator[dict[str, Any]]:
    """Yield the operators of a program, those of regions inside operators too."""
    waiting: list[tuple[Any, int]] = [(program, 0)]
    while waiting:
        holder, depth = waiting.pop()
        if depth > _DEEPEST:
            raise OverBudgetError(f"paddle-pir: regions inside regions, more than {_DEEPEST} deep")
        for region in _each(holder, "regions"):
            for block in _each(region, "blocks"):
                for operator in _each(block, "ops"):
                    yield operator
                    waiting.append((operator, depth + 1))


def _each(holder: Any, key: str) -> Iterator[dict[str, Any]]:
    items = holder.get(key) if isinstance(holder, dict) else None
    return (item for item in (items if isinstance(items, list) else []) if isinstance(item, dict))


def _paths(operator: dict[str, Any]) -> Iterator[str]:
    # An attribute: {"N": name, "AT": {"#": type, "D": value}}.
    for attribute in _each(operator, "A"):
        value = attribute.get("AT")
        held = value.get("D") if isinstance(value, dict) else None
        if attribute.get("N") in _PATHS and isinstance(held, str):
            yield held


FORMAT: Final = Format(id="paddle-pir", title="PaddlePaddle program (JSON)", matches=_matches, read=_read, layer=True)
