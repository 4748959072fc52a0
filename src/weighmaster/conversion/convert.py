"""`convert`: a file of tensors that a program would have to run, into one that holds tensors and nothing else."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from typing import Final

from weighmaster.conversion.copying import CHUNK, Copier, Progress, check, write_at
from weighmaster.conversion.plan import ALONE, Left, Plan, Tensor, read
from weighmaster.conversion.writing import Layout, Placed, laid
from weighmaster.model.errors import ConfigError, OverBudgetError, TrustError, UnreadableError
from weighmaster.model.report import GapReason
from weighmaster.model.value import Value
from weighmaster.reading.budget import Budget, Limits

_LIMITS: Final = Limits(ratio=1100, opcodes=50_000_000, members=1_000_000, seconds=3600.0)
"""Deflate packs no better than 1032 to 1: an archive of zeros is no bomb here, what comes out is counted."""
_MESSAGE: Final = 256 << 20
_MEMORY: Final = 6 << 30
_FORMAT: Final = "format"
_ALWAYS: Final = 1 << 30
_TIMES: Final = 32
"""How many times as long as the source what is written may be, once it is longer than `_ALWAYS`."""


class Wanted(Value):
    """What of a file is wanted, and how.

    `select` is the path of a part: only its tensors are written, by their names in it. `shared` says whether tensors
    that are the same are written each (`all`), or once, the other names as metadata (`first`), as the reference
    library's `save_model` does. `keep_values` keeps numbers and short texts as metadata. `force` replaces a file.
    `digests` takes the SHA-256 of both files, which costs more than all else.
    """

    select: str = ""
    shared: str = "all"
    keep_values: bool = False
    force: bool = False
    digests: bool = False
    told: Callable[[int, int], None] | None = None
    limits: Limits = _LIMITS


class Conversion(Value):
    """What was converted, and what was not.

    `written` are the names of the tensors, `numbers` their bytes. The digests are there where they were asked for.
    `shared` are the groups of names whose tensors have numbers in common; `aliases` names that are not written, and
    the name under which the same tensor is; `wrapper` is what all names begin with.
    """

    source: str
    target: str
    layout: str
    source_size: int
    source_sha256: str
    target_size: int
    target_sha256: str
    written: tuple[str, ...]
    numbers: int
    shared: tuple[tuple[str, ...], ...]
    aliases: tuple[tuple[str, str], ...]
    renamed: tuple[tuple[str, str], ...]
    values: int
    left: tuple[Left, ...]
    left_count: int
    names: tuple[str, ...]
    wrapper: str

    @property
    def missing(self) -> tuple[Left, ...]:
        """The tensors that are not carried over, as far as they are listed."""
        return tuple(left for left in self.left if left.kind == "tensor")


def convert(source: str, target: str, wanted: Wanted | None = None) -> Conversion:
    """Convert the file `source` into the safetensors file `target`.

    Nothing of the source is run. What is written has been read again and compared when this returns.

    Raises:
        ConfigError: there is no source, a target already, or nothing of what is wanted in the source.
        UnreadableError: the source is broken, or of no layout that holds tensors, or lies about them.
        OverBudgetError: it would take too much.
        TrustError: the source changed while it was read, or what was written is not what was read.
    """
    wanted = wanted or Wanted()
    if not os.path.isfile(source):
        raise ConfigError(f"no such file: {source}")
    if not os.access(source, os.R_OK):
        raise ConfigError(f"cannot read {source}: Permission denied")
    if os.path.lexists(target) and not wanted.force:
        raise ConfigError(f"{target} is there already: --force replaces it")
    _check_target(source, target)
    plan = planned(source, wanted)
    if not plan.tensors:
        said = f"; {plan.left_count} other things are in it, first: {_first(plan)}" if plan.left else ""
        raise UnreadableError(f"{source} holds no tensors that can be carried over{said}")
    return _written(source, target, plan, wanted)


def _check_target(source: str, target: str) -> None:
    """Hold what would be replaced to be a file or a link, and not the source itself."""
    if os.path.lexists(target) and not os.path.islink(target) and not os.path.isfile(target):
        raise ConfigError(f"{target} is no file, and is not replaced")
    if os.path.realpath(source) == os.path.join(os.path.realpath(os.path.dirname(target)), os.path.basename(target)):
        raise ConfigError(f"{target} is the source: write into another file")


def _first(plan: Plan) -> str:
    left = next((one for one in plan.left if one.kind == "tensor"), plan.left[0])
    return f"{left.path}: {left.detail}" if left.path not in {"", ALONE} else left.detail


def planned(source: str, wanted: Wanted) -> Plan:
    """Return the plan for a file, made by a confined worker."""
    from weighmaster.conversion.planning import plan
    from weighmaster.sandbox.workers import Allowance, Died, run

    path = os.path.realpath(source)
    seconds = wanted.limits.seconds
    allowance = Allowance(seconds=seconds + 10, memory=_MEMORY, message=_MESSAGE, read=(path,))
    (_, answer), *_ = run(
        [path], lambda task: plan(task, source, wanted.select, wanted.limits, wanted.keep_values), allowance=allowance
    )
    if isinstance(answer, Died):
        error = OverBudgetError if answer.reason is GapReason.OVER_BUDGET else UnreadableError
        raise error(f"{source}: {answer.detail}")
    if answer[:1] == b"!":
        kind, _, message = answer[1:].decode("utf-8", "replace").partition(":")
        raise {"ConfigError": ConfigError, "OverBudgetError": OverBudgetError}.get(kind, UnreadableError)(message)
    return read(answer)


def _written(source: str, target: str, plan: Plan, wanted: Wanted) -> Conversion:
    shared = sharing(plan.tensors)
    aliases = same(shared) if wanted.shared == "first" else {}
    tensors = [tensor for tensor in plan.tensors if tensor.name not in aliases]
    metadata = dict(plan.values) | {_FORMAT: plan.framework} | aliases
    layout = laid(tensors, metadata)
    _check_size(layout, plan)
    folder = os.path.dirname(os.path.abspath(target))
    descriptor = os.open(source, os.O_RDONLY)
    try:
        _check_identity(descriptor, plan, source)
        sums = _write(descriptor, target, folder, plan, layout, wanted)
        _check_identity(descriptor, plan, source)
    finally:
        os.close(descriptor)
    return Conversion(
        source=source,
        target=target,
        layout=plan.layout,
        source_size=plan.streams[0].size,
        source_sha256=sums[0],
        target_size=layout.size,
        target_sha256=sums[1],
        written=tuple(sorted(tensor.name for tensor in tensors)),
        numbers=sum(placed.tensor.size for placed in layout.placed),
        shared=tuple(tuple(tensor.name for tensor in group) for group in shared),
        aliases=tuple(sorted(aliases.items())),
        renamed=plan.renamed,
        values=len(plan.values),
        left=plan.left,
        left_count=plan.left_count,
        names=plan.names,
        wrapper=_wrapper(plan.tensors),
    )


def _check_size(layout: Layout, plan: Plan) -> None:
    held = plan.streams[0].size
    if layout.size > max(_ALWAYS, _TIMES * held):
        largest = max(layout.placed, key=lambda placed: placed.tensor.size).tensor
        raise OverBudgetError(
            f"{layout.size} bytes would be written of {held}: {largest.name!r} alone has {largest.size};"
            " numbers that tensors share can be written once (--shared first)"
        )


def _check_identity(descriptor: int, plan: Plan, source: str) -> None:
    if identity(os.fstat(descriptor)) != plan.identity:
        raise TrustError(f"{source} changed while it was read")


def identity(status: os.stat_result) -> tuple[int, ...]:
    """Return what tells a file as it is now from any other, and from what it was."""
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def _write(  # noqa: PLR0913, PLR0917 - what it takes
    source: int, target: str, folder: str, plan: Plan, layout: Layout, wanted: Wanted
) -> tuple[str, str]:
    """Write the file beside its place, verify it, and put it there; return the digests of source and target."""
    try:
        descriptor, scratch = tempfile.mkstemp(dir=folder, prefix=f".{os.path.basename(target)[:64]}.")
    except OSError as error:
        raise ConfigError(f"cannot write to {folder}: {error.strerror}") from error
    try:
        sums = _filled(source, descriptor, folder, plan, layout, wanted)
        os.fchmod(descriptor, 0o666 & ~_umask())
        _put(scratch, target, force=wanted.force)
    except OSError as error:
        raise ConfigError(f"cannot write {target}: {error.strerror}") from error
    finally:
        os.close(descriptor)
        if os.path.lexists(scratch):
            os.unlink(scratch)
    return sums


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _put(scratch: str, target: str, *, force: bool) -> None:
    if force:
        os.replace(scratch, target)
        return
    try:
        os.link(scratch, target)  # Fails where something came there meanwhile.
    except FileExistsError:
        raise ConfigError(f"{target} is there already: --force replaces it") from None
    except OSError:
        if os.path.lexists(target):
            raise ConfigError(f"{target} is there already: --force replaces it") from None
        os.rename(scratch, target)


def _filled(  # noqa: PLR0913, PLR0917 - what it takes
    source: int, target: int, folder: str, plan: Plan, layout: Layout, wanted: Wanted
) -> tuple[str, str]:
    """Write all; beside that the source is digested, and what is written is read again, as soon as it is there."""
    from concurrent.futures import ThreadPoolExecutor

    progress = Progress(_teller(wanted, layout.size))
    with ThreadPoolExecutor(2) as pool:
        try:
            os.ftruncate(target, layout.size)
            write_at(target, layout.header, 0)
            size = plan.streams[0].size if wanted.digests else 0
            of_source = pool.submit(_sha256, source, size, progress)
            of_target = pool.submit(_verified, source, target, layout, progress, digests=wanted.digests)
            Copier(plan, source, target, folder, Budget(wanted.limits)).copy(layout.placed, progress)
            progress.told(None)
            sums = of_source.result(), of_target.result()
            return sums if wanted.digests else ("", "")
        finally:
            progress.stop()


def _teller(wanted: Wanted, size: int) -> Callable[[int], None]:
    tell = wanted.told
    return (lambda done: tell(done, size)) if tell is not None else lambda _: None


def _sha256(descriptor: int, size: int, progress: Progress) -> str:
    digest = hashlib.sha256()
    at = 0
    while at < size and not progress.stopped:
        data = os.pread(descriptor, CHUNK, at)
        if not data:
            raise UnreadableError("the file became shorter while it was read", offset=at)
        digest.update(data)
        at += len(data)
    return digest.hexdigest()


def _verified(source: int, target: int, layout: Layout, progress: Progress, *, digests: bool) -> str:
    """Read what was written, compare it, and return its SHA-256 (with `digests`).

    Raises:
        TrustError: it is not what was read.
    """
    digest = hashlib.sha256()
    if os.pread(target, len(layout.header), 0) != layout.header:
        raise TrustError("the header that was written is not the one that lies there")
    digest.update(layout.header)
    for placed in layout.placed:
        if placed.tensor.size and progress.wait(placed.at):
            _verify(source, target, placed, progress.checks.get(placed.at), digest if digests else None)
    if os.fstat(target).st_size != layout.size:
        raise TrustError("more was written than was to be")
    return digest.hexdigest()


def _verify(source: int, target: int, placed: Placed, wanted: bytes | None, digest: hashlib._Hash | None) -> None:
    tensor, state = placed.tensor, check() if wanted is not None else None
    for at in range(0, tensor.size, CHUNK):
        count = min(CHUNK, tensor.size - at)
        data = os.pread(target, count, placed.at + at)
        if digest is not None:
            digest.update(data)
        if state is not None:
            state.update(data)
        if len(data) != count or (state is None and data != os.pread(source, count, tensor.start + at)):
            raise TrustError(f"what was written of tensor {tensor.name!r} is not what was read")
    if state is not None and state.digest() != wanted:
        raise TrustError(f"what was written of tensor {tensor.name!r} is not what was read")


def sharing(tensors: Sequence[Tensor]) -> list[list[Tensor]]:
    """Return the groups of tensors that have numbers in common, in the order of their names."""
    storages: dict[int, list[Tensor]] = {}
    for tensor in tensors:
        if tensor.size:
            storages.setdefault(tensor.storage, []).append(tensor)
    groups: list[list[Tensor]] = []
    for members in storages.values():
        if len(members) < 2:
            continue
        members.sort(key=lambda tensor: (tensor.start, tensor.end))
        reach = -1
        for tensor in members:
            if tensor.start >= reach:
                groups.append([])
            groups[-1].append(tensor)
            reach = max(reach, tensor.end)
    shared = [sorted(group, key=lambda tensor: tensor.name) for group in groups if len(group) > 1]
    return sorted(shared, key=lambda group: group[0].name)


def same(groups: Sequence[Sequence[Tensor]]) -> dict[str, str]:
    """Return the names of tensors that are another one, each with the name of that."""
    found: dict[str, str] = {}
    for group in groups:
        first: dict[object, str] = {}
        for tensor in group:
            what = (tensor.kind, tensor.shape, tensor.stride, tensor.stream, tensor.start, tensor.swap, tensor.flip)
            if what in first and tensor.name != _FORMAT:
                found[tensor.name] = first[what]
            else:
                first.setdefault(what, tensor.name)
    return found


def _wrapper(tensors: Sequence[Tensor]) -> str:
    """Return the part of all names before the first dot, where that is the same and looks like a wrapper."""
    firsts = {tensor.name.partition(".")[0] for tensor in tensors}
    one = firsts.pop()
    return one if not firsts and one in {"state_dict", "model", "module", "model_state_dict", "params"} else ""
