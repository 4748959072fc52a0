"""What operators of TensorFlow are given that says what they do: paths, addresses, names of code.

The inputs and attributes are those of the operators' definitions:
<https://github.com/tensorflow/tensorflow/tree/v2.21.0/tensorflow/core/ops>.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from weighmaster.knowledge.graphs import COMPUTED, Operator, operator
from weighmaster.model.fact import Disagreement, Fact, Operation
from weighmaster.model.where import Where
from weighmaster.reading.tensorflow import GIVEN, UNKNOWN, Graph, Node, Scope, Text

DIALECT: Final = "tensorflow"

PATHS: Final[Mapping[str, tuple[int, ...]]] = {
    "MergeV2Checkpoints": (0, 1),
    "InitializeTableFromTextFile": (1,),
    "InitializeTableFromTextFileV2": (1,),
    "CacheDataset": (1,),
    "CacheDatasetV2": (1,),
    "SqlDataset": (1,),
    "ExperimentalSqlDataset": (1,),
    "SaveDataset": (1,),
    "SaveDatasetV2": (1,),
    "DatasetToTFRecord": (1,),
    "SnapshotDataset": (1,),
    "SnapshotDatasetV2": (1,),
    "DataServiceDataset": (2,),
    "DataServiceDatasetV2": (2,),
    "DataServiceDatasetV3": (2,),
    "DataServiceDatasetV4": (2,),
    "CreateSummaryFileWriter": (1,),
    "CreateSummaryDbWriter": (1,),
    "GenerateVocabRemapping": (0, 1),
}
"""Which inputs of an operator are paths or addresses, where that is not the first."""

NAMED: Final[Mapping[str, str]] = {
    "PrintV2": "output_stream",
    "PyFunc": "token",
    "PyFuncStateless": "token",
    "EagerPyFunc": "token",
    "FixedUnigramCandidateSampler": "vocab_file",
    "Skipgram": "filename",
    "NegTrain": "vocab_file",
    "DumpTensor": "log_dir_path",
    "CalibrationStatisticsSaver": "output_file_path",
    "DebugIdentity": "debug_urls",
    "DebugIdentityV2": "debug_urls",
    "DebugIdentityV3": "debug_urls",
    "DebugNanCount": "debug_urls",
    "DebugNumericSummary": "debug_urls",
    "Copy": "debug_ops_spec",
    "CopyHost": "debug_ops_spec",
    "DecodeProtoV2": "descriptor_source",
    "EncodeProto": "descriptor_source",
    "RecordInput": "file_pattern",
    "XlaCustomCall": "target_name",
    "XlaCustomCallV2": "call_target_name",
}
"""Which attribute of an operator is a path, an address or a name of code."""
LINKED_IN: Final = ("local://", "bytes://")
"""How `descriptor_source` says that no file is read."""


def operations(graph: Graph, where: Where) -> Iterator[Fact]:
    """Yield which operators a graph uses, each once for everything different that it is given."""
    known: dict[str, Operator | None] = {}
    told: set[tuple[str, str]] = set()
    linked = False
    for scope in graph.scopes():
        for node in scope.nodes.values():
            if node.op in graph.functions:
                continue  # A function may be called by its name, like an operator.
            if node.op not in known:
                known[node.op] = operator(DIALECT, node.op)
            found = known[node.op]
            if found is None or found.power == "-":
                details = {""}
            else:
                if not linked:
                    graph.link()
                    linked = True
                details = _details(graph, scope, node)
            for detail in sorted(details):
                if (node.op, detail) not in told:
                    told.add((node.op, detail))
                    place = where.span(node.field.start, node.field.end)
                    yield Operation(where=place, dialect=DIALECT, name=node.op, detail=detail)
    for double in graph.doubles:
        detail = f"the function {double!r} is there twice"
        yield Disagreement(where=where, kind="duplicate-function", detail=detail)


def _details(graph: Graph, scope: Scope, node: Node) -> set[str]:
    if name := NAMED.get(node.op):
        texts = [text for text in graph.texts(node, name) if text and not text.startswith(LINKED_IN)]
        return set(texts) or {""}
    inputs = [name for name in node.inputs if not name.startswith("^")]
    found: set[Text] = set()
    for index in PATHS.get(node.op, (0,)):
        if index < len(inputs):
            found |= graph.origins(scope, inputs[index])
    return {_said(text) for text in found} or {""}


def _said(text: Text) -> str:
    if text is UNKNOWN:
        return COMPUTED
    return "" if text is GIVEN or not isinstance(text, str) else text
