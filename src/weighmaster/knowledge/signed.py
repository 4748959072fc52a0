"""What a signature lists, against the files beside it. Who signed is not asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from weighmaster.knowledge.repository import Tree, path_of, split, tree_of
from weighmaster.model.fact import Artifact, Listed
from weighmaster.model.repository import Repository
from weighmaster.model.value import Value

EVIDENCE: Final = frozenset({"model.sig", "claims.jsonl", "claims.proofs.jsonl"})
"""Files that speak of those beside them, and are listed by no signature."""


class Beside(Value):
    """A signature, and what became of the files that it lists: `changed`, `missing`, and `added`, which are not listed.

    `added` is empty where the signature is over a single file. `fact` is one of its facts, `files` how many it lists.
    """

    fact: Listed
    files: int
    changed: tuple[Artifact, ...]
    missing: tuple[str, ...]
    added: tuple[Artifact, ...]


def signatures(whole: Repository) -> Iterator[Beside]:
    """Yield what there is to say of each signature in a folder, or in an archive."""
    tree = tree_of(whole)
    by_file: dict[str, list[Listed]] = {}
    for fact in tree.facts(Listed):
        by_file.setdefault(path_of(fact.where), []).append(fact)
    for path, facts in by_file.items():
        if tree.is_whole(path):
            yield _beside(path, facts, tree)


def _beside(path: str, facts: list[Listed], tree: Tree) -> Beside:
    folder, name = split(path)
    listed = {f"{folder}{p}": digest for fact in facts for p, digest in zip(fact.paths, fact.digests, strict=True)}
    here = {
        p: a for p, a in tree.files.items() if p.startswith(folder) and (p in listed or "!" not in p[len(folder) :])
    }
    alone = name != "model.sig" and len(listed) == 1
    return Beside(
        fact=facts[0],
        files=len(listed),
        changed=tuple(here[p] for p, digest in sorted(listed.items()) if p in here and _differs(here[p], digest)),
        missing=tuple(p[len(folder) :] for p in sorted(listed) if p not in here),
        added=() if alone else tuple(_added(path, folder, listed, here, facts[0].left_out)),
    )


def _differs(artifact: Artifact, digest: str) -> bool:
    return bool(artifact.sha256) and artifact.sha256 != digest


def _added(
    path: str, folder: str, listed: Mapping[str, str], here: Mapping[str, Artifact], left_out: tuple[str, ...]
) -> Iterator[Artifact]:
    ignored = frozenset(left_out)
    for p, artifact in sorted(here.items()):
        inside = p[len(folder) :]
        parts = inside.split("/")
        covered = p in listed or p == path or inside in EVIDENCE
        if not covered and not any("/".join(parts[:count]) in ignored for count in range(1, len(parts) + 1)):
            yield artifact
