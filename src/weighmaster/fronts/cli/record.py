"""`weighmaster record`: run a command, and record what went in and what came out."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from weighmaster.extend.showing import plain
from weighmaster.fronts.cli import trusting
from weighmaster.fronts.cli.parsing import Parser
from weighmaster.model.errors import ConfigError

if TYPE_CHECKING:
    from weighmaster.trust.identities.keys import Signer

_EPILOG: Final = """\
The command runs as always. Files that its Python processes open and nobody named are listed, too.
If it fails, nothing is recorded, and its exit status is the one of this command."""


def parser() -> Parser:
    """Return what `record` understands."""
    it = Parser(
        prog="weighmaster record",
        usage="weighmaster record [options] --output PATH (--key PEM | --statement FILE) -- COMMAND ...",
        description="Run a command, and record as a signed statement what went in and what came out.",
        epilog=_EPILOG,
    )
    it.add_argument("command", nargs="*", metavar="COMMAND", help="what to run, after --")
    it.add_argument("--input", action="append", default=[], metavar="[NAME=]PATH", help="a file or folder it reads")
    it.add_argument("--output", action="append", default=[], metavar="PATH", help="a file or folder it writes")
    it.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE", help="what it was told")
    it.add_argument("--seed", action="append", default=[], metavar="NAME=NUMBER", help="what chance was started with")
    it.add_argument("--key", metavar="PEM", help="the private key that signs; the statement goes to the claims")
    it.add_argument("--certificate", metavar="PEM", help="the certificate of the key, and those that vouch for it")
    it.add_argument("--public-key", metavar="PEM", help="the public half of a key at an address")
    trusting.add_password(it)
    it.add_argument("--statement", metavar="FILE", help="write the statement there, unsigned")
    it.add_argument("--force", action="store_true", help="replace what --statement names")
    return it


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand and return its exit status."""
    from weighmaster.provenance.command import run_observed
    from weighmaster.provenance.machine import hardware
    from weighmaster.provenance.run import Run, check_text
    from weighmaster.provenance.write import check_place, write

    options = parser().parse_args(arguments)
    _check(options)
    if options.statement is not None:
        check_place(options.statement, len(options.output), force=options.force)
    signer = _signer(options) if options.key else None
    run = Run(os.getcwd(), lambda: datetime.now(UTC))
    for word in options.command:
        check_text(word)
    run.command = tuple(options.command)
    run.parameter(**dict(_pair(each, "--parameter") for each in options.parameter))
    run.seed(**{name: _number(text) for name, text in (_pair(each, "--seed") for each in options.seed)})
    for each in options.input:
        name, path = _named(each)
        run.input(name, path)
    for path in options.output:
        run.output(path)
    status, found = run_observed(options.command)
    if status:
        sys.stderr.write(f"weighmaster: the command {_ended(status)}: nothing was recorded\n")
        return status if status > 0 else 128 - status
    if not found["observed"]:
        sys.stderr.write("weighmaster: no Python process was observed: only what was named is recorded\n")
    for path in write(run.statements(found, hardware()), signer, options.statement):
        near = os.path.relpath(path)
        sys.stderr.write(f"weighmaster: recorded in {plain(path if near.startswith(os.pardir) else near)}\n")
    return 0


def _signer(options: Any) -> Signer:
    from weighmaster.trust.signing.door import signer_at

    return signer_at(
        options.key,
        password=trusting.password(options),
        certificate=options.certificate,
        public_key=options.public_key,
    )


def _check(options: Any) -> None:
    if not options.command:
        raise ConfigError("no command to run: name it after --")
    if not options.output:
        raise ConfigError("nothing was said of what comes out: name it with --output")
    if options.key is None and options.statement is None:
        raise ConfigError("nothing would be written: sign with --key, or write the statement with --statement")


def _ended(status: int) -> str:
    """Say how a command ended; a negative status is the number of the signal that ended it."""
    if status > 0:
        return f"ended with status {status}"
    import signal

    return f"was ended by {signal.Signals(-status).name if -status in set(signal.Signals) else f'signal {-status}'}"


def _named(text: str) -> tuple[str, str]:
    name, equals, path = text.partition("=")
    if equals and not os.path.lexists(text):
        return name, path
    return os.path.basename(os.path.normpath(text)), text


def _pair(text: str, option: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise ConfigError(f"{option} {text}: NAME=VALUE wanted")
    return name, value


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise ConfigError(f"--seed: {text!r} is no number") from error
