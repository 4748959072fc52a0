"""The tree is the one of RFC 6962; pymerkle computes the same roots, and proofs that lead to them."""

from __future__ import annotations

import hashlib
import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weighmaster.model.errors import TrustError
from weighmaster.trust.log import merkle

LEAVES = [merkle.leaf_hash(b"%d" % number) for number in range(600)]
ROOTS = [merkle.root(LEAVES[:size]) for size in range(71)]
# The vectors of the reference implementation of RFC 6962 (certificate-transparency, merkletree tests).
INPUTS = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
KNOWN = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def test_roots_are_those_of_the_reference_implementation() -> None:
    leaves = [merkle.leaf_hash(entry) for entry in INPUTS]
    assert [merkle.root(leaves[: size + 1]).hex() for size in range(8)] == KNOWN
    assert merkle.root([]) == hashlib.sha256(b"").digest()


def _naive(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return merkle.node_hash(_naive(leaves[:half]), _naive(leaves[half:]))


@pytest.fixture(scope="module")
def peer() -> Any:
    pymerkle = pytest.importorskip("pymerkle")
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    for number in range(600):
        tree.append_entry(b"%d" % number)
    return tree


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 255, 256, 257, 300, 511, 512, 513, 599, 600])
def test_pymerkle_has_the_same_root(peer: Any, size: int) -> None:
    assert peer.get_root(size) == merkle.root(LEAVES[:size]) == _naive(LEAVES[:size])


def test_pymerkle_proves_inclusion_with_the_same_hashes_and_growth_of_the_same_roots(peer: Any) -> None:
    rng = random.Random(6962)
    for _ in range(60):
        size = rng.randint(1, 600)
        index, old = rng.randrange(size), rng.randint(1, size)
        # pymerkle's path begins with the leaf itself, or with the node that both trees end in.
        theirs = list(peer.prove_inclusion(index + 1, size).path)
        assert theirs[0] == LEAVES[index]
        assert tuple(theirs[1:]) == merkle.inclusion_path(index, size, merkle.node_of(LEAVES))
        # Its proofs of growth go down to a leaf where the RFC stops at a subtree; the roots are the same.
        path = merkle.consistency_path(old, size, merkle.node_of(LEAVES))
        merkle.verify_consistency(old, peer.get_root(old), size, peer.get_root(size), path)


def test_proofs_of_growth_are_those_of_the_example_in_the_rfc() -> None:
    # RFC 6962, section 2.1.3: seven leaves a to f and j, the nodes g to l above them.
    a, b, c, d, e, f, j = LEAVES[:7]
    g, h, i = merkle.node_hash(a, b), merkle.node_hash(c, d), merkle.node_hash(e, f)
    k, l = merkle.node_hash(g, h), merkle.node_hash(i, j)  # noqa: E741 - the RFC's names
    node = merkle.node_of(LEAVES)
    assert merkle.consistency_path(3, 7, node) == (c, d, g, l)
    assert merkle.consistency_path(4, 7, node) == (l,)
    assert merkle.consistency_path(6, 7, node) == (i, j, k)
    assert merkle.inclusion_path(0, 7, node) == (b, h, l)
    assert merkle.inclusion_path(3, 7, node) == (c, g, l)
    assert merkle.inclusion_path(4, 7, node) == (f, j, k)
    assert merkle.inclusion_path(6, 7, node) == (i, k)


def test_inclusion_is_proven_for_every_entry_of_every_size() -> None:
    for size in range(1, 71):
        node = merkle.node_of(LEAVES[:size])
        for index in range(size):
            path = merkle.inclusion_path(index, size, node)
            merkle.verify_inclusion(LEAVES[index], index, size, path, ROOTS[size])
            for wrong in {index - 1, index + 1, index ^ 1, size - 1 - index} - {index}:
                with pytest.raises(TrustError):
                    merkle.verify_inclusion(LEAVES[index], wrong, size, path, ROOTS[size])


