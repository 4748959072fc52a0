"""The names that a target uses: of packages that it is or wants, and of accounts that publish what it loads."""

from __future__ import annotations

from weighmaster.model.fact import Fact, Shared
from weighmaster.model.repository import Repository


class Own(Shared):
    """The user's own `names`, as the configuration gives them: packages, families (`acme-*`), accounts (`acme/`)."""

    names: tuple[str, ...]


class Naming(Fact):
    """Something of the target names something. Made of a `Repository`, never read.

    `role` is `is` (a package says that this is its name), `wants` (a package that is wanted), `released` (a package
    that an index has), `from` (an account on a hub of models or data sets), `code` (an owner of repositories of code)
    or `published` (the account on a hub that the target is from); `rest` is what is taken of the last three.
    `said` is what says so, `own` are the user's own names.
    """

    role: str
    name: str
    said: Shared
    own: tuple[str, ...]
    whole: Repository
    rest: str = ""
