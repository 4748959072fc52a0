from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from tests.samples.zips import DEFLATED, member, zip_of

from weighmaster import shipped
from weighmaster.engine.scan import gather, scan_bytes
from weighmaster.extend.format import Glance
from weighmaster.formats.torch_package import FORMAT
from weighmaster.model.fact import Import
from weighmaster.model.report import Gap, Report
from weighmaster.model.settings import Settings
from weighmaster.model.verdict import Outcome
from weighmaster.model.where import Where
from weighmaster.reading.budget import Budget, Limits
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.source import BytesSource


def _package(source: str) -> bytes:
    return zip_of(
        [
            member("p/mine.py", source.encode(), method=DEFLATED),
            member("p/.data/extern_modules", b"os\n"),
            member("p/.data/version", b"6\n"),
        ]
    )


def _imports(source: str) -> list[str]:
    reads = FORMAT.read(Cursor(BytesSource(_package(source)), Budget()), Where.file("x"))
    return [read.dotted for read in reads if isinstance(read, Import)]


def _outcome(data: bytes) -> Outcome:
    items = list(scan_bytes(data, "x.pt", shipped.registry(), Limits()))
    items += gather("x.pt", items, shipped.registry(), folder=False)
    report = Report.of("x.pt", items, files=1)
    return shipped.policy("default").judge(report, Settings(), date(2026, 1, 1)).outcome


def test_it_is_known_by_its_list_of_modules() -> None:
    assert FORMAT.matches(Glance(BytesSource(_package(""))))
    assert not FORMAT.matches(Glance(BytesSource(zip_of([member("p/mine.py", b"")]))))


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import os\nos.system('true')", "os.system"),
        ("import os as o\no.system('true')", "os.system"),
        ("from os import system as s\ns('true')", "os.system"),
        ("class A:\n    import subprocess\n    x = subprocess.run(['true'])", "subprocess.run"),
        ("exec('1')", "builtins.exec"),
        ("def f(x=eval('1')): pass", "builtins.eval"),
        ("if True:\n    with open('x') as f: exec(f)", "builtins.exec"),
    ],
)
def test_what_importing_the_module_calls_is_blocked(source: str, name: str) -> None:
    assert name in _imports(source)
    assert _outcome(_package(source)) is Outcome.BLOCK


def test_what_only_functions_call_wants_a_look() -> None:
    source = "import os\ndef f():\n    os.system('true')\n"
    assert _imports(source) == []
    assert _outcome(_package(source)) is Outcome.REVIEW


@pytest.mark.parametrize("source", ["no python", "x = " + "(" * 999, "a\0b", "x = " + "-" * 99_999 + "1"])
def test_source_that_cannot_be_parsed_is_a_gap(source: str) -> None:
    reads = list(FORMAT.read(Cursor(BytesSource(_package(source)), Budget()), Where.file("x")))
    assert all(isinstance(read, Gap) for read in reads)


_FIRING = """
import json, os, sys, torch.package
os.chdir(sys.argv[1])
with torch.package.PackageExporter("p.pt") as package:
    package.extern("os")
    package.save_source_string("mine", "import os\\nos.mkdir('marker')\\nos.system('true')\\nX = {}\\n")
    package.save_source_string("other", "X = 1\\n")
torch.package.PackageImporter("p.pt").import_module("mine")
print(json.dumps(os.path.isdir("marker")))
"""


def test_a_package_fires_when_its_module_is_imported_and_is_blocked(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", _FIRING, str(tmp_path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)
    assert json.loads(done.stdout) is True
    assert _outcome((tmp_path / "p.pt").read_bytes()) is Outcome.BLOCK
