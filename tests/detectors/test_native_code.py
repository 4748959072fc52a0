"""Machine code in packages: for other machines than those of the package, and programs under names of libraries."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.samples.dists import install, wheel
from tests.samples.natives import elf, macho, pe
from tests.samples.vetting import report_on_folder, rules_on

from weighmaster.reading.native import Native, native
from weighmaster.reading.source import BytesSource

LINUX = "cp311-cp311-manylinux_2_17_x86_64"


def rules(files: dict[str, bytes], *tags: str) -> set[str]:
    """Return the rules on native code that hold on a wheel for machines."""
    tags = tags or (LINUX,)
    built = wheel("kit", "1.0", {"kit/__init__.py": "x = 1\n", **files}, tags=tags, pure=False)
    return rules_on(built, f"kit-1.0-{tags[0]}.whl") & {
        "native-for-another-machine", "program-named-as-library", "executable-inside"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "data", "tag"),
    [
        ("kit/libk.so", elf("aarch64"), LINUX),
        ("kit/libk.so", pe(), LINUX),
        ("kit/core.cpython-311-x86_64-linux-gnu.so", elf("aarch64"), LINUX),
        ("kit/libk.so", macho(("aarch64", "x86_64")), LINUX),
        ("kit/core.pyd", elf(), "cp311-cp311-win_amd64"),
        ("kit/core.pyd", pe(0x14C), "cp311-cp311-win_amd64"),
        ("kit/core.so", macho(("x86_64",)), "cp311-cp311-macosx_11_0_arm64"),
        ("kit/core.so", elf(), "cp311-cp311-musllinux_1_2_aarch64"),
    ],
)
def test_code_for_another_machine_is_told(path: str, data: bytes, tag: str) -> None:
    assert rules({path: data}, tag) == {"native-for-another-machine"}


@pytest.mark.parametrize(
    ("path", "data", "tag"),
    [
        ("kit/libk.so", elf(), LINUX),
        ("kit/core.pyd", pe(), "cp311-cp311-win_amd64"),
        ("kit/core.pyd", pe(0x14C), "cp311-cp311-win32"),
        ("kit/core.pyd", pe(0x8664), "cp311-cp311-win_arm64"),
        ("kit/core.so", macho(("x86_64", "aarch64")), "cp311-cp311-macosx_11_0_arm64"),
        ("kit/core.so", macho(("x86_64",)), "cp311-cp311-macosx_10_9_universal2"),
        ("kit/attach_linux_x86.so", elf("x86"), LINUX),
        ("kit/win32/inject.dll", pe(0x14C), LINUX),
        ("kit/aarch64/libk.so", elf("aarch64"), LINUX),
        ("kit/libk.so", elf("aarch64"), "cp311-cp311-solaris_2_13_sparc"),
        ("kit/kernel.hsaco", elf("x86_64").replace(b"\x3e\0", b"\xe0\0", 1), LINUX),
    ],
)
def test_code_for_the_machine_and_what_says_for_which_it_is_are_left_alone(path: str, data: bytes, tag: str) -> None:
    assert rules({path: data}, tag) == set()


def test_a_wheel_for_several_machines_may_hold_code_for_each() -> None:
    tags = ("cp311-cp311-macosx_10_9_x86_64", "cp311-cp311-macosx_11_0_arm64")
    assert rules({"kit/a.so": macho(("x86_64",)), "kit/b.so": macho(("aarch64",))}, *tags) == set()


@pytest.mark.parametrize(
    ("path", "data", "tag"),
    [
        ("kit/libcudart.so.12", elf(form="program"), LINUX),
        ("kit/libk.so", elf(form="fixed"), LINUX),
        ("kit/core.pyd", pe(library=False), "cp311-cp311-win_amd64"),
        ("kit/libk.dylib", macho(form=2), "cp311-cp311-macosx_10_9_x86_64"),
    ],
)
def test_a_program_under_the_name_of_a_library_is_told(path: str, data: bytes, tag: str) -> None:
    assert rules({path: data}, tag) == {"program-named-as-library"}


@pytest.mark.parametrize("form", ["library", "runnable", "object"])
def test_what_may_be_loaded_is_a_library(form: str) -> None:
    assert rules({"kit/libc.so.6": elf(form=form), "kit/bin/tool": elf(form="program")}) == set()


def test_installed_packages_are_held_to_their_tags(tmp_path: Path) -> None:
    built = wheel("kit", "1.0", {"kit/libk.so": elf("aarch64")}, tags=(LINUX,), pure=False)
    install(built, tmp_path)
    files = {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert "native-for-another-machine" in {finding.rule.id for finding in report_on_folder(files).findings}


def test_the_interpreter_is_a_program_and_its_modules_are_libraries() -> None:
    program = native(BytesSource(Path(sys.executable).read_bytes()), "ELF")
    module = native(BytesSource(next(Path(np.__file__).parent.rglob("*.so")).read_bytes()), "ELF")
    assert (program.form, module.form) == ("program", "library")
    assert program.machines == module.machines != ()


def test_whatever_bytes_come_after_the_head_something_is_said() -> None:
    chance = random.Random(5)
    samples = [("ELF", elf(form="program")), ("PE", pe()), ("Mach-O", macho(("x86_64", "aarch64")))]
    for _ in range(3000):
        kind, data = chance.choice(samples)
        broken = bytearray(data[: chance.randrange(16, len(data) + 1)])
        for _ in range(chance.randrange(4)):
            broken[chance.randrange(4, len(broken))] = chance.randrange(256)
        assert isinstance(native(BytesSource(bytes(broken)), kind), Native)
