"""The configurations of a hub repository: of a model, a tokenizer, a processor, of generation.

They are JSON, told by their keys. What counts is what they have a loader fetch and run: `auto_map` and
`custom_pipelines` name code, here or in another repository, `_attn_implementation` names a compiled kernel there,
and some classes take their consent to that (`trust_remote_code`) from the file itself. Configurations nest; each part
is looked at, since loaders build the parts on their own.

Format: <https://huggingface.co/docs/transformers/main_classes/configuration>,
<https://huggingface.co/docs/transformers/custom_models>.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.knowledge.remote_code import another_repository, code_of, is_kernel, strings
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.fact import Instantiation, Reference, Statement
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.document import document, may_be
from weighmaster.reading.opening import holds

_BY: Final = "transformers"
_PARTS: Final = 200_000
_SHOWN: Final = 200

_ACTS: Final = frozenset({
    "auto_map", "custom_pipelines", "custom_generate", "trust_remote_code", "_attn_implementation",
    "_attn_implementation_internal", "attn_implementation", "_experts_implementation",
    "_experts_implementation_internal", "transformers_weights",
})  # fmt: skip
"""Keys that make a loader fetch or run something: one of them, at the top or below it, is enough."""
_TELLS: Final = frozenset({
    "architectures", "model_type", "transformers_version", "tokenizer_class", "processor_class", "image_processor_type",
    "feature_extractor_type", "video_processor_type", "quantization_config", "_name_or_path", "_from_model_config",
})  # fmt: skip
_LOADED: Final = _TELLS - {"transformers_version"} | {
    "auto_map", "peft_type", "keypoint_detector_config", "text_config", "vision_config", "_class_name", "model_args",
    "config_args", "tokenizer_args", "model_kwargs", "processor_kwargs", "config_kwargs", "model_cfg",
}  # fmt: skip
"""Keys at the top of what a loader reads. Reports of trainings and measurements have the rest of them as well."""
_MARKS: Final = tuple(f'"{key}"'.encode() for key in sorted(_ACTS | _TELLS))
_KERNELS: Final = tuple(key for key in sorted(_ACTS) if key.endswith(("implementation", "internal")))
_SAID: Final = {
    "model_type": "model-type",
    "_name_or_path": "name",
    "_commit_hash": "commit",
    "transformers_version": "transformers",
    "license": "licence",
    "torch_dtype": "dtype",
    "dtype": "dtype",
    "tokenizer_class": "tokenizer",
}
_COUNTED: Final = {
    "max_position_embeddings": "context-length", "n_positions": "context-length", "vocab_size": "vocabulary",
    "num_hidden_layers": "layers", "n_layer": "layers", "hidden_size": "width", "n_embd": "width",
}  # fmt: skip


def _matches(glance: Glance) -> bool:
    if not may_be(glance.head) or glance.size > 64 << 20:
        return False
    text = glance.head if glance.size <= len(glance.head) else glance.source.read_at(0, glance.size)
    # A backslash may spell any key.
    if not holds(glance.source, text, _MARKS) and b"\\u00" not in text:
        return False
    found = document(glance.source)
    return isinstance(found, dict) and (
        not _TELLS.isdisjoint(found) or any(_ACTS & part.keys() for part in _parts(found))
    )


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    root = document(cursor.source)
    if not isinstance(root, dict):
        return
    yield from _said(root, where)
    loaded = not _LOADED.isdisjoint(root) or any(key.startswith("_attn") for key in root)
    for part in _parts(root):
        yield from _code(part, where)
        if loaded:
            yield from _kernels(part, where)
            yield from _consent(part, root, where)
        yield from _quantized(part, where)
        # Read where the configuration describes a classifier of pairs, see `sentence_transformers`.
        for key in ("sbert_ce_default_activation_function", "activation_fn"):
            if isinstance(name := part.get(key), str) and "." in name:
                yield _called("sentence-transformers", name, where)
    if isinstance(weights := root.get("transformers_weights"), str):
        yield Reference(where=where, kind="weights", target=weights[:_SHOWN], by=_BY)
    if isinstance(name := root.get("tokenizer_class"), str) and "." in name:
        yield _called(_BY, name, where)


def _parts(root: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield every mapping of a document, however deep, the outermost first."""
    waiting: list[Any] = [root]
    for count, part in enumerate(waiting):
        if count > _PARTS:
            raise OverBudgetError(f"configuration: more than {_PARTS} parts")
        below = part.values() if isinstance(part, dict) else part
        waiting.extend(value for value in below if isinstance(value, (dict, list)))
        if isinstance(part, dict):
            yield part


def _said(root: Mapping[str, Any], where: Where) -> Iterator[Statement]:
    for key, name in _SAID.items():
        if isinstance(value := root.get(key), str) and value:
            yield Statement(where=where, key=name, value=value[:_SHOWN], by=_BY)
    for key, name in _COUNTED.items():
        if type(number := root.get(key)) is int and 0 <= number < 1 << 63:
            yield Statement(where=where, key=name, value=str(number), by=_BY)
    for value in strings(root.get("architectures"))[:4]:
        yield Statement(where=where, key="architecture", value=value[:_SHOWN], by=_BY)


def _code(part: Mapping[str, Any], where: Where) -> Iterator[Reference]:
    named = strings(part.get("auto_map"))
    pipelines = part.get("custom_pipelines")
    for pipeline in pipelines.values() if isinstance(pipelines, dict) else ():
        named += strings(pipeline.get("impl")) if isinstance(pipeline, dict) else []
    for name in dict.fromkeys(named):
        kind, target = code_of(name)
        if target:
            yield Reference(where=where, kind=kind, target=target[:_SHOWN], by=_BY)
    for name in strings(part.get("custom_generate")):
        if another_repository(name):
            yield Reference(where=where, kind="remote-code", target=name[:_SHOWN], by=_BY)


def _kernels(part: Mapping[str, Any], where: Where) -> Iterator[Reference]:
    for key in _KERNELS:
        for name in strings(part.get(key)):
            if is_kernel(name):
                yield Reference(where=where, kind="kernel", target=name[:_SHOWN], by=_BY)


def _consent(part: Mapping[str, Any], root: Mapping[str, Any], where: Where) -> Iterator[Read]:
    said = part.get("trust_remote_code")
    # Python takes any text but an empty one for a yes.
    if said is True or (isinstance(said, (str, int)) and said not in {0, "", "false", "False"}):
        subject = root.get("model_type") or root.get("peft_type") or "a part of the model"
        yield Statement(where=where, key="trust-remote-code", value=str(subject)[:_SHOWN], by=_BY)


def _quantized(part: Mapping[str, Any], where: Where) -> Iterator[Read]:
    found = part.get("quantization_config")
    if not isinstance(found, dict):
        return
    if isinstance(method := found.get("quant_method"), str):
        yield Statement(where=where, key="quantization", value=method[:_SHOWN], by=_BY)
    if found.get("quant_method") == "torchao" and isinstance(types := found.get("quant_type"), dict):
        # A class by its name, which torchao looks up among its own.
        for inner in _parts(types):
            if isinstance(name := inner.get("_type"), str):
                module, _, last = name.rpartition(".")
                yield Instantiation(where=where, by="torchao", module=module or "torchao.quantization", name=last)


def _called(by: str, dotted: str, where: Where) -> Instantiation:
    module, _, name = dotted[:_SHOWN].rpartition(".")
    return Instantiation(where=where, by=by, module=module, name=name)


FORMAT: Final = Format(
    id="hf-config", title="Configuration of a hub repository", matches=_matches, read=_read, layer=True
)
