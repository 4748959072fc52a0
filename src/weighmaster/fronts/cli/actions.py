"""Commands that have actions (`log`, `roots`, `recall`): how one is told of an action, and how it is run.

What an action does is in a module beside that of its command, `log_actions` for one, which is read only when one runs.
"""

from __future__ import annotations

import importlib
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from typing import Any

from weighmaster.fronts.cli.parsing import Parser
from weighmaster.fronts.cli.status import REVIEW
from weighmaster.model.errors import WeighmasterError


def command(name: str, description: str, epilog: str, add: Sequence[Callable[[Any], None]]) -> Parser:
    """Return what a command understands that has these actions; the one that was named is in `which`."""
    it = Parser(prog=f"weighmaster {name}", description=description, epilog=epilog)
    actions = it.add_subparsers(dest="which", metavar="ACTION", required=True)
    for one in add:
        one(actions)
    return it


def run(name: str, options: Namespace, unchecked: tuple[type[WeighmasterError], ...] = (), what: str = "") -> int:
    """Run the action of a command, and return its exit status.

    Errors of the kinds in `unchecked` mean that nobody can say; `what` is how people are told.
    """
    module = importlib.import_module(f"weighmaster.fronts.cli.{name}_actions")
    try:
        status: int = getattr(module, options.which.replace("-", "_"))(options)
    except unchecked as error:
        from weighmaster.extend.showing import plain

        sys.stderr.write(f"weighmaster: {what}: {plain(str(error))}\n")
        return REVIEW
    return status


def add_output(it: Any) -> None:
    """Let an action be told how to answer."""
    it.add_argument("-o", "--output", default="text", choices=("text", "json"), help="what to write (default: text)")


def add_output_file(it: Any, what: str) -> None:
    """Let an action be told where a file goes."""
    it.add_argument("--output-file", metavar="FILE", help=what)
    it.add_argument("--force", action="store_true", help="replace what lies there")
