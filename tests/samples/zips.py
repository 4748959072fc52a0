"""Zips built field by field, so that each can say one thing here and another there."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

STORED, DEFLATED = 0, 8


def deflate(data: bytes) -> bytes:
    """Return the raw deflate stream of `data`."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@dataclass(frozen=True, kw_only=True)
class Head:
    """What one header says of a member; None where it says the truth."""

    name: bytes | None = None
    flags: int | None = None
    method: int | None = None
    crc: int | None = None
    packed: int | None = None
    unpacked: int | None = None
    extra: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Zipped:
    """A member: its data, and where its headers lie."""

    name: bytes
    data: bytes
    method: int = STORED
    raw: bytes | None = None
    """The packed bytes, where they are not those of `data`."""
    flags: int = 0
    local: Head = field(default_factory=Head)
    central: Head = field(default_factory=Head)
    mode: int = 0o100644
    listed: bool = True
    descriptor: bytes = b""
    offset: int | None = None
    """Where the directory says that it is, if not where it is."""

    @property
    def packed(self) -> bytes:
        """The bytes between the headers."""
        if self.raw is not None:
            return self.raw
        return deflate(self.data) if self.method == DEFLATED else self.data

    def head(self, said: Head) -> tuple[bytes, bytes]:
        """Return the fields that both kinds of header share, and the name."""
        name = self.name if said.name is None else said.name
        fields = struct.pack(
            "<HHHHIIIHH",
            self.flags if said.flags is None else said.flags,
            self.method if said.method is None else said.method,
            0,
            33,
            zlib.crc32(self.data) if said.crc is None else said.crc,
            len(self.packed) if said.packed is None else said.packed,
            len(self.data) if said.unpacked is None else said.unpacked,
            len(name),
            len(said.extra),
        )
        return fields, name + said.extra

    def written(self) -> bytes:
        """Return the local header, the data, and what follows it."""
        fields, rest = self.head(self.local)
        return b"PK\x03\x04" + struct.pack("<H", 20) + fields + rest + self.packed + self.descriptor

    def record(self, offset: int) -> bytes:
        """Return the record of the directory."""
        fields, rest = self.head(self.central)
        offset = offset if self.offset is None else self.offset
        places = struct.pack("<HHHII", 0, 0, 0, self.mode << 16, offset)
        return b"PK\x01\x02" + struct.pack("<HH", 0x031E, 20) + fields + places + rest


def member(name: str, data: bytes, *, method: int = STORED) -> Zipped:
    """Return an honest member."""
    return Zipped(name=name.encode(), data=data, method=method)


def end_record(count: int, size: int, offset: int, comment: bytes = b"") -> bytes:
    """Return the record that says where the directory is."""
    return b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count, count, size, offset, len(comment)) + comment


def zip_of(  # noqa: PLR0913 - one argument for each place where bytes can stand
    members: Sequence[Zipped],
    *,
    prefix: bytes = b"",
    counts_prefix: bool = True,
    between: bytes = b"",
    before_end: bytes = b"",
    comment: bytes = b"",
    suffix: bytes = b"",
) -> bytes:
    """Return an archive; `counts_prefix` says whether its offsets count from the start of the prefix."""
    base = len(prefix) if counts_prefix else 0
    body, directory = b"", b""
    for each in members:
        if each.listed:
            directory += each.record(base + len(body))
        body += each.written()
    body += between
    listed = sum(each.listed for each in members)
    end = end_record(listed, len(directory), base + len(body), comment)
    return prefix + body + directory + before_end + end + suffix


def two_directories(shown: Sequence[Zipped], hidden: Sequence[Zipped]) -> bytes:
    """Return an archive in which miniz finds `hidden` and Python's zipfile `shown`.

    Both directories are of one length. The end record gives the place of the first, and stands after the second.
    """
    bodies = [b"".join(each.written() for each in members) for members in (hidden, shown)]
    first = b"".join(_records(hidden, 0))
    # zipfile shifts all offsets by the distance between where the directory is and where it should be.
    second = b"".join(_records(shown, len(bodies[0]) - len(first)))
    assert len(first) == len(second)
    return b"".join(bodies) + first + second + end_record(len(hidden), len(first), len(b"".join(bodies)))


def _records(members: Sequence[Zipped], base: int) -> list[bytes]:
    records = []
    for each in members:
        records.append(each.record(base))
        base += len(each.written())
    return records


def described(member: Zipped) -> Zipped:
    """Return the member as a program writes it that cannot go back: sizes and checksum after the data."""
    tail = b"PK\x07\x08" + struct.pack("<III", zlib.crc32(member.data), len(member.packed), len(member.data))
    return replace(member, flags=member.flags | 8, local=Head(crc=0, packed=0, unpacked=0), descriptor=tail)


def torch_zip(pickle: bytes, *, root: str = "archive", **changes: Zipped) -> list[Zipped]:
    """Return the members of a checkpoint with this `data.pkl`; `changes` replaces members by name."""
    plain = {
        "data": member(f"{root}/data.pkl", pickle),
        "byteorder": member(f"{root}/byteorder", b"little"),
        "storage": member(f"{root}/data/0", bytes(16)),
        "version": member(f"{root}/version", b"3\n"),
    }
    return list((plain | changes).values())
