"""The names that a target uses: of packages that it is or wants, and of accounts that publish what it loads."""

from __future__ import annotations

from weighmaster.model.fact import Fact, Shared
from weighmaster.model.repository import Repository


class Own(Shared):
    """The user's own `names`, as the configuration gives them: packages, and accounts, which end in `/`."""

    names: tuple[str, ...]


class Naming(Fact):
    """Something of the target names something. Made of a `Repository`, never read.

    `role` is `is` (a package says that this is its name), `wants` (a package that is wanted) or `from` (an account
    that publishes a model or a data set, `rest` the name of that). `said` is what says so, `own` are the user's own
    names.
    """

    role: str
    name: str
    said: Shared
    own: tuple[str, ...]
    whole: Repository
    rest: str = ""
