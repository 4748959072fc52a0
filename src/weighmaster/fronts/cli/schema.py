"""`weighmaster schema`: the JSON Schema of the JSON outputs."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from weighmaster import api
from weighmaster.fronts.cli.parsing import Parser


def parser() -> Parser:
    """Return what `schema` understands."""
    return Parser(prog="weighmaster schema", description="Print the JSON Schema of one object of --output json.")


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand and return its exit status."""
    parser().parse_args(arguments)
    sys.stdout.write(api.report_schema())
    return 0
