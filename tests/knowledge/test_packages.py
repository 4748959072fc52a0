"""Which packages a target holds, which files are theirs, and what their lists of files say."""

from __future__ import annotations

import importlib.metadata
import py_compile
import random
import struct
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name
from tests.samples.dists import install, metadata_of, sdist, wheel
from tests.samples.packages.compiled import module
from tests.samples.packages.records import installed
from tests.samples.vetting import report_on, report_on_folder, rules_on, verdict_on, verdict_on_folder

from weighmaster import shipped
from weighmaster.engine.scan import scan_bytes
from weighmaster.knowledge.names.normal import normal
from weighmaster.knowledge.packages import namespaces
from weighmaster.knowledge.packages.packages import packages_of
from weighmaster.model.fact import Artifact, Shared
from weighmaster.model.package import Package
from weighmaster.model.repository import Repository
from weighmaster.model.verdict import Outcome
from weighmaster.model.where import Where
from weighmaster.reading.budget import Limits

_WHEEL: Final = "kit-1.0-py3-none-any.whl"
_ELF: Final = b"\x7fELF\x02\x01\x01" + bytes(200)


def packages(files: Mapping[str, bytes], *, folder: bool = True) -> dict[str, Package]:
    """Return the packages of some files, by name."""
    items = [item for name, data in files.items() for item in scan_bytes(data, name, shipped.registry(), Limits())]
    whole = Repository(
        where=Where.file("t"),
        folder=folder,
        artifacts=tuple(item for item in items if isinstance(item, Artifact)),
        facts=tuple(item for item in items if isinstance(item, Shared)),
    )
    return {f"{package.form} {package.distribution.name}": package for package in packages_of(whole)}


def rules_on_folder(files: Mapping[str, bytes]) -> set[str]:
    """Return the ids of the rules that hold on a folder."""
    return {finding.rule.id for finding in report_on_folder(files).findings}


@given(st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,8}[A-Za-z0-9])?", fullmatch=True))
def test_names_are_compared_as_indexes_do(name: str) -> None:
    assert normal(name) == canonicalize_name(name)


def test_a_wheel_is_a_package_with_files_where_they_are_installed() -> None:
    files = {"kit/__init__.py": "", "kit-1.0.data/scripts/kit": "#!python\n", "kit-1.0.data/purelib/k2.py": "x = 1\n"}
    found = packages({_WHEEL: wheel("kit", "1.0", files)}, folder=False)
    assert list(found) == ["wheel kit"]
    assert {file.installed for file in found["wheel kit"].files} >= {"kit/__init__.py", "../bin/kit", "k2.py"}


def test_an_sdist_is_a_package() -> None:
    found = packages({"kit-1.0.tar.gz": sdist("kit", "1.0", {"kit/__init__.py": "", "kit.egg-info/PKG-INFO": ""})})
    assert list(found) == ["sdist kit"]
    assert {file.installed for file in found["sdist kit"].files} >= {"kit/__init__.py", "PKG-INFO"}


