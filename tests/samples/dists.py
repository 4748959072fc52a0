"""Wheels, sdists and installed packages, built in memory from their files: what samples of packages are made with."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path


def wheel(  # noqa: PLR0913 - what a wheel may say of itself
    name: str,
    version: str,
    files: Mapping[str, bytes | str],
    *,
    metadata: Sequence[str] = (),
    tags: Sequence[str] = ("py3-none-any",),
    pure: bool = True,
    entry_points: str = "",
    unlisted: Sequence[str] = (),
    record: Mapping[str, str] | None = None,
) -> bytes:
    """Return a wheel. `metadata` are further lines; `unlisted` files are left out of `RECORD`, `record` changes lines.

    A line of `record` is what stands after the path: `sha256=...,12`.
    """
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    inside = {path: _bytes(data) for path, data in files.items()}
    inside[f"{info}/METADATA"] = metadata_of(name, version, metadata)
    built = ["Wheel-Version: 1.0", "Generator: sample 1.0", f"Root-Is-Purelib: {str(pure).lower()}"]
    inside[f"{info}/WHEEL"] = "".join(f"{line}\n" for line in [*built, *(f"Tag: {tag}" for tag in tags)]).encode()
    if entry_points:
        inside[f"{info}/entry_points.txt"] = entry_points.encode()
    inside[f"{info}/RECORD"] = _record(inside, f"{info}/RECORD", unlisted, record or {})
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in inside.items():
            archive.writestr(zipfile.ZipInfo(path, (2024, 1, 1, 0, 0, 0)), data)
    return out.getvalue()


def sdist(name: str, version: str, files: Mapping[str, bytes | str], *, metadata: Sequence[str] = ()) -> bytes:
    """Return an sdist: a gzipped tar file with one folder."""
    folder = f"{name.replace('-', '_')}-{version}"
    inside = {"PKG-INFO": metadata_of(name, version, metadata)} | {path: _bytes(data) for path, data in files.items()}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for path, data in inside.items():
            member = tarfile.TarInfo(f"{folder}/{path}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def install(built: bytes, site: Path) -> None:
    """Put a wheel into `site-packages` as pip would, without its scripts and without running anything."""
    with zipfile.ZipFile(io.BytesIO(built)) as archive:
        for member in archive.namelist():
            _, data, rest = member.partition(".data/")
            kind, _, path = rest.partition("/")
            placed = site / (path if data and kind in {"purelib", "platlib"} else member)
            os.makedirs(placed.parent, exist_ok=True)
            placed.write_bytes(archive.read(member))


def metadata_of(name: str, version: str, lines: Sequence[str] = ()) -> bytes:
    """Return core metadata."""
    head = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *lines]
    return "".join(f"{line}\n" for line in head).encode()


def _record(inside: Mapping[str, bytes], own: str, unlisted: Sequence[str], changed: Mapping[str, str]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for path, data in inside.items():
        if path in changed:
            writer.writerow([path, *changed[path].split(",")])
        elif path not in unlisted:
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            writer.writerow([path, f"sha256={digest}", len(data)])
    writer.writerow([own, "", ""])
    return out.getvalue().encode()


def _bytes(data: bytes | str) -> bytes:
    return data.encode() if isinstance(data, str) else data
