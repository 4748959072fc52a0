"""What conversion costs: a checkpoint of 2 GB, against copying it twice; and the same of other layouts.

Run as `python -m benchmarks.conversion`; `--source` measures the working tree instead of what is installed. Copies and
conversions take turns, and of each the fastest counts: the disk is busy with what was written before.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.cases import checkpoint
from benchmarks.measure import Cost, once

_HERE = Path(sys.executable).parent
_TIMEOUT = 300.0
_RUNS = 5


def _made(folder: Path, name: str, code: str) -> Path:
    path = folder / name
    # In a process of its own: what is forked from a large process counts as large.
    subprocess.run([sys.executable, "-c", f"import sys, torch, numpy\n{code}", str(path)], check=True)
    return path


def _cheapest(command: list[str], written: list[Path]) -> Cost:
    for path in written:
        path.unlink(missing_ok=True)
    cost = once(command, _TIMEOUT)
    if cost is None or cost.status:
        raise SystemExit(f"failed: {' '.join(command)}")
    return cost


def _ours(*, from_source: bool) -> list[str]:
    if not from_source:
        return [str(_HERE / "weighmaster")]
    run = "import sys; sys.path.insert(0, sys.argv.pop(1)); from weighmaster.fronts.cli.main import run; run()"
    return [sys.executable, "-c", run, str(Path(__file__).parents[1] / "src")]


def _case(ours: list[str], title: str, source: Path, *options: str) -> None:
    target, first, second = (source.with_name(name) for name in ("out.safetensors", "first", "second"))
    convert = [*ours, "convert", "--quiet", *options, str(source), str(target)]
    twice = ["sh", "-c", 'cp "$1" "$2" && cp "$1" "$3"', "sh", str(source), str(first), str(second)]
    copies, conversions = [], []
    for _ in range(_RUNS):
        copies.append(_cheapest(twice, [target, first, second]))
        conversions.append(_cheapest(convert, [target, first, second]))
    copy, cost = min(copies, key=lambda each: each.wall), min(conversions, key=lambda each: each.wall)
    print(f"\n{title}")
    print(f"  {'copied twice':34} {copy.cpu:8.3f} CPU s {copy.wall:8.3f} s")
    ratio = f"{cost.wall / copy.wall:8.2f} x wall"
    print(
        f"  {'weighmaster convert':34} {cost.cpu:8.3f} CPU s {cost.wall:8.3f} s {cost.memory:7.0f} MiB{ratio}",
        flush=True,
    )
    for path in (target, first, second):
        path.unlink(missing_ok=True)


def main(folder: Path, *, from_source: bool = False) -> None:
    """Make the files, run the cases, print."""
    ours = _ours(from_source=from_source)
    path = checkpoint(folder, 2048)
    _case(ours, "(v1) a PyTorch checkpoint of 2 GB", path)
    _case(ours, "(v2) the same, with the SHA-256 of both files", path, "--digests")
    path.unlink()
    path = _made(folder, "turned.pt", "torch.save({'w': torch.rand(23170, 23170).t()}, sys.argv[1])")
    _case(ours, "(v3) one transposed tensor of 2 GB", path)
    path.unlink()
    path = _made(folder, "packed.npz", "numpy.savez_compressed(sys.argv[1], w=numpy.arange(1 << 26, dtype='f4'))")
    _case(ours, "(v4) a compressed .npz of 256 MB of numbers", path)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        main(Path(scratch), from_source="--source" in sys.argv)
