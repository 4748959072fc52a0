"""`weighmaster bom`: what a model is made of, as people read it or as CycloneDX and SPDX write it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from weighmaster.fronts.cli import terminal
from weighmaster.fronts.cli.parsing import Parser, jobs
from weighmaster.model.errors import ConfigError, TrustError

if TYPE_CHECKING:
    from weighmaster.bom.inventory import Inventory

REFUSED: Final = 1
NOT_READ: Final = 3
_LONGEST: Final = 64 << 20
_EPILOG: Final = """\
Each word comes with who says it: bytes (hashed and counted), metadata (in a file of weights), configuration, card.
The bill goes to standard output, and what was not read to standard error.

exit status:
  0  written; with --check: the bill is valid, and tells of these files
  1  with --check: it is not, or does not
  2  wrong use
  3  written, but something of the target was not read; the bill says what
  4  a defect of weighmaster itself"""


def parser() -> Parser:
    """Return what `bom` understands."""
    it = Parser(
        prog="weighmaster bom",
        description="Write down what a model is made of, and who says so; or check such a bill of materials.",
        epilog=_EPILOG,
    )
    it.add_argument("path", nargs="?", metavar="PATH", help="a file or folder")
    it.add_argument("--format", default="text", choices=("text", "cyclonedx", "spdx"), help="what to write")
    it.add_argument("--spec-version", default="1.6", choices=("1.6", "1.7"), help="of CycloneDX (default: 1.6)")
    it.add_argument("--output-file", metavar="FILE", help="write there, not to standard output")
    it.add_argument("--force", action="store_true", help="replace the output file if it is there")
    it.add_argument("--name", default="", metavar="NAME", help="the model's name, instead of what card or files say")
    it.add_argument("--version", default="", metavar="VERSION", help="the model's version")
    it.add_argument(
        "--purl", default="", metavar="PURL", help="its package URL, such as pkg:huggingface/owner/name@revision"
    )
    it.add_argument(
        "--training-data", action="append", default=[], metavar="PATH", help="data it was trained on, to be hashed"
    )
    it.add_argument("--timestamp", metavar="TIME", help="when the bill is made (ISO 8601; else SOURCE_DATE_EPOCH, now)")
    it.add_argument("--exclude", action="append", default=[], metavar="GLOB", help="leave files out; may be repeated")
    it.add_argument(
        "--follow-links",
        "--follow-symlinks",
        action="store_true",
        dest="follow_symlinks",
        help="read linked files under the name of the link, too",
    )
    it.add_argument("-j", "--jobs", type=jobs, metavar="N", help="worker processes (default: one for each core)")
    it.add_argument("--check", metavar="FILE", help="check this bill, and that it tells of PATH where that is given")
    return it


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand and return its exit status."""
    options = parser().parse_args(arguments)
    if options.check is not None:
        return _check(options)
    if options.path is None:
        raise ConfigError("nothing to read: name a file or a folder")
    when = moment(options.timestamp, os.environ)
    made = _made(options)
    _write(_rendered(made, options, when), options)
    for gap in made.gaps if options.format != "text" or options.output_file else ():
        sys.stderr.write(f"weighmaster: not read: {_plain(f'{gap.where}: {gap.detail}')}\n")
    if not made.files:
        sys.stderr.write(f"weighmaster: no file was read: {_plain(options.path)}\n")
    return NOT_READ if made.gaps or not made.files else 0


def moment(text: str | None, environment: Mapping[str, str]) -> datetime:
    """Return when a bill is made: what was said, else `SOURCE_DATE_EPOCH`, else now.

    Raises:
        ConfigError: what was said is no time.
    """
    epoch = environment.get("SOURCE_DATE_EPOCH")
    try:
        if text is not None:
            said = datetime.fromisoformat(text)
            return said if said.tzinfo else said.replace(tzinfo=UTC)
        return datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise ConfigError(f"{text or epoch!r} is no time") from error


def _made(options: Any) -> Inventory:
    from weighmaster.bom.check import training
    from weighmaster.bom.look import look
    from weighmaster.bom.reading import Options, inventory
    from weighmaster.looks import Request
    from weighmaster.model.settings import Settings

    request = Request(
        settings=Settings(exclude=tuple(options.exclude)), follow_symlinks=options.follow_symlinks, jobs=options.jobs
    )
    data = tuple(training(path) for path in options.training_data)
    said = Options(name=options.name, version=options.version, purl=options.purl, training=data)
    return inventory(look(options.path, request), said)


def _rendered(made: Inventory, options: Any, when: datetime) -> str:
    if options.format == "text":
        from weighmaster.bom.summary import summary

        return summary(made, terminal.width())
    import json

    from weighmaster.bom import cyclonedx, spdx

    if options.format == "cyclonedx":
        document = cyclonedx.document(made, spec_version=options.spec_version, timestamp=when)
    else:
        document = spdx.document(made, timestamp=when)
    return json.dumps(document, indent=2) + "\n"


def _write(text: str, options: Any) -> None:
    if options.output_file is None:
        sys.stdout.write(text)
        return
    from weighmaster.trust.evidence.keeping import write_whole

    write_whole(options.output_file, text.encode(errors="backslashreplace"), force=options.force)


def _check(options: Any) -> int:
    from weighmaster.bom.check import Bill
    from weighmaster.trust.evidence.keeping import read_evidence

    if not os.path.lexists(options.check):
        raise ConfigError(f"no such file: {options.check}")
    try:
        bill = Bill(read_evidence(options.check, most=_LONGEST), options.check)
        wrong = [f"breaks its schema: {error}"] if (error := bill.invalid()) else []
        if options.path is not None:
            wrong += bill.differs(options.path, follow_links=options.follow_symlinks)
    except TrustError as error:
        return _refused([str(error)])
    if wrong:
        return _refused(wrong)
    files = f", and {options.path} is what it lists" if options.path else ""
    sys.stdout.write(f"{bill.format} {bill.version}: valid, {len(bill.digests)} files{_plain(files)}\n")
    return 0


def _refused(wrong: Sequence[str]) -> int:
    sys.stdout.write("".join(f"{_plain(each)}\n" for each in wrong))
    return REFUSED


def _plain(text: str) -> str:
    from weighmaster.extend.showing import plain

    return plain(text)
