"""Where the files of a cache came from: caches of hubs keep contents under their digests, and names beside them.

Hugging Face: `models--owner--name/{blobs,refs,snapshots}`
(<https://huggingface.co/docs/huggingface_hub/guides/manage-cache>). Ollama: `manifests/HOST/OWNER/NAME/TAG` and
`blobs/sha256-...` (<https://github.com/ollama/ollama/blob/main/docs/faq.mdx>). torch.hub: `hub/OWNER_NAME_REF`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from weighmaster.knowledge.loads.load_targets import is_commit
from weighmaster.model.value import Value
from weighmaster.reading.pattern import pattern

_FOLDER: Final = pattern(
    r"((?:.*/)?(models|datasets|spaces)--([\w.-]+?)(?:--([\w.-]+))?)/(?:blobs|snapshots/([0-9a-f]{40}))/.+\Z"
)
_MANIFEST: Final = pattern(r"((?:.*/)?)manifests/[^/]+/([^/]+)/([^/]+)/([^/]+)\Z")
_WEIGHTS: Final = ("application/vnd.ollama.image.model", "application/vnd.ollama.image.adapter")
_LONGEST: Final = 1 << 20
_MOST_REFS: Final = 200


class Kept(Value):
    """The name under which a hub has something, and its version; `is_weights` where a list says that it is that."""

    name: str = ""
    version: str = ""
    is_weights: bool = False


def kept(root: str, paths: Iterable[str]) -> dict[str, Kept]:
    """Return where the files of caches below a folder came from; `paths` are its files."""
    found: dict[str, Kept] = {}
    commits: dict[str, str] = {}
    for path in paths:
        if hit := _FOLDER.match(path):
            folder = hit[1]
            if folder not in commits:
                commits[folder] = _commit(os.path.join(root, folder))
            name = f"{hit[3]}/{hit[4]}" if hit[4] else hit[3]
            found[path] = Kept(name=name, version=hit[5] or commits[folder])
        elif hit := _MANIFEST.match(path):
            found |= _listed(root, path, hit[1], f"{hit[2]}/{hit[3]}".removeprefix("library/"), hit[4])
    return found


def _commit(folder: str) -> str:
    """Return the only commit of a repository in a cache; nothing where there are several."""
    try:
        names = os.listdir(os.path.join(folder, "snapshots"))
    except OSError:
        return ""
    commits = [name for name in names if is_commit(name)]
    return commits[0] if len(commits) == 1 else ""


def _listed(root: str, path: str, base: str, name: str, tag: str) -> dict[str, Kept]:
    layers = _manifest(os.path.join(root, path)).get("layers")
    found = {}
    for layer in layers if isinstance(layers, list) else []:
        digest = layer.get("digest") if isinstance(layer, dict) else None
        if isinstance(digest, str):
            weights = layer.get("mediaType") in _WEIGHTS
            found[f"{base}blobs/{digest.replace(':', '-')}"] = Kept(name=name, version=tag, is_weights=weights)
    return found


def _manifest(path: str) -> Mapping[str, Any]:
    from weighmaster.reading.document import document
    from weighmaster.reading.source import BytesSource

    found = document(BytesSource(_content(path)))
    return found if isinstance(found, dict) else {}


def _content(path: str, most: int = _LONGEST) -> bytes:
    if os.path.islink(path) or not os.path.isfile(path):
        return b""
    try:
        with open(path, "rb") as file:
            return file.read(most)
    except OSError:
        return b""


def cached_commits(cache: str) -> Iterator[tuple[str, str, str]]:
    """Yield what a cache of the hub's client knows: kind, repository and the commit that `main` was when it ran."""
    try:
        folders = sorted(os.listdir(cache))
    except OSError:
        return
    for folder in folders:
        kind, _, rest = folder.partition("--")
        if kind not in {"models", "datasets"}:
            continue
        for ref in _refs(os.path.join(cache, folder, "refs")):
            commit = _content(os.path.join(cache, folder, "refs", ref), 64).decode("ascii", "replace").strip()
            if ref == "main" and is_commit(commit):
                yield kind.removesuffix("s"), rest.replace("--", "/", 1), commit


def _refs(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))[:_MOST_REFS]
    except OSError:
        return []
