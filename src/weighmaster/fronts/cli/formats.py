"""`weighmaster formats`: what can be read."""

from __future__ import annotations

from collections.abc import Sequence

from weighmaster import api
from weighmaster.fronts.cli.parsing import Parser
from weighmaster.fronts.cli.terminal import table


def parser() -> Parser:
    """Return what `formats` understands."""
    return Parser(prog="weighmaster formats", description="List what can be read. What cannot is held for review.")


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand and return its exit status."""
    parser().parse_args(arguments)
    table((format_.id, format_.title) for format_ in api.formats())
    return 0
