from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighmaster.engine.walk import Walk, walk
from weighmaster.model.report import GapReason
from weighmaster.reading.globs import matcher


def _tree(root: Path, *names: str) -> str:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return str(root)


def _names(found: Walk) -> list[str]:
    return [name for _, name in found.files]


def _gaps(found: Walk) -> list[tuple[str, GapReason, str]]:
    return [(str(gap.where), gap.reason, gap.detail) for gap in found.gaps]


def test_every_file_is_listed_in_order_hidden_ones_too(tmp_path: Path) -> None:
    found = walk(_tree(tmp_path, "b/z", "b.x", "a", ".git/config", ".hidden", "b/c/d"))
    assert _names(found) == [".git/config", ".hidden", "a", "b.x", "b/c/d", "b/z"]
    assert [path for path, _ in found.files] == [str(tmp_path / name) for _, name in found.files]
    assert not found.gaps


def test_a_file_is_its_own_only_file(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(b"")
    assert walk(str(path)) == Walk(files=((str(path), "a.pkl"),))


def test_a_target_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        walk(str(tmp_path / "missing"))


def test_a_target_that_is_a_link_is_what_it_leads_to(tmp_path: Path) -> None:
    _tree(tmp_path / "real", "a")
    (tmp_path / "link").symlink_to("real")
    assert _names(walk(str(tmp_path / "link"))) == ["a"]


def test_a_link_to_a_listed_file_is_no_gap_and_is_listed_only_on_demand(tmp_path: Path) -> None:
    root = _tree(tmp_path, "blobs/1")
    (tmp_path / "model.bin").symlink_to("blobs/1")
    assert (_names(walk(root)), walk(root).gaps) == (["blobs/1"], ())
    assert _names(walk(root, follow_symlinks=True)) == ["blobs/1", "model.bin"]


@pytest.mark.parametrize("follow_symlinks", [True, False])
def test_a_link_that_leaves_the_target_is_a_gap_followed_or_not(tmp_path: Path, *, follow_symlinks: bool) -> None:
    _tree(tmp_path / "outside", "secret")
    root = _tree(tmp_path / "in", "a")
    (tmp_path / "in" / "file").symlink_to("../outside/secret")
    (tmp_path / "in" / "folder").symlink_to(tmp_path / "outside")
    found = walk(root, follow_symlinks=follow_symlinks)
    assert _names(found) == ["a"]
    outside = str(tmp_path.resolve() / "outside")
    assert sorted(_gaps(found)) == [
        ("file", GapReason.NOT_FOLLOWED, f"a link that leaves the target, to {outside}/secret"),
        ("folder", GapReason.NOT_FOLLOWED, f"a link that leaves the target, to {outside}"),
    ]


@pytest.mark.parametrize("follow_symlinks", [True, False])
def test_links_that_lead_nowhere_or_in_a_circle_are_gaps(tmp_path: Path, *, follow_symlinks: bool) -> None:
    (tmp_path / "nowhere").symlink_to("missing")
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    found = walk(str(tmp_path), follow_symlinks=follow_symlinks)
    assert [where for where, _, _ in sorted(_gaps(found))] == ["nowhere", "one", "two"]


@pytest.mark.parametrize("follow_symlinks", [True, False])
def test_a_link_to_a_folder_around_it_ends_the_walk_all_the_same(tmp_path: Path, *, follow_symlinks: bool) -> None:
    root = _tree(tmp_path, "a/b")
    (tmp_path / "a" / "up").symlink_to("..")
    found = walk(root, follow_symlinks=follow_symlinks)
    assert (_names(found), found.gaps) == (["a/b"], ())


def test_a_link_to_an_excluded_file_is_a_gap(tmp_path: Path) -> None:
    root = _tree(tmp_path, "docs/payload", "a")
    (tmp_path / "b").symlink_to("docs/payload")
    (tmp_path / "c").symlink_to("docs")
    found = walk(root, exclude=("docs",))
    assert [where for where, _, _ in sorted(_gaps(found))] == ["b", "c"]
    assert found.excluded == 1


def test_pipes_and_sockets_are_gaps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        found = walk(".")
    assert sorted(where for where, _, _ in _gaps(found)) == ["pipe", "socket"]
    assert {reason for _, reason, _ in _gaps(found)} == {GapReason.NOT_A_FILE}


def test_a_folder_that_cannot_be_listed_is_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = _tree(tmp_path, "closed/a", "open/b")
    real = os.scandir

    # Tests may run as a user whom no permission stops.
    def scandir(path: str) -> object:
        if path.endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = walk(root)
    assert _names(found) == ["open/b"]
    assert _gaps(found) == [("closed", GapReason.NO_PERMISSION, "the folder could not be listed: Permission denied")]


def test_a_name_that_is_not_utf8_is_listed(tmp_path: Path) -> None:
    with open(os.path.join(os.fsencode(tmp_path), b"caf\xe9\xff"), "wb"):
        pass
    ((path, name),) = walk(str(tmp_path)).files
    assert os.path.exists(path)
    assert name == "caf\udce9\udcff"


def test_a_tree_deeper_than_the_interpreter_recurses_is_walked(tmp_path: Path) -> None:
    here = os.getcwd()
    os.chdir(tmp_path)
    try:
        for _ in range(1500):
            os.mkdir("d")
            os.chdir("d")
        Path("end").write_bytes(b"")
        # 1500 folders of two characters: still below the system's longest path.
        assert len(walk(str(tmp_path)).files) == 1
        Path("end").unlink()
    finally:
        # pytest removes folders by recursion, which is what this tree is too deep for.
        while os.getcwd() != str(tmp_path.resolve()):
            os.chdir("..")
            os.rmdir("d")
        os.chdir(here)


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("*.md", ["docs/a/x.bin", "docs/x.bin", "m.bin", "src/docs/y.bin"]),
        ("docs", ["README.md", "m.bin"]),
        ("docs/", ["README.md", "m.bin"]),
        ("/docs", ["README.md", "m.bin", "src/docs/y.bin"]),
        ("docs/*", ["README.md", "m.bin", "src/docs/y.bin"]),
        ("docs/*.bin", ["README.md", "docs/a/x.bin", "m.bin", "src/docs/y.bin"]),
        ("docs/**/*.bin", ["README.md", "m.bin", "src/docs/y.bin"]),
        ("**/x.bin", ["README.md", "m.bin", "src/docs/y.bin"]),
        ("?.bin", ["README.md"]),
        ("[lm].bin", ["README.md", "docs/a/x.bin", "docs/x.bin", "src/docs/y.bin"]),
        ("[!m].bin", ["README.md", "m.bin"]),
        ("none", ["README.md", "docs/a/x.bin", "docs/x.bin", "m.bin", "src/docs/y.bin"]),
    ],
)
def test_excluding_follows_the_habits_of_ignore_files_and_counts(tmp_path: Path, pattern: str, left: list[str]) -> None:
    root = _tree(tmp_path, "README.md", "docs/x.bin", "docs/a/x.bin", "m.bin", "src/docs/y.bin")
    found = walk(root, exclude=(pattern,))
    assert _names(found) == left
    assert found.excluded == 5 - len(left)


@given(st.lists(st.text(min_size=1), max_size=3), st.text(alphabet="ab[]!^*?/\\-&|~.", min_size=1))
def test_any_text_is_a_pattern(patterns: list[str], odd: str) -> None:
    expression = matcher((*patterns, odd))
    assert expression is not None
    expression.match("a/b.bin")


@given(st.text(alphabet=st.characters(exclude_characters="*?[/", exclude_categories=["Cs"]), min_size=1))
def test_a_pattern_without_wildcards_matches_its_own_name_and_no_longer_one(name: str) -> None:
    expression = matcher((name,))
    assert expression is not None
    assert expression.match(name)
    assert expression.match(f"folder/{name}")
    assert not expression.match(f"{name}x")
