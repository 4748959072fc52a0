"""Paths inside a target: what lies beside what, and what a name leads to."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from weighmaster.knowledge.repository import Tree, beside, path_of, split
from weighmaster.model.fact import Artifact, Statement
from weighmaster.model.repository import Repository
from weighmaster.model.where import Member, Where

_names = st.sampled_from(("a", "b.json", "c d", "..", ".", ""))
_paths = st.lists(_names, min_size=1, max_size=5).map("/".join)


@given(_paths, _paths)
def test_a_name_never_leads_out_of_the_target_or_of_its_archive(source: str, target: str) -> None:
    for path in (source, f"x.zip!{source}"):
        found = beside(path, target)
        if found is not None:
            archive, bang, inner = found.rpartition("!")
            assert not {"..", ".", ""} & set(inner.split("/")) or not inner
            assert (archive, bang) == path.rpartition("!")[:2]


@given(_paths)
def test_a_folder_and_a_name_are_the_path(path: str) -> None:
    assert "".join(split(path)) == path


def test_members_are_files_in_the_folder_that_their_archive_is() -> None:
    where = Where.file("a.zip") / Member(name="m//./config.json")
    assert path_of(where) == "a.zip!m/config.json"
    assert path_of(where.span(1, 2)) == "a.zip!m/config.json"
    assert beside("a.zip!m/config.json", "../x.py") == "a.zip!x.py"
    assert beside("a.zip!m/config.json", "../../x.py") is None
    assert beside("m/config.json", "/etc/passwd") is None
    assert beside("m/config.json", "https://owner.org/x.py") is None
    assert beside("m/config.json", "sub\\x.py") == "m/sub/x.py"


def test_facts_are_found_by_their_file() -> None:
    place = Where.file("m/config.json")
    fact = Statement(where=place.span(0, 1), key="licence", value="mit", by="card")
    file = Artifact(where=place, size=1, sha256="", formats=())
    tree = Tree(Repository(where=Where.file("."), folder=True, artifacts=(file,), facts=(fact,)))
    assert list(tree.facts(Statement, "m/config.json")) == [fact] == list(tree.facts(Statement))
    assert not list(tree.facts(Statement, "other"))
    assert tree.folders == {"m/": {"config.json"}}
    assert tree.artifact("m/config.json") == file