def test_installed_packages_are_those_that_the_standard_library_finds(tmp_path: Path) -> None:
    for name in ("kit", "other-kit"):
        install(wheel(name, "1.0", {f"{normal(name).replace('-', '_')}/__init__.py": "x = 1\n"}), tmp_path)
    (tmp_path / "old.egg-info").write_bytes(metadata_of("old", "2"))
    files = {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    found = packages(files)
    expected = {f"installed {dist.name}" for dist in importlib.metadata.distributions(path=[str(tmp_path)])}
    assert set(found) == expected
    assert {file.path for file in found["installed other-kit"].files} >= {"other_kit/__init__.py"}
    assert "other_kit/__init__.py" not in {file.path for file in found["installed kit"].files}


def test_a_project_is_a_package_and_its_builds_are_not_others() -> None:
    files = {
        "pyproject.toml": b'[project]\nname = "kit"\nversion = "1"\n\n[build-system]\nrequires = ["hatchling"]\n',
        "kit/__init__.py": b"x = 1\n",
        "kit.egg-info/PKG-INFO": metadata_of("kit", "1"),
        ".venv/lib/site-packages/b-1.dist-info/METADATA": metadata_of("b", "1"),
    }
    assert set(packages(files)) == {"project kit", "installed b"}


@pytest.mark.parametrize("name", ["model.pt", "model.zip", "model.mar", _WHEEL])
def test_metadata_of_a_package_in_a_model_do_not_make_it_one(name: str) -> None:
    built = BytesIO(wheel("kit", "1.0", {"kit/__init__.py": "import os\n"}))
    with zipfile.ZipFile(built, "a") as archive:
        if name == _WHEEL:
            archive.writestr("MAR-INF/MANIFEST.json", '{"model": {"handler": "kit/__init__.py", "modelName": "m"}}')
    assert "archive-carries-script" in rules_on(built.getvalue(), name)


def test_source_in_a_plain_archive_of_a_package_is_the_package_s_and_in_an_archive_of_a_model_is_not() -> None:
    manifest = '{"model": {"handler": "handler.py", "modelName": "m"}}'
    for extra, told in (({}, False), ({"MAR-INF/MANIFEST.json": manifest}, True)):
        inner = BytesIO()
        with zipfile.ZipFile(inner, "w") as archive:
            for name, text in {"handler.py": "import os\n", **extra}.items():
                archive.writestr(name, text)
        found = rules_on(wheel("kit", "1.0", {"kit/__init__.py": "x = 1\n", "kit/more.zip": inner.getvalue()}), _WHEEL)
        assert ("archive-carries-script" in found) is told


def test_metadata_of_a_package_in_the_folder_of_a_model_do_not_make_it_one() -> None:
    files = installed({"config.json": '{"model_type": "bert"}'}, {"kit/__init__.py": "import os\n"})
    assert packages(files) == {}


def test_ordinary_source_and_libraries_of_a_package_say_nothing() -> None:
    files: dict[str, bytes | str]
    files = {"kit/__init__.py": "import os\n\nprint(os.name)\n", "kit/_fast.so": _ELF, "kit/run.sh": "#!/bin/sh\nls\n"}
    built = wheel("kit", "1.0", files, tags=["cp311-cp311-manylinux_2_17_x86_64"], pure=False)
    assert verdict_on(built, "kit-1.0-cp311-cp311-manylinux_2_17_x86_64.whl") is Outcome.ALLOW
    assert not rules_on(built, "kit-1.0-cp311-cp311-manylinux_2_17_x86_64.whl") & {
        "carries-script",
        "executable-inside",
    }


def test_a_library_in_an_archive_in_a_package_is_told() -> None:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("lib.so", _ELF)
    built = wheel(
        "kit", "1.0", {"kit/__init__.py": "", "kit/data.zip": out.getvalue()}, tags=["cp311-cp311-linux"], pure=False
    )
    assert "executable-inside" in rules_on(built, "kit-1.0-cp311-cp311-linux.whl")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("setuptools", "setuptools/cli-64.exe"),
        ("kit", "setuptools/cli-64.exe"),
        ("installer", "installer/_scripts/t64-arm.exe"),
        ("installer", "installer/_scripts/w_arm.exe"),
        ("kit", "installer/_scripts/t64.exe"),
    ],
)
def test_the_launchers_of_tools_that_install_are_their_own(name: str, path: str) -> None:
    pe = b"MZ" + bytes(58) + (64).to_bytes(4, "little") + b"PE\0\0" + bytes(60)
    found = rules_on(wheel(name, "1.0", {path: pe}), f"{name}-1.0-py3-none-any.whl")
    assert ("native-code-in-pure-wheel" in found) is (name == "kit")


_NAMESPACE: Final = (
    "import sys, types, os;has_mfs = sys.version_info > (3, 5);"
    "p = os.path.join(sys._getframe(1).f_locals['sitedir'], *('zope',));"
    "importlib = has_mfs and __import__('importlib.util');has_mfs and __import__('importlib.machinery');"
    "m = has_mfs and sys.modules.setdefault('zope', importlib.util.module_from_spec("
    "importlib.machinery.PathFinder.find_spec('zope', [os.path.dirname(p)])));"
    "m = m or sys.modules.setdefault('zope', types.ModuleType('zope'));"
    "mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)"
)
_DISTUTILS: Final = (
    "import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os.environ.get(var, 'local') == 'local'; "
    "enabled and __import__('_distutils_hack').add_shim(); "
)


