from __future__ import annotations

import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from inline_snapshot import snapshot

from weighmaster import api, looks, shipped
from weighmaster.fronts.cli import vet
from weighmaster.fronts.cli.main import main
from weighmaster.sandbox.workers import Answer, run


def _json(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


_RUN = "from weighmaster.fronts.cli.main import run; run()"


def _start(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", options.pop("code", _RUN), *arguments]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)} | options.pop("env", {})
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    # Whoever runs the tests in the background has SIGINT ignored, and that is inherited.
    return subprocess.Popen(command, env=environment, text=False, preexec_fn=_listens, **streams)


def _listens() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("output", api.output_names())
@pytest.mark.parametrize(
    ("targets", "status"),
    [
        (["harmless.pkl"], 0),
        (["hostile.pkl"], 1),
        (["unknown.bin"], 3),
        (["folder"], 1),
        (["harmless.pkl", "unknown.bin"], 3),
        (["unknown.bin", "hostile.pkl", "harmless.pkl"], 1),
    ],
)
@pytest.mark.usefixtures("place")
def test_the_worst_target_decides_in_every_output(output: str, targets: list[str], status: int) -> None:
    assert main(["vet", *targets, "--output", output]) == status


@pytest.mark.usefixtures("place", "one_rule")
def test_what_a_newcomer_sees(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vet", "folder"]) == 1
    assert capsys.readouterr().out == snapshot("""\
BLOCK  folder  must not come in
  1 high finding: some-import.

  model.zip
    high  some-import  46591fc9
      Loading this file imports posix.system.
      at !archive/data.pkl@0-1

  2 of 2 files examined, 0 places unread · policy default
""")


@pytest.mark.usefixtures("place")
def test_quiet_is_one_line_a_target(capsys: pytest.CaptureFixture[str]) -> None:
    main(["vet", "-q", "hostile.pkl", "harmless.pkl"])
    assert capsys.readouterr().out == "BLOCK  hostile.pkl\nALLOW  harmless.pkl\n"


def test_an_empty_folder_is_never_allowed(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "empty").mkdir()
    assert main(["vet", "empty", "--output", "json"]) == 3
    assert _json(capsys)["policy"]["because"] == ["No file was examined."]


@pytest.mark.usefixtures("place")
def test_excluded_files_are_counted_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vet", "folder", "--exclude", "*.zip", "--output", "json"]) == 0
    said = _json(capsys)
    assert said["summary"] == {"files": 1, "examined": 1, "unread": 0, "excluded": 1, "partial": False}
    assert "1 file excluded by the user and not examined." in said["policy"]["because"]


@pytest.mark.usefixtures("place")
def test_the_strict_policy_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    main(["vet", "harmless.pkl", "--policy", "strict", "--output", "json"])
    assert _json(capsys)["policy"]["id"] == "strict"


@pytest.mark.usefixtures("place")
def test_an_output_file_gets_all_and_the_terminal_the_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vet", "hostile.pkl", "--output", "json", "--output-file", "report.json"]) == 1
    assert json.loads(Path("report.json").read_text())["verdict"] == "block"
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "BLOCK  hostile.pkl\n")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["missing"], "weighmaster: no such file or folder: missing\n"),
        (["hostile.pkl", "missing"], "weighmaster: no such file or folder: missing\n"),
        (["-", "-"], "weighmaster: standard input can be read once only: name - once\n"),
        (["hostile.pkl", "--config", "nope.toml"], "weighmaster: nope.toml: No such file or directory\n"),
        (["hostile.pkl", "--output-file", "no/such/folder"], "weighmaster: cannot write to no/such/folder\n"),
        (["hostile.pkl", "--output-file", "folder"], "weighmaster: cannot write to folder\n"),
        (
            ["hostile.pkl", "--config", "a", "--no-config"],
            "weighmaster: --config and --no-config contradict each other\n",
        ),
    ],
)
@pytest.mark.usefixtures("place")
def test_what_cannot_work_is_refused_before_any_work(
    arguments: list[str], error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["vet", *arguments]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", error)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["hostile.pkl", "--polcy", "strict"], "no option is called --polcy; did you mean --policy?"),
        (["hostile.pkl", "--out", "json"], "no option is called --out; did you mean --output?"),
        (["hostile.pkl", "--policy", "lax"], "argument --policy: invalid choice: 'lax'"),
        (["hostile.pkl", "--jobs", "0"], "argument -j/--jobs: 1 or more wanted, not '0'"),
        ([], "the following arguments are required: TARGET"),
    ],
)
@pytest.mark.usefixtures("place")
def test_a_mistyped_option_is_refused_with_a_hint(
    arguments: list[str], error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["vet", *arguments])
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith(f"weighmaster vet: {error}")


