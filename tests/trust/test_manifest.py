"""The tree digest binds names, sizes and bytes, and nothing passes for anything else."""

from __future__ import annotations

import hashlib
import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighmaster.model.errors import TrustError
from weighmaster.model.value import replace
from weighmaster.trust.manifests.manifest import TREE_ALGORITHM, TREE_NAME, Entry, Manifest

A, B = "a" * 64, "b" * 64
ENTRIES = st.lists(
    st.builds(
        Entry,
        path=st.text(st.sampled_from("ab/\u00e9"), min_size=1, max_size=4),
        size=st.integers(0, 300),
        sha256=st.sampled_from((A, B)),
    ),
    max_size=4,
    unique_by=lambda entry: entry.path,
)


def _tree(entries: list[Entry]) -> str:
    """The tree digest, as its definition reads."""
    text = b"weighmaster tree v1\n"
    for path, entry in sorted((entry.path.encode(), entry) for entry in entries):
        text += struct.pack(">Q", len(path)) + path + struct.pack(">Q", entry.size) + bytes.fromhex(entry.sha256)
    return hashlib.sha256(text).hexdigest()


@given(ENTRIES)
def test_the_tree_digest_is_what_its_definition_says(entries: list[Entry]) -> None:
    assert Manifest.of(entries).tree == _tree(entries)


@given(ENTRIES, st.randoms())
def test_the_order_of_files_does_not_matter(entries: list[Entry], chance: random.Random) -> None:
    shuffled = list(entries)
    chance.shuffle(shuffled)
    assert Manifest.of(shuffled) == Manifest.of(entries)


@given(ENTRIES, ENTRIES)
def test_other_files_have_another_tree(one: list[Entry], other: list[Entry]) -> None:
    assert (Manifest.of(one).tree == Manifest.of(other).tree) == (Manifest.of(one) == Manifest.of(other))


def test_two_files_that_swap_their_names_are_another_tree() -> None:
    """What model-signing's root digest takes for the same: it is over digests alone."""
    one = Manifest.of([Entry(path="README.md", size=1, sha256=A), Entry(path="weights.safetensors", size=1, sha256=B)])
    other = Manifest.of([Entry(path="README.md", size=1, sha256=A), Entry(path="weights.pkl", size=1, sha256=B)])
    swapped = Manifest.of(
        [Entry(path="README.md", size=1, sha256=B), Entry(path="weights.safetensors", size=1, sha256=A)]
    )
    assert len({one.tree, other.tree, swapped.tree}) == 3


def test_empty_files_count() -> None:
    empty = hashlib.sha256().hexdigest()
    some = Entry(path="w", size=1, sha256=A)
    with_one = Manifest.of([some, Entry(path="__init__.py", size=0, sha256=empty)])
    renamed = Manifest.of([some, Entry(path="sitecustomize.py", size=0, sha256=empty)])
    assert len({Manifest.of([some]).tree, with_one.tree, renamed.tree}) == 3


def test_chunks_are_not_bound_by_the_tree() -> None:
    """So nobody may take them from a list of which only the tree was vouched for."""
    entry = Entry(path="w", size=1, sha256=A)
    full = replace(entry, blake3=B, chunks=(B,))
    assert Manifest.of([entry]).tree == Manifest.of([full]).tree


def test_a_path_stands_there_once() -> None:
    with pytest.raises(TrustError, match="w is listed twice"):
        Manifest.of([Entry(path="w", size=1, sha256=A), Entry(path="w", size=2, sha256=B)])


def test_a_path_is_text() -> None:
    with pytest.raises(TrustError, match="is not UTF-8"):
        Manifest.of([Entry(path="\ud800", size=1, sha256=A)])


def test_paths_are_in_the_order_of_their_bytes() -> None:
    names = ["Z", "a", "a/b", "a-b", "\u00e9", "\U00010000", "\uffff"]
    found = [entry.path for entry in Manifest.of(Entry(path=name, size=0, sha256=A) for name in names).entries]
    assert found == sorted(names, key=str.encode)


def test_a_statement_is_about_the_tree_and_about_every_file() -> None:
    manifest = Manifest.of([Entry(path="w", size=1, sha256=A), Entry(path="a", size=1, sha256=B)])
    assert manifest.subjects() == [
        {"name": TREE_NAME, "digest": {TREE_ALGORITHM: manifest.tree}},
        {"name": "a", "digest": {"sha256": B}},
        {"name": "w", "digest": {"sha256": A}},
    ]
