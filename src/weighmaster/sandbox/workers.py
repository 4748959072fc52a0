"""A pool of forked, confined workers: a task that kills its worker is one `Died`, and all others come back.

>>> for index, answer in run(["a", "b"], str.encode, jobs=1, isolate=False):
...     print(index, answer)
0 b'a'
1 b'b'

As the engine uses it (`engine.wire` makes the items of a report into bytes and back):

    def work(path: str) -> bytes:
        return encode(scan_file(path, path, registry, limits))

    for index, answer in run(paths, work, jobs=os.cpu_count() or 1, allowance=Allowance(read=(root,))):
        if isinstance(answer, Died):
            yield Gap(where=Where.file(paths[index]), reason=answer.reason, detail=answer.detail)
        else:
            yield from decode(answer, registry, root=paths[index])

The parent trusts no byte that a worker sends: `decode` must check them. `sandbox.confine` says what a worker is denied,
docs/adr/0004 why it is a fork, and what follows from that.
"""

from __future__ import annotations

import contextlib
import gc
import itertools
import os
import select
import struct
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, NoReturn, Protocol, TypeAlias

from weighmaster.model.errors import OverBudgetError
from weighmaster.model.report import GapReason
from weighmaster.model.value import Value
from weighmaster.sandbox.confine import Confinement, Measure, confine, preload

if TYPE_CHECKING:
    import signal
else:
    try:
        # `signal` wraps this in enumerations, which cost more than a fork.
        import _signal as signal
    except ImportError:
        import signal

Work: TypeAlias = Callable[[str], bytes]

_WINDOW: Final = 64
"""Tasks that wait in a worker's pipe. What waits behind a slow one is taken back when another worker is idle."""
_NAP: Final = 0.0005
"""Seconds that the parent sleeps while all workers have enough to do: waking for each answer costs more than a file."""
_SWEPT: Final = 256
"""Tasks after which a worker looks for cycles."""
_YOUNG: Final = 500_000
"""Objects that may be made and not freed before a worker looks for cycles within a task."""
_START: Final = 30.0
"""Seconds that a worker may take to confine itself."""
_HEAD: Final = struct.Struct("<IBI")
_WORD: Final = struct.Struct("<I")
_READY, _DONE, _FAILED, _SPENT = range(4)
_DETAIL: Final = 500
_HELD_BACK: Final = (signal.SIGINT, signal.SIGTERM)


class Allowance(Value):
    """What a worker may use. `read` names the files and folders it may read; `without`, measures not to take."""

    seconds: float = 300.0
    """For one task; then it is told to stop."""
    grace: float = 10.0
    """On top of `seconds`; then it is stopped."""
    memory: int = 4 << 30
    message: int = 64 << 20
    """Bytes of one answer."""
    read: tuple[str, ...] = ()
    without: frozenset[Measure] = frozenset()


class Attendant(Protocol):
    """Does for a worker what a confined process cannot, such as fetching from afar: a process of its own, beside it."""

    def serve(self, asked: int, told: int) -> None:
        """Read questions from `asked` and write answers to `told`, until no more come. Not confined."""

    def connect(self, ask: int, hear: int) -> None:
        """Take the other ends of the two pipes, in the worker."""


class Died(Value):
    """A task without an answer, and why: its worker ended, or had to be ended, or the work raised an error."""

    reason: GapReason
    detail: str


Answer: TypeAlias = tuple[int, bytes | Died]


def run(  # noqa: PLR0913 - each has a default
    tasks: Sequence[str],
    work: Work,
    *,
    jobs: int = 1,
    allowance: Allowance | None = None,
    isolate: bool = True,
    told: Callable[[Confinement], None] | None = None,
    attendant: Attendant | None = None,
) -> Iterator[Answer]:
    """Yield for every task its index and what `work` returns for it, as they come.

    Close the generator to end the workers early; an exception that passes through it does so too.

    Args:
        tasks: each is handed to `work` in a worker, which has a copy of all that is in memory now.
        work: must be safe to call again for a task whose worker died before it could answer.
        jobs: how many workers there may be at once.
        allowance: what each may use.
        isolate: without it, or where the system cannot fork, `work` is called here.
        told: is called with the confinement of each worker.
        attendant: serves each worker from a process beside it.
    """
    if isolate and hasattr(os, "fork"):
        return _Pool(tasks, work, max(1, jobs), allowance or Allowance(), told, attendant).answers()
    return _here(tasks, work, told)