# Standard input.


def _stdin(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))


@pytest.mark.usefixtures("place")
def test_standard_input_is_vetted_under_a_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _stdin(monkeypatch, Path("hostile.pkl").read_bytes())
    assert main(["vet", "-", "--stdin-name", "piped.pkl", "--output", "json"]) == 1
    assert _json(capsys)["artifacts"][0]["where"] == "piped.pkl"


@pytest.mark.usefixtures("place")
def test_long_standard_input_goes_through_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(api, "_IN_MEMORY", 10)
    _stdin(monkeypatch, Path("hostile.pkl").read_bytes())
    assert main(["vet", "-", "--output", "json"]) == 1
    said = _json(capsys)
    assert [said["target"], said["artifacts"][0]["where"]] == ["stdin", "stdin"]


# Configuration.


@pytest.mark.usefixtures("place")
def test_a_named_configuration_is_applied_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    Path("lenient.toml").write_text('tolerate = ["unknown-format"]\nallow = ["posix.system"]\n')
    assert main(["vet", "hostile.pkl", "--config", "lenient.toml", "--output", "json"]) == 0
    assert "The configuration lenient.toml was applied." in _json(capsys)["policy"]["because"]


@pytest.mark.usefixtures("place")
def test_a_wrong_configuration_is_refused_with_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    Path("wrong.toml").write_text('\n[severities]\ndangerous-imprt = "low"\n')
    assert main(["vet", "hostile.pkl", "--config", "wrong.toml"]) == 2
    error = "weighmaster: wrong.toml:3: no rule is called 'dangerous-imprt'; did you mean 'dangerous-import'?\n"
    assert capsys.readouterr().err == error


@pytest.mark.usefixtures("place")
def test_the_pyproject_of_the_current_folder_counts(capsys: pytest.CaptureFixture[str]) -> None:
    Path("pyproject.toml").write_text('[tool.weighmaster]\nallow = ["posix.system"]\n')
    assert main(["vet", "hostile.pkl", "--output", "json"]) == 0
    assert "The configuration pyproject.toml was applied." in _json(capsys)["policy"]["because"]
    assert main(["vet", "hostile.pkl", "--no-config"]) == 1


@pytest.mark.parametrize("target", [".", "../{name}", "folder", "link"])
def test_what_is_judged_never_says_how(place: Path, target: str, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "link").symlink_to("folder")
    monkey = place / "folder" if target in {"folder", "link"} else place
    (monkey / "pyproject.toml").write_text('[tool.weighmaster]\nallow = ["posix.system"]\n')
    if monkey != place:
        os.chdir(monkey)
        target = f"../{target}"
    assert main(["vet", target.format(name=place.name), "--output", "json"]) == 1
    said = _json(capsys)["policy"]["because"][-1]
    assert said == (
        "The configuration pyproject.toml lies in the target and was ignored; --config pyproject.toml would apply it."
    )


# What goes wrong.


