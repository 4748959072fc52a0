"""skops: a zip whose `schema.json` says which classes to make, and with what. This reads the schema.

Each node names a class (`__module__`, `__class__`) and who makes it (`__loader__`). What is made need not be what is
named: some loaders take another module, or a part of another node. Nodes are walked without recursion.

Specification: <https://skops.readthedocs.io/en/stable/persistence.html>, the loaders of
<https://github.com/skops-dev/skops/tree/main/skops/io>; CVE-2025-54412, CVE-2025-54413, CVE-2024-37065.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Any, Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.fact import Disagreement, Instantiation, Reference
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.document import document, may_be

_MARK: Final = b'"__loader__"'
_KEYS: Final = ("__class__", "__module__", "__loader__")
_NODES: Final = 2_000_000
_NAMES: Final = 5_000
_TOLD: Final = 200

_DATA: Final = MappingProxyType(
    {
        "DictNode": ("builtins.dict", "collections.OrderedDict"),
        "DefaultDictNode": ("collections.defaultdict",),
        "ListNode": ("builtins.list",),
        "SetNode": ("builtins.set", "builtins.frozenset"),
        "TupleNode": ("builtins.tuple",),
        "SliceNode": ("builtins.slice",),
        "BytesNode": ("builtins.bytes",),
        "BytearrayNode": ("builtins.bytearray",),
        "JsonNode": ("builtins.str", "builtins.int", "builtins.float", "builtins.bool", "builtins.NoneType"),
        "PartialNode": ("functools.partial",),
        "DTypeNode": ("numpy.dtype",),
        "MaskedArrayNode": ("numpy.ma.MaskedArray", "numpy.ma.core.MaskedArray"),
    }
)
"""What the nodes of a kind are where they are honest; another name is made, too, or hides what is made."""
_NAMED: Final = frozenset(
    {
        *("FunctionNode", "TypeNode", "ObjectNode", "ConstructorFromReduceNode", "ReduceNode", "TreeNode"),
        *("LossNode", "QuantileForestNode", "NdArrayNode", "RandomStateNode", "RandomGeneratorNode"),
        *("SparseMatrixNode", "_DictWithDeprecatedKeysNode", "EnumNode", "ZoneInfoNode", "DatetimeNode"),
    }
)
"""Kinds of node that make what they name."""
_CACHED: Final = "CachedNode"
_METHOD: Final = "MethodNode"
_OPERATOR: Final = "OperatorFuncNode"


def _matches(glance: Glance) -> bool:
    # A schema may be long, and its own keys stand at its end.
    if not may_be(glance.head) or not (_MARK in glance.head or _MARK in glance.tail):
        return False
    found = document(glance.source)
    return isinstance(found, dict) and all(key in found for key in _KEYS)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    said: set[tuple[str, str, str]] = set()
    unknown: set[str] = set()
    nodes = 0
    waiting: list[Any] = [document(cursor.source)]
    while waiting:
        value = waiting.pop()
        nodes += 1
        if nodes % 4096 == 0:
            cursor.budget.check_time()
        if nodes > _NODES:
            raise OverBudgetError(f"skops: more than {_NODES} values in the schema")
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            waiting += value.values()
            if "__loader__" in value:
                yield from _node(where, value, said, unknown)
    if len(said) >= _NAMES:
        raise OverBudgetError(f"skops: more than {_NAMES} different names in the schema")


def _node(where: Where, node: Any, said: set[tuple[str, str, str]], unknown: set[str]) -> Iterator[Read]:
    loader, module, name = node.get("__loader__"), node.get("__module__"), node.get("__class__")
    if loader == _CACHED:
        return
    if not (isinstance(loader, str) and isinstance(module, str) and isinstance(name, str)):
        raise UnreadableError("skops: a node without a loader or a class")
    if isinstance(node.get("file"), str):
        yield from _file(where, node["file"])
    if (loader, module, name) in said and loader != _METHOD:
        return
    if len(said) < _NAMES:
        said.add((loader, module, name))
        yield from _made(where, node, loader, module, name)
    if loader not in _NAMED and loader not in _DATA and loader not in {_METHOD, _OPERATOR} and loader not in unknown:
        unknown.add(loader)
        detail = f"skops: no kind of node that is known here is called {loader[:_TOLD]!r}"
        yield Gap(where=where, reason=GapReason.UNREADABLE, detail=detail)


def _made(where: Where, node: Any, loader: str, module: str, name: str) -> Iterator[Read]:
    dotted = f"{module}.{name}"[:_TOLD]
    if loader == _OPERATOR:
        # The loader takes it from `operator` whatever the node says.
        yield Instantiation(where=where, by="skops", module="operator", name=name)
        if module != "operator":
            detail = f"a node is called {dotted}, and operator.{name[:_TOLD]} is called"
            yield Disagreement(where=where, kind="skops-node", detail=detail)
        return
    if loader == _METHOD:
        yield from _method(where, node, dotted)
        return
    if loader == "RandomGeneratorNode":
        yield from _generator(where, node)
    if dotted not in _DATA.get(loader, ()):
        yield Instantiation(where=where, by="skops", module=module, name=name, arguments=_arguments(node))


def _method(where: Where, node: Any, dotted: str) -> Iterator[Read]:
    content = node.get("content")
    content = content if isinstance(content, dict) else {}
    owner, method = content.get("obj"), content.get("func")
    if not isinstance(owner, dict) or not isinstance(method, str):
        raise UnreadableError("skops: a method without an object or a name")
    made = f"{owner.get('__module__')}.{owner.get('__class__')}"[:_TOLD]
    if made != dotted:
        detail = f"a method of {dotted} is named, and of {made} is taken"
        yield Disagreement(where=where, kind="skops-node", detail=detail)
    if "__" in method or "." in method:
        detail = f"{method[:_TOLD]!r} of {made} is taken for a method"
        yield Disagreement(where=where, kind="skops-node", detail=detail)
    yield Instantiation(where=where, by="skops", module=made, name=method[:_TOLD])


def _generator(where: Where, node: Any) -> Iterator[Read]:
    """NumPy's generators name their bit generator in a text, which the loader looks up and calls."""
    found: Any = node
    for key in ("content", "bit_generator", "content", "bit_generator", "content"):
        found = found.get(key) if isinstance(found, dict) else None
    name = found.strip('"') if isinstance(found, str) else ""
    yield Instantiation(where=where, by="skops", module="numpy.random", name=name[:_TOLD] or "?")


def _file(where: Where, name: str) -> Iterator[Read]:
    yield Reference(where=where, kind="data", target=name[:_TOLD], by="skops")


def _arguments(node: Any) -> str:
    """Return what a class is called with, where that is small and plain."""
    content = node.get("content")
    items = content.get("content") if isinstance(content, dict) else None
    texts = [item.get("content") for item in items[:4] if isinstance(item, dict)] if isinstance(items, list) else []
    return ", ".join(text for text in texts if isinstance(text, str))[:_TOLD]


FORMAT: Final = Format(id="skops", title="skops schema", matches=_matches, read=_read, layer=True)
