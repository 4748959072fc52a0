"""weighmaster install and pin, against an index on this machine: what was vetted is what is installed."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from packaging.pylock import Pylock
from tests.samples.dists import sdist, wheel
from tests.sims.index import Index

from weighmaster.fronts.cli.main import main
from weighmaster.installing import vetting

HOSTILE = b"cposix\nsystem\n(S'true'\ntR."


def add(index: Index, name: str, version: str, files: dict[str, bytes | str] | None = None, **how: Any) -> bytes:
    metadata = how.pop("metadata", ())
    data = wheel(name, version, files or {f"{name}/__init__.py": f"VERSION = {version!r}\n"}, metadata=metadata)
    index.add(f"{name}-{version}-py3-none-any.whl", data, **how)
    return data


def install(environment: Path, target: Path, *words: str) -> int:
    return main(["install", "--python", str(environment), "--target", str(target), *words])


def test_what_is_asked_for_and_what_that_needs_is_vetted_and_installed(
    index: Index, environment: Path, target: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    add(index, "acme", "1.0", metadata=["Requires-Dist: acme-base>=1"])
    add(index, "acme_base", "1.5")
    assert install(environment, target, "acme") == 0
    said = capfd.readouterr().out
    assert "ALLOW  acme-1.0-py3-none-any.whl\nALLOW  acme_base-1.5-py3-none-any.whl\n" in said
    assert said.endswith("2 files vetted, 2 allow: installed, each by the digest of what was vetted.\n")
    assert (target / "acme/__init__.py").read_text() == "VERSION = '1.0'\n"
    assert (target / "acme_base-1.5.dist-info").is_dir()


def test_one_that_is_blocked_keeps_all_from_being_installed(
    index: Index, environment: Path, target: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    add(index, "acme", "1.0", metadata=["Requires-Dist: evil"])
    add(index, "evil", "1.0", {"evil/__init__.py": "", "evil/model.pkl": HOSTILE})
    assert install(environment, target, "acme", "-o", "json") == 1
    said = json.loads(capfd.readouterr().out)
    assert said["installed"] is False
    assert {one["name"]: one["vetted"]["verdict"] for one in said["packages"]} == {"acme": "allow", "evil": "block"}
    assert not target.exists()


def test_what_needs_a_look_comes_in_when_that_was_taken(index: Index, environment: Path, target: Path) -> None:
    add(index, "acme", "1.0", upload_time="2026-01-31T23:00:00Z")
    assert install(environment, target, "acme") == 3
    assert not target.exists()
    assert install(environment, target, "acme", "--allow-review", "--dry-run") == 0
    assert not target.exists()
    assert install(environment, target, "acme", "--allow-review") == 0
    assert (target / "acme").is_dir()


def test_what_an_index_sends_later_is_not_what_is_installed(
    index: Index, environment: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(index, "acme", "1.0")
    evil = wheel("acme", "1.0", {"acme/__init__.py": "EVIL = True\n"})
    before = vetting.judged

    def judged(*given: Any, **how: Any) -> Any:
        found = before(*given, **how)
        index.files["/files/acme-1.0-py3-none-any.whl"] = evil
        return found

    monkeypatch.setattr("weighmaster.installing.install.judged", judged)
    assert install(environment, target, "acme") == 0
    assert "EVIL" not in (target / "acme/__init__.py").read_text()


def test_a_file_that_is_changed_after_it_was_vetted_is_not_installed(
    index: Index, environment: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(index, "acme", "1.0")
    evil = wheel("acme", "1.0", {"acme/__init__.py": "EVIL = True\n"})
    before = vetting.judged

    def judged(fetched: Any, *given: Any, **how: Any) -> Any:
        found = before(fetched, *given, **how)
        Path(fetched[0].path).write_bytes(evil)
        return found

    monkeypatch.setattr("weighmaster.installing.install.judged", judged)
    assert install(environment, target, "acme") == 2
    assert not (target / "acme").exists()


def test_a_file_that_is_not_the_one_declared_does_not_come(index: Index, environment: Path, target: Path) -> None:
    add(index, "acme", "1.0", hashes={"sha256": "0" * 64})
    assert install(environment, target, "acme") == 2
    assert not target.exists()


SETUP = """
import os, pathlib
pathlib.Path(os.environ["MARKER"]).write_text("built")
from setuptools import setup
setup(name="acme", version="1.0", packages=[])
"""


@pytest.fixture
def marker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "built"
    monkeypatch.setenv("MARKER", str(path))
    return path


def test_no_sdist_is_built(index: Index, environment: Path, target: Path, marker: Path, tmp_path: Path) -> None:
    data = sdist("acme", "1.0", {"setup.py": SETUP})
    index.add("acme-1.0.tar.gz", data)
    assert install(environment, target, "acme") == 2
    # Neither by a file of requirements, whatever that asks for.
    project = tmp_path / "project"
    project.mkdir()
    (project / "setup.py").write_text(SETUP)
    for text in (
        f"{project}\n",
        f"-e {project}\n",
        f"{index.url('/files/acme-1.0.tar.gz')}\n",
        "--no-binary :all:\nacme\n",
    ):
        (tmp_path / "r.txt").write_text(text)
        assert install(environment, target, "-r", "r.txt") == 2
    assert not marker.exists()
    assert not target.exists()


def test_a_folder_that_we_are_in_is_not_where_pip_comes_from(
    index: Index, environment: Path, target: Path, tmp_path: Path
) -> None:
    add(index, "acme", "1.0")
    (tmp_path / "pip").mkdir()
    for name in ("pip/__init__.py", "pip/__main__.py", "runpy.py", "json.py"):
        (tmp_path / name).write_text("raise SystemExit('not ours')")
    assert install(environment, target, "acme") == 0


def test_pip_of_the_environment_itself_is_held_as_well(index: Index, target: Path, marker: Path) -> None:
    add(index, "acme", "1.0")
    assert main(["install", "--python", sys.executable, "--target", str(target), "acme"]) == 0
    assert (target / "acme").is_dir()
    index.add("other-1.0.tar.gz", sdist("other", "1.0", {"setup.py": SETUP}))
    assert main(["install", "--python", sys.executable, "--target", str(target), "other", "--pre"]) == 2
    assert not marker.exists()


@pytest.mark.parametrize(
    "code",
    [
        "import subprocess; subprocess.run(['true'])",
        "import os; os.system('true')",
        "import os; os.fork()",
        "import os; os.execv('/bin/true', ['true'])",
        "import os; os.posix_spawn('/bin/true', ['true'], {})",
        "import pty; pty.spawn('true')",
    ],
)
def test_every_way_of_starting_a_program_is_refused(code: str, tmp_path: Path) -> None:
    from weighmaster.installing import pip

    runner = tmp_path / "runner.py"
    runner.write_text(code)
    held = pip._CLEAN + pip._HOOK + pip._RUN
    done = subprocess.run([sys.executable, "-c", held, str(runner)], check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "not before it is vetted" in done.stderr


BACKEND = """
import os, pathlib
pathlib.Path(os.environ["MARKER"]).write_text("built")

