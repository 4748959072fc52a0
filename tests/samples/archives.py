"""Builders of tar and 7z archives that say in their headers what no honest tool would write."""

from __future__ import annotations

import io
import lzma
import struct
import tarfile
import zlib
from collections.abc import Callable, Iterable, Mapping

_BLOCK = 512


def header(  # noqa: PLR0913 - the fields of a tar header
    name: str,
    size: int,
    *,
    kind: bytes = b"0",
    link: str = "",
    prefix: str = "",
    magic: bytes = b"ustar\x0000",
    numbers: bytes | None = None,
    signed: bool = False,
) -> bytes:
    """Return one header block of a tar. `numbers` is written in place of the size; v7 has no `magic`."""
    block = bytearray(_BLOCK)
    block[0:100] = name.encode().ljust(100, b"\0")[:100]
    block[100:124] = b"0000644\0" * 3
    block[124:136] = numbers.ljust(12, b"\0") if numbers is not None else b"%011o\0" % size
    block[136:148] = b"%011o\0" % 0
    block[156:157] = kind
    block[157:257] = link.encode().ljust(100, b"\0")[:100]
    block[257 : 257 + len(magic)] = magic
    block[345:500] = prefix.encode().ljust(155, b"\0")[:155]
    return with_checksum(block, signed=signed)


def with_checksum(block: bytes | bytearray, *, signed: bool = False) -> bytes:
    """Return the header with a checksum that fits it."""
    blank = bytes(block[:148]) + b" " * 8 + bytes(block[156:])
    total = sum(struct.unpack("512b", blank)) if signed else sum(blank)
    return blank[:148] + b"%06o\0 " % total + blank[156:]


def padded(data: bytes) -> bytes:
    """Return data filled up to whole blocks."""
    return data + bytes(-len(data) % _BLOCK)


def member(name: str, data: bytes, **fields: object) -> bytes:
    """Return a header and the bytes it announces."""
    return header(name, len(data), **fields) + padded(data)  # type: ignore[arg-type]


def pax(records: Mapping[str, str], kind: bytes = b"x") -> bytes:
    """Return an extended header."""
    body = b""
    for key, value in records.items():
        text = f" {key}={value}\n".encode()
        length = len(text)
        while len(str(length)) + len(text) != length:
            length = len(str(length)) + len(text)
        body += str(length).encode() + text
    return member("././@PaxHeader", body, kind=kind)


def long_name(name: str, kind: bytes = b"L") -> bytes:
    """Return GNU's header for a long name, or with kind `K` for a long link target."""
    return member("././@LongLink", name.encode() + b"\0", kind=kind, magic=b"ustar  \0")


def tar_of(*parts: bytes, end: bytes = bytes(2 * _BLOCK)) -> bytes:
    """Join the parts of a tar."""
    return b"".join(parts) + end


def honest_tar(members: Iterable[tuple[str, bytes]], form: int = tarfile.PAX_FORMAT) -> bytes:
    """Return what Python's tarfile writes."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=form) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return target.getvalue()


def number(value: int) -> bytes:
    """Return an integer as 7z writes it, in its longest form."""
    return b"\xff" + struct.pack("<Q", value) if value > 0x7F else bytes([value])


def seven_zip_of(  # noqa: PLR0913 - what tests bend
    files: Mapping[str, bytes],
    *,
    pack: Callable[[bytes], bytes] = bytes,
    coder: bytes = b"\x01\x00",
    sizes: list[int] | None = None,
    attributes: list[int] | None = None,
    extra: bytes = b"",
    tail: bytes = b"",
) -> bytes:
    """Return a 7z archive of one folder: `coder` as the header spells it, `extra` after the packed data."""
    whole = b"".join(files.values())
    packed = pack(whole)
    given = sizes if sizes is not None else [len(data) for data in files.values()]
    pack_info = b"\x06" + number(0) + number(1) + b"\x09" + number(len(packed)) + b"\0"
    folders = b"\x07\x0b" + number(1) + b"\0" + number(1) + coder + b"\x0c" + number(len(whole)) + b"\0"
    substreams = b"\x08\x0d" + number(len(files)) + b"\x09" + b"".join(map(number, given[:-1]))
    crcs = b"\x0a\x01" + b"".join(struct.pack("<I", zlib.crc32(data)) for data in files.values()) + b"\0"
    names = b"\0" + b"".join(name.encode("utf-16-le") + b"\0\0" for name in files)
    properties = b"\x11" + number(len(names)) + names
    if attributes is not None:
        body = b"\x01\0" + b"".join(struct.pack("<I", value) for value in attributes)
        properties += b"\x15" + number(len(body)) + body
    streams = b"\x04" + pack_info + folders + substreams + crcs + b"\0"
    head = b"\x01" + streams + b"\x05" + number(len(files)) + properties + b"\0\0"
    return signature(head, len(packed) + len(extra)) + packed + extra + head + tail


def signature(head: bytes, offset: int) -> bytes:
    """Return the first 32 bytes of a 7z archive whose header stands at `offset` after them."""
    start = struct.pack("<QQI", offset, len(head), zlib.crc32(head))
    return b"7z\xbc\xaf\x27\x1c\0\x04" + struct.pack("<I", zlib.crc32(start)) + start


def lzma_packed(data: bytes) -> bytes:
    """Return raw LZMA without an end mark, for the coder `LZMA_CODER`."""
    alone = lzma.compress(data, lzma.FORMAT_ALONE, filters=[{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 20}])
    return alone[13:]


LZMA_CODER = b"\x23\x03\x01\x01\x05\x5d" + struct.pack("<I", 1 << 20)


def deflated_zeros(count: int) -> bytes:
    """Return `count` zeros as a gzip stream, made a piece at a time."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = bytes(1 << 20)
    return b"".join(packer.compress(piece) for _ in range(count >> 20)) + packer.flush()
