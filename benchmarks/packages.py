"""Packages: hostile shapes and real wheels beside guarddog, pip-audit and others, in one run.

    python -m benchmarks.packages FOLDER-OF-WHEELS [--sample N] [--ours BIN] [--peers BIN]

Each tool is asked about one file or folder after the other, a process for each, as its command line takes them; what
counts as caught is what it calls serious. Those that take many at once are then asked about all in one process, for the
time alone. Tools that cannot open a wheel get it unpacked. pip-audit knows published vulnerabilities and looks at no
content: it is asked for its time, and catches none by design. Figures are processor seconds, and ratios to
weighmaster's. All tools run as they are installed: bytecode is kept, and of weighmaster what is compiled in its wheel.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.samples.shape import shapes

_HERE = Path(sys.executable).parent
_TIMEOUT = 180


@dataclass(slots=True, kw_only=True)
class Tool:
    """A command line, whether it takes a wheel as it is, and what its exit status and its output say is serious."""

    name: str
    command: list[str]
    serious: Callable[[int, str], bool]
    opens_wheels: bool = True
    takes_many: bool = True
    cpu: float = 0.0
    wall: float = 0.0
    caught: set[str] = field(default_factory=set)
    alarms: set[str] = field(default_factory=set)
    failed: int = 0


def tools(ours: Path, peers: Path) -> list[Tool]:
    """Return weighmaster and what is installed beside it, the first being what others are held to."""
    found = [
        Tool(
            name="weighmaster",
            command=[str(ours / "weighmaster"), "vet", "--quiet", "--no-config", "--no-cache"],
            serious=lambda status, _: status in {1, 3},
        ),
        Tool(
            name="guarddog",
            command=[str(peers / "guarddog"), "pypi", "scan", "--output-format=json"],
            serious=lambda _, said: _guarddog(said),
            takes_many=False,
        ),
        Tool(
            name="modelaudit",
            command=[str(peers / "modelaudit"), "scan", "--format", "json"],
            serious=lambda status, said: status == 1 and '"critical"' in said.lower(),
        ),
        Tool(
            name="picklescan",
            command=[str(peers / "picklescan"), "-p"],
            serious=lambda status, _: status == 1,
            opens_wheels=False,
            takes_many=False,
        ),
        Tool(
            name="bandit",
            command=[str(peers / "bandit"), "-q", "-r", "-lll", "-f", "json"],
            serious=lambda status, _: status == 1,
            opens_wheels=False,
        ),
    ]
    return [tool for tool in found if Path(tool.command[0]).exists()]


def _guarddog(said: str) -> bool:
    """Whether it calls the risk high: it lists what packages are able to do, of harmless ones as well."""
    try:
        result = json.loads(said[said.index("{") :])
    except ValueError:
        return False
    return bool(result.get("risk_score", {}).get("label") == "high_risk")


def ask(tool: Tool, path: Path, whole: Path) -> bool:
    """Ask a tool about a package, and say whether it calls that serious."""
    target = path if tool.opens_wheels or path.is_dir() else whole
    done, cpu, wall = _run([*tool.command, str(target)], _TIMEOUT)
    tool.cpu += cpu
    tool.wall += wall
    tool.failed += done is None
    return done is not None and tool.serious(done.returncode, done.stdout)


def _run(command: list[str], seconds: float) -> tuple[subprocess.CompletedProcess[str] | None, float, float]:
    """Return what a command said, unless it takes too long, and the seconds of processors and of the clock."""
    told = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE"}}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = None
    with contextlib.suppress(subprocess.TimeoutExpired):
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=seconds, check=False, env=told
        )
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return done, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def together(asked: list[Tool], paths: list[tuple[Path, Path]]) -> None:
    """Say what those tools take that look at many packages in one process."""
    base = 0.0
    for tool in asked:
        if tool.takes_many:
            targets = [str(path if tool.opens_wheels or path.is_dir() else whole) for path, whole in paths]
            done, cpu, wall = _run([*tool.command, *targets], _TIMEOUT * 4)
            base = base or cpu
            late = "" if done else "  not finished"
            print(f"{tool.name:14} all in one process: {cpu:8.1f} CPU s {wall:8.1f} s  {cpu / base:6.2f} x CPU{late}")


def hostile(folder: Path) -> list[tuple[str, Path]]:
    """Write the hostile shapes; one that is several files is a folder."""
    found = []
    for id, shape in shapes().items():
        place = folder / id
        files = shape.build()
        for name, data in files.items():
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        found.append((id, place / next(iter(files)) if len(files) == 1 else place))
    return found


def unpacked(path: Path, folder: Path) -> Path:
    """Unpack a wheel for the tools that cannot open one."""
    place = folder / re.sub(r"\W", "-", path.name)
    if path.is_dir() or not zipfile.is_zipfile(path):
        return path
    if not place.exists():
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                # A name that leaves the folder is what some of them are about.
                archive.extract(info, place) if ".." not in info.filename else None
    return place


def audit(peers: Path, wheels: list[Path]) -> None:
    """Say what pip-audit takes for the same packages, as requirements with one version."""
    program = peers / "pip-audit"
    if not program.exists():
        return
    with tempfile.NamedTemporaryFile("w", suffix=".txt", prefix="weighmaster-") as file:
        for wheel in wheels:
            name, version, *_ = wheel.name.split("-")
            file.write(f"{name.replace('_', '-')}=={version.partition('+')[0]}\n")
        file.flush()
        done, cpu, _ = _run([str(program), "--no-deps", "--disable-pip", "-r", file.name], _TIMEOUT)
    skipped = done.stdout.count("could not be audited") if done else len(wheels)
    print(f"{'pip-audit':14} known vulnerabilities only; {cpu:.1f} CPU s for {len(wheels)} packages, {skipped} skipped")


def _table(asked: list[Tool], times: dict[str, float], bad: int, good: int) -> None:
    first = asked[0]
    for tool in asked:
        shapes_, wheels = times[tool.name], tool.cpu - times[tool.name]
        ratios = (shapes_ / times[first.name], wheels / (first.cpu - times[first.name]), tool.cpu / first.cpu)
        print(
            f"{tool.name:14} caught {len(tool.caught):3}/{bad}  false alarms {len(tool.alarms):3}/{good}"
            f"  CPU s: shapes {shapes_:7.1f}, wheels {wheels:7.1f}, all {tool.cpu:7.1f}; {tool.wall:7.1f} s"
            f"  ({', '.join(f'{ratio:.2f}' for ratio in ratios)} x)"
            f"{f'  {tool.failed} not finished' if tool.failed else ''}",
            flush=True,
        )


def main() -> None:
    """Ask every tool about everything, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheels", type=Path)
    parser.add_argument("--sample", type=int, default=40)
    parser.add_argument("--shapes", type=int, default=1000)
    parser.add_argument("--ours", type=Path, default=_HERE)
    parser.add_argument("--peers", type=Path, default=_HERE.parent / "peers" / "bin")
    options = parser.parse_args()
    wheels = sorted(options.wheels.glob("*.whl"))
    wheels = wheels[:: max(1, len(wheels) // options.sample)][: options.sample]
    asked = tools(options.ours, options.peers)
    for tool in asked:
        _run([tool.command[0], "--version"], _TIMEOUT)  # Bytecode is written once.
    with tempfile.TemporaryDirectory(prefix="weighmaster-") as name:
        folder = Path(name)
        bad = hostile(folder / "hostile")[: options.shapes]
        for id, path in bad:
            whole = unpacked(path, folder / "unpacked")
            for tool in asked:
                if ask(tool, path, whole):
                    tool.caught.add(id)
        times = {tool.name: tool.cpu for tool in asked}
        for path in wheels:
            whole = unpacked(path, folder / "unpacked")
            for tool in asked:
                if ask(tool, path, whole):
                    tool.alarms.add(path.name)
        print(f"{len(bad)} hostile shapes, {len(wheels)} real wheels")
        _table(asked, times, len(bad), len(wheels))
        together(asked, [(path, unpacked(path, folder / "unpacked")) for path in (*(p for _, p in bad), *wheels)])
    for tool in asked:
        missed = ", ".join([id for id, _ in bad if id not in tool.caught][:30]) or "none"
        print(f"{tool.name} missed: {missed}; alarmed: {', '.join(sorted(tool.alarms)[:12]) or 'none'}")
    audit(options.peers, wheels)


if __name__ == "__main__":
    main()
