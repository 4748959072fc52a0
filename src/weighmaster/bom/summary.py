"""A bill of materials for people: what it is, what it is made of, who says so, and what is missing."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Final

from weighmaster.bom.completeness import completeness
from weighmaster.bom.inventory import Inventory, Said
from weighmaster.bom.properties import counted
from weighmaster.extend.showing import plain

_MOST: Final = 8
_NARROW: Final = 40
_FIELDS: Final = (
    ("architecture", "architecture"), ("model type", "model-type"), ("task", "task"), ("dtype", "dtype"),
    ("quantisation", "quantization"), ("context", "context-length"), ("vocabulary", "vocabulary"),
    ("tokenizer", "tokenizer"), ("template", "template"), ("adapter", "adapter"), ("licence", "licence"),
    ("licence text", "licence-text"), ("language", "language"),
)  # fmt: skip


def summary(it: Inventory, width: int = 100) -> str:
    """Return an inventory as lines of at most `width` characters, where words allow it."""
    rows = list(_rows(it))
    label = max(len(name) for name, _ in rows) + 2
    lines: list[str] = []
    for name, said in rows:
        room = max(width - label, _NARROW)
        wrapped = textwrap.wrap(plain(said), room, break_on_hyphens=False) or [""]
        lines += [f"{name if not number else '':<{label}}{line}".rstrip() for number, line in enumerate(wrapped)]
    return "\n".join(lines) + "\n"


def _rows(it: Inventory) -> Iterator[tuple[str, str]]:
    yield "model", _with(it.name)
    if it.version:
        yield "version", _with(it.version)
    if it.purl:
        yield "purl", _with(it.purl)
    size = sum(file.size for file in it.files)
    yield "files", f"{len(it.files)}, {size} bytes; tree digest {it.tree or 'none'}"
    if it.parameters is not None:
        yield "parameters", f"{it.parameters} (bytes)"
    for one in it.weights[:_MOST]:
        yield "adapter" if one.adapter else "weights", f"{one.files[0]}: {counted(one)}"
    yield from _words(it)
    yield from _made_of(it)
    for who, what in it.contradictions:
        yield "contradiction", f"{who} {what}"
    for gap in it.gaps[:_MOST]:
        yield "not read", f"{gap.where}: {gap.detail}"
    if len(it.gaps) > _MOST:
        yield "not read", f"and {len(it.gaps) - _MOST} places more"
    if it.excluded:
        yield "left out", f"{it.excluded} files, which the tree digest does not cover"
    yield from _clusters(it)


def _words(it: Inventory) -> Iterator[tuple[str, str]]:
    for name, field in _FIELDS:
        by_origin: dict[str, dict[str, None]] = {}
        for said in it.fields.get(field, ()):
            by_origin.setdefault(said.origin, {})[said.value] = None
        if by_origin:
            yield name, _listed([f"{', '.join(values)} ({origin})" for origin, values in by_origin.items()])


def _made_of(it: Inventory) -> Iterator[tuple[str, str]]:
    for origin in it.origins[:_MOST]:
        yield "made from", f"{origin.name}{f' ({origin.relation})' if origin.relation else ''} ({origin.said.origin})"
    for data in it.datasets[:_MOST]:
        digest = f": tree digest {data.manifest.tree}" if data.manifest else ""
        yield "trained on", f"{data.name}{digest} ({data.said.origin})"
    if it.packages:
        yield "needs", _listed([f"{one.name} {one.version}".strip() for one in it.packages])
    if it.code:
        yield "code", _listed([one.value for one in it.code])
    for score in it.scores[:_MOST]:
        yield "score", f"{score.measure} {score.value} on {score.on or 'what is not said'} ({score.said.origin})"


def _clusters(it: Inventory) -> Iterator[tuple[str, str]]:
    absent: dict[str, list[str]] = {}
    for element in completeness(it):
        if not element.origin:
            absent.setdefault(element.cluster, []).append(element.name)
    for cluster, names in absent.items():
        yield "not said", f"{cluster}: {', '.join(names)}"


def _with(said: Said) -> str:
    return f"{said.value} ({said.origin})"


def _listed(values: list[str]) -> str:
    more = f" and {len(values) - _MOST} more" if len(values) > _MOST else ""
    return ", ".join(values[:_MOST]) + more
