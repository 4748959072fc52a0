"""What a worker gives up before it sees the first hostile byte.

Each measure stands alone: where the system refuses one, the others are still taken, and the `Confinement` says so.

Linux on x86-64 and AArch64 has all of them; elsewhere the resource limits hold (docs/sandbox.md).

Sources: <https://docs.kernel.org/userspace-api/landlock.html>, <https://docs.kernel.org/userspace-api/seccomp_filter.html>,
capabilities(7), prctl(2), setrlimit(2), unshare(2).
"""

from __future__ import annotations

import enum
import os
import struct
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeAlias

from weighmaster.model.value import Value
from weighmaster.sandbox.syscalls import MACHINES, Machine, NotHereError

Call: TypeAlias = Callable[..., int]


class Measure(enum.StrEnum):
    """One thing that a worker gives up."""

    LIMITS = "limits"
    """Memory, file writing, core dumps, descriptors and (not for root) processes are bounded."""
    FIRST_TO_GO = "first-to-go"
    """When memory runs out, the system ends the worker before anything else."""
    DIES_WITH_PARENT = "dies-with-parent"
    """The worker ends when the process that started it does."""
    NO_NEW_PRIVILEGES = "no-new-privileges"
    """No program it could start would have more rights than it."""
    CAPABILITIES = "capabilities"
    """Of root's powers only reading files is left, and none of anybody else's."""
    FILES = "files"
    """It reads the target, Python and the system's libraries, and no other file (Landlock)."""
    SYSTEM_CALLS = "system-calls"
    """It reads, computes and answers: no sockets, processes, signals to others, or writable files (seccomp)."""
    NETWORK = "network"
    """It has no network interface. Taken where `SYSTEM_CALLS` is not to be had."""


class Confinement(Value):
    """Which measures hold for a worker, and of those that do not, why."""

    holds: tuple[Measure, ...] = ()
    lacks: tuple[str, ...] = ()

    def packed(self) -> bytes:
        """Return it as bytes, for `unpacked`."""
        return "\n".join([",".join(self.holds), *self.lacks]).encode("utf-8", "replace")

    @classmethod
    def unpacked(cls, data: bytes) -> Confinement:
        """Read what `packed` wrote.

        Raises:
            ValueError: it names no measure of ours.
        """
        holds, *lacks = data.decode("utf-8").split("\n")
        return cls(holds=tuple(Measure(name) for name in holds.split(",") if name), lacks=tuple(lacks))


def confine(*, read: Sequence[str], memory: int, parent: int | None, without: frozenset[Measure]) -> Confinement:
    """Give up all that reading needs not, for the rest of this process's life.

    Args:
        read: files and folders that stay readable.
        memory: bytes that may be mapped on top of what is mapped now.
        parent: the process to die with, if any.
        without: measures not to take.
    """
    sys.dont_write_bytecode = True
    call, machine, missing = _system()
    filtered = _has_filter(call, machine) and Measure.SYSTEM_CALLS not in without
    steps: dict[Measure, Callable[[], None]] = {
        Measure.FIRST_TO_GO: _first_to_go,
        Measure.LIMITS: lambda: _limits(memory),
        Measure.DIES_WITH_PARENT: lambda: _die_with(parent, call, machine),
        Measure.NO_NEW_PRIVILEGES: lambda: _prctl(call, machine, 38, 1),
        Measure.NETWORK: lambda: _no_network(call, machine),
        Measure.FILES: lambda: _landlock(call, machine, [*read, *_library_folders()]),
        Measure.CAPABILITIES: lambda: _drop_capabilities(call, machine),
        Measure.SYSTEM_CALLS: lambda: _filter_calls(call, machine),
    }
    if filtered:
        # A network namespace costs a millisecond, and a worker that cannot open a socket has no use for one.
        del steps[Measure.NETWORK]
    holds: list[Measure] = []
    lacks: list[str] = []
    for measure, step in steps.items():
        if measure in without:
            lacks.append(f"{measure}: not wanted")
            continue
        try:
            step()
            holds.append(measure)
        except NotHereError as error:
            lacks.append(f"{measure}: {error.why or missing}")
        except (OSError, ValueError, ImportError, AttributeError, TypeError) as error:
            lacks.append(f"{measure}: {error}")
    return Confinement(holds=tuple(holds), lacks=tuple(lacks))


def preload() -> None:
    """Import here, once, what every worker forked from now on needs to confine itself."""
    import contextlib

    with contextlib.suppress(ImportError):
        import _ctypes  # noqa: F401 - for its effect
        import resource  # noqa: F401 - for its effect


def _system() -> tuple[Call, Machine, str]:
    machine = MACHINES.get(os.uname().machine) if sys.platform == "linux" and sys.maxsize > 1 << 32 else None
    if machine is None:
        return _refuse, Machine(audit=0, numbers={}), "only known on Linux on x86-64 and AArch64"
    try:
        return _caller(), machine, "the kernel does not know it"
    except (ImportError, AttributeError, TypeError, OSError):
        return _refuse, machine, "this Python cannot make system calls"


