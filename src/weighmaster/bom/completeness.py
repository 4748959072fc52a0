"""What is there and what is not, in the clusters of "Software Bill of Materials for AI - Minimum Elements".

That paper (G7 Cybersecurity Working Group, 12 May 2026) has seven clusters and is voluntary. What is listed here is
what files and cards can say of each. Nothing is scored: that something is said does not make it true, so each element
comes with who says it.
"""

from __future__ import annotations

from collections.abc import Iterator

from weighmaster.bom.inventory import Inventory, Said
from weighmaster.model.value import Value


class Element(Value):
    """Something that a bill should say: in which cluster, and who says it here; empty where nobody does."""

    cluster: str
    name: str
    origin: str


def completeness(it: Inventory) -> tuple[Element, ...]:
    """Return what is said and what is not, by cluster."""
    return tuple(
        Element(cluster=cluster, name=name, origin=said if isinstance(said, str) else said.origin if said else "")
        for cluster, name, said in _elements(it)
    )


def _elements(it: Inventory) -> Iterator[tuple[str, str, Said | str | None]]:
    yield "Metadata", "author of the bill", "weighmaster"
    yield "Metadata", "tree digest", "bytes" if it.tree else ""
    yield "System level properties", "intended use", it.first("section:intended-use")
    yield "System level properties", "input and output", it.first("task") or it.first("pipeline")
    yield "System level properties", "software it needs", it.packages[0].said if it.packages else None
    yield from (("Models", name, said) for name, said in _model(it))
    yield from (("Dataset properties", name, said) for name, said in _data(it))
    yield "Key performance indicators", "evaluation", it.scores[0].said if it.scores else it.first("section:evaluation")
    carbon = it.first("carbon") or it.first("section:carbon") or it.first("carbon:hardware_used")
    yield "Infrastructure", "training hardware, energy", carbon
    yield "Security properties", "digests of all files", "bytes" if all(file.sha256 for file in it.files) else ""
    yield "Security properties", "contact for reports", it.first("section:contact")


def _model(it: Inventory) -> Iterator[tuple[str, Said | str | None]]:
    yield "name", it.name
    yield "version", it.version
    yield "producer", it.first("author") or it.purl
    yield "architecture", it.first("architecture") or it.first("model-type")
    yield "parameters", "bytes" if it.parameters is not None else ""
    yield "licence", it.first("licence") or it.first("licence-text")
    yield "base model", it.origins[0].said if it.origins else None
    yield "known limits", it.first("section:limitations")
    yield "training method", it.first("section:training-procedure")


def _data(it: Inventory) -> Iterator[tuple[str, Said | str | None]]:
    yield "training data named", it.datasets[0].said if it.datasets else it.first("section:training-data")
    hashed = next((data for data in it.datasets if data.manifest is not None), None)
    yield "training data by digest", hashed.said if hashed else None


def sentences(it: Inventory) -> Iterator[tuple[str, str]]:
    """Yield each cluster with what is said of it, by whom, and what is not."""
    clusters: dict[str, list[Element]] = {}
    for element in completeness(it):
        clusters.setdefault(element.cluster, []).append(element)
    for cluster, elements in clusters.items():
        present = [f"{element.name} ({element.origin})" for element in elements if element.origin]
        absent = [element.name for element in elements if not element.origin]
        parts = [f"present: {', '.join(present)}"] if present else []
        parts += [f"absent: {', '.join(absent)}"] if absent else []
        yield cluster, "; ".join(parts)