@pytest.mark.usefixtures("place")
def test_a_mistake_of_ours_hides_no_finding(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = api.vet_targets

    def broken(plans: Sequence[tuple[str, api.Request]]) -> Any:
        if any(target == "harmless.pkl" for target, _ in plans):
            raise KeyError("x\x1b[2J")
        return real(plans)

    monkeypatch.setattr(api, "vet_targets", broken)
    assert main(["vet", "harmless.pkl", "hostile.pkl", "-q"]) == 1
    said = capsys.readouterr()
    assert said.out == "REVIEW  harmless.pkl\nBLOCK  hostile.pkl\n"
    assert "this is a defect of weighmaster" in said.err
    assert "\x1b" not in said.err
    assert "Traceback" not in said.err
    assert main(["vet", "harmless.pkl", "unknown.bin", "-q"]) == 4


@pytest.mark.usefixtures("place")
def test_a_broken_output_keeps_the_status(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise KeyError

    monkeypatch.setattr(api, "render", broken)
    assert main(["vet", "hostile.pkl"]) == 1
    assert main(["vet", "harmless.pkl"]) == 4


@pytest.mark.usefixtures("place")
def test_a_mistake_of_ours_anywhere_else_is_said_in_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> Any:
        raise KeyError("oh")

    monkeypatch.setattr(shipped, "registry", broken)
    assert main(["rules"]) == 4
    assert "Traceback" not in capsys.readouterr().err
    monkeypatch.setenv("WEIGHMASTER_DEBUG", "1")
    assert main(["rules"]) == 4
    assert "Traceback" in capsys.readouterr().err


def _interrupting(after: int) -> Any:
    def answers(*arguments: Any, **more: Any) -> Iterator[Answer]:
        for number, one in enumerate(real(*arguments, **more)):
            if number == after:
                raise KeyboardInterrupt
            yield one

    real = run
    return answers


@pytest.mark.usefixtures("place")
def test_an_interrupt_ends_the_look_and_not_the_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(looks, "run", _interrupting(1))
    assert main(["vet", "folder", "harmless.pkl", "--output", "json"]) == 3
    folder, next_ = _json(capsys)
    assert folder["summary"] == {"files": 2, "examined": 1, "unread": 1, "excluded": 0, "partial": True}
    assert folder["gaps"] == [{"where": "model.zip", "reason": "interrupted", "detail": "stopped before this was read"}]
    assert [gap["reason"] for gap in next_["gaps"]] == ["interrupted"]


@pytest.mark.usefixtures("place")
def test_a_finding_made_before_an_interrupt_still_blocks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("folder/a.pkl").write_bytes(Path("hostile.pkl").read_bytes())
    monkeypatch.setattr(looks, "run", _interrupting(1))
    assert main(["vet", "folder"]) == 1
    assert "stopped early: partial" in capsys.readouterr().out


def test_a_signal_from_the_terminal_does_the_same(place: Path) -> None:
    os.mkfifo(place / "pipe")
    with _start("vet", "hostile.pkl", "-", "-q", stdin=subprocess.PIPE, cwd=place) as process:
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (1, b"BLOCK  hostile.pkl\nREVIEW  -\n", b"")


def test_a_reader_that_has_seen_enough_is_no_error(place: Path) -> None:
    for number in range(300):
        (place / "folder" / f"{number}.pkl").write_bytes(b"cposix\nsystem\n(S'id'\ntR.")
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-c", _RUN, "vet", "folder", "-v"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, env=environment, cwd=place, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


def test_an_answer_that_cannot_be_written_is_said_and_never_clean(place: Path) -> None:
    for target, status in (("hostile.pkl", 1), ("harmless.pkl", 2)):
        with Path("/dev/full").open("wb") as full, _start("vet", target, cwd=place, stdout=full) as process:
            _, err = process.communicate(timeout=20)
        assert (process.returncode, err) == (
            status,
            b"weighmaster: cannot write the output: No space left on device\n",
        )


def test_a_configuration_is_read_once_for_many_targets(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "pyproject.toml").write_text("[tool.weighmaster]\n")
    read: list[object] = []
    real = api.configured

    def counted(path: str | None) -> Any:
        read.append(path)
        return real(path)

    monkeypatch.setattr(api, "configured", counted)
    assert main(["vet", "-q", *["harmless.pkl"] * 5]) == 0
    assert len(read) == 1


# The terminal.


def test_names_are_written_whatever_the_encoding(place: Path) -> None:
    with open(os.path.join(os.fsencode(place / "folder"), b"caf\xc3\xa9\xff\x1b[2J.pkl"), "wb") as file:
        file.write(b"cposix\nsystem\n(S'id'\ntR.")
    with _start("vet", "folder", env={"LC_ALL": "C", "PYTHONIOENCODING": "ascii:strict"}, cwd=place) as process:
        out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (1, b"")
    assert out.replace(b"\n", b"").decode("ascii").isprintable()


def _at_terminal(*arguments: str, cwd: Path, env: dict[str, str], code: str = _RUN) -> str:
    main_end, terminal = pty.openpty()
    command = [sys.executable, "-c", code, *arguments]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TERM": "xterm", **env}
    with subprocess.Popen(command, stdout=terminal, stderr=terminal, env=environment, cwd=cwd) as process:
        os.close(terminal)
        said = b""
        while True:
            try:
                more = os.read(main_end, 65536)
            except OSError:  # the other end is closed
                break
            if not more:
                break
            said += more
        process.wait(timeout=20)
    os.close(main_end)
    return said.decode()


@pytest.mark.parametrize(
    ("arguments", "env", "colored"),
    [((), {}, True), (("--no-color",), {}, False), ((), {"NO_COLOR": "1"}, False), ((), {"TERM": "dumb"}, False)],
)
def test_colours_are_for_terminals_whose_owner_wants_them(
    place: Path, arguments: tuple[str, ...], env: dict[str, str], *, colored: bool
) -> None:
    said = _at_terminal("vet", "hostile.pkl", *arguments, cwd=place, env=env)
    assert bool(re.search(r"\x1b\[1;31mBLOCK", said)) is colored
    assert "BLOCK" in said


_SLOW = """
import time
from weighmaster import looks
from weighmaster.fronts.cli.main import run
real = looks.run
def slowly(*args, **more):
    for one in real(*args, **more):
        time.sleep(0.9)
        yield one
looks.run = slowly
run()
"""


@pytest.mark.parametrize(("quiet", "drawn"), [((), True), (("-q",), False)])
def test_long_work_draws_a_bar_on_the_terminal_and_wipes_it(
    place: Path, quiet: tuple[str, ...], *, drawn: bool
) -> None:
    said = _at_terminal("vet", "folder", *quiet, cwd=place, env={}, code=_SLOW)
    assert ("looking" in said) is drawn
    assert "BLOCK" in said.rsplit("\x1b[2K", 1)[-1]


def test_a_bar_never_reaches_a_pipe(place: Path) -> None:
    with _start("vet", "folder", cwd=place, code=_SLOW) as process:
        out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (1, b"")
    assert b"looking" not in out


@pytest.mark.parametrize("targets", [["a"], ["a", "-", "b"], ["-"]])
@pytest.mark.parametrize("before", [[], *([flag] for flag in vet._FLAGS), ["-q", "--no-cache"]])
def test_targets_and_flags_are_read_as_the_parser_reads_them(targets: list[str], before: list[str]) -> None:
    for arguments in ([*before, *targets], [*targets, *before], [*before, *targets, "-v"]):
        assert vars(vet.plain(arguments) or object()) == vars(vet.parser().parse_args(arguments))


@pytest.mark.parametrize("arguments", [[], ["-q"], ["a", "-j", "2"], ["a", "-qv"], ["a", "-q", "b"], ["--", "a"]])
def test_options_are_left_to_the_parser(arguments: list[str]) -> None:
    assert vet.plain(arguments) is None


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_reaches_the_workers_too_and_leaves_an_answer(place: Path, jobs: str) -> None:
    many = place / "many"
    many.mkdir()
    # Long enough that no machine is done with all of them in a second, short enough to be done with some.
    first = many / "0000.pkl"
    first.write_bytes(b"I1\n0" * 10_000 + (place / "hostile.pkl").read_bytes())
    for number in range(1, 3000):
        (many / f"{number:04}.pkl").hardlink_to(first)
    with _start("vet", "many", "--jobs", jobs, "--output", "json", cwd=place, start_new_session=True) as process:
        time.sleep(1)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=30)
    said = json.loads(out)
    assert (process.returncode, err) == (1, b"")
    assert said["summary"]["partial"]
    assert said["summary"]["examined"] + len(said["gaps"]) == 3000
    assert {gap["reason"] for gap in said["gaps"]} == {"interrupted"}
