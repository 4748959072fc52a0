"""Checksums that others publish are read in the forms they come in; what is on one side only is said."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.trust.manifests.checksums import Compared, Published, compare, package_of
from weighmaster.trust.manifests.digests import Hashing
from weighmaster.trust.manifests.hashing import hash_artifact
from weighmaster.trust.manifests.manifest import Entry, Manifest
from weighmaster.trust.manifests.published import parse_checksums, read_checksums

A, B = "a" * 64, "b" * 64
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n"


def _manifest(**digests: str) -> Manifest:
    return Manifest.of(Entry(path=name.replace("__", "."), size=3, sha256=digest) for name, digest in digests.items())


def _published(text: str | bytes, name: str = "SHA256SUMS") -> tuple[Published, ...]:
    return parse_checksums(text.encode() if isinstance(text, str) else text, name).published


@pytest.mark.parametrize(
    "line",
    [
        f"{A}  w.bin",
        f"{A} *w.bin",
        f"{A.upper()}  ./w.bin",
        f"SHA256 (w.bin) = {A}",
        f"SHA2-256 (w.bin) = {A}",
        f"sha256(w.bin)= {A}",
    ],
)
def test_lines_of_coreutils_bsd_and_openssl_are_read(line: str) -> None:
    assert _published(f"# a comment\n\n{line}\r\n") == (Published(name="w.bin", digests=(A,)),)


def test_escaped_names_are_read_as_they_are() -> None:
    assert [one.name for one in _published(f"\\{A}  a\\nb\\\\c\n\\SHA256 (d\\re) = {A}\n{A}  f\\ng\n")] == [
        "a\nb\\c",
        "d\re",
        "f\\ng",
    ]
    with pytest.raises(TrustError, match="line 1: an escape that is none"):
        _published(f"\\{A}  a\\tb")


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs coreutils")
@pytest.mark.parametrize("options", [[], ["--binary"], ["--tag"]])
def test_what_sha256sum_writes_is_read(tmp_path: Path, options: list[str]) -> None:
    for name in ("plain", "with blank", "line\nend", "back\\slash", "(round)", " = "):
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "x").write_bytes(b"x")
    names = ["sub/x", *(path.name for path in tmp_path.iterdir() if path.is_file())]
    said = subprocess.run(["sha256sum", *options, "--", *names], cwd=tmp_path, capture_output=True, check=True)
    found = compare(hash_artifact(tmp_path), parse_checksums(said.stdout, "SHA256SUMS"))
    assert found == Compared(equal=tuple(sorted(names)))


@pytest.mark.parametrize("name", ["/etc/passwd", "../up", "a/../../b", ".."])
def test_lists_speak_of_nothing_outside(name: str) -> None:
    with pytest.raises(TrustError, match=r"line 1: .* is not inside an artifact"):
        _published(f"{A}  {name}")


def test_what_is_no_checksum_is_refused_with_its_line() -> None:
    with pytest.raises(TrustError, match="SHA256SUMS: line 2 is no checksum"):
        _published(f"{A}  w\nhello\n")


@pytest.mark.parametrize("text", ["", "\n", f"{A[:40]}  sha1-only", f"SHA512 (x) = {A}{A}"])
def test_a_list_without_a_checksum_that_counts_is_refused(text: str) -> None:
    with pytest.raises(TrustError, match="no checksum that can be compared"):
        _published(text)


def test_what_is_on_one_side_only_is_said() -> None:
    manifest = _manifest(same=A, other=B, extra=A)
    checksums = parse_checksums(f"{A}  same\n{A}  other\n{A}  gone\n".encode(), "x")
    assert compare(manifest, checksums) == Compared(
        equal=("same",), different=("other",), missing=("gone",), unlisted=("extra",)
    )


def test_a_second_line_does_not_make_good_what_the_first_contradicts() -> None:
    checksums = parse_checksums(f"{B}  w\n{A}  w\n".encode(), "x")
    assert compare(_manifest(w=A), checksums) == Compared(different=("w",))


def test_blake3_is_compared_where_it_was_computed(tmp_path: Path) -> None:
    (tmp_path / "w").write_bytes(b"abc")
    checksums = parse_checksums(f"BLAKE3 (w) = {blake3(b'abc').hexdigest()}\n".encode(), "x")
    assert checksums.uses("blake3")
    assert compare(hash_artifact(tmp_path, Hashing(full=True)), checksums) == Compared(equal=("w",))
    with pytest.raises(ConfigError, match="blake3 digests, which were not computed"):
        compare(hash_artifact(tmp_path), checksums)


def test_bare_lines_are_blake3_in_a_list_that_is_called_so() -> None:
    assert {_published(f"{A}  w", name)[0].algorithm for name in ("B3SUMS", "x/blake3.txt")} == {"blake3"}
    assert _published(f"{A}  w", "b3/SHA256SUMS")[0].algorithm == "sha256"


def test_what_a_hub_says_of_a_model_is_read() -> None:
    siblings = [
        {"rfilename": "config.json", "size": 3, "blobId": "0" * 40},
        {"rfilename": "w.bin", "size": 3, "lfs": {"sha256": A, "size": 3, "pointerSize": 1}},
    ]
    found = compare(
        _manifest(config__json=B, w__bin=A), parse_checksums(json.dumps({"siblings": siblings}).encode(), "x.json")
    )
    assert found == Compared(equal=("w.bin",), unsaid=("config.json",))


def test_what_a_hub_says_of_a_tree_is_read_and_sizes_count() -> None:
    tree = [
        {"type": "directory", "path": "sub", "oid": "0" * 40},
        {"type": "file", "path": "w.bin", "size": 3, "oid": "0" * 40, "lfs": {"oid": A, "size": 4}},
        {"type": "file", "path": "c", "size": 5, "oid": "0" * 40},
    ]
    found = compare(_manifest(w__bin=A, c=B), parse_checksums(json.dumps(tree).encode(), "tree.json"))
    assert found == Compared(different=("c", "w.bin"))


def test_a_pointer_stands_for_the_one_file() -> None:
    checksums = parse_checksums(POINTER.format(A, 3).encode(), "pointer")
    assert compare(_manifest(w=A), checksums) == Compared(equal=("w",))
    assert compare(_manifest(w=B), checksums) == Compared(different=("w",))
    with pytest.raises(ConfigError, match="names no file, and the artifact has several"):
        compare(_manifest(w=A, x=B), checksums)


def test_a_folder_of_pointers_is_compared_file_by_file(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("text")
    (tmp_path / "w").write_text(POINTER.format(A, 3))
    assert compare(_manifest(w=A), read_checksums(tmp_path)) == Compared(equal=("w",))


def test_the_notes_of_a_download_are_read(tmp_path: Path) -> None:
    notes = tmp_path / ".cache" / "huggingface" / "download" / "sub"
    notes.mkdir(parents=True)
    (notes / "w.bin.metadata").write_text(f"{'1' * 40}\n{A}\n1700000000.0\n")
    (notes.parent / "config.json.metadata").write_text(f"{'1' * 40}\n{'2' * 40}\n1700000000.0\n")
    manifest = Manifest.of([Entry(path="sub/w.bin", size=1, sha256=A), Entry(path="config.json", size=1, sha256=B)])
    for folder in (tmp_path, notes.parent):
        assert compare(manifest, read_checksums(folder)) == Compared(equal=("sub/w.bin",), unsaid=("config.json",))


def test_a_folder_without_pointers_or_notes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("y")
    with pytest.raises(TrustError, match="neither pointers of Git LFS nor notes"):
        read_checksums(tmp_path)


def test_one_of_the_hashes_of_a_requirement_has_to_fit() -> None:
    text = f"""\
