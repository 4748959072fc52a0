"""`weighmaster digest`, as a user calls it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from weighmaster.fronts.cli import digest as command
from weighmaster.fronts.cli.main import main
from weighmaster.fronts.cli.progress import Progress
from weighmaster.trust.manifests.manifest import Entry
from weighmaster.trust.manifests.manifest_file import read_manifest


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    root = tmp_path / "model"
    (root / "sub").mkdir(parents=True)
    (root / "config.json").write_bytes(b"{}")
    (root / "sub" / "w.bin").write_bytes(b"abc" * 400)
    return root


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["digest", *arguments])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_the_answer_is_the_tree_and_a_line_for_each_file(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = _run(capsys, "model")
    one, two = (hashlib.sha256((model / name).read_bytes()).hexdigest() for name in ("config.json", "sub/w.bin"))
    lines = out.splitlines()
    assert (status, err) == (0, "")
    assert lines[0].startswith("tree    ")
    assert lines[1:] == ["files   2, 1.2 kB", "", f"{one}      2  config.json", f"{two}  1,200  sub/w.bin"]


@pytest.mark.usefixtures("model")
def test_quiet_says_the_tree_digest_alone(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = _run(capsys, "model")
    assert _run(capsys, "model", "-q") == (0, out.splitlines()[0].removeprefix("tree    ") + "\n", "")


@pytest.mark.usefixtures("model")
def test_json_is_the_manifest(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = _run(capsys, "model", "--output", "json")
    _run(capsys, "model", "--output-file", "m.json")
    assert Path("m.json").read_text() == out
    assert all(entry.chunks for entry in read_manifest("m.json").entries)
    _run(capsys, "model", "--output-file", "short.json", "--sha256-only")
    assert not any(entry.chunks for entry in read_manifest("short.json").entries)


@pytest.mark.usefixtures("model")
def test_nothing_is_replaced_unasked(capsys: pytest.CaptureFixture[str]) -> None:
    Path("m.json").write_text("mine")
    status, _, err = _run(capsys, "model", "--output-file", "m.json")
    assert (status, err) == (2, "weighmaster: m.json is there already: --force replaces it\n")
    assert Path("m.json").read_text() == "mine"
    assert _run(capsys, "model", "--output-file", "m.json", "--force")[0] == 0


def test_check_says_what_became_of_each_file(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (model / "old").write_bytes(b"same bytes")
    (model / "gone").write_bytes(b"gone")
    _run(capsys, "model", "--output-file", "m.json")
    assert _run(capsys, "model", "--check", "m.json")[0] == 0
    os.replace(model / "old", model / "new")
    (model / "gone").unlink()
    (model / "evil.py").write_bytes(b"import os")
    (model / "config.json").write_bytes(b"[]")
    status, out, _ = _run(capsys, "model", "--check", "m.json")
    assert status == 1
    old, new = hashlib.sha256(b"{}").hexdigest()[:16], hashlib.sha256(b"[]").hexdigest()[:16]
    assert out.splitlines()[4:] == [
        f"changed  config.json  (2 B, {old}… -> {new}…)",
        "renamed  old -> new  (10 B)",
        "added    evil.py  (9 B)",
        "removed  gone  (4 B)",
        "4 differences; 1 file the same",
    ]
    assert _run(capsys, "model", "--check", "m.json", "-q") == (1, "", "")


def test_what_is_ignored_is_said_and_the_manifest_lists_itself_nowhere(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _run(capsys, "model", "--output-file", "model/m.json")
    (model / "run.log").write_bytes(b"x")
    status, out, _ = _run(capsys, "model", "--check", "model/m.json", "--ignore", "*.log")
    assert status == 0
    assert out.splitlines()[-3:] == [
        "ignored  m.json",
        "ignored  run.log",
        "no difference; 2 files the same, 2 files ignored",
    ]
    status, out, _ = _run(capsys, "model", "--check", "model/m.json", "--ignore", "*.log", "-o", "json")
    assert json.loads(out)["check"] == {
        "same": True, "added": [], "removed": [], "changed": [], "renamed": [], "ignored": ["m.json", "run.log"],
    }  # fmt: skip


@pytest.mark.usefixtures("model")
def test_an_edited_manifest_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    _run(capsys, "model", "--output-file", "m.json")
    Path("m.json").write_text(Path("m.json").read_text().replace("config.json", "confiG.json"))
    status, out, err = _run(capsys, "model", "--check", "m.json")
    assert (status, out) == (1, "")
    assert "weighmaster: refused: m.json: tree: the tree digest of these files is" in err


def test_ignores_belong_to_a_comparison(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = _run(capsys, str(model), "--ignore", "*.md")
    assert (status, err) == (2, "weighmaster: --ignore says what --check leaves out; a digest leaves nothing out\n")


def _sums(model: Path, *names: str) -> str:
    return "".join(f"{hashlib.sha256((model / name).read_bytes()).hexdigest()}  {name}\n" for name in names)


def test_published_checksums_are_compared(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (model / "SHA256SUMS").write_text(_sums(model, "config.json", "sub/w.bin"))
    status, out, _ = _run(capsys, "model", "--against", "model/SHA256SUMS")
    assert (status, out.splitlines()[-1]) == (0, "2 files as published")


def test_a_file_without_a_checksum_is_told(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("SHA256SUMS").write_text(_sums(model, "config.json"))
    status, out, _ = _run(capsys, "model", "--against", "SHA256SUMS")
    assert (status, out.splitlines()[-2:]) == (3, ["unlisted   sub/w.bin", "1 file as published"])


def test_a_file_that_differs_or_is_missing_decides(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("SHA256SUMS").write_text(_sums(model, "config.json", "sub/w.bin") + f"{'0' * 64}  gone\n")
    (model / "config.json").write_bytes(b"evil")
    status, out, _ = _run(capsys, "model", "--against", "SHA256SUMS", "-o", "json")
    assert status == 1
    assert json.loads(out)["against"] == {
        "equal": ["sub/w.bin"], "different": ["config.json"], "missing": ["gone"], "unlisted": [], "unsaid": [],
    }  # fmt: skip


@pytest.mark.usefixtures("model")
def test_what_a_lock_file_lists_for_other_machines_may_be_missing(capsys: pytest.CaptureFixture[str]) -> None:
    Path("wheels").mkdir()
    Path("wheels/demo-1-py3-none-any.whl").write_bytes(b"wheel")
    digest = hashlib.sha256(b"wheel").hexdigest()
    Path("requirements.txt").write_text(f"demo==1 --hash=sha256:{digest}\nother==1 --hash=sha256:{'0' * 64}\n")
    status, out, _ = _run(capsys, "wheels", "--against", "requirements.txt")
    assert (status, out.splitlines()[-1]) == (0, "1 file as published")


def test_what_cannot_be_covered_is_refused(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (model / "link\x1b[2J").symlink_to("config.json")
    status, out, err = _run(capsys, "model")
    assert (status, out) == (1, "")
    assert err == "weighmaster: refused: not covered by any digest: 'link\\x1b[2J' (a link)\n"
    assert _run(capsys, "model", "--follow-links")[0] == 0


def test_what_is_not_there_is_a_wrong_use(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(capsys, "missing") == (2, "", "weighmaster: no such file or folder: missing\n")
    for option in ("--check", "--against"):
        status, _, err = _run(capsys, str(model), option, "missing")
        assert status == 2
        assert "cannot be read: No such file or directory" in err


def test_names_that_would_act_on_a_terminal_are_spelled_out(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (model / "a\x1b[31m\nb").write_bytes(b"")
    _, out, _ = _run(capsys, "model")
    assert "a\\x1b[31m\\nb" in out
    assert "\x1b" not in out


def test_at_a_narrow_terminal_digests_are_cut_and_lines_are_not(
    model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    _, out, _ = _run(capsys, str(model))
    assert out.splitlines()[-1] == f"{hashlib.sha256(b'abc' * 400).hexdigest()[:16]}…  1,200  sub/w.bin"


def test_of_a_long_file_it_is_said_how_many_chunks_differ() -> None:
    old = Entry(path="w", size=3, sha256="a" * 64, chunks=("1", "2", "3"))
    new = Entry(path="w", size=4, sha256="b" * 64, chunks=("1", "x", "3", "4"))
    assert command._chunks(old, new) == ", 2 of 4 chunks"


@pytest.mark.usefixtures("model")
def test_no_threads_are_a_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["digest", "model", "--jobs", "0"])
    assert ended.value.code == 2
    assert "--jobs" in capsys.readouterr().err


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_at_a_terminal_a_bar_counts_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("weighmaster.fronts.cli.progress._PATIENCE", 0.01)
    monkeypatch.setattr("weighmaster.fronts.cli.progress._PACE", 0.01)
    monkeypatch.setenv("TERM", "xterm")
    terminal = _Terminal()
    end = time.monotonic() + 5
    with Progress(terminal, quiet=False, doing="hashing") as progress:
        while "2.0/4.0 MB" not in terminal.getvalue() and time.monotonic() < end:
            progress.bytes(2_000_000, 4_000_000)
            time.sleep(0.01)
    assert "hashing" in terminal.getvalue()
    assert "2.0/4.0 MB" in terminal.getvalue()


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1_500_000, "1.5 MB"), (10**18, "1000.0 PB")],
)
def test_sizes_are_short(number: int, said: str) -> None:
    assert command._size(number) == said


def test_vetting_a_file_does_not_wait_for_any_of_this(model: Path) -> None:
    code = (
        "import sys; from weighmaster.fronts.cli.main import main; main(['vet', sys.argv[1]]);"
        "bad = {'weighmaster.trust', 'weighmaster.trust.manifests.hashing', 'blake3'} & sys.modules.keys();"
        "assert not bad, bad"
    )
    done = subprocess.run([sys.executable, "-c", code, str(model / "config.json")], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_ctrl_c_ends_it_without_a_word(tmp_path: Path) -> None:
    with (tmp_path / "long").open("wb") as out:
        out.truncate(40 << 30)  # Holes take no room, and long to hash.
    code = "from weighmaster.fronts.cli.main import run; run()"
    environment: dict[str, Any] = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-c", code, "digest", str(tmp_path), "--jobs", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    out_, err = process.communicate(timeout=10)
    assert (process.returncode, out_, err) == (130, b"", b"weighmaster: interrupted\n")
