"""Which packages source imports, and what of that is asked for; an environment, and what is remembered of it."""

from __future__ import annotations

import json
import os
import textwrap
from pathlib import Path

import pytest
from tests.samples.dists import install, wheel

from weighmaster.fronts.cli.main import main
from weighmaster.inventory.imported import Imported
from weighmaster.knowledge.names.normal import normal
from weighmaster.knowledge.packages.modules import known

_TABLE = Path(__file__).parents[2] / "src" / "weighmaster" / "knowledge" / "packages" / "modules.tsv"


def write(place: Path, files: dict[str, str]) -> None:
    """Write files."""
    for name, text in files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))


def record(target: Path, capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, dict[str, object]]:
    """Return what an inventory says of the packages that source imports, by their modules."""
    main(["inventory", str(target), "-o", "json", *options])
    return {one["module"]: one for one in json.loads(capsys.readouterr().out)["imported"]}


APP = {
    "app/main.py": """\
        import os, json, distutils.core
        import cv2, numpy as np
        import reqeusts
        from sklearn.svm import SVC
        from google.cloud import storage
        from google.protobuf import message
        import helper, app.other
        from . import other
        try:
            import soundfile
        except ImportError:
            soundfile = None
        def later():
            import yaml
        """,
    "app/other.py": "x = 1\n",
    "app/helper.py": "from other import x\n",
    "tests/test_main.py": "import pytest, app\n",
    "requirements.txt": "numpy\nopencv-python-headless\nprotobuf\n",
}


def test_every_package_that_source_imports_is_told_with_what_asks_for_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, APP)
    found = record(tmp_path, capsys)
    asked = {module for module, one in found.items() if one["asked_for"]}
    assert asked == {"cv2", "numpy", "google.protobuf"}
    assert found.keys() - asked == {"reqeusts", "sklearn", "google.cloud.storage", "soundfile", "yaml", "pytest"}
    assert found["sklearn"]["packages"] == ["scikit-learn"]
    assert found["google.cloud.storage"]["packages"] == ["google-cloud-storage"]
    assert (found["reqeusts"]["packages"], found["reqeusts"]["looks_like"]) == ([], "requests")
    assert [module for module, one in found.items() if one["in_tests"]] == ["pytest"]


def test_people_read_what_nothing_asks_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, APP)
    main(["inventory", str(tmp_path)])
    out = capsys.readouterr().out
    assert "packages that source imports: 8, 5 that nothing here asks for" in out
    assert "no known package (looks like requests)" in out
    assert "cv2" not in out
    main(["inventory", str(tmp_path), "--all"])
    assert "asked for in requirements.txt" in capsys.readouterr().out
    write(tmp_path, {"alone/a.py": "import numpy\n"})
    main(["inventory", str(tmp_path / "alone")])
    assert "packages that source imports: 1, and nothing here asks for packages" in capsys.readouterr().out


def test_a_bill_names_what_is_imported_and_asked_for_nowhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, APP)
    main(["inventory", str(tmp_path), "-o", "cyclonedx"])
    components = json.loads(capsys.readouterr().out)["components"]
    imported = {one["name"]: one for one in components if one["bom-ref"].startswith("imported:")}
    assert imported["scikit-learn"]["purl"] == "pkg:pypi/scikit-learn"
    said = {one["name"]: one["value"] for one in imported["scikit-learn"]["properties"]}
    assert said["weighmaster:imported-as"] == "sklearn"
    assert said["weighmaster:asked-for"] == "nowhere"
    assert "purl" not in imported["reqeusts"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", '[project]\nname = "a"\nversion = "1"\ndependencies = ["scikit-learn>=1"]\n'),
        ("environment.yml", "dependencies:\n  - scikit-learn\n"),
        ("sub/Dockerfile", "FROM python:3.12\nRUN pip install scikit-learn==1.5.0\n"),
        ("setup.py", "from setuptools import setup\nsetup(name='a', install_requires=['scikit-learn'])\n"),
    ],
)
def test_whatever_asks_for_a_package_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str
) -> None:
    write(tmp_path, {"a.py": "import sklearn\n", name: text})
    assert record(tmp_path, capsys)["sklearn"]["asked_for"] == [name]


def test_names_of_conda_are_those_of_the_same_packages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, {"a.py": "import torch, cv2\n", "environment.yml": "dependencies:\n  - pytorch\n  - opencv\n"})
    assert all(one["asked_for"] for one in record(tmp_path, capsys).values())


def _environment(place: Path) -> Path:
    site = place / "lib" / "python3.11" / "site-packages"
    write(place, {"pyvenv.cfg": "home = /usr/bin\n"})
    for name, module in (("odd-kit", "oddly"), ("plain", "plain")):
        files = {f"{module}/__init__.py": "import something_optional\n", f"{module}/a.py": "x = 1\n"}
        install(wheel(name, "1.0", files | {f"{module}/part{n}.py": f"y = {n}\n" for n in range(120)}), site)
    return place


def test_metadata_of_what_is_installed_says_which_package_brings_a_module(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _environment(tmp_path / ".venv")
    write(tmp_path, {"run.py": "import oddly.a\n"})
    found = record(tmp_path, capsys)
    assert list(found) == ["oddly"]  # What packages import is theirs to ask for.
    assert (found["oddly"]["packages"], found["oddly"]["known_by"]) == (["odd-kit"], "installed")


def test_an_environment_is_remembered_and_says_what_it_does_not_hold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = _environment(tmp_path / "env")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for path in place.rglob("*.py"):
        os.utime(path, ns=(0, 0))
    assert main(["inventory", str(place), "--environment", "--no-cache"]) == 0
    assert not (tmp_path / "cache").exists()
    outs = []
    for _ in range(2):
        main(["inventory", str(place), "--environment"])
        outs.append(capsys.readouterr().out.rpartition("1 files of source")[2])
    assert outs[1].endswith("The interpreter and its library in /usr/bin were not looked at.\n")
    assert (tmp_path / "cache" / "weighmaster").is_dir()
    (place / "lib/python3.11/site-packages/plain/a.py").write_text("import torch\ntorch.load('w.pt')\n")
    main(["inventory", str(place), "--environment"])
    assert "w.pt" in capsys.readouterr().out


def test_an_environment_that_is_none_is_said_to_be_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inventory", str(tmp_path), "--environment"]) == 2
    assert "no Python environment" in capsys.readouterr().err
    assert main(["inventory", str(tmp_path), "--environment", "--follow-links"]) == 2


def test_every_row_of_the_table_names_a_module_and_packages_once() -> None:
    rows = [line.split("\t") for line in _TABLE.read_text().splitlines() if not line.startswith("#")]
    assert [row[0] for row in rows] == sorted({row[0] for row in rows})
    for module, packages in rows:
        assert all(part.isidentifier() for part in module.split("."))
        assert all(name == normal(name) for name in packages.split(","))
        assert known(f"{module}.inner") == (module, tuple(packages.split(",")))


def test_what_only_tests_import_is_known_as_such() -> None:
    one = Imported(module="m", packages=(), how="", asked=(), paths=("tests/test_a.py", "a.py"))
    assert not one.in_tests