def _here(tasks: Sequence[str], work: Work, told: Callable[[Confinement], None] | None) -> Iterator[Answer]:
    if told is not None:
        told(Confinement(lacks=tuple(f"{measure}: no worker process" for measure in Measure)))
    for index, task in enumerate(tasks):
        kind, answer = _attempt(work, task)
        yield index, answer if kind == _DONE else _died(kind, answer)


def _attempt(work: Work, task: str) -> tuple[int, bytes]:
    try:
        return _DONE, work(task)
    except (OverBudgetError, MemoryError) as error:
        return _SPENT, (str(error) or type(error).__name__).encode("utf-8", "replace")[:_DETAIL]
    except Exception as error:  # noqa: BLE001 - one task's mistake must not hide another task
        return _FAILED, f"{type(error).__name__}: {error}".encode("utf-8", "replace")[:_DETAIL]


def _died(kind: int, detail: bytes) -> Died:
    reason = GapReason.OVER_BUDGET if kind == _SPENT else GapReason.CRASHED
    return Died(reason=reason, detail=detail.decode("utf-8", "replace"))


class _GarbageError(Exception):
    """A worker sent what no worker of ours sends."""


class _Worker:
    """A child process as its parent sees it."""

    __slots__ = ("answers", "buffer", "deadline", "outstanding", "pid", "ready", "served", "tasks", "waiting")

    def __init__(self, pid: int, tasks: int, waiting: int, answers: int) -> None:
        self.pid = pid
        self.tasks = tasks
        """Where tasks are written."""
        self.waiting = waiting
        """Where the worker reads them, and where they can be taken back."""
        self.answers = answers
        self.buffer = bytearray()
        self.outstanding: deque[int] = deque()
        self.ready = False
        self.served = 0
        self.deadline = time.monotonic() + _START


