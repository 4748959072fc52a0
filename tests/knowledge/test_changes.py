"""A release held against others: what it has that they do not."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.samples.dists import sdist, wheel
from tests.samples.natives import elf, pe

from weighmaster import api
from weighmaster.fronts.cli.main import main
from weighmaster.model.report import GapReason
from weighmaster.model.verdict import Outcome, Vetted

_HEAD = json.dumps({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
WEIGHTS = struct.pack("<Q", len(_HEAD)) + _HEAD + bytes(4)
LINUX = "cp311-cp311-manylinux_2_17_x86_64"
Held = Callable[..., Vetted]


@pytest.fixture
def held(tmp_path: Path) -> Held:
    """Vet a package against others, each written under its name."""

    def done(new: tuple[str, bytes], *others: tuple[str, bytes]) -> Vetted:
        paths = []
        for number, (name, data) in enumerate((new, *others)):
            folder = tmp_path / str(number)
            folder.mkdir(exist_ok=True)
            (folder / name).write_bytes(data)
            paths.append(str(folder / name))
        return api.vet_target(paths[0], api.Request(against=tuple(paths[1:])))

    return done


def kit(version: str, files: dict[str, bytes | str], **more: object) -> tuple[str, bytes]:
    """Return a wheel of the kit, with its name."""
    tags = more.get("tags", ("py3-none-any",))
    built = wheel("kit", version, {"kit/__init__.py": "x = 1\n", **files}, **more)  # type: ignore[arg-type]
    return f"kit-{version}-{tags[0]}.whl", built  # type: ignore[index]


def rules(vetted: Vetted) -> set[str]:
    """Return the rules on changes that hold."""
    return {finding.rule.id for finding in vetted.report.findings if finding.rule.id.startswith("release-")}


OLD = kit("1.0", {}, metadata=["Home-page: https://github.com/kit/kit", "Author: A", "Requires-Dist: numpy"])


def test_a_release_that_brings_nothing_new_may_come_in(held: Held) -> None:
    lines = ["Home-page: https://github.com/kit/kit", "Author: A", "Requires-Dist: NumPy>=2"]
    vetted = held(kit("1.1", {"kit/more.py": "y = 2\n"}, metadata=lines), OLD)
    assert vetted.verdict.outcome is Outcome.ALLOW
    assert not vetted.report.findings


@pytest.mark.parametrize(
    ("files", "more", "rule"),
    [
        ({"kit.pth": "import kit\n"}, {}, "release-adds-hook"),
        ({}, {"entry_points": "[pytest11]\nkit = kit\n"}, "release-adds-hook"),
        ({"kit/data.bin": WEIGHTS}, {}, "release-adds-model"),
        ({"kit/libk.so": elf()}, {"tags": (LINUX,), "pure": False}, "release-adds-native-code"),
        ({}, {"metadata": ["Project-URL: Source, https://github.com/other/kit"]}, "release-changes-home"),
        ({}, {"metadata": ["Author: B"]}, "release-changes-author"),
        ({}, {"metadata": ["Requires-Dist: numpy", "Requires-Dist: evil-kit"]}, "release-adds-requirement"),
    ],
)
def test_what_a_release_has_and_the_one_before_has_not_is_told(
    held: Held, files: dict[str, bytes | str], more: dict[str, object], rule: str
) -> None:
    assert rules(held(kit("1.1", files, **more), OLD)) == {rule}


def test_a_release_of_a_package_that_always_had_models_and_hooks_adds_none(held: Held) -> None:
    files: dict[str, bytes | str] = {"kit.pth": "import kit\n", "kit/data.bin": WEIGHTS}
    assert rules(held(kit("1.1", files | {"kit/two.bin": WEIGHTS}), kit("1.0", files))) == set()


def test_a_source_that_runs_code_where_it_is_built_is_told(held: Held) -> None:
    plain = ("kit-1.0.tar.gz", sdist("kit", "1.0", {"kit/__init__.py": ""}))
    setup = ("kit-1.1.tar.gz", sdist("kit", "1.1", {"kit/__init__.py": "", "setup.py": "import setuptools\n"}))
    assert rules(held(setup, plain)) == {"release-adds-hook"}
    assert rules(held(setup, setup)) == set()


def test_a_library_that_no_other_build_has_is_told(held: Held) -> None:
    mine = {"kit/core.cpython-311-x86_64-linux-gnu.so": elf(), "kit.libs/libz-0a1b2c3d.so.1.2.11": elf()}
    windows: dict[str, bytes | str] = {"kit/core.cp311-win_amd64.pyd": pe(), "kit/z.dll": pe()}
    other = kit("1.0", windows, tags=("cp311-cp311-win_amd64",), pure=False)
    assert rules(held(kit("1.0", {**mine}, tags=(LINUX,), pure=False), other)) == set()
    more = kit("1.0", {**mine, "kit/libhelper.so": elf()}, tags=(LINUX,), pure=False)
    vetted = held(more, other)
    assert rules(vetted) == {"release-adds-library"}
    assert "kit/libhelper.so" in str(vetted.report.findings[0].where)
    # Of several builds one is enough.
    assert rules(held(more, other, kit("1.0", {"kit/helper.dll": pe()}, tags=("cp311-cp311-win_amd64",)))) == set()


def test_nothing_to_compare_with_is_a_gap(held: Held) -> None:
    vetted = held(kit("1.1", {}), ("other-1.0-py3-none-any.whl", wheel("other", "1.0", {"other.py": ""})))
    assert [gap.reason for gap in vetted.report.gaps] == [GapReason.NOT_FOLLOWED]
    assert vetted.verdict.outcome is Outcome.REVIEW


def test_the_command_takes_releases_to_hold_one_against(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, data in (OLD, kit("1.1", {"kit/data.bin": WEIGHTS})):
        (tmp_path / name).write_bytes(data)
    old, new = (str(tmp_path / f"kit-{version}-py3-none-any.whl") for version in ("1.0", "1.1"))
    assert main(["vet", new, "--against", old]) == 3
    assert "kit brings a model (safetensors), and 1.0 does not" in capsys.readouterr().out
    assert main(["vet", new, old, "--against", old]) == 2
    assert main(["vet", new, "--against", str(tmp_path / "none.whl")]) == 2
    assert "no such file or folder to hold it against" in capsys.readouterr().err