# pinned
Demo_Pkg==1.0 \\
    --hash=sha256:{A} \\
    --hash=sha256:{B}  # two builds
other[extra]==2 --hash=sha256:{A} --hash=md5:{A[:32]}
unhashed==3
"""
    wheels = {"demo_pkg-1.0-py3-none-any.whl": B, "demo.pkg-1.0.tar.gz": A, "other-2-py3-none-any.whl": B, "x": A}
    manifest = Manifest.of(Entry(path=name, size=1, sha256=digest) for name, digest in wheels.items())
    checksums = parse_checksums(text.encode(), "requirements.txt")
    assert not checksums.whole
    assert compare(manifest, checksums) == Compared(
        equal=("demo.pkg-1.0.tar.gz", "demo_pkg-1.0-py3-none-any.whl"),
        different=("other-2-py3-none-any.whl",),
        unlisted=("x",),
    )


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a_b-1.0-py3-none-any.whl", "a-b"),
        ("sub/A.B-1.0-1-cp311-cp311-linux_x86_64.whl", "a-b"),
        ("a-b-1.0.tar.gz", "a-b"),
        ("a-1.zip", "a"),
        ("model.bin", ""),
        ("weights.tar.gz", ""),
    ],
)
def test_a_distribution_says_of_which_package_it_is(path: str, name: str) -> None:
    assert package_of(path) == name


LOCKS = {
    "pylock.toml": f"""\
