"""Heads of native programs and libraries, as linkers write them; there is no code in them."""

from __future__ import annotations

import struct
from collections.abc import Sequence

MACHINES = {"x86": 3, "arm": 0x28, "x86_64": 0x3E, "aarch64": 0xB7, "riscv": 0xF3}
_CPU = {"x86": 7, "x86_64": 0x01000007, "aarch64": 0x0100000C}


def elf(machine: str = "x86_64", *, form: str = "library") -> bytes:
    """Return an ELF file of 64 bits: a `library`, a `program` (independent of its place), `fixed`, or `runnable`.

    What is `runnable` is a library that the system can run as well.
    """
    kind = {"fixed": 2, "object": 1}.get(form, 3)
    sorts = [1] if form == "library" else [1, 3, 2]
    dynamic = struct.pack("<QQQQ", 0x6FFFFFFB, 0x08000000 if form == "program" else 0, 0, 0)
    begin, after = 64, 64 + 56 * len(sorts)
    head = b"\x7fELF\x02\x01\x01" + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", kind, MACHINES[machine], 1, 0, begin, 0, 0, 64, 56, len(sorts), 64, 0, 0)
    table = b"".join(struct.pack("<IIQQQQQQ", sort, 5, after, 0, 0, len(dynamic), len(dynamic), 8) for sort in sorts)
    return head + table + dynamic


def pe(machine: int = 0x8664, *, library: bool = True) -> bytes:
    """Return the head of a PE file."""
    flags = 0x2022 if library else 0x22
    return (
        b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + struct.pack("<HHIIIHH", machine, 1, 0, 0, 0, 0, flags)
    )


def macho(machines: Sequence[str] = ("x86_64",), *, form: int = 6) -> bytes:
    """Return a Mach-O file: of several machines, a fat one."""
    thin = [struct.pack("<IIIIIIII", 0xFEEDFACF, _CPU[machine], 3, form, 0, 0, 0, 0) for machine in machines]
    if len(thin) == 1:
        return thin[0]
    begin = 8 + 20 * len(thin)
    head = struct.pack(">II", 0xCAFEBABE, len(thin))
    for number, machine in enumerate(machines):
        head += struct.pack(">IIIII", _CPU[machine], 3, begin + 32 * number, 32, 0)
    return head + b"".join(thin)
