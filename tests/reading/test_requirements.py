"""Requirements as pip reads them: pip's own parser and the library `packaging` are the oracles."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from pip._internal.network.session import PipSession
from pip._internal.req.req_file import parse_requirements

from weighmaster.model.fact import Reference
from weighmaster.model.package import Dependency, Index
from weighmaster.model.where import Where
from weighmaster.reading.dependencies.manifests import poetry_specifier
from weighmaster.reading.dependencies.pip import lines, requirements
from weighmaster.reading.dependencies.wanted import Stand, dependency, is_commit

_STAND = Stand(where=Where.file("requirements.txt"), by="pip")
_SHA = "ab" * 32

TRICKY = f"""\
# comment == 1
torch==2.1.0  # after
numpy >= 1.20 , < 2 ; python_version < "3.12"
requests[security,socks]>=2.8.1,==2.8.*
name @ https://host.example/name-1.0.tar.gz ; os_name == 'posix'
idna==3.10 \\
    --hash=sha256:{_SHA} \\
    --hash sha256:{"cd" * 32}
git+https://github.com/a/b.git@main#egg=b
-e git+ssh://git@github.com/a/c.git@{"12" * 20}#egg=c
--editable ./local
https://host.example/wheel_name-1.2-py3-none-any.whl#sha256={_SHA}
./down/loads/pkg-1.0.zip
pkg_a ; extra == "x"
legacy\\
==1.0
--pre
a.b-c_d===1.0+local
-r other.txt
-c constraints.txt
under_score~=1.4.2
"""


def _ours(text: str) -> list[Dependency]:
    return [fact for fact in requirements(text, _STAND) if isinstance(fact, Dependency)]


def _pips(folder: Path, text: str) -> list[tuple[int, str, tuple[str, ...]]]:
    """Return line, text and hashes of each requirement, as pip sees them."""
    path = folder / "requirements.txt"
    path.write_text(text)
    (folder / "other.txt").write_text("")
    (folder / "constraints.txt").write_text("")
    found = []
    for one in parse_requirements(str(path), session=PipSession()):
        hashes = one.options.get("hashes", {}) if one.options else {}
        flat = tuple(f"{kind}:{digest}" for kind, digests in hashes.items() for digest in digests)
        assert one.line_source is not None
        found.append((int(one.line_source.split()[1]), one.requirement, flat))
    return found


def test_a_tricky_file_is_read_as_pip_reads_it(tmp_path: Path) -> None:
    ours, pips = _ours(TRICKY), _pips(tmp_path, TRICKY)
    assert [fact.line for fact in ours] == [line for line, _, _ in pips]
    for fact, (_, text, hashes) in zip(ours, pips, strict=True):
        assert set(hashes) <= set(fact.hashes)
        try:
            known = Requirement(text)
        except InvalidRequirement:
            assert fact.source in {"vcs", "url", "path"}
            continue
        assert fact.name == known.name
        assert set(fact.extras) == known.extras
        assert SpecifierSet(fact.specifier) == known.specifier
        assert bool(fact.marker) is (known.marker is not None)
        assert (fact.source == "index") is (known.url is None)


_names = st.from_regex(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,8}[A-Za-z0-9])?", fullmatch=True)
_versions = st.from_regex(r"[0-9]{1,3}(?:\.[0-9]{1,3}){0,3}(?:rc[0-9]|\.post[0-9])?", fullmatch=True)
_operators = st.sampled_from(["==", ">=", "<=", "!=", "~=", "<", ">"])
_clauses = st.builds("{}{}{}".format, _operators, st.sampled_from(["", " "]), _versions)
_specifiers = st.lists(_clauses, max_size=3).map(",".join)
_extras = st.lists(_names, max_size=2).map(lambda names: f"[{','.join(names)}]" if names else "")
_markers = st.sampled_from(["", "; python_version < '3.12'", ' ; os_name == "posix" and extra == "a"'])
_wanted = st.builds("{}{}{}{}".format, _names, _extras, _specifiers, _markers)


@settings(max_examples=200, deadline=None)
@given(_wanted)
def test_what_is_a_requirement_to_packaging_is_the_same_here(text: str) -> None:
    try:
        known = Requirement(text)
    except InvalidRequirement:
        return
    fact = dependency(text, _STAND)
    assert fact is not None
    assert (fact.name, set(fact.extras)) == (known.name, known.extras)
    assert SpecifierSet(fact.specifier) == known.specifier
    assert bool(fact.marker) is (known.marker is not None)
    exact = {Version(clause.version) for clause in known.specifier if clause.operator in {"==", "==="}}
    assert (Version(fact.version) in exact) if fact.version else not exact


_parts = st.sampled_from(
    ["a==1", "--hash=sha256:ab", "\\", "#", " ", "-r x", "b", "\n", "\\\n", "# c", "--pre", "\t", "-e ."]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(_parts, max_size=12).map("".join))
def test_lines_are_joined_and_cut_as_pip_does(text: str) -> None:
    from pip._internal.req.req_file import ignore_comments, join_lines

    expected = list(ignore_comments(join_lines(enumerate(text.splitlines(), 1))))
    assert [(number, line) for number, line in lines(text) if line] == expected


@given(st.text(max_size=200))
def test_any_text_is_read_without_a_mistake(text: str) -> None:
    for fact in requirements(text, _STAND):
        assert isinstance(fact, (Dependency, Index, Reference))


def test_options_name_indexes_in_all_their_spellings() -> None:
    text = "-i https://a/s\n--index-url=https://b/s\n--extra-index https://c/s\n-fhttps://d/\n"
    text += "--trusted-host e\n--no-index\n"
    found = [(fact.role, fact.target) for fact in requirements(text, _STAND) if isinstance(fact, Index)]
    assert found == [
        ("primary", "https://a/s"),
        ("primary", "https://b/s"),
        ("extra", "https://c/s"),
        ("find-links", "https://d/"),
        ("trusted-host", "e"),
        ("strategy", "no-index"),
    ]


def test_credentials_are_never_told() -> None:
    text = "--index-url https://user:secret@a/s\nb @ https://token@host/b.zip\ngit+https://user:secret@host/c\n"
    assert "secret" not in str([*requirements(text, _STAND)])
    assert "token" not in str([*requirements(text, _STAND)])


@pytest.mark.parametrize(
    ("text", "source", "name", "revision"),
    [
        ("git+https://host/a/b@v1#egg=b", "vcs", "b", "v1"),
        ("git+ssh://git@host/a/b.git", "vcs", "", ""),
        ("b @ git+https://host/a/b.git@feature/x", "vcs", "b", "feature/x"),
        ("git+git@host:a/b.git@1.0", "vcs", "", "1.0"),
        ("hg+http://host/a", "vcs", "", ""),
        ("https://host/a_b-1.0-py3-none-any.whl", "url", "a-b", ""),
        ("file:///tmp/x.whl", "path", "", ""),
        ("./x[extra]", "path", "", ""),
        ("x @ file:///tmp/x", "path", "x", ""),
        (".", "path", "", ""),
    ],
)
def test_places_are_told_apart(text: str, source: str, name: str, revision: str) -> None:
    fact = dependency(text, _STAND)
    assert fact is not None
    assert (fact.source, fact.name, fact.revision) == (source, name, revision)


def test_only_a_whole_commit_is_one() -> None:
    assert is_commit("a" * 40)
    assert is_commit("A" * 64)
    assert not is_commit("a" * 7)
    assert not is_commit("main")
    assert is_commit("1234", "svn+https://host/x")


@pytest.mark.parametrize(
    ("written", "allowed", "refused"),
    [
        ("^1.2.3", "1.9", "2.0"),
        ("^0.2.3", "0.2.9", "0.3"),
        ("^0.0.3", "0.0.3", "0.0.4"),
        ("^0", "0.9", "1.0"),
        ("~1.2.3", "1.2.9", "1.3"),
        ("~1", "1.9", "2.0"),
        ("1.2", "1.2", "1.3"),
        (">= 1.2, < 1.4", "1.3", "1.4"),
        ("1.2.*", "1.2.7", "1.3"),
        ("~=1.2", "1.9", "2.0"),
    ],
)
def test_constraints_of_poetry_mean_what_poetry_says(written: str, allowed: str, refused: str) -> None:
    specifier = SpecifierSet(poetry_specifier(written))
    assert allowed in specifier
    assert refused not in specifier
