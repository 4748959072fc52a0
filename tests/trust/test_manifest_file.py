"""A manifest as a file says what it says in one way only, and comparing two says what became of an artifact."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.model.value import replace
from weighmaster.trust.manifests.difference import Difference, difference
from weighmaster.trust.manifests.manifest import CHUNK, Entry, Manifest
from weighmaster.trust.manifests.manifest_file import parse_manifest, read_manifest, write_manifest

A, B, C = "a" * 64, "b" * 64, "c" * 64
HEX = st.text("0123456789abcdef", min_size=64, max_size=64)
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1).filter(
    lambda name: name not in {".", ".."}
)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    plain = Entry(path=draw(NAMES), size=draw(st.integers(0, 3 * CHUNK)), sha256=draw(HEX))
    if draw(st.booleans()):
        return plain
    count = -(-plain.size // CHUNK)
    chunks = tuple(draw(st.lists(HEX, min_size=count, max_size=count)))
    full: Entry = replace(plain, blake3=chunks[0] if count == 1 else draw(HEX), chunks=chunks)
    return full


MANIFESTS = st.lists(entries(), max_size=5, unique_by=lambda entry: entry.path.casefold()).map(Manifest.of)


@given(MANIFESTS)
def test_what_was_written_is_read_again(manifest: Manifest) -> None:
    text = write_manifest(manifest)
    try:
        found = parse_manifest(text.encode())
    except TrustError as error:
        assert "names that some systems take for one" in str(error)  # noqa: PT017 - a rare draw
        return
    assert found == manifest
    assert write_manifest(found) == text


@given(MANIFESTS)
def test_each_file_has_its_line(manifest: Manifest) -> None:
    assert write_manifest(manifest).count("\n") == (len(manifest.entries) + 2 if manifest.entries else 1)


def _document() -> dict[str, Any]:
    long = Entry(path="w", size=CHUNK + 1, sha256=A, blake3=B, chunks=(B, C))
    document: dict[str, Any] = json.loads(write_manifest(Manifest.of([long, Entry(path="a/b", size=0, sha256=C)])))
    return document


def test_the_form_is_the_documented_one() -> None:
    one, other = Entry(path="config.json", size=3, sha256=A), Entry(path="w", size=3, sha256=B, blake3=C, chunks=(C,))
    manifest = Manifest.of([other, one])
    assert write_manifest(manifest).splitlines() == [
        f'{{"schema": "weighmaster.manifest/1", "tree": "{manifest.tree}", "chunk": 67108864, "files": [',
        f'{{"path": "config.json", "size": 3, "sha256": "{A}"}},',
        f'{{"path": "w", "size": 3, "sha256": "{B}", "blake3": "{C}", "chunks": ["{C}"]}}',
        "]}",
    ]


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (("schema",), "weighmaster.manifest/2", "schema: 'weighmaster.manifest/1' wanted"),
        (("chunk",), 1, "chunk: 67108864 wanted, 1 found"),
        (("chunk",), True, "chunk: int wanted, bool found"),
        (("tree",), A, "the list was changed"),
        (("more",), 1, "'more' is no field"),
        (("files",), {}, "files: list wanted, dict found"),
        (("files", 1), [], r"files\[1\]: dict wanted, list found"),
        (("files", 1, "size"), -1, r"files\[1\]\.size: -1 is no size"),
        (("files", 1, "size"), True, r"files\[1\]\.size: int wanted, bool found"),
        (("files", 1, "size"), 1 << 63, r"files\[1\]\.size: \d+ is no size"),
        (("files", 1, "size"), 5, r"files\[1\]\.chunks: 1 digests wanted, 2 found"),
        (("files", 1, "size"), 5.0, r"files\[1\]\.size: int wanted, float found"),
        (("files", 1, "sha256"), A.upper(), r"files\[1\]\.sha256: 64 hexadecimal digits in lower case wanted"),
        (("files", 1, "sha256"), A[:-1], r"files\[1\]\.sha256: 64 hexadecimal digits"),
        (("files", 1, "sha256"), None, r"files\[1\]\.sha256: str wanted"),
        (("files", 1, "blake3"), "", r"files\[1\]\.blake3: 64 hexadecimal digits"),
        (("files", 1, "chunks", 0), 7, r"files\[1\]\.chunks\[0\]: str wanted"),
        (("files", 1, "md5"), A, r"files\[1\]: 'md5' is no field"),
        (("files", 1, "path"), "../up", "'../up' is no path inside an artifact"),
        (("files", 1, "path"), "a/b", "a/b is listed twice"),
        (("files", 1, "path"), "a/B", "names that some systems take for one"),
        (("files", 1, "path"), "\ud800", "is not UTF-8|surrogates"),
    ],
)
def test_what_is_no_manifest_is_refused_with_its_place(place: tuple[Any, ...], value: object, said: str) -> None:
    document: Any = _document()
    inside = document
    for step in place[:-1]:
        inside = inside[step]
    inside[place[-1]] = value
    with pytest.raises(TrustError, match=said):
        parse_manifest(json.dumps(document).encode())


def test_a_chunk_alone_is_the_file() -> None:
    entry = Entry(path="w", size=1, sha256=A, blake3=B, chunks=(C,))
    with pytest.raises(TrustError, match="the only chunk of a file has another digest than the file"):
        parse_manifest(write_manifest(Manifest.of([entry])).encode())


def test_a_manifest_that_is_not_there_is_a_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_manifest(tmp_path / "missing.json")


def test_damaged_manifests_are_refused_and_nothing_else_happens() -> None:
    chance = random.Random(0)
    text = write_manifest(Manifest.of([Entry(path=f"f{i}", size=i, sha256=A) for i in range(3)])).encode()
    words = [b'"', b"{", b"}", b"[", b"]", b",", b"null", b"1e999", b"NaN", b"\xff", b"\\u0000", b"-1", b'"path"', b""]
    refused = 0
    for _ in range(3000):
        start = chance.randrange(len(text))
        damaged = text[:start] + chance.choice(words) + text[start + chance.randrange(9) :]
        try:
            parse_manifest(damaged)
        except TrustError:
            refused += 1
    assert refused > 2800


def _entry(path: str, sha256: str = A, size: int = 1) -> Entry:
    return Entry(path=path, size=size, sha256=sha256)


def test_a_difference_says_what_was_added_removed_changed_and_renamed() -> None:
    before = Manifest.of([_entry("same"), _entry("changed", B), _entry("gone", C), _entry("old name", "d" * 64)])
    after = Manifest.of([_entry("same"), _entry("changed", A), _entry("new", "e" * 64), _entry("new name", "d" * 64)])
    found = difference(before, after)
    assert found == Difference(
        added=(_entry("new", "e" * 64),),
        removed=(_entry("gone", C),),
        changed=((_entry("changed", B), _entry("changed", A)),),
        renamed=((_entry("old name", "d" * 64), _entry("new name", "d" * 64)),),
    )
    assert found


def test_no_difference_is_none() -> None:
    manifest = Manifest.of([_entry("a"), _entry("b", B)])
    assert not difference(manifest, manifest)


def test_swapped_names_are_a_change_of_both() -> None:
    before = Manifest.of([_entry("notes.txt", A), _entry("code.py", B)])
    after = Manifest.of([_entry("notes.txt", B), _entry("code.py", A)])
    assert [new.path for _, new in difference(before, after).changed] == ["code.py", "notes.txt"]


def test_empty_files_are_not_renamed_but_other_files() -> None:
    found = difference(Manifest.of([_entry("__init__.py", A, 0)]), Manifest.of([_entry("sitecustomize.py", A, 0)]))
    assert ([one.path for one in found.added], [one.path for one in found.removed], found.renamed) == (
        ["sitecustomize.py"],
        ["__init__.py"],
        (),
    )


def test_what_is_ignored_is_said() -> None:
    before, after = Manifest.of([_entry("a"), _entry("log/x", B)]), Manifest.of([_entry("a"), _entry("m.json", C)])
    found = difference(before, after, ["log/*"], own={"m.json"})
    assert not found
    assert found.ignored == ("log/x", "m.json")


def test_other_digests_of_the_same_bytes_are_a_change() -> None:
    one = Entry(path="w", size=1, sha256=A, blake3=B, chunks=(B,))
    other = Entry(path="w", size=1, sha256=A, blake3=C, chunks=(C,))
    assert difference(Manifest.of([one]), Manifest.of([other])).changed
    assert not difference(Manifest.of([one]), Manifest.of([Entry(path="w", size=1, sha256=A)]))


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from((A, B, C))), max_size=8))
def test_what_a_difference_tells_makes_the_newer_from_the_older(draws: list[tuple[str, str]]) -> None:
    half = len(draws) // 2
    before = Manifest.of(_entry(path, digest) for path, digest in dict(draws[:half]).items())
    after = Manifest.of(_entry(path, digest) for path, digest in dict(draws[half:]).items())
    found = difference(before, after)
    files = dict(before.by_path)
    for old, _ in (*found.renamed, *found.changed):
        files.pop(old.path)
    for entry in found.removed:
        files.pop(entry.path)
    for entry in (*found.added, *(new for _, new in (*found.renamed, *found.changed))):
        files[entry.path] = entry
    assert files == dict(after.by_path)
    assert bool(found) == (before != after)
    assert not re.search("[A-Z]", after.tree)
