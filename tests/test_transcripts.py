"""Every transcript in the documentation is what happens.

The commands of a page's `console` blocks run one after the other in one empty folder. A line of three dots stands for
whatever lines come, three dots in a line for whatever text comes there. `WEIGHMASTER_REWRITE_TRANSCRIPTS=1` writes down
what happens instead of comparing; read the difference before you commit it. A block below the comment
`<!-- not run -->` is left alone.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = ["README.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md")))]
BLOCK = re.compile(r"(?<!<!-- not run -->\n)```console\n(.*?)```", re.DOTALL)
ANYTHING = "…"


def _steps(block: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each command, and the lines that are to come of it."""
    command, lines = "", list[str]()
    for line in block.splitlines():
        if line.startswith("$ "):
            if command:
                yield command, lines
            command, lines = line[2:], []
        elif line == ">" or line.startswith("> "):
            command += f"\n{line[2:]}"
        else:
            lines.append(line)
    yield command, lines


def _said(command: str, folder: Path) -> list[str]:
    kept = {key: value for key, value in os.environ.items() if key not in {"NO_COLOR", "PYTHONPATH"}}
    path = os.pathsep.join((os.path.dirname(sys.executable), kept.get("PATH", "")))
    kept |= {"PATH": path, "PYTHONPATH": os.pathsep.join(sys.path), "COLUMNS": "100"}
    script = 'weighmaster() { python -c "from weighmaster.fronts.cli.main import run; run()" "$@"; }\n'
    done = subprocess.run(
        ["bash", "-c", script + command],
        cwd=folder,
        env=kept,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.stdout.decode().rstrip("\n").split("\n") if done.stdout.strip() else []


def _fits(wanted: list[str], said: list[str]) -> bool:
    at = wanted.index(ANYTHING) if ANYTHING in wanted else len(wanted)
    if not all(map(_is, wanted[:at], said[:at])) or len(said) < at:
        return False
    if at == len(wanted):
        return len(said) == at
    return any(_fits(wanted[at + 1 :], said[start:]) for start in range(at, len(said) + 1))


def _is(wanted: str, said: str) -> bool:
    pattern = ".*".join(map(re.escape, wanted.split(ANYTHING)))
    return re.fullmatch(pattern, said) is not None


@pytest.mark.parametrize("page", PAGES)
def test_a_transcript_is_what_happens(page: str, tmp_path: Path) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    if "$ openssl" in text and shutil.which("openssl") is None:
        pytest.skip("this machine has no openssl")
    for block in BLOCK.findall(text):
        for command, wanted in _steps(block):
            said = _said(command, tmp_path)
            if os.environ.get("WEIGHMASTER_REWRITE_TRANSCRIPTS") and not _fits(wanted, said):
                shown = "".join(f"{line}\n" for line in wanted)
                end = command.replace("\n", "\n> ").replace("> \n", ">\n") + "\n"
                text = text.replace(f"$ {end}{shown}", f"$ {end}" + "".join(f"{line}\n" for line in said), 1)
                (ROOT / page).write_text(text, encoding="utf-8")
            else:
                assert _fits([line for line in wanted if line], [line for line in said if line]), command
