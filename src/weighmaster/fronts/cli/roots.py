"""`weighmaster roots`: publish what others are to trust, and follow what others publish."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Any, Final

from weighmaster.fronts.cli.parsing import Parser
from weighmaster.model.errors import TrustError, UnreachableError, WeighmasterError

_EPILOG: Final = """\
to publish, from a folder that any web server can serve:
  weighmaster roots init ./roots --root-key a.pem --root-key b.pem --root-key c.pem --threshold 2 --key online.pem
  weighmaster roots add ./roots policy.toml policy.toml
  weighmaster roots publish ./roots --key online.pem
  weighmaster roots refresh ./roots --key online.pem              every day: nothing new is news
  weighmaster roots rotate ./roots --add-key d.pem --remove-key 1d6103dc --root-key a.pem
  weighmaster roots sign ./roots --root-key b.pem                 by another person, on another machine
to follow, from an address or a folder:
  weighmaster roots pull https://example.org/roots --into ./trusted --fingerprint 4c1f...
  weighmaster roots show ./trusted
KEY is a file in PEM form, or ADDRESS=PUBLIC.pem for a key in hardware or in a cloud.

weighmaster roots ACTION --help tells more. Status: 0 done, 1 refused, 2 wrong use, 3 out of reach or incomplete."""

_REFUSED: Final = 1
_UNCHECKED: Final = 3


def parser() -> Parser:
    """Return what `roots` understands."""
    it = Parser(
        prog="weighmaster roots",
        description="Publish policies, keys, certificates and recalls; follow them, with their rotations and expiry.",
        epilog=_EPILOG,
    )
    actions = it.add_subparsers(dest="action", metavar="ACTION", required=True)
    for add in (_init, _add, _remove, _publish, _refresh, _rotate, _sign, _delegate, _pull, _show):
        add(actions)
    return it


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand and return its exit status."""
    options = parser().parse_args(arguments)
    action = importlib.import_module("weighmaster.fronts.cli.roots_actions")
    try:
        status: int = getattr(action, options.action)(options)
    except TrustError as error:
        return _told("refused", error, _REFUSED)
    except UnreachableError as error:
        return _told("out of reach", error, _UNCHECKED)
    return status


def _told(what: str, error: WeighmasterError, status: int) -> int:
    from weighmaster.extend.showing import plain

    sys.stderr.write(f"weighmaster: {what}: {plain(str(error))}\n")
    return status


def _init(actions: Any) -> None:
    it = actions.add_parser("init", help="begin a folder of roots", description="Begin a folder of roots.")
    it.add_argument("folder", metavar="FOLDER", help="what is published")
    _root_keys(it, "a root key; of those whose private half is given, the root is signed at once", needed=True)
    it.add_argument("--threshold", metavar="N", type=int, required=True, help="how many root keys must sign")
    it.add_argument(
        "--key", action="append", required=True, default=[], metavar="KEY", help="an online key, private or public"
    )
    it.add_argument(
        "--targets-key", action="append", default=[], metavar="KEY", help="keys that sign what is published (--key)"
    )
    _root_expires(it)
    _password(it)


def _add(actions: Any) -> None:
    it = actions.add_parser("add", help="draft a file", description="Draft a file, new or in the place of another.")
    it.add_argument("folder", metavar="FOLDER", help="what is published")
    it.add_argument("name", metavar="NAME", help="what it is called where it is published: recall.json, keys/a.pem")
    it.add_argument("file", metavar="FILE", help="where it lies now")
    _role(it)


def _remove(actions: Any) -> None:
    it = actions.add_parser("remove", help="draft that a file goes", description="Draft that a file goes.")
    it.add_argument("folder", metavar="FOLDER", help="what is published")
    it.add_argument("name", metavar="NAME")
    _role(it)


def _publish(actions: Any) -> None:
    it = actions.add_parser(
        "publish", help="sign what was drafted, and put it out", description="Sign what was drafted, and put it out."
    )
    it.add_argument("folder", metavar="FOLDER", help="what is published")
    _keys(it)
    _expires(it)
    it.add_argument("--targets-expires", metavar="TIME", default="90d", help="how long the files hold (90d)")
    _password(it)


def _refresh(actions: Any) -> None:
    it = actions.add_parser(
        "refresh", help="say that nothing has changed", description="Sign the timestamp anew: nothing has changed."
    )
    it.add_argument("folder", metavar="FOLDER", help="what is published")
    _keys(it)
    _expires(it)
    _password(it)


