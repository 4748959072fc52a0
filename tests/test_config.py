from __future__ import annotations

import contextlib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighmaster.config import Known, find, read
from weighmaster.model.errors import ConfigError
from weighmaster.model.finding import Severity
from weighmaster.model.report import GapReason
from weighmaster.model.settings import Settings
from weighmaster.model.verdict import Waiver

KNOWN = Known(rules=("unsafe-call", "unknown-import"), policies=("default", "strict"))

WHOLE = """\
policy = "strict"
allow = ["mine.load", "mine.Layer"]
exclude = ["docs/**", "*.md"]
tolerate = ["unknown-format"]

[severities]
unknown-import = "low"  # we know our own

[[waivers]]
rule = "unsafe-call"
where = "old/model.pkl"
reason = "made by us before 2020"
owner = "ml-platform"
until = 2030-12-31

[[waivers]]
sha256 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
reason = "reviewed"
owner = "security"
until = 2031-01-01
"""


def _read(folder: Path, text: str, name: str = "weighmaster.toml") -> Settings:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read(str(path), KNOWN)


def _error(folder: Path, text: str, name: str = "weighmaster.toml") -> str:
    with pytest.raises(ConfigError) as caught:
        _read(folder, text, name)
    return str(caught.value).removeprefix(f"{folder}/")


def test_all_that_can_be_said_is_read(tmp_path: Path) -> None:
    assert _read(tmp_path, WHOLE) == Settings(
        policy="strict",
        severities={"unknown-import": Severity.LOW},
        allow=frozenset({"mine.load", "mine.Layer"}),
        exclude=("docs/**", "*.md"),
        tolerate=frozenset({GapReason.UNKNOWN_FORMAT}),
        waivers=(
            Waiver(
                rule="unsafe-call",
                sha256=None,
                where="old/model.pkl",
                reason="made by us before 2020",
                owner="ml-platform",
                until=date(2030, 12, 31),
            ),
            Waiver(rule=None, sha256="a" * 64, where=None, reason="reviewed", owner="security", until=date(2031, 1, 1)),
        ),
    )


def test_a_pyproject_says_the_same_in_its_own_table(tmp_path: Path) -> None:
    text = WHOLE.replace("[severities]", "[tool.weighmaster.severities]").replace("[[w", "[[tool.weighmaster.w")
    text = f'[project]\nname = "x"\n[tool.weighmaster]\n{text}'
    assert _read(tmp_path, text, "pyproject.toml") == _read(tmp_path, WHOLE)


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    assert _read(tmp_path, "") == Settings()


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('\npolcy = "strict"', "weighmaster.toml:2: no setting is called 'polcy'; did you mean 'policy'?"),
        ('policy = "strct"', "weighmaster.toml:1: no policy is called 'strct'; did you mean 'strict'?"),
        ("policy = 3", "weighmaster.toml:1: policy must be a text, not a number"),
        ('allow = "a.b"', "weighmaster.toml:1: allow must be a list, not a text"),
        ("allow = [3]", "weighmaster.toml:1: allow must be a list of texts"),
        ("exclude = ['']", "weighmaster.toml:1: exclude must be a list of texts"),
        ("tolerate = ['unknown']", "weighmaster.toml:1: no gap is called 'unknown'; did you mean 'unknown-format'?"),
        (
            "tolerate = ['defect']",
            "weighmaster.toml:1: defect cannot be tolerated: it says nothing about the artifact",
        ),
        (
            "#\n[severities]\nunsafe-cal = 'low'",
            "weighmaster.toml:3: no rule is called 'unsafe-cal'; did you mean 'unsafe-call'?",
        ),
        (
            "[severities]\n\nunsafe-call = 'lo'",
            "weighmaster.toml:3: no severity is called 'lo'; did you mean 'low'?",
        ),
        ("severities = 'low'", "weighmaster.toml:1: severities must be a table, not a text"),
        ("waivers = ['x']", "weighmaster.toml:1: waivers.0 must be a table"),
        (
            "[[waivers]]\nrule = 'unsafe-call'\nowner = 'x'\nuntil = 2030-01-01",
            "weighmaster.toml:1: reason is missing",
        ),
        (
            "[[waivers]]\nrule = 'unsafe-call'\nreason = ''\nowner = 'x'\nuntil = 2030-01-01",
            "weighmaster.toml:3: reason is empty",
        ),
        ("[[waivers]]\nrule = 'unsafe-call'\nreason = 'x'\nowner = 'x'", "weighmaster.toml:1: until is missing"),
        (
            "[[waivers]]\nrule = 'unsafe-call'\nreason = 'x'\nowner = 'x'\nuntil = '2030-01-01'",
            "weighmaster.toml:5: until must be a date (2030-12-31), not a text",
        ),
        (
            "[[waivers]]\nreason = 'x'\nowner = 'x'\nuntil = 2030-01-01",
            "weighmaster.toml:1: a waiver needs a rule, a sha256 or a where",
        ),
        (
            (
                "[[waivers]]\nrule='unsafe-call'\nreason='x'\nowner='x'\nuntil=2030-01-01\n"
                "[[waivers]]\nrule='nope'\nreason='x'\nowner='x'\nuntil=2030-01-01"
            ),
            "weighmaster.toml:7: no rule is called 'nope' (there are: unknown-import, unsafe-call)",
        ),
        (
            "[[waivers]]\nsha256 = 'ABC'\nreason='x'\nowner='x'\nuntil=2030-01-01",
            "weighmaster.toml:2: sha256 must be 64 lower-case hexadecimal digits",
        ),
        (
            "[[waivers]]\nrules = 'x'\nreason='x'\nowner='x'\nuntil=2030-01-01",
            "weighmaster.toml:2: no setting is called 'rules'; did you mean 'rule'?",
        ),
    ],
)
def test_what_it_cannot_mean_is_an_error_with_its_line(tmp_path: Path, text: str, error: str) -> None:
    assert _error(tmp_path, text) == error


