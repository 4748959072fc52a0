"""Native programs and libraries: ELF, PE, Mach-O, WebAssembly. Told from their headers; code is not read.

Specifications: <https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html>,
<https://learn.microsoft.com/windows/win32/debug/pe-format>, <https://webassembly.github.io/spec/core/binary/>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.fact import Executable
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.native import native

_HEAD: Final = 4096
_MACHO: Final = frozenset({b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe"})
_FAT: Final = b"\xca\xfe\xba\xbe"
_MOST_ARCHITECTURES: Final = 0x20
"""Java classes begin like fat Mach-O files, with a version of 45 or more in the place of the count."""


def _matches(glance: Glance) -> bool:
    return _kind(glance.head) is not None


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    kind = _kind(cursor.peek(_HEAD))
    if kind is not None:
        said = native(cursor.source, kind)
        yield Executable(where=where, kind=kind, machines=said.machines, form=said.form)


def _kind(head: bytes) -> str | None:
    if head.startswith(b"\x7fELF") and len(head) >= 16:
        return "ELF"
    if head[:4] in _MACHO and len(head) >= 28:
        return "Mach-O"
    if head.startswith(_FAT) and len(head) >= 8:
        return "Mach-O" if int.from_bytes(head[4:8], "big") <= _MOST_ARCHITECTURES else "Java class"
    if head.startswith(b"\0asm\x01\0\0\0"):
        return "WebAssembly"
    if head.startswith(b"MZ") and len(head) >= 64:
        at = int.from_bytes(head[0x3C:0x40], "little")
        return "PE" if head[at : at + 4] == b"PE\0\0" else None
    return None


FORMAT: Final = Format(id="executable", title="Native program or library", matches=_matches, read=_read)
