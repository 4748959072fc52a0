"""What requirements, manifests, locks and recipes say, each held to the same few facts."""

import json
import tomllib

import pytest
from tests.samples.whole.dependencies import FILES

from weighmaster import shipped
from weighmaster.engine.scan import scan_bytes
from weighmaster.model.fact import Artifact, Reference, Shared
from weighmaster.model.package import Dependency, Index
from weighmaster.model.report import Gap, GapReason, Item
from weighmaster.reading.budget import Limits


def _items(text: str | bytes, name: str) -> list[Item]:
    data = text if isinstance(text, bytes) else text.encode()
    return list(scan_bytes(data, name, shipped.registry(), Limits()))


def _facts(text: str | bytes, name: str) -> list[Shared]:
    return [item for item in _items(text, name) if isinstance(item, (Dependency, Index, Reference))]


def _wanted(text: str | bytes, name: str) -> list[Dependency]:
    return [fact for fact in _facts(text, name) if isinstance(fact, Dependency)]


def _by_name(text: str | bytes, name: str) -> dict[str, Dependency]:
    return {fact.name: fact for fact in _wanted(text, name)}


_LOCKED = ["pylock.toml", "uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "conda-lock.yml", "pixi.lock"]
_QUIET = {"uv.toml", "pip.conf", "names.txt", "conda-lock.yml"}


@pytest.mark.parametrize("name", [name for name in FILES if name not in _QUIET])
def test_each_kind_of_file_says_that_it_wants_a_package(name: str) -> None:
    wanted = _by_name(FILES[name], name)
    found = wanted.get("idna") or wanted["numpy"]
    assert found.locked is (name in {*_LOCKED, "explicit.txt"})
    assert found.version or found.specifier


@pytest.mark.parametrize(
    "name", ["pylock.toml", "uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "requirements.txt"]
)
def test_hashes_are_read(name: str) -> None:
    assert _by_name(FILES[name], name)["idna"].hashes == ("sha256:" + "ab" * 32,)


@pytest.mark.parametrize("name", ["uv.lock", "poetry.lock", "pylock.toml"])
def test_a_lock_names_the_commit_of_a_repository(name: str) -> None:
    found = next(fact for fact in _wanted(FILES[name], name) if fact.source == "vcs")
    assert found.revision == "12" * 20
    assert found.target.startswith("git+https://github.com/")


def test_the_line_of_a_package_is_that_of_its_table() -> None:
    for name in ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml"):
        found = _by_name(FILES[name], name)["idna"]
        line = FILES[name].splitlines()[found.line - 1]
        assert line.startswith("[[package")


def test_the_project_itself_is_no_dependency_of_its_lock() -> None:
    assert "demo" not in _by_name(FILES["uv.lock"], "uv.lock")


def test_a_project_says_which_group_asks_and_where_uv_takes_it_from() -> None:
    found = _by_name(FILES["pyproject.toml"], "pyproject.toml")
    assert found["pytest"].group == "dev"
    assert (found["b"].source, found["b"].target, found["b"].revision) == ("vcs", "git+https://github.com/b/b", "main")
    assert (found["c"].by, found["c"].specifier) == ("poetry", ">=1.2,<2")
    index = next(fact for fact in _facts(FILES["pyproject.toml"], "pyproject.toml") if isinstance(fact, Index))
    assert (index.role, index.name, index.target) == ("named", "own", "https://packages.example/simple")


def test_lines_of_a_project_are_where_its_words_stand() -> None:
    text = FILES["pyproject.toml"]
    for name in ("idna", "pytest", "c"):
        assert name in text.splitlines()[_by_name(text, "pyproject.toml")[name].line - 1]


def test_what_only_tables_of_uv_say_is_heard() -> None:
    text = '[tool.uv]\nindex-url = "https://a/s"\nextra-index-url = ["https://b/s"]\n'
    text += 'index-strategy = "unsafe-best-match"\n'
    found = {(fact.role, fact.target) for fact in _facts(text, "pyproject.toml") if isinstance(fact, Index)}
    assert found == {("primary", "https://a/s"), ("extra", "https://b/s"), ("strategy", "unsafe-best-match")}


def test_sources_of_poetry_have_priorities() -> None:
    text = "".join(
        f'[[tool.poetry.source]]\nname = "{name}"\nurl = "https://{name}/s"\npriority = "{name}"\n'
        for name in ("primary", "supplemental", "explicit")
    )
    found = [fact.role for fact in _facts(text, "pyproject.toml") if isinstance(fact, Index)]
    assert found == ["primary", "extra", "named"]


def test_an_environment_of_conda_knows_fuzzy_versions_from_exact_ones() -> None:
    text = "channels: [x, conda-forge]\n"
    text += "dependencies: [a=1.2, b==1.2, c=1.2=py_0, 'd>=1', 'e::f 1.2', {pip: ['g==1', h]}]\n"
    found = _by_name(text, "environment.yml")
    versions = {name: fact.version for name, fact in found.items()}
    assert versions == {"a": "", "b": "1.2", "c": "1.2", "d": "", "f": "", "g": "1", "h": ""}
    assert found["f"].index == "e"
    assert (found["g"].ecosystem, found["g"].by, found["a"].ecosystem) == ("pypi", "pip", "conda")
    assert [fact.role for fact in _facts(text, "environment.yml") if isinstance(fact, Index)] == ["channel", "channel"]


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("pip install a b==1", {"a", "b"}),
        ("pip3.11 install -q --no-cache-dir -U a", {"a"}),
        ("python -m pip install --target /x a", {"a"}),
        ("python3 -m pip --quiet install a", {"a"}),
        ("uv pip install --system a", {"a"}),
        ("uv add 'a>=1' --group dev", {"a"}),
        ("uvx ruff@latest", set()),
        ("uv run --with a,b script.py", {"a", "b"}),
        ("pipx install a", {"a"}),
        ("poetry add a", {"a"}),
        ("conda install -y -n env -c pytorch a=1.2", {"a"}),
        ("apt-get update && apt-get install -y x && pip install a && rm -rf /x", {"a"}),
        ("PIP_INDEX_URL=https://h/s pip install a", {"a"}),
        ("bash -c 'pip install a'", {"a"}),
        ("sudo -H pip install a", {"a"}),
        ("pip install $PACKAGE ${OTHER} a", {"a"}),
        ("pip install 'a[x]>=1; python_version<\"3\"'", {"a"}),
        ("echo pip install a", set()),
        ("pip uninstall a", set()),
        ("pip --version", set()),
        ("uv sync --frozen", set()),
    ],
)
def test_commands_install_what_they_name(line: str, names: set[str]) -> None:
    wanted = _wanted(f"FROM x\nRUN {line}\n", "Dockerfile")
    assert {fact.name for fact in wanted if fact.source == "index"} == names
    script = _wanted(f"#!/bin/bash\nset -e\n{line}\n", "x.sh")
    assert {fact.name for fact in script if fact.source == "index"} == names
    assert all(fact.line == 3 for fact in script)