def test_a_mistyped_key_of_a_pyproject_has_its_line_too(tmp_path: Path) -> None:
    text = '[project]\nname = "x"\n\n[tool.weighmaster]\ntolarate = []\n'
    error = "pyproject.toml:5: no setting is called 'tolarate'; did you mean 'tolerate'?"
    assert _error(tmp_path, text, "pyproject.toml") == error


@pytest.mark.parametrize("text", ["[tool]\nweighmaster = 3", "tool = 3"])
def test_a_pyproject_whose_table_is_none_is_an_error(tmp_path: Path, text: str) -> None:
    assert _error(tmp_path, text, "pyproject.toml").startswith("pyproject.toml")


def test_what_is_not_toml_is_an_error_with_its_line(tmp_path: Path) -> None:
    assert _error(tmp_path, "policy = \n").startswith("weighmaster.toml: not TOML: Invalid value (at line 1")


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.toml: No such file"):
        read(str(tmp_path / "missing.toml"), KNOWN)


def test_a_pyproject_that_says_nothing_to_us_is_an_error_if_it_was_named(tmp_path: Path) -> None:
    assert _error(tmp_path, "[tool.other]\n", "pyproject.toml") == "pyproject.toml: no table [tool.weighmaster]"


@given(text=st.text(alphabet="[]=.\"'{}\n# abpolicywavers012-:", max_size=60))
def test_any_text_is_settings_or_a_typed_error(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed.toml"
    path.write_text(text, encoding="utf-8")
    with contextlib.suppress(ConfigError):
        read(str(path), KNOWN)


def test_the_pyproject_of_the_repository_around_is_found(tmp_path: Path) -> None:
    deep = tmp_path / "repo" / "a" / "b"
    deep.mkdir(parents=True)
    ours = "[tool.weighmaster]\n"
    (tmp_path / "pyproject.toml").write_text(ours)
    (tmp_path / "repo" / "pyproject.toml").write_text(ours)
    (tmp_path / "repo" / "a" / "pyproject.toml").write_text("[project]\n")
    assert find(str(deep)) is None, "outside a repository, folders above have no say"
    (tmp_path / "repo" / ".git").mkdir()
    assert find(str(deep)) == str(tmp_path / "repo" / "pyproject.toml")
    assert find(str(tmp_path)) == str(tmp_path / "pyproject.toml")


@pytest.mark.parametrize(
    "text",
    [
        "[tool.weighmaster]",
        "[ tool . weighmaster ]",
        '["tool"."weighmaster"]',
        "[tool]\nweighmaster = {}",
        "tool.weighmaster = {}",
    ],
)
def test_a_table_is_found_however_it_is_spelled(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    assert find(str(tmp_path)) is not None


def test_a_pyproject_that_only_mentions_us_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[dependency-groups]\ndev = ["weighmaster"]')
    assert find(str(tmp_path)) is None
