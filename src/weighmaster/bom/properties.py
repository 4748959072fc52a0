"""What a bill says that CycloneDX has no place for, and where each word comes from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.bom.completeness import sentences
from weighmaster.bom.inventory import Counted, Inventory, Said
from weighmaster.trust.manifests.manifest import TREE_ALGORITHM

PREFIX: Final = "weighmaster"
_LONGEST: Final = 500
_TOLD: Final = (
    "model-type", "dtype", "quantization", "context-length", "vocabulary", "layers", "width", "experts", "tokenizer",
    "file-type", "library", "adapter", "tag", "producer", "producer-version", "framework", "size", "kind", "language",
    "title", "operators", "newer", "doi", "licence-text", "template", "left-out",
)  # fmt: skip
"""Fields that CycloneDX has no place for."""


def property_of(name: str, value: str) -> dict[str, str]:
    """Return a property in the space of names that is ours."""
    return {"name": f"{PREFIX}:{name}", "value": text(value)}


def text(value: str) -> str:
    """Return text that JSON can hold: half of a surrogate pair, which a file name may have, is spelled out."""
    return value.encode("utf-8", "backslashreplace").decode()


def properties(it: Inventory) -> Iterator[dict[str, str]]:
    """Yield what is said of a model beside what has a place of its own."""
    if it.tree:
        yield from _sourced(f"digest:{TREE_ALGORITHM}", Said(value=it.tree, source="bytes"))
    yield from _counts(it)
    for field, said in it.fields.items():
        yield from _field(field, said)
    for field, one in (("name", it.name), ("version", it.version), ("purl", it.purl)):
        if one is not None:
            yield property_of(f"source:{field}", one.origin)
    if it.scores:
        yield property_of("source:metrics", it.scores[0].said.origin)
    for code in it.code:
        yield from _sourced("code", code)
    for who, what in it.contradictions:
        yield property_of("contradiction", f"{who} {what}")
    yield from _not_read(it)
    for cluster, sentence in sentences(it):
        yield property_of(f"completeness:{cluster}", sentence)


def _not_read(it: Inventory) -> Iterator[dict[str, str]]:
    for gap in it.gaps:
        yield property_of("gap", f"{gap.where}: {gap.reason}: {gap.detail}"[:_LONGEST])
    if it.excluded:
        yield property_of("excluded", f"{it.excluded} files were left out, and are not covered by the tree digest")


def _sourced(field: str, said: Said) -> Iterator[dict[str, str]]:
    yield property_of(field, said.value)
    yield property_of(f"source:{field}", said.origin)


def _field(field: str, said: tuple[Said, ...]) -> Iterator[dict[str, str]]:
    """Yield all that is said of a field, where it has no place of its own; else what is said beside that."""
    own_place = field not in _TOLD and not field.startswith("section:")
    for one in () if own_place else said:
        yield property_of(field, one.value)
    yield property_of(f"source:{field}", ", ".join(dict.fromkeys(one.origin for one in said))[:_LONGEST])
    for one in said[1:] if own_place else ():
        if one.value != said[0].value:
            yield property_of(f"also:{field}", f"{one.value} ({one.origin})"[:_LONGEST])


def _counts(it: Inventory) -> Iterator[dict[str, str]]:
    if it.parameters is not None:
        yield from _sourced("parameters", Said(value=str(it.parameters), source="bytes"))
    for one in it.weights:
        yield property_of(f"{'adapter' if one.adapter else 'weights'}:{one.files[0]}", counted(one))


def counted(one: Counted) -> str:
    """Return a set of weights in words."""
    dtypes = ", ".join(f"{dtype} {count}" for dtype, count in one.counts)
    files = f" in {len(one.files)} files" if len(one.files) > 1 else ""
    return f"{one.elements} numbers in {one.tensors} tensors{files} ({dtypes})"
