"""The command `weighmaster`: finds the subcommand, runs it, and turns what goes wrong into an exit status."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import sys
from collections.abc import Sequence
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Final, NoReturn

from weighmaster.fronts.cli.terminal import defect, open_streams, unwritten
from weighmaster.model.errors import TrustError, WeighmasterError
from weighmaster.version import VERSION

if TYPE_CHECKING:
    from weighmaster.fronts.cli.parsing import Parser

COMMANDS: Final = MappingProxyType(
    {
        "vet": "look at files and folders, and say whether they may come in",
        "digest": "take the digests of a file or a folder, and compare them with earlier or published ones",
        "keygen": "make a key to sign with",
        "sign": "sign a file or a folder",
        "verify": "verify who signed a file or a folder, and that it is unchanged",
        "attest": "claim something of an artifact, signed: a release, a scan, a closure, test results",
        "claims": "list what is claimed of an artifact, who signed it, and which of it holds",
        "bom": "write down what a model is made of, and who says so",
        "install": "pip install, of what was vetted and of nothing else",
        "pin": "write a lock: what pip would install, each release by the digests of its wheels",
        "inventory": "list the models, data sets and packages that source uses, and what is wrong with it",
        "convert": "take tensors out of files that would have to be run, into safetensors",
        "record": "run a command, and record what went in and what came out",
        "reproduce": "run a recorded command again, and compare what comes out",
        "log": "keep claims in a log that cannot be cut, edited or forked unseen",
        "roots": "publish policies, keys and recalls that others trust, and follow what others publish",
        "recall": "keep a list of what must not be used any more, and hold artifacts to it",
        "explain": "the page of a rule, or the evidence behind a finding",
        "rules": "list what is looked for",
        "formats": "list what can be read",
        "policies": "list what decides a verdict",
        "schema": "print the JSON Schema of --output json",
        "completion": "print a completion script for bash, zsh or fish",
    }
)
"""Each is a module of this folder; `--help` and a typing error need no more of it than this line."""

DOES_NOT_HOLD: Final = 1
USAGE: Final = 2
DEFECT: Final = 4
INTERRUPTED: Final = 130


def run() -> NoReturn:
    """Run the command line that this process was started with, and end the process.

    A process that lives for one answer neither collects cycles nor tears down its modules: both would cost as much
    as the answer to a small file.
    """
    gc.disable()
    open_streams()
    status = main(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


def main(arguments: Sequence[str]) -> int:
    """Run a command line and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        # Names in artifacts may hold what the terminal's encoding cannot write.
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    try:
        status = _dispatch(list(arguments))
    except TrustError as error:
        return _said(f"refused: {error}", DOES_NOT_HOLD)
    except WeighmasterError as error:
        return _said(str(error), USAGE)
    except KeyboardInterrupt:
        return _said("interrupted", INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - the net of this front end: a traceback is no answer to a user
        if isinstance(error, OSError) and (lost := unwritten(sys.stdout)):
            return _said(f"cannot write the output: {lost}", USAGE)
        defect(error)
        return DEFECT
    lost = unwritten(sys.stdout)
    return _said(f"cannot write the output: {lost}", USAGE) if lost else status


def command(name: str) -> ModuleType:
    """Return the module of a subcommand: it has `parser()`, and `main(arguments)` that returns the exit status."""
    return importlib.import_module(f"weighmaster.fronts.cli.{name}")


def parser() -> Parser:
    """Return the parser of what stands before the subcommand."""
    from weighmaster.fronts.cli.parsing import Parser

    top = Parser(prog="weighmaster", description="May this AI artifact come in?", epilog=_epilog())
    top.add_argument("--version", action="version", version=f"weighmaster {VERSION}")
    top.add_argument("command", metavar="COMMAND", nargs="?", choices=tuple(COMMANDS), help="one of the commands below")
    return top


def _dispatch(arguments: list[str]) -> int:
    if arguments == ["--version"]:
        print(f"weighmaster {VERSION}")  # noqa: T201 - a front end prints
        return 0
    if arguments and arguments[0] in COMMANDS:
        status: int = command(arguments[0]).main(arguments[1:])
        return status
    if arguments and not arguments[0].startswith("-"):
        return _said(_unknown(arguments[0]), USAGE)
    top = parser()
    if not arguments:
        top.print_help(sys.stderr)
        return USAGE
    top.parse_args(arguments)
    return USAGE


def _unknown(word: str) -> str:
    if os.path.lexists(word):
        return f"no command is called {word!r}; did you mean: weighmaster vet {word}"
    import difflib

    near = difflib.get_close_matches(word, list(COMMANDS), 1)
    hint = f"; did you mean {near[0]!r}?" if near else f" (there are: {', '.join(COMMANDS)})"
    return f"no command is called {word!r}{hint}"


def _said(message: str, status: int) -> int:
    from weighmaster.extend.showing import plain

    sys.stderr.write(f"weighmaster: {plain(message)}\n")
    return status


def _epilog() -> str:
    lines = [f"  {name:<12}{title}" for name, title in COMMANDS.items()]
    return "\n".join(["commands:", *lines, "", "weighmaster COMMAND --help tells more."])