class _Pool:
    def __init__(  # noqa: PLR0913, PLR0917 - what `run` takes
        self,
        tasks: Sequence[str],
        work: Work,
        jobs: int,
        allowance: Allowance,
        told: Callable[[Confinement], None] | None,
        attendant: Attendant | None,
    ) -> None:
        self.tasks = tasks
        self.work = work
        self.jobs = min(jobs, len(tasks))
        self.allowance = allowance
        self.told = told
        self.attendant = attendant
        self.queue = deque(range(len(tasks)))
        self.suspects: deque[int] = deque()
        """Tasks whose worker died after it had done others: each gets a fresh worker, and is lost if that dies too."""
        self.suspected: set[int] = set()
        self.workers: dict[int, _Worker] = {}
        self.poll: Any = None
        self.stillborn = 0

    def answers(self) -> Iterator[Answer]:
        self.poll = select.poll()
        if self.jobs > 1:
            preload()
        try:
            while self.queue or self.suspects or any(w.outstanding for w in self.workers.values()):
                yield from self._hire()
                yield from self._round()
        finally:
            self._dismiss()

    def _hire(self) -> Iterator[Answer]:
        """Start the workers that there is work for. Without any, all that is left is not read, and says so."""
        wanted = min(self.jobs, len(self.queue) + len(self.suspects) + len(self.workers))
        trouble = "its workers end before they begin"
        while len(self.workers) < wanted and self.stillborn < 3:
            try:
                self._start()
            except OSError as error:
                trouble = str(error)
                break
        if not self.workers:
            for index in (*self.suspects, *self.queue):
                yield index, Died(reason=GapReason.CRASHED, detail=f"no worker could be started: {trouble}")
            self.suspects.clear()
            self.queue.clear()
        elif self.suspects and all(worker.served for worker in self.workers.values()):
            self.queue.extendleft(self.suspects)
            self.suspects.clear()

    def _start(self) -> None:
        waiting, tasks = os.pipe()
        try:
            answers, told = os.pipe()
        except OSError:
            _close(waiting, tasks)
            raise
        os.set_blocking(waiting, False)
        allowance = self.allowance
        if self.stillborn > 1:
            # Confining itself ended two workers before they saw a task: better half confined than nothing read.
            allowance = _without_most(allowance)
        try:
            pid = _fork(lambda: _live(self.tasks, self.work, allowance, (waiting, told), self.attendant))
        except OSError:
            _close(waiting, tasks, answers, told)
            raise
        os.close(told)
        self.workers[answers] = _Worker(pid, tasks, waiting, answers)
        self.poll.register(answers, select.POLLIN)

    def _round(self) -> Iterator[Answer]:
        """Hand out tasks, wait for something to happen, and tell what did."""
        for worker in self.workers.values():
            self._feed(worker)
        if not self.queue:
            self._share()
        elif all(len(worker.outstanding) >= _WINDOW // 2 for worker in self.workers.values()):
            time.sleep(_NAP)
        now = time.monotonic()
        nearest = min((w.deadline for w in self.workers.values() if w.outstanding or not w.ready), default=now)
        heard = {descriptor for descriptor, _ in self.poll.poll(max(0.0, nearest - now) * 1000 + 1)}
        for descriptor in heard:
            yield from self._listen(self.workers[descriptor])
        now = time.monotonic()
        for worker in [w for w in self.workers.values() if w.answers not in heard and w.deadline < now]:
            if worker.outstanding or not worker.ready:
                detail = f"stopped after {self.allowance.seconds + self.allowance.grace:g} seconds"
                yield from self._bury(worker, Died(reason=GapReason.OVER_BUDGET, detail=detail))

    def _feed(self, worker: _Worker) -> None:
        held = len(worker.outstanding)
        if not worker.ready or held > _WINDOW // 2:
            return
        given: list[int] = []
        if self.suspects and not worker.served and not held:
            given.append(self.suspects.popleft())
        elif self.queue and not (held and worker.outstanding[0] in self.suspected):
            count = min(_WINDOW - held, -(-len(self.queue) // self.jobs))
            given += [self.queue.popleft() for _ in range(count)]
        if not given:
            return
        if not held:
            self._extend(worker)
        worker.outstanding.extend(given)
        # A worker that is gone does not read; its death is heard of in a moment.
        with contextlib.suppress(BrokenPipeError):
            os.write(worker.tasks, b"".join(map(_WORD.pack, given)))

    def _share(self) -> None:
        """Take back what waits behind a worker's task in progress, if another worker has nothing to do."""
        idle = sum(worker.ready and not worker.outstanding for worker in self.workers.values())
        busiest = max(self.workers.values(), key=lambda worker: len(worker.outstanding), default=None)
        if not idle or busiest is None or len(busiest.outstanding) < 2:
            return
        back: list[int] = []
        with contextlib.suppress(BlockingIOError):
            while len(busiest.outstanding) > 1 and (word := os.read(busiest.waiting, 4)):
                back.append(_WORD.unpack(word)[0])
                busiest.outstanding.remove(back[-1])
        self.queue.extend(back)
        for worker in self.workers.values():
            self._feed(worker)

    def _extend(self, worker: _Worker) -> None:
        worker.deadline = time.monotonic() + self.allowance.seconds + self.allowance.grace

    def _listen(self, worker: _Worker) -> Iterator[Answer]:
        data = os.read(worker.answers, 1 << 18)
        if not data:
            yield from self._bury(worker, None)
            return
        worker.buffer += data
        try:
            yield from self._frames(worker)
        except _GarbageError:
            yield from self._bury(worker, Died(reason=GapReason.CRASHED, detail="its worker answered with garbage"))

    def _frames(self, worker: _Worker) -> Iterator[Answer]:
        buffer = worker.buffer
        at = 0
        while len(buffer) - at >= _HEAD.size:
            index, kind, length = _HEAD.unpack_from(buffer, at)
            self._check(worker, index, kind, length)
            start = at + _HEAD.size
            if len(buffer) - start < length:
                break
            payload = bytes(memoryview(buffer)[start : start + length])
            at = start + length
            self._extend(worker)
            if kind == _READY:
                self._greet(worker, payload)
                continue
            worker.outstanding.popleft()
            worker.served += 1
            yield index, payload if kind == _DONE else _died(kind, payload)
        del buffer[:at]

    def _check(self, worker: _Worker, index: int, kind: int, length: int) -> None:
        if worker.ready:
            expected = bool(worker.outstanding) and index == worker.outstanding[0] and kind in {_DONE, _FAILED, _SPENT}
            most = self.allowance.message if kind == _DONE else _DETAIL
        else:
            expected, most = kind == _READY, 1 << 16
        if not expected or length > most:
            raise _GarbageError

    def _greet(self, worker: _Worker, payload: bytes) -> None:
        try:
            confinement = Confinement.unpacked(payload)
        except ValueError as error:
            raise _GarbageError from error
        worker.ready = True
        if self.told is not None:
            self.told(confinement)

    def _bury(self, worker: _Worker, why: Died | None) -> Iterator[Answer]:
        """End a worker. What it was doing is lost or tried once more; what waited is done by others."""
        del self.workers[worker.answers]
        self.poll.unregister(worker.answers)
        status = _end(worker, kill=why is not None)
        if not worker.ready:
            self.stillborn += 1
            return
        if not worker.outstanding:
            return
        culprit = worker.outstanding.popleft()
        self.queue.extendleft(reversed(worker.outstanding))
        late = why is not None and why.reason is GapReason.OVER_BUDGET
        if worker.served and culprit not in self.suspected and not late:
            # What an earlier task broke may end the worker only now: an innocent task must not pay for it.
            self.suspected.add(culprit)
            self.suspects.append(culprit)
            return
        yield culprit, why or Died(reason=GapReason.CRASHED, detail=_told_by(status))

    def _dismiss(self) -> None:
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD_BACK)
        try:
            for worker in self.workers.values():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(worker.pid, signal.SIGKILL)
            for worker in self.workers.values():
                _end(worker, kill=False)
            self.workers.clear()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def _without_most(allowance: Allowance) -> Allowance:
    from weighmaster.model.value import replace

    changed: Allowance = replace(allowance, without=frozenset(Measure) - {Measure.LIMITS})
    return changed


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _end(worker: _Worker, *, kill: bool) -> int | None:
    """Close a worker's pipes and wait for its end; return how it ended, if that is to be known."""
    if kill:
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker.pid, signal.SIGKILL)
    _close(worker.tasks, worker.waiting, worker.answers)
    try:
        return os.waitpid(worker.pid, 0)[1]
    except ChildProcessError:
        return None  # Somebody ignores SIGCHLD, and the system has buried it.


def _told_by(status: int | None) -> str:
    if status is None:
        return "its worker ended"
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"its worker ended with status {code}"
    if -code == signal.SIGKILL:
        return "its worker was killed by the system, most likely for want of memory"
    if -code == getattr(signal, "SIGSYS", None):
        return "its worker was killed when it tried what no reader does"
    return f"its worker was killed by signal {-code} ({signal.strsignal(-code)})"


def _fork(live: Callable[[], NoReturn]) -> int:
    # A signal between the fork and the child's own handlers would run the parent's handlers in the child.
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD_BACK)
    try:
        with _no_warning():
            pid = os.fork()
        if pid == 0:
            live()
        return pid
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


