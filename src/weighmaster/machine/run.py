"""Following a whole pickle: in every way that a loader would read it, in steps that keep memory flat."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from weighmaster.machine.shadow import Change, Global, Handle, Result
from weighmaster.machine.unpickler import Machine
from weighmaster.reading.source import BytesSource, Source

_STEP = 1 << 18
_NESTED = 64
_PEEK = 1 << 16


class Trace:
    """What one pickle would do: events of a step, and at the end where it stopped or broke.

    `stop` is the offset after STOP, or -1 where the program broke; `broken` and `at` then say why and where.
    `skipped` counts the bytes of raw arrays between the opcodes; `straddle` is the offset of an argument that
    crosses the end of its frame, or -1.
    """

    def __init__(self) -> None:
        self.imports: list[tuple[str, str, str, int]] = []
        self.calls: list[Result] = []
        self.changes: list[Change] = []
        self.extensions: list[tuple[int, int]] = []
        self.handles: list[Handle] = []
        self.constants: list[tuple[str, int, int]] = []
        self.far: list[tuple[int, int]] = []
        self.stop = -1
        self.broken = ""
        self.at = 0
        self.skipped = 0
        self.straddle = -1
        self.opcodes = 0
        self.top: object = None


def follow(  # noqa: PLR0913 - each is a way of reading
    source: Source,
    start: int = 0,
    *,
    arrays: bool = False,
    drops: bool = False,
    registered: dict[int, Global] | None = None,
    allow: Callable[[int], None] | None = None,
    step: int = _STEP,
    complete: bool = False,
) -> Iterator[Trace]:
    """Yield a `Trace` for each step of the pickle at byte `start`; the last one says how it ended.

    `arrays` reads as joblib does, `drops` as the C unpickler does over a file without `peek`. `registered` is
    the extension registry, which outlives a pickle. `allow` is told of every step's number of opcodes and may
    raise to stop the work; a step has at most `step` of them. With `complete` every call and change is told, also
    equal ones, containers keep all their items, and floating-point numbers are what they are.
    """
    registry = {} if registered is None else registered
    machines = [_machine(source, start, arrays=arrays, drops=drops, complete=complete, registered=registry)]
    while True:
        machine = machines[-1]
        before = machine.opcodes
        machine.run(step)
        trace = _taken(machine, before)
        if machine.nested >= 0 and len(machines) < _NESTED:
            nested = _machine(source, machine.nested, arrays=True, drops=drops, complete=complete, registered=registry)
            machines.append(nested)
        elif machine.done and len(machines) > 1:
            machines.pop()
            if machine.stop >= 0:
                machines[-1].resume(machine.stop)
            else:
                machines[-1].fail(machine.broken, machine.at)
        elif machine.done:
            trace.stop, trace.broken, trace.at, trace.top = machine.stop, machine.broken, machine.at, machine.top
            yield trace
            return
        yield trace
        if allow is not None:
            allow(trace.opcodes)


def whole(source: Source, start: int = 0, *, opcodes: int = 1 << 20, arrays: bool = False) -> Trace:
    """Return one `Trace` of the whole pickle, for those that read small ones; broken off after so many opcodes."""
    total = Trace()
    for trace in follow(source, start, arrays=arrays, step=min(_STEP, opcodes)):
        total.imports += trace.imports
        total.calls += trace.calls
        total.changes += trace.changes
        total.extensions += trace.extensions
        total.handles += trace.handles
        total.constants += trace.constants
        total.far += trace.far
        total.opcodes += trace.opcodes
        total.stop, total.broken, total.at, total.top = trace.stop, trace.broken, trace.at, trace.top
        total.straddle = max(total.straddle, trace.straddle)
        if total.opcodes >= opcodes:
            break
    return total


def plausible(data: bytes) -> bool:
    """Whether `data` begins with a pickle that does something: it calls, or it comes to its STOP.

    Almost any text is a pickle for an opcode or two; random bytes seldom get further.
    """
    return does_something(whole(BytesSource(data[:_PEEK]), opcodes=_PEEK), len(data))


def is_name(module: str, name: str) -> bool:
    """Whether a module and a name of it could be those of anything: `import os` read as INST gives `mport os`.

    An empty name is the import of the module alone.
    """
    return all(part.isidentifier() for part in f"{module}.{name or '_'}".split("."))


def does_something(trace: Trace, size: int) -> bool:
    """Whether a program that begins at byte 0 of `size` calls something, or comes to its STOP."""
    # `N.` at the head of a text is no pickle; the same as all of a file is.
    return bool(trace.calls) or trace.stop > 16 or 2 < trace.stop == size


def _machine(  # noqa: PLR0913 - what `follow` takes
    source: Source, start: int, *, arrays: bool, drops: bool, complete: bool, registered: dict[int, Global]
) -> Machine:
    machine = Machine(source, start, source.size, arrays=arrays, drops=drops, complete=complete)
    machine.registered = registered
    return machine


def _taken(machine: Machine, before: int) -> Trace:
    trace = Trace()
    trace.imports, trace.calls, trace.changes = machine.imports, machine.calls, machine.changes
    trace.extensions, trace.handles = machine.extensions, machine.handles
    trace.constants, trace.far = machine.constants, machine.far_puts
    trace.skipped, trace.straddle, trace.opcodes = machine.skipped, machine.straddle, machine.opcodes - before
    machine.clear()
    return trace
