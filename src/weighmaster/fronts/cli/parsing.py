"""Arguments as every subcommand reads them: no abbreviations, and a typing error gets a hint."""

from __future__ import annotations

import argparse
import re
from typing import Any, Final, NoReturn

_ARGUMENT: Final = re.compile(r"unrecognized arguments: (--?[\w-]+)")


class Parser(argparse.ArgumentParser):
    """A parser whose errors say what was meant; the exit status of a wrong use is 2."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        options["allow_abbrev"] = False
        super().__init__(**options)

    def error(self, message: str) -> NoReturn:
        """End the process with status 2, the message, and a hint where an option looks like a known one."""
        if hit := _ARGUMENT.search(message):
            import difflib

            known = [option for action in self._actions for option in action.option_strings]
            if near := difflib.get_close_matches(hit[1], known, 1):
                message = f"no option is called {hit[1]}; did you mean {near[0]}?"
        self.exit(2, f"{self.prog}: {message}\n{self.prog} --help lists what there is.\n")
