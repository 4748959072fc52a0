"""Packages: hostile shapes and real wheels beside guarddog, pip-audit and others, in one run.

    python -m benchmarks.packages FOLDER-OF-WHEELS [--sample N] [--peers FOLDER-OF-AN-ENVIRONMENT]

Each tool is asked about one file or folder after the other, as its command line takes them; what counts as caught is
what it calls serious. Tools that cannot open a wheel get it unpacked. pip-audit knows published vulnerabilities and
looks at no content: it is asked for its time, and catches none by design. Figures are processor seconds, and ratios to
weighmaster's.
"""

from __future__ import annotations

import argparse
import json
import os
import re
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
    command: Callable[[Path], list[str]]
    serious: Callable[[int, str], bool]
    opens_wheels: bool = True
    cpu: float = 0.0
    wall: float = 0.0
    caught: set[str] = field(default_factory=set)
    alarms: set[str] = field(default_factory=set)
    failed: int = 0


def tools(peers: Path) -> list[Tool]:
    """Return weighmaster and what is installed beside it, the first being what others are held to."""
    found = [
        Tool(
            name="weighmaster",
            command=lambda path: [str(_HERE / "weighmaster"), "vet", "--quiet", "--no-config", "--no-cache", str(path)],
            serious=lambda status, _: status in {1, 3},
        ),
        Tool(
            name="guarddog",
            command=lambda path: [str(peers / "guarddog"), "pypi", "scan", "--output-format=json", str(path)],
            serious=lambda _, said: _guarddog(said),
        ),
        Tool(
            name="modelaudit",
            command=lambda path: [str(peers / "modelaudit"), "scan", "--format", "json", str(path)],
            serious=lambda status, said: status == 1 and '"critical"' in said.lower(),
        ),
        Tool(
            name="picklescan",
            command=lambda path: [str(peers / "picklescan"), "-p", str(path)],
            serious=lambda status, _: status == 1,
            opens_wheels=False,
        ),
        Tool(
            name="bandit",
            command=lambda path: [str(peers / "bandit"), "-q", "-r", "-lll", "-f", "json", str(path)],
            serious=lambda status, _: status == 1,
            opens_wheels=False,
        ),
    ]
    return [tool for tool in found if Path(tool.command(Path())[0]).exists()]


def _guarddog(said: str) -> bool:
    """Whether it calls the risk high: it lists what packages are able to do, of harmless ones as well."""
    try:
        result = json.loads(said[said.index("{") :])
    except ValueError:
        return False
    return result.get("risk_score", {}).get("label") == "high_risk"


def ask(tool: Tool, path: Path, whole: Path) -> bool:
    """Ask a tool about a package, and say whether it calls that serious."""
    before = os.times()
    start = time.perf_counter()
    target = path if tool.opens_wheels or path.is_dir() else whole
    try:
        done = subprocess.run(
            tool.command(target), capture_output=True, text=True, errors="replace", timeout=_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        tool.failed += 1
        return False
    finally:
        after = os.times()
        tool.cpu += after.children_user + after.children_system - before.children_user - before.children_system
        tool.wall += time.perf_counter() - start
    return tool.serious(done.returncode, done.stdout)


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
        before = os.times()
        done = subprocess.run(
            [program, "--no-deps", "--disable-pip", "-r", file.name], capture_output=True, text=True, check=False
        )
        after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    skipped = done.stdout.count("could not be audited")
    print(f"{'pip-audit':14} known vulnerabilities only; {cpu:.1f} CPU s for {len(wheels)} packages, {skipped} skipped")


def main() -> None:
    """Ask every tool about everything, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheels", type=Path)
    parser.add_argument("--sample", type=int, default=40)
    parser.add_argument("--shapes", type=int, default=1000)
    parser.add_argument("--peers", type=Path, default=_HERE.parent / "peers" / "bin")
    options = parser.parse_args()
    wheels = sorted(options.wheels.glob("*.whl"))
    wheels = wheels[:: max(1, len(wheels) // options.sample)][: options.sample]
    asked = tools(options.peers)
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
    base = asked[0]
    print(f"{len(bad)} hostile shapes, {len(wheels)} real wheels")
    for tool in asked:
        ratio = f"{tool.cpu / base.cpu:6.2f} x CPU" if base.cpu else ""
        print(
            f"{tool.name:14} caught {len(tool.caught):3}/{len(bad)}  false alarms {len(tool.alarms):3}/{len(wheels)}"
            f"  {tool.cpu:8.1f} CPU s ({times[tool.name]:.1f} for the shapes) {tool.wall:8.1f} s  {ratio}"
            f"{f'  {tool.failed} not finished' if tool.failed else ''}"
        )
    for tool in asked:
        missed = ", ".join([id for id, _ in bad if id not in tool.caught][:30]) or "none"
        print(f"{tool.name} missed: {missed}; alarmed: {', '.join(sorted(tool.alarms)[:12]) or 'none'}")
    audit(options.peers, wheels)


if __name__ == "__main__":
    main()
