"""The numbers of the Linux system calls that a worker may make, or makes to confine itself.

Sources: <https://github.com/torvalds/linux/blob/master/arch/x86/entry/syscalls/syscall_64.tbl>,
<https://github.com/torvalds/linux/blob/master/include/uapi/asm-generic/unistd.h>.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from weighmaster.model.value import Value


class NotHereError(Exception):
    """This system does not know a measure; `why` says more, where there is more to say."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Machine(Value):
    """A processor: what the kernel's audit calls it, and its system calls by name."""

    audit: int
    numbers: Mapping[str, int]

    def number(self, name: str) -> int:
        """Return the number of a system call.

        Raises:
            NotHereError: it is not known.
        """
        if name not in self.numbers:
            raise NotHereError("")
        return self.numbers[name]


_X86_64: Final = {
    "access": 21,
    "bpf": 321,
    "brk": 12,
    "capset": 126,
    "clock_getres": 229,
    "clock_gettime": 228,
    "clock_nanosleep": 230,
    "close": 3,
    "close_range": 436,
    "dup": 32,
    "execve": 59,
    "execveat": 322,
    "exit": 60,
    "exit_group": 231,
    "faccessat": 269,
    "faccessat2": 439,
    "fadvise64": 221,
    "fcntl": 72,
    "fstat": 5,
    "futex": 202,
    "getcwd": 79,
    "getdents64": 217,
    "getegid": 108,
    "geteuid": 107,
    "getgid": 104,
    "getitimer": 36,
    "getpid": 39,
    "getppid": 110,
    "getrandom": 318,
    "getrusage": 98,
    "gettid": 186,
    "gettimeofday": 96,
    "getuid": 102,
    "io_uring_setup": 425,
    "ioctl": 16,
    "landlock_add_rule": 445,
    "landlock_create_ruleset": 444,
    "landlock_restrict_self": 446,
    "lseek": 8,
    "lstat": 6,
    "madvise": 28,
    "membarrier": 324,
    "mmap": 9,
    "mprotect": 10,
    "mremap": 25,
    "munmap": 11,
    "nanosleep": 35,
    "newfstatat": 262,
    "open": 2,
    "openat": 257,
    "poll": 7,
    "ppoll": 271,
    "prctl": 157,
    "pread64": 17,
    "preadv": 295,
    "prlimit64": 302,
    "process_vm_writev": 311,
    "pselect6": 270,
    "ptrace": 101,
    "read": 0,
    "readlink": 89,
    "readlinkat": 267,
    "readv": 19,
    "restart_syscall": 219,
    "rseq": 334,
    "rt_sigaction": 13,
    "rt_sigprocmask": 14,
    "rt_sigreturn": 15,
    "sched_getaffinity": 204,
    "sched_yield": 24,
    "seccomp": 317,
    "select": 23,
    "set_robust_list": 273,
    "setitimer": 38,
    "sigaltstack": 131,
    "stat": 4,
    "statx": 332,
    "sysinfo": 99,
    "tgkill": 234,
    "time": 201,
    "times": 100,
    "uname": 63,
    "unshare": 272,
    "write": 1,
    "writev": 20,
}
_AARCH64: Final = {
    "bpf": 280,
    "brk": 214,
    "capset": 91,
    "clock_getres": 114,
    "clock_gettime": 113,
    "clock_nanosleep": 115,
    "close": 57,
    "close_range": 436,
    "dup": 23,
    "execve": 221,
    "execveat": 281,
    "exit": 93,
    "exit_group": 94,
    "faccessat": 48,
    "faccessat2": 439,
    "fadvise64": 223,
    "fcntl": 25,
    "fstat": 80,
    "futex": 98,
    "getcwd": 17,
    "getdents64": 61,
    "getegid": 177,
    "geteuid": 175,
    "getgid": 176,
    "getitimer": 102,
    "getpid": 172,
    "getppid": 173,
    "getrandom": 278,
    "getrusage": 165,
    "gettid": 178,
    "gettimeofday": 169,
    "getuid": 174,
    "io_uring_setup": 425,
    "ioctl": 29,
    "landlock_add_rule": 445,
    "landlock_create_ruleset": 444,
    "landlock_restrict_self": 446,
    "lseek": 62,
    "madvise": 233,
    "membarrier": 283,
    "mmap": 222,
    "mprotect": 226,
    "mremap": 216,
    "munmap": 215,
    "nanosleep": 101,
    "newfstatat": 79,
    "openat": 56,
    "ppoll": 73,
    "prctl": 167,
    "pread64": 67,
    "preadv": 69,
    "prlimit64": 261,
    "process_vm_writev": 271,
    "pselect6": 72,
    "ptrace": 117,
    "read": 63,
    "readlinkat": 78,
    "readv": 65,
    "restart_syscall": 128,
    "rseq": 293,
    "rt_sigaction": 134,
    "rt_sigprocmask": 135,
    "rt_sigreturn": 139,
    "sched_getaffinity": 123,
    "sched_yield": 124,
    "seccomp": 277,
    "set_robust_list": 99,
    "setitimer": 103,
    "sigaltstack": 132,
    "statx": 291,
    "sysinfo": 179,
    "tgkill": 131,
    "times": 153,
    "uname": 160,
    "unshare": 97,
    "write": 64,
    "writev": 66,
}

MACHINES: Final = {
    "x86_64": Machine(audit=0xC000003E, numbers=_X86_64),
    "aarch64": Machine(audit=0xC00000B7, numbers=_AARCH64),
}
