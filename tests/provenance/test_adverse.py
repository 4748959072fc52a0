"""Recording under adverse conditions: nothing of hours of work is lost, nothing is told that is not so."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import weighmaster
from weighmaster import provenance
from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.provenance import observer
from weighmaster.provenance.code import code_in
from weighmaster.provenance.command import run_observed
from weighmaster.provenance.reproduce import Repetition, recipe
from weighmaster.provenance.run import BUILD_TYPE
from weighmaster.trust.evidence.statement import Statement

_SOURCE = str(Path(weighmaster.__file__).parents[1])
_PROGRAM = (sys.executable, "-c", "from weighmaster.fronts.cli.main import run; run()")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder to record in, in no repository, and an own place for what is temporary."""
    (tmp_path / "work").mkdir()
    # Sockets lie there, and their paths must be short.
    temporary = Path(tempfile.mkdtemp(prefix="wm-", dir="/tmp"))
    (tmp_path / "temporary").symlink_to(temporary)
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setenv("PYTHONPATH", _SOURCE)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    yield tmp_path / "work"
    shutil.rmtree(temporary)


def _record(*command: str, options: tuple[str, ...] = ("--output", "out")) -> subprocess.CompletedProcess[str]:
    words = [*_PROGRAM, "record", *options, "--statement", "run.json", "--", *command]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def _definition(path: str = "run.json") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(path).read_bytes())["predicate"]["buildDefinition"]
    return found


def _observed(path: str = "run.json") -> dict[str, dict[str, Any]]:
    listed = _definition(path)["resolvedDependencies"]
    return {each["name"]: each for each in listed if each["annotations"]["role"] == "observed"}


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_what_workers_read_is_listed(folder: Path, method: str) -> None:
    (folder / "data.txt").write_text("1")
    (folder / "train.py").write_text(
        "import multiprocessing, threading\n"
        "def work(_): return open('data.txt').read()\n"
        "def other(): open('thread.txt').read()\n"
        "if __name__ == '__main__':\n"
        f"    with multiprocessing.get_context('{method}').Pool(2) as pool: pool.map(work, range(2))\n"
        "    thread = threading.Thread(target=other); thread.start(); thread.join()\n"
        "    open('out', 'w').write('x')\n"
    )
    (folder / "thread.txt").write_text("2")
    done = _record(sys.executable, "train.py")
    assert done.returncode == 0, done.stderr
    assert {"data.txt", "thread.txt"} <= _observed().keys()
    assert list((folder.parent / "temporary").glob("weighmaster-*")) == []


def test_a_shell_and_an_isolated_python_are_recorded_by_what_others_tell(folder: Path) -> None:
    (folder / "data.txt").write_text("1")
    done = _record("sh", "-c", f"{sys.executable} -I -c 'open(\"data.txt\")' && echo x > out", "--", "--force")
    assert done.returncode == 0, done.stderr
    assert "no Python process was observed" in done.stderr
    assert _definition()["externalParameters"]["command"][-2:] == ["--", "--force"]


def test_what_is_read_and_then_written_over_is_told(folder: Path) -> None:
    (folder / "state.bin").write_text("1")
    program = "open('state.bin').read(); open('state.bin', 'w').write('2'); open('out', 'w').write('x')"
    assert _record(sys.executable, "-c", program).returncode == 0
    assert _observed()["state.bin"]["annotations"]["changed"] is True


def test_what_is_read_and_then_deleted_is_counted(folder: Path) -> None:
    (folder / "once.txt").write_text("1")
    program = "import os; open('once.txt').read(); os.unlink('once.txt'); open('out', 'w').write('x')"
    assert _record(sys.executable, "-c", program).returncode == 0
    assert _definition()["internalParameters"]["unlisted"] == 1


