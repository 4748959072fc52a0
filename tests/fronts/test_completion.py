"""The scripts are tried in the shells themselves, where those are installed; else their text is looked at."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from weighmaster import api
from weighmaster.fronts.cli.main import COMMANDS, main


def _script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["completion", shell]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_command_and_option_is_in_the_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    script = _script(shell, capsys)
    for word in (*COMMANDS, "output-file", "follow-symlinks", *api.output_names(), *api.policy_names()):
        assert word in script


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_can_read_the_script(shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "script"
    path.write_text(_script(shell, capsys))
    if shutil.which(shell) is None:
        assert shell != "bash", "bash is everywhere that these tests run"
        return
    done = subprocess.run([shell, "-n", path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["weighmaster", "ve"], ["verify", "vet"]),
        (["weighmaster", "vet", "--outp"], ["--output", "--output-file"]),
        (["weighmaster", "vet", "--output", "js"], ["json", "jsonl"]),
        (["weighmaster", "vet", "-o", "s"], ["sarif"]),
        (["weighmaster", "vet", "--policy", "st"], ["strict"]),
        (["weighmaster", "completion", "z"], ["zsh"]),
        (["weighmaster", "recall", "wi"], ["withdraw"]),
        (["weighmaster", "log", "append", "--cl"], ["--claims"]),
        (["weighmaster", "recall", "export", "--format", "o"], ["osv"]),
        (["weighmaster", "vet", "hos"], ["hostile.pkl"]),
    ],
)
def test_bash_offers_what_fits(
    place: Path, words: list[str], offered: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    listed = " ".join(f"'{word}'" for word in words)
    code = f"{_script('bash', capsys)}\nCOMP_WORDS=({listed}); COMP_CWORD={len(words) - 1}; _weighmaster\n"
    code += 'printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-c", code], capture_output=True, text=True, cwd=place, check=True)
    assert sorted(done.stdout.split()) == offered
