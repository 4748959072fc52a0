"""Graphs of TensorFlow: nodes, the functions beside them, and where a string that an operator is given comes from.

Messages: <https://github.com/tensorflow/tensorflow/tree/master/tensorflow/core/framework> (graph.proto, node_def.proto,
function.proto, attr_value.proto, tensor.proto, op_def.proto).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from weighmaster.model.errors import OverBudgetError
from weighmaster.reading.budget import Budget
from weighmaster.reading.pattern import pattern
from weighmaster.reading.protobuf import BYTES, VARINT, Field, Message, inside, shaped
from weighmaster.reading.source import Source


class Origin(enum.Enum):
    """Where a string comes from that the graph does not hold."""

    GIVEN = "given"
    """The one who runs the graph feeds or passes it."""
    UNKNOWN = "unknown"
    """The graph computes it in a way that is not followed."""


GIVEN: Final = Origin.GIVEN
UNKNOWN: Final = Origin.UNKNOWN
Text: TypeAlias = str | Origin

NODE: Final = {1: BYTES, 2: BYTES, 3: BYTES, 4: BYTES, 5: BYTES, 6: BYTES, 7: BYTES}
GRAPH: Final = {1: BYTES, 2: BYTES, 3: VARINT, 4: BYTES, 5: BYTES}
META_GRAPH: Final = dict.fromkeys(range(1, 8), BYTES)

_NAME: Final = pattern(rb"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*")
_OPERATOR: Final = pattern(rb"[A-Za-z0-9_.>-]{1,200}")
_VERSION: Final = pattern(rb"\d+\.\d+[0-9a-zA-Z.+-]*|unknown")
_TRIED: Final = 64
LONGEST_NAME: Final = 1000
_NODES: Final = 1_000_000
_VALUES: Final = 64
_DEEPEST: Final = 24
_STEPS: Final = 2000
LONGEST: Final = 4096

_FIRST: Final = (
    "Identity", "IdentityN", "PlaceholderWithDefault", "Reshape", "ExpandDims", "Squeeze", "StopGradient", "Snapshot",
    "Enter", "RefEnter", "Exit", "RefExit", "NextIteration", "PreventGradient", "EnsureShape", "ShardedFilename",
    "ShardedFilespec", "Unpack", "Gather", "GatherV2", "StridedSlice", "Slice", "Tile", "BroadcastTo", "Copy",
    "CopyHost", "DebugIdentity", "Switch", "RefSwitch",
)  # fmt: skip
_HANDS_ON: Final[Mapping[str, slice]] = {
    **dict.fromkeys(_FIRST, slice(0, 1)),
    **dict.fromkeys(("Pack", "Merge", "RefMerge"), slice(None)),
    **dict.fromkeys(("Select", "SelectV2"), slice(1, 3)),
    "Fill": slice(1, 2),
    "Concat": slice(1, None),
    "ConcatV2": slice(0, -1),
}
"""Which of its inputs an operator hands on, as they are or beside one another."""
_LOOKS_ONLY: Final = frozenset({"ReadVariableOp", "VarIsInitializedOp"})
DESCRIBES: Final = pattern(rb"[A-Za-z0-9_./-]{1,500}\.proto")
"""The name of a file that describes protocol buffers."""
_CALLS: Final = {
    "PartitionedCall": 0, "StatefulPartitionedCall": 0, "TPUPartitionedCall": 0, "RemoteCall": 1, "If": 1,
    "StatelessIf": 1, "Case": 1, "StatelessCase": 1, "While": 0, "StatelessWhile": 0, "XlaLaunch": 0,
}  # fmt: skip
"""What passes its inputs to a function, from which input on."""


class Node(NamedTuple):
    """A node: `field` is where it stands."""

    name: str
    op: str
    inputs: tuple[str, ...]
    field: Field


class Scope:
    """The graph itself (no name, no arguments), or one of its functions."""

    __slots__ = ("arguments", "bound", "calls", "name", "nodes", "users")

    def __init__(self, name: str = "", arguments: tuple[str, ...] = ()) -> None:
        self.name = name
        self.arguments = arguments
        self.nodes: dict[str, Node] = {}
        self.calls: list[tuple[Scope, Node, int]] = []
        """Who calls it: the node, and which of its inputs is the first argument (-1: not known)."""
        self.users: dict[str, list[Node]] | None = None
        self.bound: tuple[Text, ...] = ()
        """What a saved model passes for the last arguments."""


def is_node(source: Source, field: Field) -> bool:
    """Say whether a field holds a node: a name and an operator, both spelled as TensorFlow demands."""
    found = inside(source, field, 16)
    if not found or not shaped(found, NODE):
        return False
    texts = {f.number: source.read_at(f.start, min(f.value, LONGEST_NAME)) for f in found if f.number in {1, 2}}
    name, op = texts.get(1), texts.get(2)
    if not (name and op and _NAME.fullmatch(name) and _OPERATOR.fullmatch(op)):
        return False
    # Where a description of protocol buffers has a package, which is in small letters, operators begin with a capital.
    return not (op[:1].islower() and DESCRIBES.fullmatch(name))


def is_graph(source: Source, fields: Iterable[Field]) -> bool:
    """Say whether the fields are those of a graph: one of its first nodes, or a function, proves it."""
    known = [field for field in fields if field.number in GRAPH]
    if not shaped(known, GRAPH):
        return False
    return any(
        is_node(source, field) if field.number == 1 else field.number == 2 and _is_library(source, field)
        for field in known[:_TRIED]
    )


def _is_library(source: Source, field: Field) -> bool:
    for function in inside(source, field, _TRIED):
        signature = [f for f in inside(source, function) if f.number == 1 and f.wire == BYTES]
        names = [f for f in inside(source, signature[0]) if f.number == 1] if signature else []
        if names and _NAME.fullmatch(source.read_at(names[0].start, min(names[0].value, LONGEST_NAME))):
            return True
    return False


def is_meta_graph(source: Source, fields: Sequence[Field]) -> bool:
    """Say whether the fields are those of a graph with what is told about it."""
    if not shaped(fields, META_GRAPH):
        return False
    for field in fields:
        if field.number == 2 and is_graph(source, inside(source, field)):
            return True
        if field.number == 1 and _is_meta_info(source, field):
            return True
    return False


def _is_meta_info(source: Source, field: Field) -> bool:
    # A version of TensorFlow, such as 2.21.0.
    found = [f for f in inside(source, field) if f.number == 5 and f.wire == BYTES]
    return any(_VERSION.fullmatch(source.read_at(f.start, min(f.value, LONGEST_NAME))) for f in found)


class Graph:
    """A graph and its functions, read once; what hangs on a node is read when it is asked for."""

    def __init__(self, source: Source, budget: Budget, fields: Sequence[Field] = ()) -> None:
        self._source = source
        self._budget = budget
        self._left = _NODES
        self.main = Scope()
        self.functions: dict[str, Scope] = {}
        self.doubles: list[str] = []
        self._handles: dict[str, int] | None = None
        self.given: set[str] = set()
        """Nodes of the graph itself for which the loader feeds something."""
        # A field that stands there twice is merged by whoever decodes it.
        for whole in [self.message(field) for field in fields] or [Message(source, budget)]:
            self._read(whole)

    def message(self, field: Field) -> Message:
        """Return the message that a field holds."""
        return Message(self._source, self._budget, field.start, field.end)

    def scopes(self) -> Iterator[Scope]:
        """Yield the graph and its functions."""
        yield self.main
        yield from self.functions.values()

    def _read(self, whole: Message) -> None:
        for field in whole.fields():
            if field.number == 1 and field.wire == BYTES:
                self._node(self.main, whole.message(field), field)
            elif field.number == 2 and field.wire == BYTES:
                library = whole.message(field)
                for inner in library.fields():
                    if inner.number == 1 and inner.wire == BYTES:
                        self._function(library.message(inner))

    def _function(self, message: Message) -> None:
        scope = Scope()
        for field in message.fields():
            if field.number == 1 and field.wire == BYTES:
                name, arguments = _signature(message.message(field))
                scope.name, scope.arguments = name or scope.name, scope.arguments + arguments
            elif field.number == 3 and field.wire == BYTES:
                self._node(scope, message.message(field), field)
        if scope.name in self.functions:
            self.doubles.append(scope.name)
            scope.name = f"{scope.name}#{len(self.functions)}"
        self.functions[scope.name] = scope

    def _node(self, scope: Scope, message: Message, field: Field) -> None:
        self._left -= 1
        if self._left < 0:
            raise OverBudgetError(f"tensorflow: more than {_NODES} nodes")
        name = op = ""
        inputs: list[str] = []
        for inner in message.fields():
            if inner.wire != BYTES:
                continue
            if inner.number == 1:
                name = message.text(inner, LONGEST_NAME)
            elif inner.number == 2:
                op = message.text(inner, LONGEST_NAME)
            elif inner.number == 3:
                inputs.append(message.text(inner, LONGEST_NAME))
        if name in scope.nodes:
            name = f"{name}#{self._left}"
        scope.nodes[name] = Node(name, op, tuple(inputs), field)

    def attributes(self, node: Node) -> Iterator[tuple[str, Field, Message]]:
        """Yield the name of each attribute of a node, where its value stands, and the message it is a field of."""
        message = self.message(node.field)
        for field in message.fields():
            if field.number == 5 and field.wire == BYTES:
                entry = message.message(field)
                yield from map_entry(entry)

    def texts(self, node: Node, name: str) -> list[str]:
        """Return the strings of the attribute `name`."""
        found: list[str] = []
        for key, field, entry in self.attributes(node):
            if key == name:
                found += [message.text(f, LONGEST) for message, f in strings(entry.message(field))]
        return found

    def link(self) -> None:
        """Find out who calls which function."""
        for scope in self.scopes():
            for node in scope.nodes.values():
                if node.op in self.functions:
                    self.functions[node.op].calls.append((scope, node, 0))
                elif node.op == "SymbolicGradient" or not self.functions:
                    continue
                else:
                    first = _CALLS.get(node.op, -1)
                    for name in self.called(node):
                        if name in self.functions:
                            self.functions[name].calls.append((scope, node, first))

    def called(self, node: Node) -> Iterator[str]:
        """Yield the names of the functions that a node's attributes name."""
        for _, field, entry in self.attributes(node):
            value = entry.message(field)
            for inner in value.fields():
                if inner.number == 10 and inner.wire == BYTES:
                    yield from _function_name(value.message(inner))
                elif inner.number == 1 and inner.wire == BYTES:
                    listed = value.message(inner)
                    for item in listed.fields():
                        if item.number == 9 and item.wire == BYTES:
                            yield from _function_name(listed.message(item))

    def users(self, scope: Scope) -> dict[str, list[Node]]:
        """Return which nodes take the output of a node, by its name."""
        if scope.users is None:
            scope.users = {}
            for node in scope.nodes.values():
                for name in node.inputs:
                    if not name.startswith("^"):
                        scope.users.setdefault(_plain(name), []).append(node)
        return scope.users

    def is_shared(self, handle: Node) -> bool:
        """Say whether another handle reaches the same variable."""
        if self._handles is None:
            self._handles = {}
            for scope in self.scopes():
                for node in scope.nodes.values():
                    if node.op == "VarHandleOp":
                        shared = "".join(self.texts(node, "shared_name")) or node.name
                        self._handles[shared] = self._handles.get(shared, 0) + 1
        return self._handles.get("".join(self.texts(handle, "shared_name")) or handle.name, 0) != 1

    def origins(self, scope: Scope, reference: str) -> set[Text]:
        """Return where the string comes from that a node refers to: texts, `GIVEN`, `UNKNOWN`."""
        return _Trace(self).follow(scope, reference, _DEEPEST)

    def constant(self, node: Node) -> list[str]:
        """Return the strings of a `Const` node."""
        return [text for text, _ in self.string_values(node)]

    def string_values(self, node: Node) -> Iterator[tuple[str, Field]]:
        """Yield the first strings of a `Const` node, and where they stand."""
        for key, field, entry in self.attributes(node):
            if key != "value":
                continue
            value = entry.message(field)
            for inner in value.fields():
                if inner.number == 8 and inner.wire == BYTES:
                    tensor = value.message(inner)
                    for count, item in enumerate(f for f in tensor.fields() if f.number == 8 and f.wire == BYTES):
                        if count == _VALUES:
                            return
                        yield tensor.text(item, LONGEST), item


