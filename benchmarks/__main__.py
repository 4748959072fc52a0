"""Runs every case with every tool and prints the figures as ratios to weighmaster's."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks import cases, conversion, trust
from benchmarks.measure import Cost, best

_HERE = Path(sys.executable).parent
_PEERS = _HERE.parent / "peers" / "bin"
_TIMEOUT = 120.0


def _ours(path: Path, *options: str) -> list[str]:
    return [str(_HERE / "weighmaster"), "vet", "--quiet", *options, str(path)]


def _peers(path: Path) -> dict[str, list[str]]:
    return {
        "picklescan": [str(_PEERS / "picklescan"), "-p", str(path)],
        "modelscan": [str(_PEERS / "modelscan"), "-p", str(path)],
        "fickling": [str(_PEERS / "fickling"), "--check-safety", "-p", str(path)],
        "modelaudit": [str(_PEERS / "modelaudit"), "scan", str(path)],
    }


def _row(name: str, cost: Cost | None, base: Cost | None) -> None:
    if cost is None:
        print(f"  {name:34} not finished after {_TIMEOUT:g} s")
        return
    ratio = "" if base is None else f"{cost.cpu / base.cpu:8.2f} x CPU {cost.wall / base.wall:8.2f} x wall"
    print(f"  {name:34} {cost.cpu:8.3f} CPU s {cost.wall:8.3f} s {cost.memory:7.0f} MiB{ratio}", flush=True)


def _case(title: str, ours: list[str], others: dict[str, list[str]]) -> None:
    print(f"\n{title} (ratios: to weighmaster)")
    base = best(ours)
    _row("weighmaster", base, None)
    for name, command in others.items():
        if shutil.which(command[0]):
            _row(name, best(command, timeout=_TIMEOUT), base)


def _loads(path: Path) -> list[str]:
    return [sys.executable, "-c", f"import pickle; pickle.loads(open({str(path)!r}, 'rb').read())"]


def main(folder: Path) -> None:
    """Make the files, run the cases, print."""
    path = cases.small(folder)
    _case(
        "(a) cold start: one small pickle",
        _ours(path),
        {"python -c pass": [sys.executable, "-c", "pass"]} | _peers(path),
    )

    path = cases.dense(folder, 2_600_000)
    _case("(b) 2.6 million opcodes", _ours(path), {"pickle.loads": _loads(path)} | _peers(path))
    double = cases.dense(folder, 5_200_000)
    _case("(b) twice as many", _ours(double), {"pickle.loads": _loads(double)})

    path = cases.many(folder, 2000)
    jobs = {f"weighmaster --jobs {n}": _ours(path, "--jobs", str(n)) for n in (1, 2)}
    _case("(d) a folder of 2,000 small pickles", _ours(path), jobs | _peers(path))

    path = cases.checkpoint(folder, 2048)
    digest = {"openssl dgst -sha256": ["openssl", "dgst", "-sha256", str(path)]}
    _case("(c) a PyTorch checkpoint of 2 GB", _ours(path), digest | _peers(path))

    path = cases.mixed(folder, 300)
    _case("(e) a mixed folder of 300 small model files", _ours(path), _peers(path))

    trust.main(folder)
    conversion.main(folder)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        main(Path(scratch))