@contextlib.contextmanager
def _no_warning() -> Iterator[None]:
    threading = sys.modules.get("threading")
    if threading is None or threading.active_count() == 1:
        yield
        return
    import warnings

    with warnings.catch_warnings():
        # A lock that another thread holds stays held in the child. A child that waits for one is ended like every
        # other that takes too long, and no isolation would be worse (docs/adr/0004).
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def _live(
    tasks: Sequence[str], work: Work, allowance: Allowance, pipes: tuple[int, int], attendant: Attendant | None
) -> NoReturn:
    """Be a worker. Nothing of the parent's stack is ever returned to."""
    status = 70
    try:
        parent = os.getppid() if _by_main_thread() else None
        waiting, answers, *ends = _settle(*pipes, *(() if attendant is None else _attended(attendant)))
        if attendant is not None:
            attendant.connect(*ends)
        confinement = confine(read=allowance.read, memory=allowance.memory, parent=parent, without=allowance.without)
        _send(answers, 0, _READY, confinement.packed())
        _serve(tasks, work, allowance, waiting, answers)
        status = 0
    finally:
        os._exit(status)


def _attended(attendant: Attendant) -> tuple[int, int]:
    """Start the process that serves this worker; it ends when the worker does, and its pipe with it."""
    asked, ask = os.pipe()
    hear, told = os.pipe()
    if os.fork() == 0:
        try:
            asked, told = _settle(asked, told)
            gc.enable()
            attendant.serve(asked, told)
        finally:
            os._exit(0)
    _close(asked, told)
    return ask, hear