def test_recipes_go_on_over_lines_comments_and_forms() -> None:
    text = (
        "FROM a AS b\nARG PIP_EXTRA_INDEX_URL=https://h/s\nENV UV_INDEX_STRATEGY unsafe-best-match\n"
        "RUN --mount=type=cache,target=/x pip install \\\n# why\n    a==1 \\\n    b\n"
        'RUN ["pip", "install", "c"]\nRUN ["sh", "-c", "pip install d"]\nONBUILD RUN pip install e\n'
    )
    facts = _facts(text, "Dockerfile")
    assert [fact.name for fact in facts if isinstance(fact, Dependency)] == ["a", "b", "c", "d", "e"]
    assert [(fact.role, fact.target) for fact in facts if isinstance(fact, Index)] == [
        ("extra", "https://h/s"),
        ("strategy", "unsafe-best-match"),
    ]


def test_notebooks_install_by_magic_and_by_shell() -> None:
    cells = [
        "%pip install a",
        "!pip install -q b\nimport c",
        "%%bash\npip install d",
        "# %pip install e\nx = 'pip install f'",
    ]
    text = json.dumps({"nbformat": 4, "cells": [{"cell_type": "code", "source": cell} for cell in cells]})
    assert {fact.name for fact in _wanted(text, "x.ipynb")} == {"a", "b", "d"}