def _refuse(*_: object) -> int:
    raise NotHereError("")


def _caller() -> Call:
    """Return `syscall(2)` as a function that raises `OSError`."""
    # `ctypes` is built on this module; what it adds costs four times what the rest of a worker's start does.
    import _ctypes

    simple: Any = _ctypes._SimpleCData  # noqa: SLF001 - what ctypes.c_long is made of, under no other name

    class Long(simple):  # type: ignore[misc]
        _type_ = "l"

    class Function(_ctypes.CFuncPtr):
        _flags_ = _ctypes.FUNCFLAG_CDECL | _ctypes.FUNCFLAG_USE_ERRNO
        _restype_ = Long

    program = _ctypes.dlopen(None, 0)  # type: ignore[arg-type]  # None is the program itself, as in dlopen(3)
    function = Function(_ctypes.dlsym(program, "syscall"))

    def call(number: int, *arguments: int | bytes) -> int:
        result = int(function(Long(number), *[a if isinstance(a, bytes) else Long(a) for a in arguments]))
        if result < 0:
            code = _ctypes.get_errno()
            raise OSError(code, os.strerror(code))
        return result

    return call


def _address(data: bytes) -> tuple[int, object]:
    """Return the address of a copy of `data`, and what keeps it alive."""
    import _ctypes

    simple: Any = _ctypes._SimpleCData  # noqa: SLF001 - as above
    array: Any = _ctypes.Array

    class Char(simple):  # type: ignore[misc]
        _type_ = "c"

    class Buffer(array):  # type: ignore[misc]
        _type_ = Char
        _length_ = len(data)

    buffer = Buffer.from_buffer_copy(data)
    return _ctypes.addressof(buffer), buffer


def _prctl(call: Call, machine: Machine, option: int, value: int) -> None:
    call(machine.number("prctl"), option, value, 0, 0, 0)


def _first_to_go() -> None:
    if sys.platform != "linux":
        raise NotHereError("only known on Linux")
    descriptor = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
    try:
        os.write(descriptor, b"1000")
    finally:
        os.close(descriptor)


def _limits(memory: int) -> None:
    import resource

    for name, most in (("CORE", 0), ("FSIZE", 0), ("NOFILE", 64), ("NPROC", 0), ("AS", _mapped() + memory)):
        which = getattr(resource, f"RLIMIT_{name}", None)
        if which is not None:
            _, hard = resource.getrlimit(which)
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)  # noqa: PLW2901
            resource.setrlimit(which, (most, most))


def _mapped() -> int:
    try:
        descriptor = os.open("/proc/self/statm", os.O_RDONLY)
    except OSError:
        return 1 << 30
    try:
        return int(os.read(descriptor, 64).split()[0]) * os.sysconf("SC_PAGE_SIZE")
    finally:
        os.close(descriptor)


def _die_with(parent: int | None, call: Call, machine: Machine) -> None:
    if parent is None:
        raise NotHereError("started by a thread, whose end is not its process's")
    _prctl(call, machine, 1, 9)
    if os.getppid() != parent:
        # It died before we asked.
        os._exit(0)


def _no_network(call: Call, machine: Machine) -> None:
    call(machine.number("unshare"), 0x40000000)


def _drop_capabilities(call: Call, machine: Machine) -> None:
    # CAP_DAC_READ_SEARCH stays where it is held: without it root could not read what others wrote for themselves.
    head = struct.pack("<Ii", 0x20080522, 0)
    for kept in (1 << 2, 0):
        try:
            call(machine.number("capset"), head, struct.pack("<6I", kept, kept, 0, 0, 0, 0))
        except PermissionError:
            if not kept:
                raise
        else:
            return


def _library_folders() -> Iterator[str]:
    """Yield what a late import reads: the standard library, installed packages, ourselves, shared libraries."""
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    yield here
    beside = os.path.dirname(here)
    if os.path.basename(beside) not in {"site-packages", "dist-packages"}:
        # What is compiled of us shares a library, which lies beside the package (docs/adr/0005).
        yield from (os.path.join(beside, name) for name in os.listdir(beside) if "__mypyc." in name)
    yield os.path.dirname(os.__file__)
    for place in sys.path:
        if os.path.basename(place) in {"site-packages", "dist-packages", "lib-dynload"}:
            yield place
    yield from {os.path.join(prefix, "lib") for prefix in (sys.prefix, sys.base_prefix)}
    yield from ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/nix/store", "/etc/ld.so.cache")


_READ_FILE: Final = 1 << 2
_READ_DIR: Final = 1 << 3
_RIGHTS: Final = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
"""All rights over files that a version of Landlock knows."""


def _landlock(call: Call, machine: Machine, paths: Sequence[str]) -> None:
    create = machine.number("landlock_create_ruleset")
    version = call(create, 0, 0, 1)
    rules = struct.pack("<QQQ", _RIGHTS[min(version, 5)], 3, 3)
    # Version 4 knows the network's field (no bind, no connect), version 6 the scopes (no signals, no abstract sockets).
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = call(create, rules, size, 0)
    try:
        for path in dict.fromkeys(map(os.path.abspath, paths)):
            _leave_readable(call, machine.number("landlock_add_rule"), ruleset, path)
        call(machine.number("landlock_restrict_self"), ruleset, 0)
    finally:
        os.close(ruleset)


