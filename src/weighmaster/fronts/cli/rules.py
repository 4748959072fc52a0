"""`weighmaster rules`: what is looked for."""

from __future__ import annotations

from collections.abc import Sequence

from weighmaster import api
from weighmaster.fronts.cli.parsing import Parser
from weighmaster.fronts.cli.terminal import table


def parser() -> Parser:
    """Return what `rules` understands."""
    return Parser(prog="weighmaster rules", description="List what is looked for. weighmaster explain RULE tells more.")


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand and return its exit status."""
    parser().parse_args(arguments)
    table((rule.id, rule.severity.word, rule.title) for rule in api.rules())
    return 0