lock-version = "1.0"
[[packages]]
name = "demo"
[[packages.wheels]]
name = "demo-1-py3-none-any.whl"
url = "https://example.org/x/demo-1-py3-none-any.whl"
size = 3
hashes = {{ sha256 = "{A}", md5 = "0" }}
[packages.sdist]
url = "https://example.org/demo-1.tar.gz?x=1"
hashes = {{ sha256 = "{B}" }}
""",
    "uv.lock": f"""\
version = 1
[[package]]
name = "demo"
source = {{ registry = "https://pypi.org/simple" }}
sdist = {{ url = "https://example.org/demo-1.tar.gz", hash = "sha256:{B}", size = 3 }}
wheels = [{{ url = "https://example.org/demo%2D1-py3-none-any.whl", hash = "sha256:{A}", size = 3 }}]
[[package]]
name = "own"
source = {{ editable = "." }}
""",
}


@pytest.mark.parametrize("name", list(LOCKS))
def test_lock_files_list_files_by_name(name: str) -> None:
    checksums = parse_checksums(LOCKS[name].encode(), f"somewhere/{name}")
    wheel, other = "demo-1-py3-none-any.whl", "demo-1.tar.gz"
    manifest = Manifest.of([Entry(path=wheel, size=3, sha256=A), Entry(path=other, size=3, sha256=A)])
    assert compare(manifest, checksums) == Compared(equal=(wheel,), different=(other,))
    assert not checksums.whole


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("x", b"\xff\xfe", "not UTF-8"),
        ("x", b'{"siblings": [{"rfilename": 1}]}', r"siblings\[0\]\.rfilename: str wanted"),
        ("x", b'{"siblings": 1}', "siblings: list wanted"),
        ("x", b'{"a": 1, "a": 2}', "twice"),
        ("x", b'[{"path": "../x", "type": "file"}]', "not inside"),
        ("x", b'[{"path": "x", "lfs": {"oid": "zz", "size": 1}}]', "is no SHA-256"),
        ("uv.lock", b"= 1", "not TOML"),
        ("uv.lock", b"package = 1", "package: list wanted"),
        ("requirements.txt", b"--hash=sha256:" + A.encode(), "hashes without a package"),
        ("requirements.txt", b"a --hash=sha256:0", "is no SHA-256"),
    ],
)
def test_broken_lists_are_refused_with_the_place(name: str, text: bytes, said: str) -> None:
    with pytest.raises(TrustError, match=said):
        parse_checksums(text, name)


def test_a_list_that_is_not_there_is_a_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_checksums(tmp_path / "missing")


def test_damaged_lists_are_refused_and_nothing_else_happens() -> None:
    chance = random.Random(1)
    tree: list[dict[str, Any]] = [{"type": "file", "path": "w", "size": 3, "lfs": {"oid": A, "size": 3}}]
    samples = [
        ("SHA256SUMS", f"{A}  w\nSHA256 (x) = {B}\n\\{A} *y\\nz\n".encode()),
        ("hub.json", json.dumps(tree).encode()),
        ("requirements.txt", f"demo==1 --hash=sha256:{A}\n".encode()),
        *((name, text.encode()) for name, text in LOCKS.items()),
        ("pointer", POINTER.format(A, 3).encode()),
    ]
    words = [
        b'"',
        b"{",
        b"}",
        b"[",
        b"]",
        b"\n",
        b"null",
        b"1e999",
        b"\xff",
        b"\0",
        b"-1",
        b"\\",
        b" ",
        b"",
        b"9" * 5000,
    ]
    for _ in range(3000):
        name, text = chance.choice(samples)
        start = chance.randrange(len(text))
        damaged = text[:start] + chance.choice(words) + text[start + chance.randrange(9) :]
        try:
            checksums = parse_checksums(damaged, name)
            compare(_manifest(w=hashlib.sha256(damaged).hexdigest()), checksums)
        except (TrustError, ConfigError):
            continue
