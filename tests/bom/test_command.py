"""`weighmaster bom` as a user runs it, on honest and on hostile files."""

from __future__ import annotations

import hashlib
import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from weighmaster.fronts.cli.main import main

Run = Callable[..., tuple[int, str, str]]
EMPTY = b"\x02\0\0\0\0\0\0\0{}"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `weighmaster bom` in a folder of its own, at a fixed time; return its status and what it wrote."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")

    def done(*arguments: str) -> tuple[int, str, str]:
        status = main(["bom", *arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    return done


def tensors(count: int, shape: tuple[int, ...] = (1,)) -> bytes:
    """Return a safetensors file of so many small tensors."""
    size = 4
    for dimension in shape:
        size *= dimension
    entries = {
        f"t{n}": {"dtype": "F32", "shape": list(shape), "data_offsets": [n * size, (n + 1) * size]}
        for n in range(count)
    }
    header = json.dumps(entries, separators=(",", ":")).encode()
    return struct.pack("<Q", len(header)) + header + bytes(size * count)


def model(place: Path) -> None:
    """Write a folder `m` with a model in it."""
    (place / "m").mkdir()
    (place / "m" / "model.safetensors").write_bytes(tensors(3, (2, 2)))
    (place / "m" / "README.md").write_text("---\nlicense: mit\n---\n# Small\n## Limitations\nMany.\n")


def test_the_summary_says_what_it_is_and_who_says_so(run: Run, tmp_path: Path) -> None:
    model(tmp_path)
    status, out, err = run("m")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "model       Small (card README.md)"
    assert "parameters  12 (bytes)" in lines
    assert "licence     mit (card README.md)" in lines
    assert any(line.startswith("not said") for line in lines)
    assert max(map(len, lines)) <= 100


def test_a_narrow_terminal_gets_narrow_lines(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model(tmp_path)
    monkeypatch.setenv("COLUMNS", "60")
    assert max(map(len, run("m")[1].splitlines())) <= 60


@pytest.mark.parametrize("form", ["cyclonedx", "spdx"])
def test_a_bill_is_written_whole_checked_and_never_over_another(run: Run, tmp_path: Path, form: str) -> None:
    model(tmp_path)
    assert run("m", "--format", form, "--output-file", "bom.json") == (0, "", "")
    first = (tmp_path / "bom.json").read_bytes()
    assert run("m", "--format", form, "--output-file", "bom.json") == (0, "", "")
    assert (tmp_path / "bom.json").read_bytes() == first
    status, out, _ = run("--check", "bom.json", "m")
    assert status == 0
    assert "valid, 2 files, and m is what it lists" in out
    (tmp_path / "m" / "README.md").write_text("changed")
    status, out, _ = run("--check", "bom.json", "m")
    assert status == 1
    assert "README.md has the SHA-256" in out
    status, _, err = run("m", "--format", form, "--output-file", "bom.json")
    assert (status, "--force" in err) == (2, True)
    assert (tmp_path / "bom.json").read_bytes() == first


def test_the_time_comes_from_outside(run: Run, tmp_path: Path) -> None:
    model(tmp_path)
    assert '"timestamp": "2023-11-14T22:13:20Z"' in run("m", "--format", "cyclonedx")[1]
    assert '"created": "2026-01-02T00:00:00Z"' in run("m", "--format", "spdx", "--timestamp", "2026-01-02")[1]
    status, _, err = run("m", "--timestamp", "yesterday")
    assert (status, "is no time" in err) == (2, True)


def test_wrong_use_is_said(run: Run) -> None:
    assert run()[0] == 2
    assert run("nothing")[0] == 2
    assert run("--check", "nothing.json")[0] == 2
    Path("no.json").write_text('{"bomFormat": 1}')
    status, out, _ = run("--check", "no.json")
    assert (status, out) == (1, "no.json is no bill of materials: neither CycloneDX nor SPDX 3.0.1\n")


def test_training_data_and_names_are_taken(run: Run, tmp_path: Path) -> None:
    model(tmp_path)
    (tmp_path / "data.csv").write_text("1,2\n")
    options = ("--training-data", "data.csv", "--name", "mine", "--version", "3", "--purl", "pkg:huggingface/me/mine@3")
    document = json.loads(run("m", "--format", "cyclonedx", *options)[1])
    main_ = document["metadata"]["component"]
    assert (main_["name"], main_["version"], main_["purl"]) == ("mine", "3", "pkg:huggingface/me/mine@3")
    assert [one["name"] for one in document["components"] if one["type"] == "data"] == ["data.csv"]


def test_what_cannot_be_read_is_in_the_bill_and_in_the_status(run: Run, tmp_path: Path) -> None:
    model(tmp_path)
    (tmp_path / "m" / "broken.safetensors").write_bytes(tensors(2)[:50])
    status, out, err = run("m", "--format", "cyclonedx")
    assert status == 3
    assert "weighmaster: not read: broken.safetensors" in err
    document = json.loads(out)
    gaps = [one["value"] for one in document["metadata"]["component"]["properties"] if one["name"] == "weighmaster:gap"]
    assert gaps[0].startswith("broken.safetensors: unreadable")
    assert document["compositions"][0]["aggregate"] == "incomplete"
    assert "broken.safetensors" in {one["name"] for one in document["components"]}


def test_a_file_with_very_many_tensors_is_counted_and_not_listed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "many.safetensors").write_bytes(tensors(100_000))
    status, out, _ = run("many.safetensors", "--format", "cyclonedx")
    assert status == 0
    assert len(out) < 10_000
    assert "100000 numbers in 100000 tensors (F32 100000)" in out


def test_shapes_that_no_file_can_hold_break_nothing(run: Run, tmp_path: Path) -> None:
    entry = {"w": {"dtype": "F32", "shape": [2**62] * 60, "data_offsets": [0, 0]}}
    header = json.dumps(entry).encode()
    (tmp_path / "w.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    status, out, _ = run("w.safetensors", "--format", "spdx")
    assert status in {0, 3}
    assert json.loads(out)


def test_text_that_acts_on_terminals_is_spelled_out(run: Run, tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff\x1b[2J.safetensors")
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / name).write_bytes(EMPTY)
    (tmp_path / "m" / "README.md").write_text('---\nlicense: mit\n---\n# a\x1b[2Jb "quoted" \u202e\n')
    for form in ("text", "cyclonedx", "spdx"):
        status, out, _ = run("m", "--format", form)
        assert status == 0
        assert "\x1b" not in out
        if form != "text":
            assert json.loads(out)


def test_a_card_of_many_words_stays_bounded(run: Run, tmp_path: Path) -> None:
    model(tmp_path)
    many = ", ".join(f"t{n}" for n in range(20_000))
    sections = "".join(f"## Limitations {n}\n{'x' * 500}\n" for n in range(1_000))
    (tmp_path / "m" / "README.md").write_text(f"---\nlicense: mit\ntags: [{many}]\n---\n# Small\n{sections}")
    status, out, _ = run("m", "--format", "cyclonedx")
    assert status == 0
    assert len(out) < 300_000


def test_what_is_left_out_is_said(run: Run, tmp_path: Path) -> None:
    model(tmp_path)
    assert "left out    1 files, which the tree digest does not cover" in run("m", "--exclude", "*.md")[1]
    for form in ("cyclonedx", "spdx"):
        assert "excluded" in run("m", "--exclude", "*.md", "--format", form)[1]
        assert "README.md" not in run("m", "--exclude", "*.md", "--format", form)[1]


def test_no_name_in_a_target_reaches_outside_of_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "link.txt").symlink_to(tmp_path / "secret.txt")
    status, out, err = run("m", "--format", "cyclonedx")
    assert status == 3
    assert "link.txt" in err
    assert not [one for one in json.loads(out)["components"] if one["name"] == "link.txt"]


def test_a_snapshot_of_links_is_read_where_links_are_followed(run: Run, tmp_path: Path) -> None:
    blobs, snapshot = tmp_path / "models--o--n" / "blobs", tmp_path / "models--o--n" / "snapshots" / ("ab" * 20)
    blobs.mkdir(parents=True)
    snapshot.mkdir(parents=True)
    (blobs / "1").write_bytes(tensors(3))
    (snapshot / "model.safetensors").symlink_to("../../blobs/1")
    status, out, err = run(str(snapshot), "--follow-symlinks", "--format", "cyclonedx")
    assert (status, err) == (0, "")
    (tmp_path / "bom.json").write_text(out)
    model = json.loads(out)["metadata"]["component"]
    assert model["purl"] == f"pkg:huggingface/o/n@{'ab' * 20}"
    assert {"name": "weighmaster:parameters", "value": "3"} in model["properties"]
    assert run("--check", "bom.json", str(snapshot), "--follow-symlinks")[0] == 0


def test_a_file_whose_reader_dies_is_listed_with_its_digest(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from weighmaster.bom import look

    def dies(*_: object) -> None:
        os._exit(9)

    model(tmp_path)
    monkeypatch.setattr(look, "scan_file", dies)
    status, out, err = run("m", "--format", "cyclonedx")
    assert (status, "not read: model.safetensors" in err) == (3, True)
    hashes = {one["name"]: one["hashes"][0]["content"] for one in json.loads(out)["components"]}
    assert (
        hashes["model.safetensors"] == hashlib.sha256((tmp_path / "m" / "model.safetensors").read_bytes()).hexdigest()
    )


def test_a_look_imports_no_library_of_bills_or_of_trust(tmp_path: Path) -> None:
    (tmp_path / "m.safetensors").write_bytes(tensors(2))
    code = (
        "import sys; from weighmaster.fronts.cli.main import main; main(['bom', 'm.safetensors', '--format', 'spdx'])\n"
        "print([n for n in ('cyclonedx', 'spdx_python_model', 'cryptography', 'tuf', 'torch') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
