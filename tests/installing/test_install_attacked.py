"""weighmaster install and pin under attack: by an index, by metadata, by settings that change what pip does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.installing.test_install import add, install
from tests.samples.dists import wheel
from tests.sims.files import Files
from tests.sims.index import Index

from weighmaster.fronts.cli.main import main
from weighmaster.reading.http import Access, Client
from weighmaster.reading.simple import project


def test_an_address_in_metadata_does_not_learn_what_the_environment_holds(
    index: Index,
    environment: Path,
    target: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ACME_SECRET", "hunter2")
    data = wheel("inner", "1.0", {"inner.py": ""})
    for quoted in ("$%7BACME_SECRET%7D", "%24%7BACME_SECRET%7D"):
        index.files[f"/x/{quoted}/inner-1.0-py3-none-any.whl"] = data
    address = f"{index.url('/x/')}${{ACME_SECRET}}/inner-1.0-py3-none-any.whl"
    add(index, "acme", "1.0", metadata=[f"Requires-Dist: inner @ {address}"])
    assert install(environment, target, "acme", "--allow-review") == 0
    assert main(["pin", "--python", str(environment), "acme", "-o", "lock.txt"]) == 0
    assert not [asked.path for asked in index.asked if "hunter2" in asked.path]
    assert "${" not in Path("lock.txt").read_text()


@pytest.mark.usefixtures("index")
def test_an_index_that_a_file_of_requirements_names_is_asked_for_its_files(
    environment: Path,
    target: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Index() as other:
        add(other, "acme", "1.0")
        monkeypatch.setenv("OTHER", other.simple)
        (tmp_path / "sub").mkdir()
        (tmp_path / "requirements.txt").write_text("-r sub/more.txt\n")
        (tmp_path / "sub/more.txt").write_text("--extra-index-url ${OTHER}\nacme\n")
        assert install(environment, target, "-r", "requirements.txt") == 0
        assert main(["pin", "--python", str(environment), "-r", "requirements.txt", "-o", "pylock.toml"]) == 0
    assert (target / "acme").is_dir()
    assert other.simple in (tmp_path / "pylock.toml").read_text()


@pytest.mark.parametrize(
    ("name", "value", "version"),
    [
        ("PIP_CONSTRAINT", "c.txt", "1.0"),
        ("PIP_REQUIREMENT", "r.txt", "2.0"),
        ("PIP_NO_BINARY", ":all:", "2.0"),
        ("PIP_NO_REQUIRE_HASHES", "1", "2.0"),
        ("PIP_PYTHON", "/nowhere", "2.0"),
        ("PIP_FIND_LINKS", ".", "2.0"),
        ("PIP_DRY_RUN", "1", ""),
    ],
)
def test_settings_of_pip_are_heeded_where_things_are_found_and_harm_nothing_later(  # noqa: PLR0913, PLR0917
    name: str,
    value: str,
    version: str,
    index: Index,
    environment: Path,
    target: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "c.txt").write_text("acme==1.0\n")
    (tmp_path / "r.txt").write_text("other\n")
    for one in ("1.0", "2.0"):
        add(index, "acme", one)
    add(index, "other", "1.0")
    monkeypatch.setenv(name, value)
    assert install(environment, target, "acme") == 0
    assert ("nothing was installed" in capfd.readouterr().out) is (not version)
    assert (
        [path.name for path in target.glob("acme-*")] == [f"acme-{version}.dist-info"]
        if version
        else not target.exists()
    )
    assert (target / "other").exists() is (name == "PIP_REQUIREMENT")


def test_what_an_index_says_of_other_bytes_vouches_for_none_from_elsewhere(
    index: Index, environment: Path, target: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    add(index, "acme", "1.0")
    other = wheel("acme", "1.0", {"acme/__init__.py": "OTHER = 1\n"})
    (tmp_path / "links").mkdir()
    (tmp_path / "links/acme-1.0-py3-none-any.whl").write_bytes(other)
    assert install(environment, target, "--find-links", "links", "acme==1.0") in {0, 3}
    said = capfd.readouterr().out
    assert ("another file of that name" in said) is ("nothing was installed" in said)
    assert not (target / "acme").exists() or "OTHER" not in (target / "acme/__init__.py").read_text()


@pytest.mark.parametrize("name", ["..\\..\\acme-1.0.tar.gz", "a\x00b.tar.gz", "C:acme-1.0.tar.gz", ".."])
def test_names_that_lead_elsewhere_are_none_of_an_index(name: str) -> None:
    body = json.dumps({"meta": {"api-version": "1.0"}, "files": [{"filename": name, "url": "x.tar.gz", "hashes": {}}]})
    with Index() as one:
        one.files["/simple/acme/"] = body.encode()
        one.headers["/simple/acme/"] = {"Content-Type": "application/vnd.pypi.simple.v1+json"}
        one.projects.clear()
        one.reply = lambda asked: Files.reply(one, asked)  # type: ignore[method-assign]
        found = project(Client(Access()), one.simple, "acme")
    assert found is not None
    assert found.files == ()
