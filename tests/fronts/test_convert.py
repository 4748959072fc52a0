"""`weighmaster convert`, as a user sees it."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from weighmaster.fronts.cli.main import main


class Evil:
    """Leaves a folder where it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("fired",)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with a file to convert."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WEIGHMASTER_KEY_PASSWORD", raising=False)
    thing = {"state_dict": {"w": np.ones((2, 2)), "b": np.zeros(3, "f4")}, "epoch": 3, "hook": Evil()}
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(thing))
    return tmp_path


def test_says_what_was_done_and_what_was_not(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", "model.pkl", "model.safetensors"]) == 0
    assert not (folder / "fired").exists()
    assert (
        capsys.readouterr().out
        == """\
model.pkl -> model.safetensors
  read as    pickle; nothing of it was run
  tensors    2, 44 bytes; compared with the source as they lie there
  left out   epoch  int 3
             hook   what a call gives: posix.mkdir
  named      posix.mkdir: not needed, and not run
  hint       all names begin with state_dict.: --select state_dict takes that away
  claim      none was written: --key private.pem signs from which file this was made
"""
    )


def test_says_so_to_machines_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", "model.pkl", "out", "--output", "json", "--digests", "--select", "state_dict"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["tensors"], document["tensorBytes"], document["layout"]) == (2, 44, "pickle")
    assert document["namesNotRun"] == ["posix.mkdir"]
    assert len(document["sourceSha256"]) == len(document["targetSha256"]) == 64


def test_a_key_signs_where_the_file_comes_from(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keygen", "private.pem"]) == 0
    assert main(["convert", "model.pkl", "out", "--key", "private.pem"]) == 0
    assert "claim      added to out.claims.jsonl" in capsys.readouterr().out
    assert (folder / "out.claims.jsonl").read_text().count("\n") == 1


def test_a_key_of_no_use_is_found_out_before_the_work(folder: Path) -> None:
    assert main(["convert", "model.pkl", "out", "--key", "no.pem"]) == 2
    assert not (folder / "out").exists()


def test_wrong_use_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", "nothing", "out"]) == 2
    assert "no such file or folder: nothing" in capsys.readouterr().err
    assert main(["convert", "model.pkl", "out"]) == 0
    assert main(["convert", "model.pkl", "out"]) == 2
    assert main(["convert", "model.pkl", "out", "--force", "-q"]) == 0
    assert main(["convert", "model.pkl", "nowhere/out"]) == 2


def test_what_is_refused_is_1(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "broken.pt").write_bytes(b"\x80\x02}q\x00X")
    assert main(["convert", "broken.pt", "out"]) == 1
    assert "weighmaster: refused: broken.pt: the pickle cannot be followed: truncated" in capsys.readouterr().err


def test_a_tensor_that_is_left_out_is_3(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.pkl").write_bytes(pickle.dumps({"w": np.ones(1), "texts": np.array(["a"])}))
    assert main(["convert", "a.pkl", "out"]) == 3
    assert "texts  TENSOR: its kind of numbers, 'U1', has no name in safetensors" in capsys.readouterr().out


def test_a_folder_is_converted_file_by_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "other.npy").write_bytes(b"nonsense")
    assert main(["convert", ".", "out"]) == 0
    said = capsys.readouterr().out
    assert "./model.pkl -> out/model.safetensors" in said
    assert "other.npy: not converted: ./other.npy: the pickle cannot be followed" in said
    assert os.listdir("out") == ["model.safetensors"]


def test_a_folder_without_weights_is_refused(folder: Path) -> None:
    (folder / "empty").mkdir()
    assert main(["convert", "empty", "out"]) == 1


def test_names_that_would_act_on_a_terminal_are_spelled_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.pkl").write_bytes(pickle.dumps({"w": np.ones(1), "\x1b[2J": "x\x1b"}))
    assert main(["convert", "a.pkl", "out"]) == 0
    assert "\x1b" not in capsys.readouterr().out