def test_arguments_of_setup_are_read_as_far_as_they_stand_there() -> None:
    text = (
        "import setuptools\nREQ = ['a>=1']\n"
        "setuptools.setup(install_requires=REQ + ['b', unknown()], extras_require={'x': ['c==1']},\n"
        "    setup_requires='d', dependency_links=['http://h/x'])\n"
    )
    found = _by_name(text, "setup.py")
    assert {name: fact.group for name, fact in found.items()} == {"a": "", "b": "", "c": "x", "d": "build"}
    assert [fact.target for fact in _facts(text, "setup.py") if isinstance(fact, Index)] == ["http://h/x"]


def test_bare_names_are_requirements_where_the_file_is_called_so() -> None:
    assert {fact.name for fact in _wanted("idna\ntorch\n", "requirements.txt")} == {"idna", "torch"}
    assert {fact.name for fact in _wanted("idna\ntorch\n", "requirements/dev.in")} == {"idna", "torch"}
    assert not _wanted("idna\ntorch\n", "vocab.txt")


def test_a_long_comment_hides_nothing() -> None:
    padding = "# nothing to see here\n" * 1000
    for name in ("requirements.txt", "uv.lock", "pyproject.toml", "poetry.lock", "Dockerfile", "environment.yml"):
        assert _by_name(padding + FILES[name], name).keys() >= _by_name(FILES[name], name).keys()


def test_includes_are_named_with_what_they_are() -> None:
    found = [
        fact
        for fact in _facts("-r a.txt\n-c b.txt\n--requirement=c.txt\nx==1\n", "r.txt")
        if isinstance(fact, Reference)
    ]
    assert [(fact.kind, fact.target) for fact in found] == [
        ("requirements", "a.txt"),
        ("constraints", "b.txt"),
        ("requirements", "c.txt"),
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Chart.yaml", "dependencies:\n  - name: redis\n    version: 1\n    repository: https://x\n"),
        ("Cargo.lock", 'version = 3\n\n[[package]]\nname = "serde"\nversion = "1.0"\n'),
        ("compose.yml", "services:\n  a:\n    image: x\n"),
        ("README.md", "# Install\n\nRun `pip install idna` and enjoy.\n\nText text text.\n"),
        ("package.json", '{"dependencies": {"left-pad": "1"}}'),
    ],
)
def test_what_is_for_others_is_left_alone(name: str, text: str) -> None:
    assert not _wanted(text, name)


def test_locks_of_tools_say_as_many_packages_as_they_hold() -> None:
    text = FILES["uv.lock"]
    held = [one for one in tomllib.loads(text)["package"] if "editable" not in one["source"]]
    assert len(_wanted(text, "uv.lock")) == len(held)


def test_a_pylock_that_packaging_validates_is_read_as_it_says() -> None:
    from packaging.pylock import Pylock

    known = Pylock.from_dict(tomllib.loads(FILES["pylock.toml"]))
    found = _wanted(FILES["pylock.toml"], "pylock.toml")
    assert [(fact.name, fact.version) for fact in found] == [
        (str(one.name), str(one.version or "")) for one in known.packages
    ]


def test_what_is_broken_is_no_defect() -> None:
    for name, text in FILES.items():
        for cut in range(0, len(text), 97):
            assert any(isinstance(item, Artifact) for item in _items(text[:cut], name))


def test_keys_without_end_are_a_gap() -> None:
    text = "[project]\nname = 'x'\n" + ".".join("a" * 300) + " = 1\n"
    reasons = {item.reason for item in _items(text, "pyproject.toml") if isinstance(item, Gap)}
    assert reasons == {GapReason.OVER_BUDGET}


def test_a_configuration_that_installers_refuse_is_a_gap() -> None:
    text = "[options]\ninstall_requires =\n    a\nstray words\n    more\n"
    assert [item.reason for item in _items(text, "setup.cfg") if isinstance(item, Gap)] == [GapReason.UNREADABLE]
