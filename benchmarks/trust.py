"""Trust beside what it rests on: the fastest SHA-256 of the same files on the same cores, and OpenSSF's model-signing.

`python -m benchmarks.trust` measures this alone; `--megabytes 256 --files 2000` is a small version of it, and
`--source` measures the working tree instead of what is installed. All commands of a case run in turn, a few rounds of
them, and the best of each is taken: whatever else the machine does meanwhile hits all alike.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.measure import Cost, once

_HERE = Path(sys.executable).parent
_PEERS = _HERE.parent / "peers" / "bin"
_TIMEOUT = 300.0

_THREADS = """
import hashlib, mmap, os, sys
from concurrent.futures import ThreadPoolExecutor
def mapped(path):
    state = hashlib.sha256()
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size:
            with mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as whole, memoryview(whole) as view:
                for at in range(0, len(view), 16 << 20):
                    state.update(view[at:at + (16 << 20)])
    return state.hexdigest()
def read(path):
    state, buffer = hashlib.sha256(), memoryview(bytearray(256 << 10))
    with open(path, "rb", buffering=0) as file:
        while got := file.readinto(buffer):
            state.update(buffer[:got])
    return state.hexdigest()
paths = [os.path.join(f, n) for f, _, names in os.walk(sys.argv[2]) for n in names]
paths.sort(key=os.path.getsize, reverse=True)
with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
    list(pool.map(globals()[sys.argv[1]], paths))
