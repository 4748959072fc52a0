"""`weighmaster pin`: write down what pip would install, each release by the digests of its wheels."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from collections.abc import Sequence
from typing import Any, Final

from weighmaster.extend.showing import count
from weighmaster.fronts.cli import status
from weighmaster.fronts.cli.install import access_of, add_shared, asked_of, pip_of, refuse_output, say
from weighmaster.fronts.cli.parsing import Parser

_EPILOG: Final = """\
All else is for pip: requirements, -r FILE, -c FILE, --index-url URL, --platform P, ... (pip install --help).
The lock is for the interpreter that asks; nothing is built, and sdists are not in it.

examples:
  weighmaster pin -r requirements.in -o requirements.txt
  weighmaster pin torch transformers -o pylock.toml
  weighmaster install -r requirements.txt"""


def parser() -> Parser:
    """Return what `pin` understands; what is not among it is for pip."""
    it = Parser(
        prog="weighmaster pin",
        usage="weighmaster pin [options] [pip's options] REQUIREMENT ...",
        description="Find what pip would install, and write a lock of it with the digest of every wheel.",
        epilog=_EPILOG,
    )
    add_shared(it)
    it.add_argument(
        "-o",
        "--output-file",
        metavar="FILE",
        default="",
        help="write there, not to standard output; pylock.toml or pylock.NAME.toml gets that form",
    )
    it.add_argument("--form", choices=("requirements", "pylock"), help="what to write (default: as FILE is called)")
    it.add_argument("--force", action="store_true", help="replace what lies there")
    return it


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand and return its exit status."""
    options, rest = parser().parse_known_args(list(arguments))
    refuse_output(options.output_file, force=options.force)
    text, number = _lock(options, rest)
    if not options.output_file:
        sys.stdout.write(text)
        return status.ALLOWED
    from weighmaster.trust.evidence.keeping import write_whole

    write_whole(options.output_file, text.encode(), force=options.force)
    sys.stdout.write(f"{options.output_file}: {count(number, 'package')}, each by its digests\n")
    return status.ALLOWED


def _lock(options: Any, rest: Sequence[str]) -> tuple[str, int]:
    from weighmaster.installing import pin
    from weighmaster.installing.resolve import resolved

    asked = asked_of(rest)
    with tempfile.TemporaryDirectory(prefix="weighmaster-", ignore_cleanup_errors=True) as folder:
        say("finding what would be installed")
        resolution = resolved(pip_of(options), asked, folder, ("--ignore-installed",))
        say(f"asking for the digests of {count(len(resolution.files), 'release')}")
        found = pin.pinned(resolution, access_of(asked), offline=asked.offline)
    if _form(options) == "pylock":
        return pin.pylock(found, resolution), len(found)
    shown = " ".join(["weighmaster pin", *map(shlex.quote, _without_secrets(rest))])
    return pin.requirements(found, resolution, shown), len(found)


def _form(options: Any) -> str:
    name = os.path.basename(options.output_file)
    is_pylock = name == "pylock.toml" or (name.startswith("pylock.") and name.endswith(".toml"))
    return str(options.form or ("pylock" if is_pylock else "requirements"))


def _without_secrets(words: Sequence[str]) -> list[str]:
    """Return words without the passwords in addresses: the lock goes where others read it."""
    from weighmaster.reading.pattern import pattern

    secret = pattern(r"(https?://)[^/@\s]+@")
    return [secret.sub(r"\1", word) for word in words]
