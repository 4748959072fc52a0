"""How a model came to be: a run recorded by the digests of what went in and came out, and run again.

>>> import pathlib, tempfile
>>> from weighmaster import provenance
>>> folder = pathlib.Path(tempfile.mkdtemp())
>>> _ = (folder / "data.csv").write_text("1,2")
>>> with provenance.record(
...     inputs={"data": folder / "data.csv"}, outputs=[folder / "weights.bin"], statement=folder / "run.json"
... ) as run:
...     run.seed(numpy=7)
...     _ = (folder / "weights.bin").write_bytes(bytes(16))
>>> (folder / "run.json").exists()
True
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weighmaster.provenance.run import Run

__all__ = ["record"]

_Path = str | os.PathLike[str]


def _clock() -> datetime:
    return datetime.now(UTC)


@contextmanager
def record(  # noqa: PLR0913 - what there is to say of a run; each has a default
    *,
    inputs: Mapping[str, _Path] | None = None,
    outputs: Iterable[_Path] = (),
    parameters: Mapping[str, Any] | None = None,
    seeds: Mapping[str, int] | None = None,
    key: _Path | None = None,
    password: bytes | None = None,
    statement: _Path | None = None,
    force: bool = False,
    clock: Callable[[], datetime] = _clock,
) -> Iterator[Run]:
    """Record what runs inside the block, as a statement about what comes out of it (SLSA provenance, v1).

    If the block raises, nothing is written: what did not end has made nothing.

    Args:
        inputs: files and folders that are read, by the names they are to have; they are hashed now.
        outputs: files and folders that are written; each is hashed at the end, and has a statement of its own.
        parameters: what the run was told.
        seeds: what its sources of chance were started with.
        key: a private key (PEM) that signs the statement, which is appended to the claims beside the output.
        password: what the key is encrypted with.
        statement: where the statement is written as it is, without a signature.
        force: write the statement over what is there.
        clock: what tells the time.

    Raises:
        ConfigError: neither key nor `statement` was given, or what is named is not there.
        TrustError: an input changed meanwhile, or something cannot be hashed.
    """
    import sys

    from weighmaster.model.errors import ConfigError
    from weighmaster.provenance.machine import hardware
    from weighmaster.provenance.observer import Observer, start, stop
    from weighmaster.provenance.run import Run
    from weighmaster.provenance.write import check_place, write
    from weighmaster.trust.signing.door import signer_at

    if key is None and statement is None:
        raise ConfigError("nothing would be written: give a key to sign with, or a path for the statement")
    outputs = list(outputs)
    if statement is not None:
        check_place(statement, len(outputs), force=force)
    signer = None if key is None else signer_at(key, password=password)
    run = Run(os.getcwd(), clock)
    run.command = tuple(os.fsencode(word).decode("utf-8", "backslashreplace") for word in sys.orig_argv)
    run.parameter(**dict(parameters or {}))
    run.seed(**dict(seeds or {}))
    for name, path in (inputs or {}).items():
        run.input(name, path)
    for path in outputs:
        run.output(path)
    observer = Observer()
    start(observer)
    try:
        yield run
    finally:
        stop(observer)
    write(run.statements(observer.found(), hardware()), signer, statement)