def test_growth_is_proven_between_all_sizes() -> None:
    for size in range(71):
        node = merkle.node_of(LEAVES[:size])
        for old in range(size + 1):
            path = merkle.consistency_path(old, size, node)
            merkle.verify_consistency(old, ROOTS[old], size, ROOTS[size], path)
            if 0 < old < size:
                for wrong in (path[:-1], (*path, path[-1]), path[::-1] if len(path) > 1 else ()):
                    with pytest.raises(TrustError):
                        merkle.verify_consistency(old, ROOTS[old], size, ROOTS[size], wrong)
                with pytest.raises(TrustError):
                    merkle.verify_consistency(old, ROOTS[old - 1], size, ROOTS[size], path)
                with pytest.raises(TrustError):
                    merkle.verify_consistency(old, ROOTS[old], size, ROOTS[size - 1], path)


@given(st.integers(1, (1 << 63) - 1), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_proofs_hold_in_trees_of_any_size(size: int, rng: random.Random) -> None:
    # All leaves are alike here, so the hash of a subtree is known by its height.
    heights = [merkle.leaf_hash(b"")]
    for _ in range(63):
        heights.append(merkle.node_hash(heights[-1], heights[-1]))

    def node(height: int, index: int) -> bytes:
        assert (index + 1) << height <= size
        return heights[height]

    tree = merkle.spanned(0, size, node)
    index, old = rng.randrange(size), rng.randint(0, size)
    merkle.verify_inclusion(heights[0], index, size, merkle.inclusion_path(index, size, node), tree)
    before = merkle.spanned(0, old, node)
    merkle.verify_consistency(old, before, size, tree, merkle.consistency_path(old, size, node))


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_a_proof_with_one_bit_changed_proves_nothing(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 600))
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size - 1))
    node, tree = merkle.node_of(LEAVES[:size]), merkle.root(LEAVES[:size])
    inclusion = merkle.inclusion_path(index, size, node)
    at, bit = data.draw(st.integers(0, len(inclusion) - 1)), data.draw(st.integers(0, 255))
    merkle.verify_inclusion(LEAVES[index], index, size, inclusion, tree)
    with pytest.raises(TrustError):
        merkle.verify_inclusion(LEAVES[index], index, size, _changed(inclusion, at, bit), tree)
    growth, before = merkle.consistency_path(old, size, node), merkle.root(LEAVES[:old])
    at, bit = data.draw(st.integers(0, len(growth) - 1)), data.draw(st.integers(0, 255))
    merkle.verify_consistency(old, before, size, tree, growth)
    with pytest.raises(TrustError):
        merkle.verify_consistency(old, before, size, tree, _changed(growth, at, bit))


def _changed(path: tuple[bytes, ...], at: int, bit: int) -> tuple[bytes, ...]:
    return (*path[:at], (int.from_bytes(path[at], "big") ^ (1 << bit)).to_bytes(32, "big"), *path[at + 1 :])


def test_a_range_gives_the_root_after_every_entry() -> None:
    grown = merkle.Range()
    assert grown.root == ROOTS[0]
    for size, leaf in enumerate(LEAVES[:70], 1):
        grown.append(leaf)
        assert (grown.size, grown.root) == (size, ROOTS[size])


def test_a_node_cannot_be_passed_off_as_an_entry() -> None:
    # RFC 6962 gives leaves and nodes different prefixes.
    pair = LEAVES[0] + LEAVES[1]
    assert merkle.leaf_hash(pair) != merkle.node_hash(LEAVES[0], LEAVES[1])


@pytest.mark.parametrize("size", [0, -1, 1 << 63, 1 << 70])
def test_sizes_that_cannot_be_are_refused(size: int) -> None:
    with pytest.raises(TrustError):
        merkle.verify_inclusion(LEAVES[0], 0, size, (), LEAVES[0])
    if size:
        with pytest.raises(TrustError):
            merkle.verify_consistency(1, LEAVES[0], size, LEAVES[0], ())


def test_what_is_no_hash_is_refused_in_a_proof() -> None:
    for path in ((b"short",), (b"\0" * 32,) * 65):
        with pytest.raises(TrustError):
            merkle.verify_inclusion(LEAVES[0], 0, 2, path, ROOTS[2])


def test_growth_from_nothing_is_from_the_empty_root_only() -> None:
    merkle.verify_consistency(0, merkle.EMPTY, 5, ROOTS[5], ())
    with pytest.raises(TrustError):
        merkle.verify_consistency(0, ROOTS[1], 5, ROOTS[5], ())
    assert all(one != two for one, two in pairwise(ROOTS))