def test_a_named_input_that_is_deleted_ends_the_recording(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data/a.txt").write_text("1")
    options = ("--output", "out", "--input", "data")
    program = "import shutil; shutil.rmtree('data'); open('out', 'w').write('x')"
    done = _record(sys.executable, "-c", program, options=options)
    assert done.returncode == 1
    assert "the input data (data) changed while it was used" in done.stderr


def test_what_cannot_be_hashed_any_more_is_counted_and_costs_nothing_else(folder: Path) -> None:
    name = os.fsdecode(b"b\xffd.txt")
    (folder / name).write_text("1")
    program = "open(b'b\\xffd.txt').read(); open('out', 'w').write('x')"
    done = _record(sys.executable, "-c", program)
    assert done.returncode == 0, done.stderr
    assert _definition()["internalParameters"]["unlisted"] == 1


@pytest.mark.parametrize("place", ["data/out", "data", "./data/../data/out"])
def test_an_output_inside_of_an_input_is_told_before_the_work(folder: Path, place: str) -> None:
    (folder / "data").mkdir()
    (folder / "data/a.txt").write_text("1")
    done = _record("touch", "ran", options=("--input", "data", "--output", place))
    assert done.returncode == 2
    assert "lies in the input" in done.stderr
    assert not (folder / "ran").exists()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--output", "a", "--output", "b"), "2 outputs have a statement each"),
        (("--output", "a", "--statement", "no/such/run.json"), "no folder"),
        (("--output", "a", "--statement", "."), "is no file"),
    ],
)
def test_what_could_not_be_written_is_told_before_the_work(folder: Path, options: tuple[str, ...], why: str) -> None:
    words = [*_PROGRAM, "record", "--statement", "run.json", "--force", *options, "--", "touch", "ran"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert why in done.stderr
    assert not (folder / "ran").exists()


@pytest.mark.parametrize("what", ["command", "output", "parameter"])
def test_words_that_are_no_text_are_told_before_the_work(folder: Path, what: str) -> None:
    odd = os.fsdecode(b"x\xff")
    options = {"command": (), "output": ("--output", odd), "parameter": ("--parameter", f"a={odd}")}[what]
    words = ("touch", "ran", *((odd,) if what == "command" else ()))
    done = _record(*words, options=options if what == "output" else ("--output", "out", *options))
    assert done.returncode == 2, done.stderr
    assert "defect" not in done.stderr
    assert not (folder / "ran").exists()


def test_a_command_that_is_not_there_is_wrong_use(folder: Path) -> None:
    done = _record("no-such-command-anywhere")
    assert done.returncode == 2
    assert "no-such-command-anywhere cannot be run" in done.stderr
    assert list((folder.parent / "temporary").iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_reaches_the_command_which_may_end_in_its_own_time(folder: Path, number: int) -> None:
    (folder / "train.py").write_text(
        "import signal, sys, time\n"
        "def save(*_):\n"
        "    time.sleep(0.6); open('out', 'w').write('saved'); sys.exit(0)\n"
        f"signal.signal({int(number)}, save)\n"
        "open('ready', 'w').close()\n"
        "time.sleep(20)\n"
    )
    words = [*_PROGRAM, "record", "--output", "out", "--statement", "run.json", "--", sys.executable, "train.py"]
    with subprocess.Popen(words, start_new_session=True, stderr=subprocess.PIPE, text=True) as started:
        _wait_for(folder / "ready")
        if number == signal.SIGINT:
            os.killpg(started.pid, number)  # As a terminal does.
        else:
            started.send_signal(number)
        _, said = started.communicate(timeout=20)
    assert started.returncode == 0, said
    assert (folder / "out").read_text() == "saved"
    assert (folder / "run.json").exists()
    assert list((folder.parent / "temporary").iterdir()) == []


def test_a_command_that_an_interrupt_ends_has_the_status_of_one(folder: Path) -> None:
    words = [*_PROGRAM, "record", "--output", "out", "--statement", "run.json", "--", "sh", "-c", ": > ready; sleep 20"]
    with subprocess.Popen(words, start_new_session=True, stderr=subprocess.PIPE, text=True) as started:
        _wait_for(folder / "ready")
        os.killpg(started.pid, signal.SIGINT)
        _, said = started.communicate(timeout=20)
    assert started.returncode == 128 + signal.SIGINT
    assert "was ended by SIGINT: nothing was recorded" in said
    assert list((folder.parent / "temporary").iterdir()) == []


def _wait_for(path: Path) -> None:
    for _ in range(500):
        if path.exists():
            return
        time.sleep(0.02)
    raise AssertionError(f"{path} never came")


def test_opening_works_where_the_folder_is_gone(folder: Path) -> None:
    out = str(folder / "out")
    program = f"import os; os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone'); open({out!r}, 'w').close()"
    status, found = run_observed([sys.executable, "-c", program])
    assert status == 0
    assert out in found["written"]


def test_a_project_below_a_folder_of_the_system_is_observed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("weighmaster.provenance.run._APART", (str(folder.parent),))
    (folder / "data.txt").write_text("1")
    with provenance.record(outputs=["out"], statement="run.json"):
        Path("data.txt").read_text()
        Path("out").write_text("x")
    assert "data.txt" in _observed()


@pytest.mark.usefixtures("folder")
def test_two_recordings_may_nest_and_follow_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    hooks: list[object] = []
    monkeypatch.setattr("weighmaster.provenance.observer._installed", [])
    monkeypatch.setattr("sys.addaudithook", hooks.append)
    for number in range(3):
        with provenance.record(outputs=[f"out{number}"], statement=f"run{number}.json"):
            with provenance.record(outputs=[f"in{number}"], statement=f"inner{number}.json"):
                Path(f"in{number}").write_text("x")
            Path(f"out{number}").write_text("x")
    assert len(hooks) == 1
    assert observer.watching() == 0


def test_parameters_that_cannot_be_written_down_are_told_when_they_are_said(folder: Path) -> None:
    with provenance.record(outputs=["out"], statement="run.json") as run:
        for wrong in (object(), float("nan"), {1: Path("x")}, b"x", "\ud800", {"a": [set()]}):
            with pytest.raises(ConfigError, match="parameter 'x'"):
                run.parameter(x=wrong)
        for bad in (1.5, "7", True):
            with pytest.raises(ConfigError, match="seed 'x'"):
                run.seed(x=bad)  # type: ignore[arg-type]
        kept = {"layers": [1, 2]}
        run.parameter(model=kept)
        kept["layers"].append(3)
        import numpy as np

        run.seed(numpy=np.int64(7))
        (folder / "out").write_text("x")
    told = _definition()["externalParameters"]
    assert told["parameters"] == {"model": {"layers": [1, 2]}}
    assert told["seeds"] == {"numpy": 7}


def test_a_statement_is_not_written_over_another(folder: Path) -> None:
    (folder / "run.json").write_text("mine")
    with pytest.raises(ConfigError, match="is there already"), provenance.record(outputs=["out"], statement="run.json"):
        (folder / "out").write_text("x")
    assert not (folder / "out").exists()
    with provenance.record(outputs=["out"], statement="run.json", force=True):
        (folder / "out").write_text("x")
    assert _definition()["buildType"] == BUILD_TYPE


def test_no_accelerator_is_woken_up_to_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: pytest.fail("initialises the device"))
    assert observer.libraries()["torch"]["devices"] == []


def test_a_repository_that_does_not_answer_is_not_called_clean(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from weighmaster.provenance import code

    answers = {"rev-parse": b"a" * 40, "status": None}
    monkeypatch.setattr(code, "_git", lambda _, *words: answers.get(words[0], b""))
    found = code_in(str(folder))
    assert found is not None
    assert found.is_dirty


def _statement(**changes: Any) -> Statement:
    definition: dict[str, Any] = {
        "buildType": BUILD_TYPE,
        "externalParameters": {"command": ["true"]},
        "internalParameters": {"environment": {}},
        "resolvedDependencies": changes.pop("inputs", []),
    }
    definition["internalParameters"]["environment"] |= changes.pop("environment", {})
    predicate = {"buildDefinition": definition, "runDetails": {"byproducts": changes.pop("outputs", [])}}
    return Statement(subjects=(), predicate_type="https://slsa.dev/provenance/v1", predicate=predicate, raw=b"")


def _material(path: object, role: str = "input", digest: object = None) -> dict[str, Any]:
    return {"name": "x", "digest": digest or {}, "annotations": {"path": path, "role": role}}


@pytest.mark.parametrize(
    "changes",
    [
        {"environment": {"variables": [1]}},
        {"environment": {"packages": 3}},
        {"environment": {"packages": {"a": 1}}},
        {"inputs": [{"name": "x", "digest": {}, "annotations": [1]}]},
        {"inputs": [_material(3)]},
        {"inputs": [_material("a\0b")]},
        {"inputs": [_material("")]},
        {"outputs": [_material("a\0b")]},
        {"inputs": [{"name": "c", "digest": {"gitCommit": "--orphan"}, "annotations": {"role": "code"}}]},
        {"inputs": [{"name": "c", "digest": {"gitCommit": 3}, "annotations": {"role": "code"}}]},
    ],
)
def test_a_hostile_statement_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(TrustError, match="tells of no run that can be repeated"):
        recipe(_statement(**changes))


@pytest.mark.parametrize("path", ["/tmp/x", "../x", "a/../../x", "a/../../../x", ".."])
def test_a_run_that_would_write_outside_of_its_folder_is_not_repeated(folder: Path, path: str) -> None:
    again = Repetition(recipe(_statement(outputs=[_material(path)])), str(folder / "new"), original=str(folder))
    with pytest.raises(ConfigError, match="outside of the folder"):
        again.prepare()
    assert not (folder / "new").exists()


@pytest.mark.parametrize("path", ["../in.txt", "sub/../../in.txt", "-rf", "link/in.txt"])
def test_inputs_are_linked_nowhere_but_into_the_new_folder(folder: Path, path: str) -> None:
    from weighmaster.trust.manifests.hashing import hash_artifact

    (folder / "in.txt").write_text("1")
    subprocess.run(["git", "init", "-q", "code"], check=True)
    (folder / "code/link").symlink_to(folder)
    author = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    subprocess.run(["git", "-C", "code", "add", "."], check=True)
    subprocess.run(["git", "-C", "code", *author, "commit", "-q", "-m", "x"], check=True)
    head = subprocess.run(["git", "-C", "code", "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    (folder / "in.txt").rename(folder / "moved")
    tree = hash_artifact(str(folder / "moved")).tree
    commit = {"name": "c", "digest": {"gitCommit": head.stdout.strip()}, "annotations": {"role": "code"}}
    wanted = recipe(_statement(inputs=[commit, _material(path, digest={"urn": "x"})]))
    before = sorted(os.listdir(folder))
    again = Repetition(
        _with_tree(wanted, tree), str(folder.parent / "new"), original="code", moved={"x": str(folder / "moved")}
    )
    said = again.prepare()
    assert sorted(os.listdir(folder)) == before
    assert os.path.lexists(folder.parent / "new/-rf") == (path == "-rf")
    assert any("cannot lie there" in each for each in said) == (path == "link/in.txt")


def _with_tree(wanted: Any, tree: str) -> Any:
    from weighmaster.model.value import replace

    return replace(wanted, inputs=tuple(replace(each, tree=tree) for each in wanted.inputs))


_AUTHOR = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always")


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *_AUTHOR, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _repository(folder: Path) -> Path:
    folder.mkdir()
    _git(folder, "init", "-q")
    (folder / "a.txt").write_text("1")
    _git(folder, "add", ".")
    _git(folder, "commit", "-q", "-m", "first")
    return folder


def _of_commit(commit: str) -> dict[str, Any]:
    return {"name": "c", "digest": {"gitCommit": commit}, "annotations": {"role": "code"}}


def test_submodules_are_said_to_be_missing_and_their_changes_count(folder: Path) -> None:
    inner, outer = _repository(folder / "inner"), _repository(folder / "outer")
    _git(outer, "submodule", "add", "-q", str(inner), "sub")
    _git(outer, "commit", "-q", "-m", "second")
    found = []
    for text in ("2", "3"):
        (outer / "sub/a.txt").write_text(text)
        found.append(code_in(str(outer)))
    one, two = found
    assert one is not None
    assert two is not None
    assert one.changes != two.changes
    wanted = recipe(_statement(inputs=[_of_commit(one.commit)]))
    said = Repetition(wanted, str(folder / "new"), original=str(outer)).prepare()
    assert said == ["the code has submodules, which are not fetched"]


def test_a_shallow_clone_is_enough_to_repeat_from(folder: Path) -> None:
    whole = _repository(folder / "whole")
    (whole / "a.txt").write_text("2")
    _git(whole, "commit", "-q", "-a", "-m", "second")
    _git(folder, "clone", "-q", "--depth", "1", whole.as_uri(), "shallow")
    code = code_in(str(folder / "shallow"))
    assert code is not None
    again = Repetition(
        recipe(_statement(inputs=[_of_commit(code.commit)])), str(folder / "new"), original=str(folder / "shallow")
    )
    assert again.prepare() == []
    assert (folder / "new/a.txt").read_text() == "2"
