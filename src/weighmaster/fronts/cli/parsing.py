"""Arguments as every subcommand reads them: no abbreviations, and a typing error gets a hint."""

from __future__ import annotations

import argparse
import functools
import re
from typing import TYPE_CHECKING, Any, Final, NoReturn

from weighmaster.fronts.cli import terminal

if TYPE_CHECKING:
    from datetime import timedelta

_UNITS: Final = {"m": 60, "h": 3600, "d": 86400, "w": 604800}
_ARGUMENT: Final = re.compile(r"unrecognized arguments: (--?[\w-]+)")


def period(text: str) -> timedelta:
    """Return how long `12h`, `90d` or `52w` is.

    Raises:
        argparse.ArgumentTypeError: it is no such text.
    """
    from datetime import timedelta

    number, unit = text[:-1], text[-1:]
    if not (number.isascii() and number.isdigit() and unit in _UNITS and 0 < int(number) <= 100_000):
        raise argparse.ArgumentTypeError(f"a time such as 12h, 90d or 52w wanted, not {text!r}")
    return timedelta(seconds=int(number) * _UNITS[unit])


def jobs(text: str) -> int:
    """Return how many may work at once.

    Raises:
        argparse.ArgumentTypeError: it is no such number.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and int(text)):
        raise argparse.ArgumentTypeError(f"1 or more wanted, not {text[:20]!r}")
    return int(text)


class Parser(argparse.ArgumentParser):
    """A parser whose errors say what was meant; the exit status of a wrong use is 2."""

    def __init__(self, **options: Any) -> None:
        # With its width given, argparse does not import shutil, and with that four decompressors, to find it out.
        formatter = functools.partial(argparse.RawDescriptionHelpFormatter, width=min(terminal.width(), 110) - 2)
        super().__init__(formatter_class=formatter, allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        """End the process with status 2, the message, and a hint where an option looks like a known one."""
        if hit := _ARGUMENT.search(message):
            import difflib

            known = [option for action in self._actions for option in action.option_strings]
            if near := difflib.get_close_matches(hit[1], known, 1):
                message = f"no option is called {hit[1]}; did you mean {near[0]}?"
        self.exit(2, f"{self.prog}: {message}\n{self.prog} --help lists what there is.\n")
