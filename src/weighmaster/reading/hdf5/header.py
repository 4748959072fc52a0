"""Object headers: the messages that say what a group, a dataset or a named datatype is (IV.A)."""

from __future__ import annotations

from typing import Final, NamedTuple

from weighmaster.model.errors import UnreadableError
from weighmaster.reading.hdf5.file import Block, File

DATASPACE: Final = 0x01
LINK_INFO: Final = 0x02
DATATYPE: Final = 0x03
LINK: Final = 0x06
EXTERNAL: Final = 0x07
LAYOUT: Final = 0x08
FILTERS: Final = 0x0B
ATTRIBUTE: Final = 0x0C
COMMENT: Final = 0x0D
CONTINUATION: Final = 0x10
SYMBOL_TABLE: Final = 0x11
DRIVER: Final = 0x14
ATTRIBUTE_INFO: Final = 0x15
CACHE_IMAGE: Final = 0x18

_SHARED: Final = 0x02
ONCE: Final = frozenset({DATASPACE, DATATYPE, EXTERNAL, LAYOUT, FILTERS, SYMBOL_TABLE, LINK_INFO, ATTRIBUTE_INFO})
"""Messages of which an object has one at most."""

_MESSAGES: Final = 200_000
_CHUNKS: Final = 10_000
_LONGEST: Final = 64 << 20
_OHDR: Final = b"OHDR"


class Message(NamedTuple):
    """One message of a header; `shared` says that its body only points to where the message stands."""

    kind: int
    shared: bool
    body: bytes


def messages(file: File, address: int) -> list[Message]:
    """Return the messages of the object at an address.

    Raises:
        UnreadableError: no object header stands there.
    """
    head = file.some(address, 16)
    if head.startswith(_OHDR):
        return _Second(file).read(address)
    if head[:1] == b"\x01" and len(head) == 16:
        return _First(file).read(address, head)
    raise UnreadableError("hdf5: no object header there", offset=file.base + address)


def resolved(file: File, message: Message) -> bytes:
    """Return the body of a message, looked up where it is shared with a named object.

    Raises:
        UnreadableError: it stands in the heap of shared messages, or nowhere.
    """
    if not message.shared:
        return message.body
    return elsewhere(file, message.kind, message.body)


def elsewhere(file: File, kind: int, body: bytes) -> bytes:
    """Return the message of a kind to which a shared message's body points (IV.A.2, "shared message")."""
    block = Block(body, "a shared message")
    version, form = block.number(1), block.number(1)
    if version == 1:
        block.skip(6)
    if version == 3 and form == 1:
        raise UnreadableError("hdf5: a message in the heap of shared messages, which is not read")
    address = block.number(file.offset)
    for found in messages(file, address):
        if found.kind == kind and not found.shared:
            return found.body
    raise UnreadableError("hdf5: a shared message is not where it should be", offset=file.base + address)


class _Reader:
    """Takes the blocks of a header, each once."""

    def __init__(self, file: File) -> None:
        self.file = file
        self.found: list[Message] = []
        self.waiting: list[tuple[int, int]] = []
        self.seen: set[tuple[int, int]] = set()

    def keep(self, kind: int, flags: int, body: bytes) -> None:
        """Keep a message, or go on where it says that there are more."""
        self.file.step()
        if kind == CONTINUATION and not flags & _SHARED:
            block = Block(body, "a continuation")
            span = block.number(self.file.offset), block.number(self.file.length)
            if span in self.seen or len(self.seen) > _CHUNKS:
                raise UnreadableError("hdf5: a header that goes round in a circle", offset=self.file.base + span[0])
            self.seen.add(span)
            self.waiting.append(span)
        elif kind:
            self.found.append(Message(kind, bool(flags & _SHARED), body))
            if len(self.found) > _MESSAGES:
                raise UnreadableError("hdf5: a header of too many messages")


class _First(_Reader):
    """Version 1 (IV.A.1.a)."""

    def read(self, address: int, head: bytes) -> list[Message]:
        """Return the messages."""
        # The number of messages stands there too. Readers take what there is.
        size = int.from_bytes(head[8:12], "little")
        self.waiting.append((address + 16, size))
        while self.waiting:
            start, size = self.waiting.pop(0)
            block = self.file.block(start, min(size, _LONGEST), "an object header")
            while block.left >= 8:
                kind, length, flags = block.number(2), block.number(2), block.number(1)
                block.skip(3)
                self.keep(kind, flags, block.take(length))
        return self.found


class _Second(_Reader):
    """Version 2 (IV.A.1.b)."""

    def read(self, address: int) -> list[Message]:
        """Return the messages."""
        prefix = Block(self.file.some(address, 64), "an object header")
        prefix.skip(4)
        if prefix.number(1) != 2:
            raise UnreadableError("hdf5: an object header of an unknown version", offset=self.file.base + address)
        flags = prefix.number(1)
        prefix.skip((16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0))
        size = prefix.number(1 << (flags & 3))
        order = 2 if flags & 4 else 0
        self._block(self.file.block(address + prefix.at, min(size, _LONGEST), "an object header"), order)
        self.file.cover(self.file.base + address, self.file.base + address + prefix.at + size + 4)
        while self.waiting:
            start, size = self.waiting.pop(0)
            block = self.file.block(start, min(size, _LONGEST), "more of an object header", b"OCHK")
            block.data = block.data[:-4]
            self._block(block, order)
        return self.found

    def _block(self, block: Block, order: int) -> None:
        while block.left >= 4 + order:
            kind, length, flags = block.number(1), block.number(2), block.number(1)
            block.skip(order)
            self.keep(kind, flags, block.take(length))
