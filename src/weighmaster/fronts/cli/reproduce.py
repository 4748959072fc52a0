"""`weighmaster reproduce`: run a recorded command again, and compare what comes out."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from weighmaster.fronts.cli import trusting
from weighmaster.fronts.cli.parsing import Parser
from weighmaster.model.errors import ConfigError, TrustError

if TYPE_CHECKING:
    from weighmaster.provenance.reproduce import Compared, Recipe
    from weighmaster.trust.evidence.statement import Statement
    from weighmaster.trust.identities.verify import Expected

_EPILOG: Final = """\
exit status:
  0  what came out is the same, bit by bit
  1  it is not, or an input is not what it was
  2  wrong use
  3  the command failed"""
_LONGEST: Final = 64 << 20
_SHOWN: Final = 20
_FAILED: Final = 3


def parser() -> Parser:
    """Return what `reproduce` understands."""
    it = Parser(
        prog="weighmaster reproduce",
        description="Run a recorded command again in a new folder, and compare what comes out with what was recorded.",
        epilog=_EPILOG,
    )
    it.add_argument("statement", metavar="STATEMENT", help="a statement, or the claims in which it stands")
    it.add_argument("--into", metavar="FOLDER", help="the new folder that it runs in")
    it.add_argument(
        "--original", default=".", metavar="FOLDER", help="the folder that the command ran in (default: here)"
    )
    it.add_argument("--input", action="append", default=[], metavar="NAME=PATH", help="where an input is now")
    it.add_argument("--code", metavar="REPOSITORY", help="where the commit is had from (default: the original folder)")
    it.add_argument("--unverified", action="store_true", help="run what a statement says that nobody vouches for")
    it.add_argument("--dry-run", action="store_true", help="say what would run, and run nothing")
    trusting.add_expected(it)
    return it


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand and return its exit status."""
    from weighmaster.provenance.observer import packages
    from weighmaster.provenance.reproduce import Repetition, environment_differences, recipe

    options = parser().parse_args(arguments)
    wanted = recipe(_statement(options))
    _show(wanted, environment_differences(wanted, packages(), platform.python_version()))
    if options.dry_run:
        return 0
    if options.into is None:
        raise ConfigError("name the new folder that it is to run in: --into FOLDER")
    moved = dict(_pair(each) for each in options.input)
    again = Repetition(wanted, options.into, original=options.original, moved=moved)
    for said in again.prepare(options.code):
        _say(f"note: {said}")
    sys.stdout.flush()
    status = again.run()
    if status:
        sys.stderr.write(f"weighmaster: the command ended with status {status}: there is nothing to compare\n")
        return _FAILED
    compared = list(again.compared())
    for each in compared:
        _result(each)
    return 0 if compared and all(each.same for each in compared) else 1


def _statement(options: Any) -> Statement:
    """Return the statement to follow: the last one of a run in the file, by whom it was asked to be.

    Raises:
        TrustError: there is none, or it is not theirs.
        ConfigError: it was not said whose it must be. Its commands will run here.
    """
    from weighmaster.trust.evidence.keeping import read_config

    expected = None
    if options.public_key or options.certificate_chain or options.trusted_root:
        expected = trusting.expected(options)
    elif not (options.unverified or options.dry_run):
        raise ConfigError("a statement's command runs here: say whose it must be (--public-key), or --unverified")
    lines = [line for line in read_config(options.statement, most=_LONGEST).splitlines() if line.strip()]
    said: list[str] = []
    for number, line in reversed(list(enumerate(lines, 1))):
        try:
            return _of_run(line, f"{options.statement}, line {number}", expected)
        except TrustError as error:
            said.append(f"line {number}: {error}")
    raise TrustError(
        f"{options.statement} holds no run that may be repeated{': ' if said else ''}{'; '.join(said[:3])}"
    )


def _of_run(line: bytes, what: str, expected: Expected | None) -> Statement:
    """Return the statement in a line, if it is about a run, and theirs whose it must be."""
    from weighmaster.provenance.reproduce import recipe
    from weighmaster.trust.evidence import bundle, statement
    from weighmaster.trust.evidence.envelope import IN_TOTO, Envelope
    from weighmaster.trust.identities.verify import verify

    if b'"dsseEnvelope"' in line:
        signed = bundle.read(line, what)
        if expected is not None:
            verify(signed, expected, datetime.now(UTC))
        if not isinstance(signed.content, Envelope):
            raise TrustError(f"{what} is no statement")
        envelope = signed.content
    elif expected is not None:
        raise TrustError(f"{what} is not signed")
    else:
        envelope = Envelope(payload=line, payload_type=IN_TOTO, signatures=())
    found = statement.read(envelope, what)
    recipe(found)
    return found


def _show(wanted: Recipe, apart: Iterator[str]) -> None:
    import shlex

    _say(f"command  {shlex.join(wanted.command)}")
    dirty = ", which had been changed" if wanted.is_dirty else ""
    _say(f"code     {wanted.commit or 'no commit is named'}{dirty}")
    for each in wanted.inputs:
        _say(f"input    {each.name}  {each.path}")
    for each in wanted.outputs:
        _say(f"output   {each.name}  {each.path}")
    listed = list(apart)
    for said in listed[:_SHOWN]:
        _say(f"differs  {said}")
    if len(listed) > _SHOWN:
        _say(f"differs  {len(listed) - _SHOWN} more packages")


def _result(each: Compared) -> None:
    if each.same:
        _say(f"same     {each.name}: every bit")
        return
    _say(f"differs  {each.name}{': ' + each.note if each.note else ''}")
    for tensor in each.tensors[:_SHOWN]:
        shape = "x".join(map(str, tensor.shape)) or "scalar"
        if tensor.note:
            _say(f"  {tensor.name}  {tensor.dtype} {shape}  {tensor.note}")
        else:
            most = f", by {tensor.largest:.3g} at most" if tensor.largest >= 0 else ""
            _say(f"  {tensor.name}  {tensor.dtype} {shape}  {tensor.differing} of {tensor.elements} numbers{most}")
    if len(each.tensors) > _SHOWN:
        _say(f"  {len(each.tensors) - _SHOWN} more tensors")


def _say(text: str) -> None:
    from weighmaster.extend.showing import plain

    sys.stdout.write(plain(text) + "\n")


def _pair(text: str) -> tuple[str, str]:
    name, equals, path = text.partition("=")
    if not equals:
        raise ConfigError(f"--input {text}: NAME=PATH wanted")
    return name, path