@pytest.mark.parametrize(
    "line",
    [
        _DISTUTILS,
        _NAMESPACE,
        "import __editable___kit_1_0_finder; __editable___kit_1_0_finder.install()",
        "import coverage; coverage.process_startup()",
        "import _virtualenv",
    ],
)
def test_lines_of_path_files_that_tools_write_are_known(line: str) -> None:
    told = {"path-file-runs-code", "path-file-imports"}
    assert not rules_on(wheel("kit", "1.0", {"kit.pth": f"{line}\n"}), _WHEEL) & told
    assert rules_on(wheel("kit", "1.0", {"kit.pth": f"{line};import kit.x\n"}), _WHEEL) & told


def test_a_path_file_counts_only_at_the_top() -> None:
    files = {"kit/data/a.pth": "import os; os.getcwd()\n", "kit/sitecustomize.py": "x = 1\n"}
    assert not rules_on(wheel("kit", "1.0", files), _WHEEL) & {"path-file-runs-code", "site-hook"}


def test_a_file_that_another_package_installed_over_it_is_no_change() -> None:
    first, second = ({"kit/__init__.py": f"x = {number}\n"} for number in (1, 2))
    files = installed({}, dict(first))
    with zipfile.ZipFile(BytesIO(wheel("kit-more", "1.0", second))) as archive:
        files |= {name: archive.read(name) for name in archive.namelist()}
    assert "record-differs" not in rules_on_folder(files)


def test_changed_data_of_an_installed_package_needs_a_look() -> None:
    files = installed({"kit/words.txt": "b\n"}, {"kit/__init__.py": "", "kit/words.txt": "a\n"})
    assert "record-differs-in-data" in rules_on_folder(files)
    assert verdict_on_folder(files) is Outcome.REVIEW


def test_compiled_python_of_its_own_source_says_nothing() -> None:
    source = "import subprocess\n\nsubprocess.run(['true'])\n"
    cached = "helper_kit/__pycache__/core.cpython-311.pyc"
    files = installed({cached: module(source, size=len(source))}, {"helper_kit/core.py": source})
    assert not rules_on_folder(files) & {"compiled-differs", "compiled-without-source", "code-of-no-package"}


def test_compiled_python_that_is_older_than_its_source_is_not_run() -> None:
    cached = "helper_kit/__pycache__/core.cpython-311.pyc"
    files = installed({cached: module("import socket\n", size=3)}, {"helper_kit/core.py": "x = 1\n"})
    assert not rules_on_folder(files) & {"compiled-differs"}


def test_a_clean_installed_package_may_come_in() -> None:
    files = installed({}, {"kit/__init__.py": "x = 1\n", "kit/a.py": "import os\n"})
    assert verdict_on_folder(files) is Outcome.ALLOW


def test_the_owners_of_namespaces_are_named_as_indexes_compare_them() -> None:
    for project in namespaces.projects().values():
        assert project.packages
        assert all(name == normal(name) for name in project.packages)


@pytest.mark.parametrize(
    ("name", "told"), [("tensorflow-cpu", False), ("tensorflow_gpu", False), ("tensor-tools", True)]
)
def test_builds_of_a_project_bring_its_module(name: str, *, told: bool) -> None:
    built = wheel(name, "1.0", {"tensorflow/__init__.py": "x = 1\n"})
    assert ("foreign-namespace" in rules_on(built, f"{name.replace('-', '_')}-1.0-py3-none-any.whl")) is told


@pytest.mark.parametrize(
    ("version", "told"),
    [("99.9.9", True), ("9999.0.0", True), ("99.4.2", False), ("2026.11.19", False), ("1.99", False)],
)
def test_versions_that_win_everywhere(version: str, *, told: bool) -> None:
    assert namespaces.is_sky_high("kit", version) is told


def test_a_renamed_wheel_is_told_and_other_spellings_are_not() -> None:
    built = wheel("Kit.Name", "1.0.0", {"kit.py": "x = 1\n"})
    assert "wheel-named-otherwise" not in rules_on(built, "kit_name-1.0.0-py3-none-any.whl")
    assert "wheel-named-otherwise" in rules_on(built, "numpy-1.0.0-py3-none-any.whl")
    assert "wheel-named-otherwise" in rules_on(built, "kit_name-2.0.0-py3-none-any.whl")


