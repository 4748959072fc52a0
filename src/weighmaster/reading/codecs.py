"""Decompressors with one manner: a piece goes in, at most as much comes out as was asked for, and errors are ours.

Specifications: RFC 1950 (zlib), RFC 1951 (deflate), RFC 1952 (gzip), RFC 7932 (Brotli), RFC 8878 (zstd), the xz and
.lzma file formats <https://tukaani.org/xz/format.html>, the LZ4 frame format <https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md>.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from weighmaster.model.errors import MissingExtraError, OverBudgetError, UnreadableError
from weighmaster.model.value import Value
from weighmaster.reading.signatures import LZ4, XZ, ZSTD, is_alone, is_zlib
from weighmaster.reading.source import Source

MEMORY: Final = 96 << 20
"""What a decompressor may hold: enough for `xz -9` (65 MiB)."""
_WINDOW: Final = 64 << 20
_BLOCK: Final = 1 << 17
_GROUP: Final = 8
_NAME: Final = 1 << 16


class Decoder(Protocol):
    """One stream being unpacked, in the manner of `bz2.BZ2Decompressor`."""

    @property
    def eof(self) -> bool:
        """Whether the stream ended."""

    @property
    def needs_input(self) -> bool:
        """Whether the next call must bring new bytes."""

    @property
    def unused_data(self) -> bytes | None:
        """What was given beyond the end."""

    def decompress(self, data: bytes, most: int) -> bytes:
        """Take all of `data`, return up to `most` bytes.

        Raises:
            UnreadableError: the stream is broken.
            OverBudgetError: the stream asks for too much memory.
        """


class Codec(Value):
    """A kind of stream.

    `begin` returns a decoder for the stream at an offset, and the offset of the first byte that goes into it; its
    third argument says that the decoder must lose nothing of what comes before an error, however slow that is.
    `follows` says whether the bytes after a stream begin another that readers join to it. `endless` streams have
    no end mark; `padded` ones may have zeros between them, and `skips` says that skippable frames may stand there.
    """

    begin: Callable[[Source, int, bool], tuple[Decoder, int]]
    follows: Callable[[bytes], bool] = lambda _: False
    padded: bool = False
    endless: bool = False
    skips: bool = False


class Deflated:
    """Raw deflate, and a checksum after it that does not stop us: what it covers has long been used."""

    __slots__ = ("_check", "_inflater", "_length", "_sum", "_tail", "eof", "fault", "unused_data")

    def __init__(self, check: Callable[[bytes, int], int] | None, start: int, tail: int) -> None:
        self._inflater: Any = zlib.decompressobj(-15)
        self._check = check
        self._sum = start
        self._length = 0
        self._tail = tail
        self.eof = False
        self.fault = ""
        self.unused_data: bytes | None = None

    @property
    def needs_input(self) -> bool:
        """See `Decoder`."""
        return self._inflater.eof or not self._inflater.unconsumed_tail

    def copy(self) -> Deflated:
        """Return a decoder that goes on from here on its own."""
        twin = Deflated(self._check, self._sum, self._tail)
        twin._inflater = self._inflater.copy()
        twin._length = self._length
        twin.unused_data = self.unused_data
        return twin

    def decompress(self, data: bytes, most: int) -> bytes:
        """See `Decoder`."""
        inflater = self._inflater
        if inflater.eof:
            self._end(inflater.unused_data + (self.unused_data or b"") + data)
            return b""
        try:
            out: bytes = inflater.decompress(
                inflater.unconsumed_tail + data if data else inflater.unconsumed_tail, most
            )
        except zlib.error as error:
            raise UnreadableError(f"deflate: {error}") from error
        if self._check is not None:
            self._sum = self._check(out, self._sum)
        self._length += len(out)
        if inflater.eof:
            self._end(inflater.unused_data)
        return out

    def _end(self, rest: bytes) -> None:
        if len(rest) < self._tail:
            # The part of the checksum that has come is kept where `inflater` already has its own leftovers.
            self.unused_data = rest[len(self._inflater.unused_data) :]
            return
        self.eof = True
        self.unused_data = rest[self._tail :]
        if self._tail and self._expected() != rest[: self._tail]:
            self.fault = "the checksum does not fit"

    def _expected(self) -> bytes:
        if self._tail == 4:
            return struct.pack(">I", self._sum)
        return struct.pack("<II", self._sum, self._length & 0xFFFFFFFF)


class _Lib:
    """A decompressor of a library whose manner is already right, with its errors made ours."""

    __slots__ = ("_errors", "_inner", "_name")

    def __init__(self, name: str, inner: Any, errors: tuple[type[Exception], ...]) -> None:
        self._name = name
        self._inner = inner
        self._errors = errors

    @property
    def eof(self) -> bool:
        """See `Decoder`."""
        return bool(self._inner.eof)

    @property
    def needs_input(self) -> bool:
        """See `Decoder`."""
        return bool(self._inner.needs_input)

    @property
    def unused_data(self) -> bytes | None:
        """See `Decoder`."""
        return self._inner.unused_data  # type: ignore[no-any-return]

    def decompress(self, data: bytes, most: int) -> bytes:
        """See `Decoder`."""
        try:
            return self._inner.decompress(data, most)  # type: ignore[no-any-return]
        except self._errors as error:
            if "emory usage limit" in str(error):
                raise OverBudgetError(f"{self._name}: needs more than {MEMORY} bytes of memory to unpack") from error
            raise UnreadableError(f"{self._name}: {error}") from error


class _Zstd:
    """A frame of zstd, fed by whole blocks: the library returns all that a piece holds, so pieces must be small."""

    __slots__ = (
        *("_checksum", "_closing", "_error", "_group", "_held", "_inflater", "_last", "_left", "_out"),
        *("eof", "needs_input", "unused_data"),
    )

    def __init__(self, header: bytes, group: int, *, checksum: bool) -> None:
        import zstandard

        self._error = zstandard.ZstdError
        self._inflater = zstandard.ZstdDecompressor(max_window_size=_WINDOW).decompressobj(write_size=_BLOCK)
        self._group = group
        self._checksum = checksum
        self._held = b""
        self._left = 0
        self._last = False
        self._closing = False
        self.eof = False
        self.needs_input = True
        self.unused_data: bytes | None = None
        self._out = self._feed(header)

    def decompress(self, data: bytes, most: int) -> bytes:
        """See `Decoder`."""
        self._held += data
        while not self._out and (end := self._cut()):
            piece, self._held = self._held[:end], self._held[end:]
            self._out = self._feed(piece)
        self.needs_input = not self._out
        out, self._out = self._out[:most], self._out[most:]
        if self._closing and not self._left and not self._out:
            self.eof = True
            self.unused_data = self._held
        return out

    def _feed(self, piece: bytes) -> bytes:
        try:
            return self._inflater.decompress(piece)
        except self._error as error:
            if "too much memory" in str(error):
                raise OverBudgetError(f"zstd: needs a window of more than {_WINDOW} bytes") from error
            raise UnreadableError(f"zstd: {error}") from error

    def _cut(self) -> int:
        """Return how much of what is held may go in at once: some blocks, or the checksum, all of one frame."""
        at = blocks = 0
        while blocks < self._group:
            step = min(self._left, len(self._held) - at)
            at += step
            self._left -= step
            if self._left or self._closing:
                break
            if self._last:
                # The checksum goes in alone: if it does not fit, the library forgets what it was about to return.
                self._closing = True
                self._left = 4 * self._checksum
                break
            if len(self._held) - at < 3:
                break
            header = int.from_bytes(self._held[at : at + 3], "little")
            self._last = bool(header & 1)
            self._left = 1 if header >> 1 & 3 == 1 else header >> 3
            at += 3
            blocks += 1
        return at


class _Brotli:
    """A stream of Brotli, of which the library may give a little more than it was asked for."""

    __slots__ = ("_error", "_inner", "_out", "eof", "needs_input", "unused_data")

    def __init__(self) -> None:
        import brotli

        self._error = brotli.error
        self._inner = brotli.Decompressor()
        self._out = b""
        self.eof = False
        self.needs_input = True
        self.unused_data: bytes | None = b""

    def decompress(self, data: bytes, most: int) -> bytes:
        """See `Decoder`."""
        more = True
        if not self._out:
            try:
                self._out = self._inner.process(data, output_buffer_limit=most)
            except self._error as error:
                raise UnreadableError(f"brotli: {error}") from error
            # It takes more while there is something left to give, which comes without.
            more = len(self._out) >= most
        out, self._out = self._out[:most], self._out[most:]
        self.needs_input = not more and not self._out and self._inner.can_accept_more_data()
        self.eof = not self._out and self._inner.is_finished()
        return out


def _zlib(source: Source, at: int, _: bool) -> tuple[Decoder, int]:  # noqa: FBT001 - see `Codec`
    head = source.read_at(at, 2)
    if not is_zlib(head):
        raise UnreadableError("zlib: no header", offset=at)
    return Deflated(zlib.adler32, 1, 4), at + 2


def _gzip(source: Source, at: int, _: bool) -> tuple[Decoder, int]:  # noqa: FBT001 - see `Codec`
    # Like Python's gzip, and unlike zlib: reserved flags and the header's own checksum are not looked at.
    head = source.read_at(at, 10)
    if len(head) < 10 or head[:3] != b"\x1f\x8b\x08":
        raise UnreadableError("gzip: no header", offset=at)
    flags = head[3]
    at += 10
    if flags & 4:
        at += 2 + int.from_bytes(source.read_at(at, 2), "little")
    for bit in (8, 16):
        if flags & bit:
            at = _after_zero(source, at)
    return Deflated(zlib.crc32, 0, 8), at + (2 if flags & 2 else 0)


def _after_zero(source: Source, at: int) -> int:
    while data := source.read_at(at, _NAME):
        found = data.find(b"\0")
        if found >= 0:
            return at + found + 1
        at += len(data)
    raise UnreadableError("gzip: ends in its header", offset=at)


def _bz2(_: Source, at: int, __: bool) -> tuple[Decoder, int]:  # noqa: FBT001 - see `Codec`
    import bz2

    return _Lib("bz2", bz2.BZ2Decompressor(), (OSError, EOFError)), at


def _xz(source: Source, at: int, _: bool) -> tuple[Decoder, int]:  # noqa: FBT001 - see `Codec`
    import lzma

    form = lzma.FORMAT_XZ if source.read_at(at, 6) == XZ else lzma.FORMAT_ALONE
    return _Lib("xz", lzma.LZMADecompressor(format=form, memlimit=MEMORY), (lzma.LZMAError, EOFError)), at


def _zstd(source: Source, at: int, careful: bool) -> tuple[Decoder, int]:  # noqa: FBT001 - see `Codec`
    try:
        import zstandard
    except ImportError as error:
        raise MissingExtraError("zstd: needs a library: pip install zstandard") from error
    head = source.read_at(at, 18)
    try:
        length = zstandard.frame_header_size(head)
        known = zstandard.get_frame_parameters(head)
    except zstandard.ZstdError as error:
        raise UnreadableError(f"zstd: {error}", offset=at) from error
    return _Zstd(head[:length], 1 if careful else _GROUP, checksum=bool(known.has_checksum)), at + length


def _lz4(_: Source, at: int, __: bool) -> tuple[Decoder, int]:  # noqa: FBT001 - see `Codec`
    try:
        import lz4.frame
    except ImportError as error:
        raise MissingExtraError("lz4: needs a library: pip install lz4") from error
    return _Lib("lz4", lz4.frame.LZ4FrameDecompressor(), (RuntimeError, ValueError)), at


def _brotli(_: Source, at: int, __: bool) -> tuple[Decoder, int]:  # noqa: FBT001 - see `Codec`
    try:
        return _Brotli(), at
    except ImportError as error:
        raise MissingExtraError("brotli: needs a library: pip install brotli") from error


def raw(name: str, filters: list[Mapping[str, Any]], *, endless: bool, start: int = 0) -> Codec:
    """Return the codec of LZMA data that carries no header: `filters` says what a header would."""

    def begin(_: Source, at: int, __: bool) -> tuple[Decoder, int]:  # noqa: FBT001 - see `Codec`
        import lzma

        if sum(int(step.get("dict_size", 0)) for step in filters) > MEMORY:
            raise OverBudgetError(f"{name}: needs more than {MEMORY} bytes of memory to unpack")
        try:
            inner = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters)
        except (lzma.LZMAError, ValueError, OverflowError) as error:
            raise UnreadableError(f"{name}: {error}", offset=at) from error
        return _Lib(name, inner, (lzma.LZMAError, EOFError)), at + start

    return Codec(begin=begin, endless=endless)


def lzma1(properties: bytes) -> list[Mapping[str, Any]]:
    """Return the filter that five bytes of LZMA properties describe: lc, lp, pb, and the size of the dictionary.

    Raises:
        UnreadableError: they describe none.
    """
    import lzma

    if len(properties) != 5 or properties[0] >= 9 * 5 * 5:
        raise UnreadableError("lzma: no properties")
    rest, lc = divmod(properties[0], 9)
    pb, lp = divmod(rest, 5)
    if lc + lp > 4:
        raise UnreadableError("lzma: these properties are not supported")
    size = max(4096, int.from_bytes(properties[1:], "little"))
    return [{"id": lzma.FILTER_LZMA1, "lc": lc, "lp": lp, "pb": pb, "dict_size": size}]


def _lzma_zip(source: Source, at: int, careful: bool) -> tuple[Decoder, int]:  # noqa: FBT001 - see `Codec`
    # APPNOTE 5.8.8: version (2 bytes), size of the properties (2), properties, then LZMA that may have no end mark.
    head = source.read_at(at, 9)
    if len(head) < 9 or head[2:4] != b"\x05\0":
        raise UnreadableError("lzma: no properties", offset=at)
    return raw("lzma", lzma1(head[4:]), endless=True, start=9).begin(source, at, careful)


CODECS: Final[Mapping[str, Codec]] = {
    "deflate": Codec(begin=lambda _, at, __: (Deflated(None, 0, 0), at)),
    "zlib": Codec(begin=_zlib),
    "gzip": Codec(begin=_gzip, follows=lambda head: head[:3] == b"\x1f\x8b\x08", padded=True),
    "brotli": Codec(begin=_brotli),
    "bz2": Codec(begin=_bz2, follows=lambda head: head[:3] == b"BZh"),
    "lzma": Codec(begin=_xz, follows=lambda head: head[:6] == XZ or is_alone(head)),
    "xz": Codec(begin=_xz, follows=lambda head: head[:6] == XZ or is_alone(head), padded=True),
    "lzma-zip": Codec(begin=_lzma_zip, endless=True),
    "zstd": Codec(begin=_zstd, follows=lambda head: head[:4] == ZSTD, skips=True),
    "lz4": Codec(begin=_lz4, follows=lambda head: head[:4] == LZ4, skips=True),
}
