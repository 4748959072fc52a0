from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from weighmaster import api
from weighmaster.fronts.cli.main import COMMANDS, command, main
from weighmaster.trust.manifests.manifest import Entry, Manifest
from weighmaster.version import VERSION


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"weighmaster {VERSION}\n"


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_names_every_command(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([flag])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert all(f"  {name}" in said for name in COMMANDS)


def test_no_command_is_a_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage: weighmaster" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("word", "error"),
    [
        ("vte", "no command is called 'vte'; did you mean 'vet'?"),
        ("hostile.pkl", "no command is called 'hostile.pkl'; did you mean: weighmaster vet hostile.pkl"),
        ("zzz", "no command is called 'zzz' (there are: "),
    ],
)
@pytest.mark.usefixtures("place")
def test_an_unknown_command_gets_a_hint(word: str, error: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([word]) == 2
    assert capsys.readouterr().err.startswith(f"weighmaster: {error}")


def test_an_unknown_option_gets_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--versoin"])
    assert ended.value.code == 2
    assert "did you mean --version?" in capsys.readouterr().err


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_has_help_that_fits(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith(f"usage: weighmaster {name}")
    assert command(name).__doc__


def test_the_lists_name_what_is_shipped(capsys: pytest.CaptureFixture[str]) -> None:
    for name, ids in (
        ("rules", [rule.id for rule in api.rules()]),
        ("formats", [format_.id for format_ in api.formats()]),
        ("policies", [policy.id for policy in api.policies()]),
    ):
        assert main([name]) == 0
        assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ids


def test_the_policies(capsys: pytest.CaptureFixture[str]) -> None:
    main(["policies"])
    assert capsys.readouterr().out == snapshot("""\
default  blocks high and critical, holds medium and whatever was not read
strict   blocks every finding above a note, holds whatever was not read
""")


def test_the_schema_is_the_published_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert capsys.readouterr().out == api.report_schema()


HEAVY = {
    "ast", "click", "concurrent", "ctypes", "dataclasses", "detect_secrets", "hashlib", "html", "importlib.resources",
    "inspect", "jinja2", "logging", "multiprocessing", "obstore", "pathlib", "pyexpat", "rich", "socket", "ssl",
    "subprocess", "tarfile", "tempfile", "textwrap", "threading", "tomllib", "urllib", "urllib3", "xml", "yaml",
    "zipfile",
    "weighmaster.afar", "weighmaster.origins", "weighmaster.records",
}  # fmt: skip


@pytest.mark.parametrize("arguments", [["--version"], ["vet", "harmless.pkl"], ["vet", "folder"]])
def test_nothing_heavy_is_imported(arguments: list[str], place: Path) -> None:
    code = (
        "import sys; sys.stdout.reconfigure(line_buffering=True)\n"
        "from weighmaster.fronts.cli.main import main\n"
        f"main({arguments!r}); print('\\n', *sys.modules)"
    )
    environment = {"PYTHONPATH": ":".join(sys.path), "PATH": ""}
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=place, check=True
    )
    assert HEAVY.isdisjoint(out.stdout.splitlines()[-1].split())


def _weighmaster(arguments: str, more: str, place: Path) -> tuple[int, str]:
    """Run a command line with the shell's `more` behind it, and return its own status and what it says of errors."""
    code = "from weighmaster.fronts.cli.main import run; run()"
    script = f'"{sys.executable}" -c "{code}" {arguments} {more}; exit ${{PIPESTATUS[0]}}'
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(["bash", "-c", script], cwd=place, env=env, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


@pytest.mark.parametrize("more", ["", "| true", ">&-", ">/dev/null 2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(
    ("arguments", "status"),
    [("digest harmless.pkl", 0), ("digest harmless.pkl --check wrong.json", 1), ("vet hostile.pkl", 1), ("rules", 0)],
)
def test_a_reader_that_is_not_there_changes_no_status(place: Path, arguments: str, status: int, more: str) -> None:
    empty = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    files = f'{{"path": "{"x" * 99}", "size": 2, "sha256": "{empty}"}}'
    whole = Manifest.of([Entry(path="x" * 99, size=2, sha256=empty)])
    head = f'"schema": "weighmaster.manifest/1", "tree": "{whole.tree}", "chunk": 67108864'
    (place / "wrong.json").write_text(f'{{{head}, "files": [{files}]}}')
    found, said = _weighmaster(arguments, more, place)
    assert found == status
    assert "Traceback" not in said
    assert "defect" not in said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this machine has no device that is always full")
@pytest.mark.parametrize("arguments", ["digest harmless.pkl", "rules", "schema"])
def test_an_answer_that_cannot_be_written_is_said(place: Path, arguments: str) -> None:
    assert _weighmaster(arguments, ">/dev/full", place) == (
        2,
        "weighmaster: cannot write the output: No space left on device\n",
    )