class _Trace:
    """Follows one string back through the graph, in a bounded number of steps."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._steps = _STEPS
        self._open: set[tuple[str, str]] = set()

    def follow(self, scope: Scope, reference: str, depth: int) -> set[Text]:
        name = _plain(reference)
        key = (scope.name, name)
        self._steps -= 1
        if self._steps < 0 or depth < 0:
            return {UNKNOWN}
        if key in self._open:
            return set()  # A loop adds nothing to what enters it.
        self._open.add(key)
        try:
            node = scope.nodes.get(name)
            if node is not None:
                return self._node(scope, node, depth - 1)
            if name in scope.arguments:
                return self._argument(scope, scope.arguments.index(name), depth - 1)
            return {UNKNOWN}
        finally:
            self._open.discard(key)

    def _node(self, scope: Scope, node: Node, depth: int) -> set[Text]:
        inputs = [name for name in node.inputs if not name.startswith("^")]
        if node.op == "Const":
            is_given = scope is self._graph.main and node.name in self._graph.given
            return {GIVEN} if is_given else set(self._graph.constant(node))
        if node.op == "Placeholder":
            return {GIVEN}
        found: set[Text] = set()
        if node.op == "StringJoin":
            found = self._joined(scope, node, inputs, depth)
        elif node.op == "ReadVariableOp" and inputs:
            found = self._variable(scope, _plain(inputs[0]), depth)
        for name in inputs[_HANDS_ON.get(node.op, slice(0, 0))][:_VALUES]:
            found |= self.follow(scope, name, depth)
        return found or {UNKNOWN}

    def _variable(self, scope: Scope, name: str, depth: int) -> set[Text]:
        """Return what may have been assigned to a variable: a saved model keeps the paths of assets in such."""
        handle = scope.nodes.get(name)
        if handle is None or handle.op != "VarHandleOp" or self._graph.is_shared(handle):
            return {UNKNOWN}
        found: set[Text] = set()
        for user in self._graph.users(scope).get(name, ()):
            inputs = [name for name in user.inputs if not name.startswith("^")]
            if user.op == "AssignVariableOp" and len(inputs) > 1 and _plain(inputs[0]) == name:
                found |= self.follow(scope, inputs[1], depth)
            elif user.op not in _LOOKS_ONLY:
                found.add(UNKNOWN)
        return found

    def _joined(self, scope: Scope, node: Node, inputs: list[str], depth: int) -> set[Text]:
        pieces = [self.follow(scope, name, depth) for name in inputs[:_VALUES]]
        if not pieces:
            return {UNKNOWN}
        separator = "".join(self._graph.texts(node, "separator")[:1])
        tail = "".join(separator + _shown(piece) for piece in pieces[1:])
        found: set[Text] = set()
        for first in pieces[0]:
            if isinstance(first, str):
                found.add(first + tail)
            elif first is GIVEN and any(UNKNOWN in piece for piece in pieces[1:]):
                found.add(UNKNOWN)
            else:
                # What is given stays given, as long as nothing behind it climbs out of it.
                found.add(f"*{tail}" if ".." in tail else first)
        return found

    def _argument(self, scope: Scope, index: int, depth: int) -> set[Text]:
        found: set[Text] = set()
        late = index - (len(scope.arguments) - len(scope.bound))
        if 0 <= late < len(scope.bound):
            found.add(scope.bound[late])
        for caller, node, first in scope.calls[:_VALUES]:
            inputs = [name for name in node.inputs if not name.startswith("^")]
            at = index + first
            known = first >= 0 and at < len(inputs)
            found |= self.follow(caller, inputs[at], depth) if known else {UNKNOWN}
        return found or {GIVEN}


def strings(value: Message) -> Iterator[tuple[Message, Field]]:
    """Yield the strings of an attribute's value: a message and its field that holds one."""
    for field in value.fields():
        if field.number == 2 and field.wire == BYTES:
            yield value, field
        elif field.number == 1 and field.wire == BYTES:
            listed = value.message(field)
            yield from ((listed, item) for item in listed.fields() if item.number == 2 and item.wire == BYTES)
        elif field.number == 8 and field.wire == BYTES:
            tensor = value.message(field)
            yield from ((tensor, item) for item in tensor.fields() if item.number == 8 and item.wire == BYTES)


