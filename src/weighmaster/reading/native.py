"""What native programs and libraries say of themselves in their headers: for which machine, and whether they are run.

Nothing but headers is read: of ELF its program headers and dynamic section, of PE its file header, of Mach-O the header
of each architecture. Numbers out of the file are held to bounds; what is broken tells nothing.

Specifications: <https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html>,
<https://refspecs.linuxfoundation.org/elf/gabi4+/ch5.dynamic.html>,
<https://learn.microsoft.com/windows/win32/debug/pe-format>,
<https://github.com/apple-oss-distributions/xnu/blob/main/EXTERNAL_HEADERS/mach-o/loader.h>
"""

from __future__ import annotations

import struct
from typing import Final

from weighmaster.model.value import Value
from weighmaster.reading.source import Source, is_far

_HEAD: Final = 4096
_HEADERS: Final = 256
_ENTRIES: Final = 4096
_MOST_ARCHITECTURES: Final = 0x20
_ELF: Final = {
    0x03: "x86", 0x08: "mips", 0x14: "ppc", 0x15: "ppc64", 0x16: "s390x", 0x28: "arm", 0x3E: "x86_64", 0xB7: "aarch64",
    0xF3: "riscv", 0x102: "loongarch64",
}  # fmt: skip
_PE: Final = {0x14C: "x86", 0x1C0: "arm", 0x1C4: "arm", 0x8664: "x86_64", 0xAA64: "aarch64"}
_MACHO: Final = {0x7: "x86", 0x01000007: "x86_64", 0xC: "arm", 0x0100000C: "aarch64", 0x12: "ppc", 0x01000012: "ppc64"}
_THIN: Final = {
    b"\xfe\xed\xfa\xce": ">", b"\xfe\xed\xfa\xcf": ">", b"\xce\xfa\xed\xfe": "<", b"\xcf\xfa\xed\xfe": "<"
}  # fmt: skip
_FAT: Final = b"\xca\xfe\xba\xbe"
_EXEC, _DYN = 2, 3
_PT_DYNAMIC, _PT_INTERP = 2, 3
_DT_FLAGS_1, _DF_1_PIE = 0x6FFFFFFB, 0x08000000
_IMAGE_FILE_DLL: Final = 0x2000
_MH_FORMS: Final = {1: "object", 2: "program", 6: "library", 8: "library"}


class Native(Value):
    """For which `machines` code is, empty where that is not known (as for accelerators), and which `form` it has.

    `form` is `program`, `library`, `object`, or nothing where it may be more than one of them.
    """

    machines: tuple[str, ...] = ()
    form: str = ""


def native(source: Source, kind: str) -> Native:
    """Return what a file of a `kind` (`ELF`, `PE`, `Mach-O`) says of itself."""
    head = source.read_at(0, _HEAD)
    try:
        if kind == "ELF":
            return _elf(source, head)
        if kind == "PE":
            return _pe(head)
        if kind == "Mach-O":
            return _macho(source, head)
    except (struct.error, IndexError):
        pass
    return Native()


def _elf(source: Source, head: bytes) -> Native:
    wide, order = head[4] == 2, "<" if head[5] == 1 else ">"
    form, machine = struct.unpack_from(f"{order}HH", head, 16)
    if wide:
        begin, size, count = *struct.unpack_from(f"{order}Q", head, 32), *struct.unpack_from(f"{order}HH", head, 54)
    else:
        begin, size, count = *struct.unpack_from(f"{order}I", head, 28), *struct.unpack_from(f"{order}HH", head, 42)
    machines = (_ELF[machine],) if machine in _ELF else ()
    if form not in {_EXEC, _DYN}:
        return Native(machines=machines, form="object" if form == 1 else "")
    if size != (56 if wide else 32) or not 0 < count <= _HEADERS:
        return Native(machines=machines)
    table = _part(source, head, begin, size * count)
    sorts = {struct.unpack_from(f"{order}I", table, at)[0]: at for at in range(0, size * count, size)}
    if _PT_INTERP not in sorts:
        return Native(machines=machines, form="library" if form == _DYN else "")
    if form == _EXEC:
        return Native(machines=machines, form="program")
    # Libraries may be run as well, as the one of C is: only what says that it is a program is one.
    if (at := sorts.get(_PT_DYNAMIC)) is None:
        return Native(machines=machines)
    number = f"{order}Q" if wide else f"{order}I"
    (offset,) = struct.unpack_from(number, table, at + (8 if wide else 4))
    (length,) = struct.unpack_from(number, table, at + (32 if wide else 16))
    dynamic = _part(source, head, offset, min(length, _ENTRIES * 16))
    return Native(machines=machines, form="program" if _is_pie(dynamic, f"{order}{number[1] * 2}") else "")


def _part(source: Source, head: bytes, begin: int, count: int) -> bytes:
    """Return a part of a file; what lies afar is not fetched for it."""
    if begin + count <= len(head):
        return head[begin : begin + count]
    return b"" if is_far(source) else source.read_at(begin, count)


def _is_pie(dynamic: bytes, entry: str) -> bool:
    size = struct.calcsize(entry)
    for at in range(0, len(dynamic) - size + 1, size):
        tag, value = struct.unpack_from(entry, dynamic, at)
        if tag == 0:
            break
        if tag == _DT_FLAGS_1:
            return bool(value & _DF_1_PIE)
    return False


def _pe(head: bytes) -> Native:
    at = int.from_bytes(head[0x3C:0x40], "little")
    (machine,) = struct.unpack_from("<H", head, at + 4)
    (flags,) = struct.unpack_from("<H", head, at + 22)
    machines = (_PE[machine],) if machine in _PE else ()
    return Native(machines=machines, form="library" if flags & _IMAGE_FILE_DLL else "program")


def _macho(source: Source, head: bytes) -> Native:
    found = []
    if head.startswith(_FAT):
        (count,) = struct.unpack_from(">I", head, 4)
        for number in range(min(count, _MOST_ARCHITECTURES)):
            _, _, offset = struct.unpack_from(">III", head, 8 + 20 * number)
            found.append(_thin(_part(source, head, offset, 32)))
    else:
        found.append(_thin(head))
    forms = {form for _, form in found}
    machines = tuple(dict.fromkeys(machine for machine, _ in found if machine))
    return Native(machines=machines, form=forms.pop() if len(forms) == 1 else "")


def _thin(head: bytes) -> tuple[str, str]:
    order = _THIN.get(head[:4])
    if order is None:
        return "", ""
    machine, _, form = struct.unpack_from(f"{order}III", head, 4)
    return _MACHO.get(machine, ""), _MH_FORMS.get(form, "")
