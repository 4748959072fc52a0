"""`weighmaster policies`: what decides a verdict."""

from __future__ import annotations

from collections.abc import Sequence

from weighmaster import api
from weighmaster.fronts.cli.parsing import Parser
from weighmaster.fronts.cli.terminal import table


def parser() -> Parser:
    """Return what `policies` understands."""
    return Parser(prog="weighmaster policies", description="List what decides a verdict; choose one with vet --policy.")


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand and return its exit status."""
    parser().parse_args(arguments)
    table((policy.id, policy.title) for policy in api.policies())
    return 0