def entries(message: Message, number: int) -> Iterator[tuple[str, Field, Message]]:
    """Yield the entries of the map `number` of a message: key, where the value stands, the entry."""
    for field in message.fields():
        if field.number == number and field.wire == BYTES:
            yield from map_entry(message.message(field))


def map_entry(entry: Message) -> Iterator[tuple[str, Field, Message]]:
    """Yield the key of an entry of a map, where its value stands, and the entry."""
    key, values = "", []
    for field in entry.fields():
        if field.number == 1 and field.wire == BYTES:
            key = entry.text(field, LONGEST_NAME)
        elif field.number == 2:
            values.append(field)
    # The last counts; one that is hidden before it is looked at as well.
    yield from ((key, value, entry) for value in values if value.wire == BYTES)


def _function_name(message: Message) -> Iterator[str]:
    for field in message.fields():
        if field.number == 1 and field.wire == BYTES:
            yield message.text(field, LONGEST_NAME)


def _signature(message: Message) -> tuple[str, tuple[str, ...]]:
    name, arguments = "", []
    for field in message.fields():
        if field.number == 1 and field.wire == BYTES:
            name = message.text(field, LONGEST_NAME)
        elif field.number == 2 and field.wire == BYTES:
            argument = message.message(field)
            arguments += [argument.text(f, LONGEST_NAME) for f in argument.fields() if f.number == 1]
    return name, tuple(arguments)


def _plain(reference: str) -> str:
    """Return the node of a reference such as `name:output:0`."""
    return reference.lstrip("^").partition(":")[0]


def _shown(piece: set[Text]) -> str:
    """Return one of the texts a piece may be, the one that climbs if one does."""
    texts = sorted(text for text in piece if isinstance(text, str))
    return next((text for text in texts if ".." in text), texts[0] if texts else "*")