def _rotate(actions: Any) -> None:
    it = actions.add_parser(
        "rotate",
        help="change keys, or renew the root",
        description="Draft the next root: other keys, another threshold, or a later end.",
    )
    it.add_argument("folder", metavar="FOLDER", help="what is published")
    it.add_argument(
        "--role",
        default="root",
        choices=("root", "online", "targets", "snapshot", "timestamp"),
        help="whose keys change (root); online are the other three",
    )
    it.add_argument("--add-key", action="append", default=[], metavar="KEY", help="a key that may sign from now on")
    it.add_argument(
        "--remove-key", action="append", default=[], metavar="KEY", help="one that may not: its PEM, or 8 digits of it"
    )
    it.add_argument("--threshold", metavar="N", type=int, default=0, help="how many must sign from now on")
    _root_keys(it, "signs the next root; those of the root before count, and its own", needed=False)
    _root_expires(it)
    _password(it)


def _sign(actions: Any) -> None:
    it = actions.add_parser(
        "sign",
        help="add a signature to what waits for it",
        description="Add a signature to the root that waits, or sign what was drafted for a delegated role.",
    )
    it.add_argument("folder", metavar="FOLDER", help="what is published")
    _root_keys(it, "signs the root that waits", needed=False)
    it.add_argument("--role", default="", help="a delegated role, whose draft is signed")
    it.add_argument("--key", action="append", default=[], metavar="KEY", help="signs the draft of --role")
    it.add_argument("--targets-expires", metavar="TIME", default="90d", help="how long the files of --role hold (90d)")
    _password(it)


def _delegate(actions: Any) -> None:
    it = actions.add_parser(
        "delegate",
        help="leave some files to others",
        description="Draft that files of some names are signed by others.",
    )
    it.add_argument("folder", metavar="FOLDER", help="what is published")
    it.add_argument("role", metavar="ROLE", help="what they are called: team-a")
    it.add_argument(
        "--key", action="append", required=True, default=[], metavar="KEY", help="their key, public is enough"
    )
    it.add_argument(
        "--paths", action="append", required=True, default=[], metavar="GLOB", help="the names: 'team-a/*'; * ends at /"
    )
    it.add_argument("--threshold", metavar="N", type=int, default=1, help="how many of the keys must sign (1)")


def _pull(actions: Any) -> None:
    it = actions.add_parser(
        "pull", help="follow what others publish", description="Follow what others publish, into a folder of one's own."
    )
    it.add_argument("source", metavar="SOURCE", help="an http(s) address, or a folder")
    it.add_argument("--into", metavar="CACHE", required=True, help="the folder; it remembers what was seen")
    it.add_argument("--root", metavar="FILE", help="a root.json that is trusted, for a new CACHE")
    it.add_argument("--fingerprint", metavar="HEX", default="", help="or the SHA-256 of one")
    _output(it)


def _show(actions: Any) -> None:
    it = actions.add_parser(
        "show", help="show versions, keys and ends", description="Show what is published, or what was pulled."
    )
    it.add_argument("folder", metavar="FOLDER", help="a folder that is published, or a CACHE")
    _output(it)


def _root_keys(it: Any, what: str, *, needed: bool) -> None:
    it.add_argument(
        "--root-key", action="append", default=[], metavar="KEY", required=needed, help=f"{what}; may be repeated"
    )


def _keys(it: Any) -> None:
    it.add_argument(
        "--key", action="append", required=True, default=[], metavar="KEY", help="a private key; may be repeated"
    )


def _expires(it: Any) -> None:
    it.add_argument(
        "--expires",
        metavar="TIME",
        default="7d",
        help="how old what others rely on may get: 12h, 7d (7d)",
    )


def _root_expires(it: Any) -> None:
    it.add_argument("--root-expires", metavar="TIME", default="365d", help="how long the root holds (365d)")


def _role(it: Any) -> None:
    it.add_argument("--role", default="targets", help="the delegated role that it is of")


def _password(it: Any) -> None:
    from weighmaster.fronts.cli.trusting import add_password

    add_password(it)


def _output(it: Any) -> None:
    it.add_argument("-o", "--output", default="text", choices=("text", "json"), help="what to write (text)")
