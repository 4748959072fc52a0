"""`weighmaster roots`: publish what others are to trust, and follow what others publish."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from weighmaster.fronts.cli import actions
from weighmaster.fronts.cli.parsing import Parser, period
from weighmaster.fronts.cli.trusting import add_password
from weighmaster.model.errors import UnreachableError

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


def parser() -> Parser:
    """Return what `roots` understands."""
    return actions.command(
        "roots",
        "Publish policies, keys, certificates and recalls; follow them, with their rotations and expiry.",
        _EPILOG,
        (_init, _add, _remove, _publish, _refresh, _rotate, _sign, _delegate, _pull, _show),
    )


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand and return its exit status."""
    return actions.run("roots", parser().parse_args(arguments), (UnreachableError,), "out of reach")


def _init(among: Any) -> None:
    it = _on_folder(among, "init", "begin a folder of roots", "Begin a folder of roots.")
    _root_keys(it, "a root key; of those whose private half is given, the root is signed at once", needed=True)
    it.add_argument("--threshold", metavar="N", type=int, required=True, help="how many root keys must sign")
    it.add_argument(
        "--key", action="append", required=True, default=[], metavar="KEY", help="an online key, private or public"
    )
    it.add_argument(
        "--targets-key", action="append", default=[], metavar="KEY", help="keys that sign what is published (--key)"
    )
    _root_expires(it)
    add_password(it)


def _add(among: Any) -> None:
    it = _on_folder(among, "add", "draft a file", "Draft a file, new or in the place of another.")
    it.add_argument("name", metavar="NAME", help="what it is called where it is published: recall.json, keys/a.pem")
    it.add_argument("file", metavar="FILE", help="where it lies now")
    _role(it)


def _remove(among: Any) -> None:
    it = _on_folder(among, "remove", "draft that a file goes", "Draft that a file goes.")
    it.add_argument("name", metavar="NAME", help="what it is called where it is published")
    _role(it)


def _publish(among: Any) -> None:
    it = _on_folder(among, "publish", "sign what was drafted, and put it out", "Sign what was drafted, and put it out.")
    _keys(it)
    _expires(it)
    it.add_argument(
        "--targets-expires", type=period, metavar="TIME", default="90d", help="how long the files hold (90d)"
    )
    add_password(it)


def _refresh(among: Any) -> None:
    it = _on_folder(among, "refresh", "say that nothing has changed", "Sign the timestamp anew: nothing has changed.")
    _keys(it)
    _expires(it)
    add_password(it)


def _rotate(among: Any) -> None:
    it = _on_folder(
        among,
        "rotate",
        "change keys, or renew the root",
        "Draft the next root: other keys, another threshold, or a later end.",
    )
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
    add_password(it)


def _sign(among: Any) -> None:
    it = _on_folder(
        among,
        "sign",
        "add a signature to what waits for it",
        "Add a signature to the root that waits, or sign what was drafted for a delegated role.",
    )
    _root_keys(it, "signs the root that waits", needed=False)
    it.add_argument("--role", default="", help="a delegated role, whose draft is signed")
    it.add_argument("--key", action="append", default=[], metavar="KEY", help="signs the draft of --role")
    it.add_argument(
        "--targets-expires", type=period, metavar="TIME", default="90d", help="how long the files of --role hold (90d)"
    )
    add_password(it)


def _delegate(among: Any) -> None:
    it = _on_folder(
        among, "delegate", "leave some files to others", "Draft that files of some names are signed by others."
    )
    it.add_argument("role", metavar="ROLE", help="what they are called: team-a")
    it.add_argument(
        "--key", action="append", required=True, default=[], metavar="KEY", help="their key, public is enough"
    )
    it.add_argument(
        "--paths", action="append", required=True, default=[], metavar="GLOB", help="the names: 'team-a/*'; * ends at /"
    )
    it.add_argument("--threshold", metavar="N", type=int, default=1, help="how many of the keys must sign (1)")


def _pull(among: Any) -> None:
    it = among.add_parser(
        "pull", help="follow what others publish", description="Follow what others publish, into a folder of one's own."
    )
    it.add_argument("source", metavar="SOURCE", help="an http(s) address, or a folder")
    it.add_argument("--into", metavar="CACHE", required=True, help="the folder; it remembers what was seen")
    it.add_argument("--root", metavar="FILE", help="a root.json that is trusted, for a new CACHE")
    it.add_argument("--fingerprint", metavar="HEX", default="", help="or the SHA-256 of one")
    actions.add_output(it)


def _show(among: Any) -> None:
    it = _on_folder(
        among,
        "show",
        "show versions, keys and ends",
        "Show what is published, or what was pulled.",
        folder="a folder that is published, or a CACHE",
    )
    actions.add_output(it)


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
        type=period,
        metavar="TIME",
        default="7d",
        help="how old what others rely on may get: 12h, 7d (7d)",
    )


def _root_expires(it: Any) -> None:
    it.add_argument(
        "--root-expires", type=period, metavar="TIME", default="365d", help="how long the root holds (365d)"
    )


def _role(it: Any) -> None:
    it.add_argument("--role", default="targets", help="the delegated role that it is of")


def _on_folder(among: Any, name: str, what: str, description: str, *, folder: str = "what is published") -> Any:
    """Return the parser of an action on a folder of roots."""
    it = among.add_parser(name, help=what, description=description)
    it.add_argument("folder", metavar="FOLDER", help=folder)
    return it