def _by_main_thread() -> bool:
    # The death signal follows the thread that forked, and a thread may end before its process does.
    threading = sys.modules.get("threading")
    return threading is None or bool(threading.current_thread() is threading.main_thread())


def _settle(*kept: int) -> list[int]:
    """Let go of what belongs to the parent, but for `kept`: its signals, its terminal, its open files; return those."""
    # Nothing of the parent's is collected here: a finalizer would close a descriptor that is ours by then.
    # What a file leaves behind is seldom a cycle, and to look for cycles costs more than the file (docs/adr/0005); but
    # one file may be an archive of thousands.
    gc.freeze()
    gc.set_threshold(_YOUNG, 5, 5)
    gc.enable()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.set_wakeup_fd(-1)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    if (faulthandler := sys.modules.get("faulthandler")) is not None:
        faulthandler.disable()
    ends = list(kept)
    for place, descriptor in enumerate(ends):
        while ends[place] < 3:
            ends[place] = os.dup(descriptor)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(nothing, standard)
    last = 2
    for descriptor in sorted(ends):
        os.closerange(last + 1, descriptor)
        last = descriptor
    os.closerange(last + 1, os.sysconf("SC_OPEN_MAX"))
    return ends


def _serve(tasks: Sequence[str], work: Work, allowance: Allowance, waiting: int, answers: int) -> None:
    working = False

    def too_late(_number: int, _frame: object) -> None:
        if working:
            raise OverBudgetError(f"takes more than {allowance.seconds:g} seconds")

    def timed(task: str) -> bytes:
        nonlocal working
        working = True
        try:
            return work(task)
        finally:
            working = False

    signal.signal(signal.SIGALRM, too_late)
    poll = select.poll()
    poll.register(waiting, select.POLLIN)
    for number in itertools.count(1):
        if number % _SWEPT == 0:
            gc.collect()
            gc.freeze()  # What is left are tables, which are not looked through again.
        try:
            word = os.read(waiting, 4)
        except BlockingIOError:
            poll.poll()
            continue
        if len(word) != 4:
            return
        (index,) = _WORD.unpack(word)
        # It rings again, should the first ring be swallowed.
        signal.setitimer(signal.ITIMER_REAL, allowance.seconds, max(allowance.grace / 4, 0.01))
        kind, payload = _attempt(timed, tasks[index])
        if len(payload) > allowance.message:
            kind, payload = _SPENT, b"says more than may be sent"
        _send(answers, index, kind, payload)


def _send(answers: int, index: int, kind: int, payload: bytes) -> None:
    data = memoryview(_HEAD.pack(index, kind, len(payload)) + payload)
    while data:
        data = data[os.write(answers, data) :]
