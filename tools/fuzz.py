"""Feeds damaged files to every format: `python -m tools.fuzz COUNT [SEED]`. Needs the test dependencies.

What it holds: no input is a defect of ours, none takes longer than its budget, and memory stays flat.
"""

from __future__ import annotations

import importlib
import io
import random
import resource
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pkgutil import iter_modules

from tests.samples import whole
from tests.samples.hostile import SAMPLES

from weighmaster import shipped
from weighmaster.engine.scan import scan_bytes
from weighmaster.model.report import Gap, GapReason
from weighmaster.reading.budget import Limits

_LONGEST = 1 << 16
LIMITS = Limits(seconds=10.0, unpacked=64 << 20, held=16 << 20, members=2000, opcodes=2_000_000)


def containers() -> list[bytes]:
    """Return whole files: what the standard library writes, and what `tests.samples.whole` does."""
    data = b"cposix\ngetcwd\n(tR."
    written = [piece for module in iter_modules(whole.__path__) for piece in _written(module.name)]
    return [_zip([data] * 3), _tar([data] * 3), _npy(), _safetensors(), *_packed(data), *written]


def _written(name: str) -> list[bytes]:
    """Return the small files that a module of `tests.samples.whole` writes."""
    files: list[bytes] = importlib.import_module(f"{whole.__name__}.{name}").whole()
    return files


def pickles() -> list[bytes]:
    """Return all hostile pickles and streams that can be built here."""
    found = []
    for sample in SAMPLES.values():
        try:
            data = sample.build()
        except ImportError:
            continue
        if len(data) <= _LONGEST:
            found.append(data)
    return found


def _packed(data: bytes) -> Iterator[bytes]:
    import bz2
    import gzip
    import lzma
    import zlib

    yield from (gzip.compress(data), zlib.compress(data), bz2.compress(data), lzma.compress(data))
    yield lzma.compress(data, format=lzma.FORMAT_ALONE)


def _zip(members: list[bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, member in enumerate(members):
            archive.writestr(f"archive/data{number}.pkl", member)
        archive.writestr("archive/data.pkl", members[0])
        archive.writestr("archive/data/0", bytes(64))
    return stream.getvalue()


def _tar(members: list[bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for number, member in enumerate(members):
            entry = tarfile.TarInfo(f"m{number}.pkl")
            entry.size = len(member)
            archive.addfile(entry, io.BytesIO(member))
    return stream.getvalue()


def _npy() -> bytes:
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }".ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(24)


def _safetensors() -> bytes:
    header = b'{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}'
    return len(header).to_bytes(8, "little") + header + bytes(24)


def damage(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Return `data` with a few bytes changed, cut, doubled, or joined to another file."""
    raw = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(raw) + 1)
        change = chance.randrange(6)
        if change == 0 and raw:
            raw[at % len(raw)] = chance.randrange(256)
        elif change == 1:
            raw[at:at] = chance.randbytes(chance.randint(1, 8))
        elif change == 2:
            del raw[at : at + chance.randint(1, 16)]
        elif change == 3:
            raw[at : at + 4] = chance.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f"))
        elif change == 4:
            start = chance.randrange(len(other) + 1)
            raw[at:at] = other[start : start + chance.randint(1, 200)]
        else:
            del raw[at:]
            raw += other[: chance.randint(0, 400)]
    return bytes(raw[:_LONGEST])


def run(count: int, seed: int, say: Callable[[str], None]) -> int:
    """Look at `count` damaged files; return how many were a defect of ours."""
    chance = random.Random(seed)
    files = pickles(), containers()
    registry = shipped.registry()
    defects, slowest = 0, 0.0
    for number in range(count):
        data = damage(chance.choice(chance.choice(files)), chance.choice(chance.choice(files)), chance)
        start = time.process_time()
        for item in scan_bytes(data, "f", registry, LIMITS):
            if isinstance(item, Gap) and item.reason is GapReason.DEFECT:
                defects += 1
                say(f"defect at input {number} of seed {seed}: {item.where} {item.detail}")
        slowest = max(slowest, time.process_time() - start)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    say(f"{count} inputs, {defects} defects, slowest {slowest:.2f} s, peak of memory {memory:.0f} MiB")
    return defects


if __name__ == "__main__":
    sys.exit(bool(run(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0, print)))