def _leave_readable(call: Call, add: int, ruleset: int, path: str) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)  # type: ignore[attr-defined,unused-ignore]
    except OSError:
        return  # What cannot be opened now is not there to be read.
    try:
        rights = _READ_FILE | _READ_DIR if os.path.isdir(path) else _READ_FILE
        call(add, ruleset, 1, struct.pack("<Qi", rights, place), 0)
    finally:
        os.close(place)


_ALLOW: Final = 0x7FFF0000
_REFUSE: Final = 0x00050000 | 1  # SECCOMP_RET_ERRNO | EPERM: Python sees a PermissionError.
_KILL: Final = 0x80000000
_WRITES: Final = 0o3 | 0o100 | 0o1000 | 0o2000  # O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND.


def _has_filter(call: Call, machine: Machine) -> bool:
    try:
        call(machine.number("seccomp"), 2, 0, struct.pack("<I", _KILL))
    except (OSError, NotHereError):
        return False
    return True


def _filter_calls(call: Call, machine: Machine) -> None:
    program = [*_program(machine, os.getpid())]
    address, _keep = _address(struct.pack(f"<{len(program)}Q", *program))
    call(machine.number("seccomp"), 1, 0, struct.pack("<HxxxxxxQ", len(program), address))


def _program(machine: Machine, pid: int) -> Iterator[int]:
    """Yield the filter, an instruction after another: struct sock_filter of <linux/filter.h>."""
    yield from (_load(4), _equal(machine.audit, 1, 0), _return(_KILL), _load(0))
    for name, body in _conditions(pid).items():
        if name in machine.numbers:
            yield _equal(machine.numbers[name], 0, len(body))
            yield from body
    for names, action in ((_NEVER, _return(_KILL)), (_ALWAYS, _return(_ALLOW))):
        for name in names:
            if name in machine.numbers:
                yield _equal(machine.numbers[name], 0, 1)
                yield action
    yield _return(_REFUSE)


def _conditions(pid: int) -> dict[str, list[int]]:
    both = 0x2 | 0x4  # PROT_WRITE, PROT_EXEC.
    return {
        "openat": _none_of(2, _WRITES),
        "open": _none_of(1, _WRITES),
        "tgkill": _one_of(0, pid),  # abort() signals itself.
        "fcntl": _one_of(1, 0, 1, 2, 3, 4, 1030),  # Duplicate, and read and set flags.
        "ioctl": _one_of(1, 0x5401, 0x5450, 0x5451),  # Is it a terminal; inherit, do not inherit.
        # Limits may be read, not set.
        "prlimit64": [_load(32), _equal(0, 0, 3), _load(36), _equal(0, 0, 1), _return(_ALLOW), _return(_REFUSE)],
        # No memory is both written and run.
        "mmap": [_load(32), _and(both), _equal(both, 0, 1), _return(_REFUSE), _return(_ALLOW)],
        "mprotect": _none_of(2, 0x4),
    }


def _none_of(argument: int, bits: int) -> list[int]:
    return [_load(16 + 8 * argument), _insn(0x45, 0, 1, bits), _return(_REFUSE), _return(_ALLOW)]


def _one_of(argument: int, *values: int) -> list[int]:
    tests = [insn for value in values for insn in (_equal(value, 0, 1), _return(_ALLOW))]
    return [_load(16 + 8 * argument), *tests, _return(_REFUSE)]


def _insn(code: int, yes: int, no: int, k: int) -> int:
    return code | yes << 16 | no << 24 | k << 32


def _load(offset: int) -> int:
    return 0x20 | offset << 32


def _equal(value: int, yes: int, no: int) -> int:
    return 0x15 | yes << 16 | no << 24 | value << 32


def _and(bits: int) -> int:
    return 0x54 | bits << 32


def _return(action: int) -> int:
    return 0x06 | action << 32


_NEVER: Final = ("execve", "execveat", "ptrace", "process_vm_writev", "bpf", "io_uring_setup")
"""No honest reader calls these: whoever does is ended at once."""

_ALWAYS: Final = (
    *("read", "pread64", "readv", "preadv", "write", "writev", "close", "close_range", "lseek", "dup", "fadvise64"),
    *("fstat", "stat", "lstat", "newfstatat", "statx", "access", "faccessat", "faccessat2", "getdents64"),
    *("readlink", "readlinkat", "getcwd", "munmap", "mremap", "brk", "madvise"),
    *("rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "setitimer", "getitimer", "restart_syscall"),
    *("clock_gettime", "clock_getres", "gettimeofday", "time", "clock_nanosleep", "nanosleep", "times", "getrusage"),
    *("getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getrandom", "uname", "sysinfo"),
    *("futex", "set_robust_list", "rseq", "membarrier", "sched_yield", "sched_getaffinity"),
    *("poll", "ppoll", "select", "pselect6", "exit", "exit_group"),
)