def get_requires_for_build_wheel(config_settings=None):
    return []

def build_wheel(folder, config_settings=None, metadata_directory=None):
    import base64, helper
    data = base64.b64decode(helper.WHEEL)
    pathlib.Path(folder, "acme-1.0-py3-none-any.whl").write_bytes(data)
    return "acme-1.0-py3-none-any.whl"
"""


def _buildable(inside: dict[str, bytes | str]) -> tuple[bytes, bytes]:
    """An sdist with a backend of its own, and the wheel of what helps to build it."""
    import base64

    made = base64.b64encode(wheel("acme", "1.0", inside)).decode()
    helper = wheel("helper", "1.0", {"helper.py": f"WHEEL = {made!r}\n"})
    project = '[build-system]\nrequires = ["helper"]\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    return sdist("acme", "1.0", {"pyproject.toml": project, "backend.py": BACKEND}), helper


def test_an_sdist_is_built_when_asked_for_and_its_wheel_is_vetted(
    index: Index, environment: Path, target: Path, marker: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    built, helper = _buildable({"acme/__init__.py": ""})
    index.add("acme-1.0.tar.gz", built)
    index.add("helper-1.0-py3-none-any.whl", helper)
    status = install(environment, target, "--build", "acme", "--allow-review", "acme")
    assert status == 0, capfd.readouterr()
    assert marker.exists()
    said = capfd.readouterr().out
    assert all(name in said for name in ("acme-1.0.tar.gz", "helper-1.0-py3-none-any.whl", "acme-1.0-py3-none-any.whl"))
    assert (target / "acme").is_dir()


def test_a_hostile_sdist_is_not_built_though_asked_for(
    index: Index, environment: Path, target: Path, marker: Path
) -> None:
    index.add("acme-1.0.tar.gz", sdist("acme", "1.0", {"setup.py": SETUP, "acme/model.pkl": HOSTILE}))
    assert install(environment, target, "--build", "acme", "acme") == 1
    assert not marker.exists()


def test_a_lock_names_every_wheel_of_each_release_by_its_digest(
    index: Index, environment: Path, target: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    data = add(index, "acme", "1.0", metadata=["Requires-Dist: acme-base"])
    other = wheel("acme", "1.0", {"acme/x.pyd": b""})
    index.add("acme-1.0-cp39-cp39-win_amd64.whl", other)
    index.add("acme-1.0.tar.gz", sdist("acme", "1.0", {}))
    base = add(index, "acme_base", "2.0")
    assert main(["pin", "--python", str(environment), "acme", "-o", "lock.txt"]) == 0
    digests = sorted(hashlib.sha256(one).hexdigest() for one in (data, other))
    lines = Path("lock.txt").read_text().splitlines()
    assert lines[0] == "# Made by: weighmaster pin acme"
    assert lines[3:] == [
        "acme==1.0 \\",
        f"    --hash=sha256:{digests[0]} \\",
        f"    --hash=sha256:{digests[1]}",
        "acme-base==2.0 \\",
        f"    --hash=sha256:{hashlib.sha256(base).hexdigest()}",
    ]
    assert install(environment, target, "-r", "lock.txt") == 0
    # What is there is not replaced unasked.
    assert main(["pin", "--python", str(environment), "acme-base", "-o", "lock.txt"]) == 2
    index.files["/files/acme_base-2.0-py3-none-any.whl"] = wheel("acme_base", "2.0", {"acme_base/__init__.py": "x"})
    assert install(environment, target, "-r", "lock.txt", "--no-cache-dir", "-U") == 2
    capfd.readouterr()


def test_a_pylock_is_one_that_packaging_reads(index: Index, environment: Path) -> None:
    import tomllib

    add(index, "acme", "1.0", upload_time="2025-05-05T05:05:05.123456Z")
    assert main(["pin", "--python", str(environment), "acme", "-o", "pylock.toml"]) == 0
    lock = Pylock.from_dict(tomllib.loads(Path("pylock.toml").read_text()))
    lock.validate()
    (package,) = lock.packages
    assert (package.name, str(package.version)) == ("acme", "1.0")
    assert package.wheels is not None
    assert package.wheels[0].url == index.url("/files/acme-1.0-py3-none-any.whl")


@pytest.mark.usefixtures("index")
def test_a_password_does_not_get_into_a_lock(environment: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with Index(password="me:secretword") as private:
        add(private, "acme", "1.0")
        address = private.simple.replace("//", "//me:secretword@")
        assert main(["pin", "--python", str(environment), "--index-url", address, "acme"]) == 0
    said = capfd.readouterr()
    assert "acme==1.0" in said.out
    assert "secretword" not in said.out


def test_a_wheel_beside_us_is_vetted_and_installed(index: Index, environment: Path, target: Path) -> None:
    Path("acme-1.0-py3-none-any.whl").write_bytes(wheel("acme", "1.0", {"acme/__init__.py": ""}))
    assert install(environment, target, "./acme-1.0-py3-none-any.whl") == 0
    assert (target / "acme").is_dir()
    assert not index.asked


@pytest.mark.usefixtures("index")
def test_wrong_use_says_what_to_do(environment: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for words, said in {
        ("install",): "no package is named",
        ("install", "--python", "/nowhere", "x"): "no interpreter",
        ("install", "-e", "."): "vet it",
        ("pin", "--frobnicate", "x"): "no option of pip install",
        ("install", "--python", str(environment), "--build", "a b", "x"): "name or name==version",
    }.items():
        assert main(list(words)) == 2
        assert said in capfd.readouterr().err