def test_findings_name_the_file() -> None:
    report = report_on(wheel("kit", "1.0", {"usercustomize.py": "x = 1\n"}), _WHEEL)
    (finding,) = [finding for finding in report.findings if finding.rule.id == "site-hook"]
    assert str(finding.where) == f"{_WHEEL}!usercustomize.py"


def test_a_copy_of_a_package_inside_another_is_held_against_nothing() -> None:
    vendored: dict[str, bytes | str] = {
        "kit/_vendor/b-1.dist-info/METADATA": metadata_of("b", "1"),
        "kit/_vendor/b-1.dist-info/RECORD": "b.py,,\n",
    }
    files = {"kit/__init__.py": ""} | vendored
    assert "record-names-absent" not in rules_on_folder(installed({}, files))
    assert "record-names-absent" not in rules_on(wheel("kit", "1.0", files), _WHEEL)


def test_a_package_that_lists_the_metadata_of_another_does_not_hide_it() -> None:
    files = installed({"b.py": "x = 2\n"}, {"kit/__init__.py": "", "b-1.dist-info/METADATA": metadata_of("b", "1")})
    files["b-1.dist-info/RECORD"] = b"b.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n"
    assert "record-differs" in rules_on_folder(files)


def test_a_module_of_values_and_one_too_long_to_be_read_are_held_to_their_own_words(tmp_path: Path) -> None:
    long = "x = 1  # " + "a" * 70 + "\n"
    for name, source in (
        ("names.py", 'N = {\n    "marshall_islands_(flag)": "mh",\n}\n'),
        ("long.py", f"{long * 60_000}import socket\n"),
    ):
        path = tmp_path / name
        path.write_text(source)
        py_compile.compile(str(path), doraise=True)
    files = {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert not rules_on_folder(files) & {"compiled-differs"}
    (tmp_path / "names.py").write_text('N = {\n    "martiall_islands_(flag)": "mh",\n}\n')
    values = {name: data for name, data in files.items() if "long" not in name}
    values["names.py"] = (tmp_path / "names.py").read_bytes()
    assert "compiled-differs" in rules_on_folder(values)


@pytest.mark.parametrize("place", ["", "src/"])
def test_an_sdist_takes_the_namespace_of_another_as_its_wheel_will(place: str) -> None:
    files = {f"{place}transformers/__init__.py": "x = 1\n"}
    assert "foreign-namespace" in rules_on(sdist("acme-tools", "1.0", files), "acme_tools-1.0.tar.gz")
    beside = {"torch/kernels.py": "x = 1\n", "integrations/transformers/__init__.py": "x = 1\n"}
    assert "foreign-namespace" not in rules_on(sdist("acme-tools", "1.0", beside), "acme_tools-1.0.tar.gz")
    assert "foreign-namespace" not in rules_on(sdist("transformers", "1.0", files), "transformers-1.0.tar.gz")


@pytest.mark.parametrize("beside", ["model.safetensors", "sub/model.safetensors", "config.json"])
def test_metadata_beside_a_model_makes_no_unknown_bytes_read(beside: str) -> None:
    unknown = bytes(random.Random(1).choices(b"\0\1\2\3\x80abcdef\xff\x10", k=200_000))
    model = struct.pack("<Q", 2) + b"{}" if beside.endswith("safetensors") else b'{"model_type": "x"}'
    files = {beside: model, "weights.dat": unknown, "x-1.0.dist-info/METADATA": metadata_of("x", "1.0")}
    assert [gap.reason for gap in report_on_folder(files).gaps if gap.where.root == "weights.dat"] == ["unknown-format"]


@pytest.mark.parametrize(("path", "size"), [("kit/models/idf.bin", 1_000), ("kit/table.dat", (1 << 20) + 1)])
def test_data_of_a_package_that_is_long_or_named_as_a_model_is_a_gap(path: str, size: int) -> None:
    unknown = bytes(random.Random(1).choices(b"\0\1\2\3\x80abcdef\xff\x10", k=size))
    report = report_on(wheel("kit", "1.0", {"kit/__init__.py": "", path: unknown}), _WHEEL)
    assert [gap.reason for gap in report.gaps] == ["unknown-format"]
    assert "data-unread" not in {finding.rule.id for finding in report.findings}
