"""Packages of other makings: projects of `setup.cfg`, eggs, and what conda has installed."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping

import pytest
from tests.samples.dists import metadata_of
from tests.samples.vetting import report_on_folder, rules_on

from weighmaster import shipped
from weighmaster.engine.scan import scan_bytes
from weighmaster.knowledge.packages.packages import packages_of
from weighmaster.model.fact import Artifact, Shared
from weighmaster.model.package import Dependency, Distribution, Package
from weighmaster.model.report import Gap
from weighmaster.model.repository import Repository
from weighmaster.model.where import Where
from weighmaster.reading.budget import Limits

CFG = """\
[metadata]
name = acme-kit
version = attr: acme.__version__
description = A kit
url = https://github.com/huggingface/transformers
project_urls =
    Source = https://example.org/acme
[options]
install_requires =
    numpy
"""
CONDA = {
    "name": "pytorch", "version": "2.5.1", "build": "py311_0", "channel": "https://conda.anaconda.org/conda-forge",
    "files": ["lib/python3.11/site-packages/torch/__init__.py"], "url": "https://conda.anaconda.org/x.conda",
}  # fmt: skip


def items(files: Mapping[str, bytes]) -> list[object]:
    """Return all that is said of files."""
    found: list[object] = []
    for name, data in files.items():
        found += scan_bytes(data, name, shipped.registry(), Limits())
    return found


def packages(files: Mapping[str, bytes]) -> list[Package]:
    """Return the packages of a folder."""
    found = items(files)
    whole = Repository(
        where=Where.file("t"),
        folder=True,
        artifacts=tuple(item for item in found if isinstance(item, Artifact)),
        facts=tuple(item for item in found if isinstance(item, Shared)),
    )
    return list(packages_of(whole))


def egg(source: str) -> bytes:
    """Return an egg: an archive that is on the path."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("EGG-INFO/PKG-INFO", metadata_of("kit", "1.0"))
        archive.writestr("kit/__init__.py", source)
    return out.getvalue()


def test_a_project_may_say_what_it_is_in_setup_cfg() -> None:
    (package,) = packages({"setup.cfg": CFG.encode(), "acme.py": b"x = 1\n"})
    assert (package.form, package.distribution.name, package.distribution.version) == ("project", "acme-kit", "")
    assert package.distribution.addresses[1:] == ("Source=https://example.org/acme",)
    assert "homepage-of-another" in {
        finding.rule.id for finding in report_on_folder({"setup.cfg": CFG.encode()}).findings
    }


def test_other_files_say_nothing_with_the_same_words() -> None:
    lock = b'[metadata]\nlock-version = "2.0"\nname = "x"\n'
    assert not [item for item in items({"poetry.lock": lock, "Cargo.lock": lock}) if isinstance(item, Distribution)]
    assert not [item for item in items({"a.ini": CFG.encode()}) if isinstance(item, Distribution)]
    assert not [item for item in items({"Cargo.lock": lock}) if isinstance(item, Gap)]


def test_pyproject_goes_before_setup_cfg_and_a_build_before_both() -> None:
    files = {"setup.cfg": CFG.encode(), "pyproject.toml": b'[project]\nname = "right"\nversion = "1"\n'}
    assert [package.distribution.name for package in packages(files)] == ["right"]
    files |= {"PKG-INFO": metadata_of("built", "1")}
    assert [package.distribution.name for package in packages(files)] == ["built"]


@pytest.mark.parametrize("zipped", [False, True])
def test_an_egg_is_an_installed_package_with_all_that_is_in_it(*, zipped: bool) -> None:
    source, name = b"x = 1\n", "kit-1.0-py3.11.egg"
    files = {f"{name}/EGG-INFO/PKG-INFO": metadata_of("kit", "1.0"), f"{name}/kit/__init__.py": source}
    (package,) = packages({name: egg(source.decode())} if zipped else files)
    assert package.form == "installed"
    assert {file.installed for file in package.files} == {"EGG-INFO/PKG-INFO", "kit/__init__.py"}


def test_code_of_an_egg_is_weighed_as_that_of_a_package() -> None:
    assert rules_on(egg("import os\nx = os.path.join('a', 'b')\n"), "kit-1.0-py3.11.egg") == set()
    assert "acts-on-import" in rules_on(egg("import os\nos.system('true')\n"), "kit-1.0-py3.11.egg")


def test_the_list_of_eggs_asks_for_no_package() -> None:
    said = items({"easy-install.pth": b"./kit-1.0-py3.11.egg\n"})
    assert not [item for item in said if isinstance(item, Dependency)]


def test_conda_says_what_it_has_installed() -> None:
    files = {"conda-meta/pytorch-2.5.1-py311_0.json": json.dumps(CONDA).encode()}
    (said,) = [item for item in items(files) if isinstance(item, Distribution)]
    assert (said.name, said.version, said.by) == ("pytorch", "2.5.1", "conda-meta")
    assert packages(files) == []
    # On the index of Python that name would be a look-alike.
    assert not report_on_folder(files).findings