"""
"""Nothing but SHA-256 of each file, in as many threads as there are processors: names and changes are not looked at."""

_LOAD = """
import sys
sys.path[:0] = sys.argv[3:]
import weighmaster
from weighmaster.trust.manifests.manifest_file import read_manifest
weighmaster.load_file(sys.argv[1], manifest=read_manifest(sys.argv[2]), framework="none")
"""


def shards(folder: Path, megabytes: int) -> Path:
    """A model of four long safetensors files and six small ones."""
    root = folder / "shards"
    root.mkdir()
    size = megabytes // 4 << 20
    block = os.urandom(1 << 20)  # No more: what is forked from a large process counts as large.
    for number in range(4):
        header = b'{"w":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}}' % (size, size)
        with (root / f"model-{number}.safetensors").open("wb") as file:
            file.write(len(header).to_bytes(8, "little") + header)
            for turn in range(size // len(block)):
                at = (turn * 4 + number) * 997 % len(block)
                file.write(block[at:] + block[:at])
    for number in range(6):
        (root / f"config-{number}.json").write_bytes(os.urandom(2000))
    return root


def crumbs(folder: Path, count: int) -> Path:
    """Many files of 2 kB in fifty folders."""
    root = folder / "crumbs"
    for number in range(count):
        place = root / f"d{number % 50:02}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number:06}.txt").write_bytes(os.urandom(2048))
    return root


def _keys(folder: Path) -> tuple[Path, Path]:
    private, public = folder / "private.pem", folder / "public.pem"
    subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", private], check=True)
    subprocess.run(["openssl", "ec", "-in", private, "-pubout", "-out", public], check=True, capture_output=True)
    return private, public


def _ours(source: Path | None) -> list[str]:
    if source is None:
        return [str(_HERE / "weighmaster")]
    start = "import sys; sys.path.insert(0, sys.argv.pop(1)); from weighmaster.fronts.cli.main import run; run()"
    return [sys.executable, "-c", start, str(source)]


def _bare(root: Path) -> dict[str, list[str]]:
    """SHA-256 and nothing else, in the fastest ways that are known."""
    jobs = str(len(os.sched_getaffinity(0)))
    each = f"find {root} -type f -print0 | xargs -0 -P {jobs} -n 1 openssl dgst -sha256"
    if len(list(root.iterdir())) > 10:
        each = f"find {root} -type f -print0 | xargs -0 -P {jobs} -n 1000 openssl dgst -sha256"
    return {
        "SHA-256: hashlib, mapped, threads": [sys.executable, "-c", _THREADS, "mapped", str(root)],
        "SHA-256: hashlib, read, threads": [sys.executable, "-c", _THREADS, "read", str(root)],
        f"SHA-256: openssl dgst, {jobs} processes": ["sh", "-c", each],
    }


def _trust(root: Path, folder: Path, ours: list[str]) -> dict[str, list[str]]:
    private, public = _keys(folder)
    signature, manifest = str(folder / f"{root.name}.sig"), str(folder / f"{root.name}.json")
    return {
        "weighmaster digest": [*ours, "digest", "--quiet", str(root)],
        "weighmaster digest, with BLAKE3": [*ours, "digest", "-q", "--force", "--output-file", manifest, str(root)],
        "weighmaster digest --check": [*ours, "digest", "--quiet", "--check", manifest, str(root)],
        "weighmaster sign": [*ours, "sign", "--force", "--key", str(private), "--signature", signature, str(root)],
        "weighmaster verify": [*ours, "verify", "--public-key", str(public), "--signature", signature, str(root)],
    }


def _peer(root: Path, folder: Path) -> dict[str, list[str]]:
    program = next((str(p / "model_signing") for p in (_PEERS, _HERE) if (p / "model_signing").exists()), None)
    if program is None:
        return {}
    private, public = folder / "private.pem", folder / "public.pem"
    signature = str(folder / f"{root.name}.peer.sig")
    key = ["--private_key", str(private), "--signature", signature]
    return {
        "model-signing sign": [program, "sign", "key", str(root), *key],
        "model-signing verify": [
            *(program, "verify", "key", str(root)),
            *("--public_key", str(public), "--signature", signature),
        ],
    }


def rounds(commands: Mapping[str, list[str]], count: int) -> dict[str, tuple[Cost, Cost]]:
    """Run all commands in turn, `count` times, and return for each the run of the least wall and of the least CPU."""
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(count):
        for name, command in commands.items():
            cost = once(command, _TIMEOUT)
            if cost is None or cost.status != 0:
                raise SystemExit(f"{name}: status {'timeout' if cost is None else cost.status}: {command}")
            costs[name].append(cost)
    return {
        name: (min(runs, key=lambda cost: cost.wall), min(runs, key=lambda cost: cost.cpu))
        for name, runs in costs.items()
    }


def _print(title: str, costs: Mapping[str, tuple[Cost, Cost]]) -> None:
    bare = [cost for name, cost in costs.items() if name.startswith("SHA-256")]
    fastest = min(wall.wall for wall, _ in bare), min(cpu.cpu for _, cpu in bare)
    print(f"\n{title} (x: to the fastest SHA-256, wall then CPU; peer: to model-signing, wall then CPU)")
    for name, (wall, cpu) in costs.items():
        line = f"  {name:34} {wall.wall:8.3f} s {cpu.cpu:8.3f} CPU s {wall.memory:6.0f} MiB"
        line += f"{wall.wall / fastest[0]:8.2f} x {cpu.cpu / fastest[1]:5.2f} x"
        peer = costs.get(name.replace("weighmaster", "model-signing"))
        if name.startswith("weighmaster") and peer is not None:
            line += f"   peer {wall.wall / peer[0].wall:5.2f} {cpu.cpu / peer[1].cpu:5.2f}"
        print(line, flush=True)


def main(
    folder: Path, *, megabytes: int = 4096, files: int = 20_000, count: int = 5, source: Path | None = None
) -> None:
    """Make the files, run the cases, print."""
    ours = _ours(source)
    for title, make, number in (
        (f"(t1) a model of {megabytes} MiB in four shards", shards, megabytes),
        (f"(t2) {files:,} files of 2 kB", crumbs, files),
    ):
        root = make(folder, number)
        place = folder / f"{root.name}-evidence"
        place.mkdir()
        commands = {**_bare(root), **_trust(root, place, ours), **_peer(root, place)}
        if make is shards:
            paths = [str(source)] if source else []
            model = root / "model-0.safetensors"
            load = [sys.executable, "-c", _LOAD, str(model), str(place / "shards.json"), *paths]
            commands["load_file of one shard, by chunks"] = load
        _print(title, rounds(commands, count))
        shutil.rmtree(root)


def _options() -> argparse.Namespace:
    it = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    it.add_argument("--megabytes", type=int, default=4096)
    it.add_argument("--files", type=int, default=20_000)
    it.add_argument("--rounds", type=int, default=5)
    it.add_argument("--source", type=Path, nargs="?", const=Path("src").resolve())
    it.add_argument("--folder", type=Path, help="where the files are made (default: a temporary folder)")
    return it.parse_args()


if __name__ == "__main__":
    chosen = _options()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as scratch:
        main(
            Path(scratch),
            megabytes=chosen.megabytes,
            files=chosen.files,
            count=chosen.rounds,
            source=chosen.source,
        )
