"""`weighmaster recall`: keep a list of what must not be used any more, and hold artifacts to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from weighmaster.fronts.cli import actions
from weighmaster.fronts.cli.parsing import Parser
from weighmaster.fronts.cli.trusting import add_expected

_EPILOG: Final = """\
  weighmaster recall add recall.json --path model.safetensors --reason "a backdoor" --replacement sha256:4c1f...
  weighmaster recall add recall.json --public-key old.pem --since 2026-11-01T00:00:00Z --reason "key stolen"
  weighmaster recall check ./model --roots ./trusted
  weighmaster recall derived --roots ./trusted --claims-in ./models
A list travels as a published root: weighmaster roots add ./roots recall.json recall.json.

weighmaster recall ACTION --help tells more. Status of check and derived: 0 nothing is recalled, 1 something is and
must not be used, 2 wrong use, 3 a person must look, or something could not be checked."""


def parser() -> Parser:
    """Return what `recall` understands."""
    return actions.command(
        "recall",
        "Keep a list of what must not be used any more, and hold artifacts to it.",
        _EPILOG,
        (_add, _withdraw, _list, _check, _derived, _export),
    )


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand and return its exit status."""
    return actions.run("recall", parser().parse_args(arguments))


def _add(among: Any) -> None:
    it = among.add_parser("add", help="recall something", description="Recall something. A list is made if need be.")
    it.add_argument("list", metavar="LIST", help="a file, such as recall.json")
    what = it.add_argument_group("what (one of them)")
    what.add_argument("--path", metavar="PATH", help="a file or a folder that lies here")
    what.add_argument("--sha256", metavar="HEX", help="a file")
    what.add_argument("--tree", metavar="HEX", help="an artifact, by its tree digest")
    what.add_argument("--base", metavar="HEX", help="a base model, by SHA-256 or tree digest")
    what.add_argument("--dataset", metavar="HEX", help="data, by SHA-256 or tree digest")
    what.add_argument("--public-key", metavar="PEM", help="a signer's key")
    what.add_argument("--key", metavar="HEX", help="a signer's key, by the SHA-256 of its SubjectPublicKeyInfo")
    what.add_argument("--certificate", metavar="HEX", help="a certificate, by the SHA-256 of its DER")
    what.add_argument("--identity", metavar="NAME", help="a signer, by the name in its certificates")
    what.add_argument("--name", metavar="NAME", help="what releases call it, or a purl")
    more = it.add_argument_group("what else is said of it")
    more.add_argument("--reason", required=True, metavar="TEXT", help="why; whoever is stopped by it reads this")
    more.add_argument("--action", default="block", choices=("block", "quarantine", "warn"), help="what to do (block)")
    more.add_argument("--replacement", default="", metavar="DIGEST", help="sha256:HEX or tree:HEX to use in its place")
    more.add_argument("--advisory", default="", metavar="ID", help="an advisory that tells more")
    more.add_argument("--url", default="", metavar="URL", help="where it is")
    more.add_argument("--since", metavar="TIME", help="of a signer: what it signed before counts; 2026-01-31T12:00:00Z")
    more.add_argument("--issuer", default="", metavar="ISSUER", help="of an identity: who vouched for it (anybody)")
    more.add_argument("--versions", default="", metavar="RANGE", help="of a name: such as '>=1.0,<1.4' (all)")
    more.add_argument("--id", default="", metavar="ID", help="what the entry is called (the next number)")


def _withdraw(among: Any) -> None:
    it = among.add_parser(
        "withdraw", help="take a recall back", description="Take a recall back; the entry stays, with the reason."
    )
    it.add_argument("list", metavar="LIST", help="a file, such as recall.json")
    it.add_argument("id", metavar="ID", help="of the entry: R-0001")
    it.add_argument("--reason", required=True, metavar="TEXT", help="why")


def _list(among: Any) -> None:
    it = among.add_parser("list", help="show a list", description="Show what is recalled.")
    _from(it)
    it.add_argument("--all", action="store_true", help="also what was withdrawn")
    it.set_defaults(which="list_recalls")
    actions.add_output(it)


def _check(among: Any) -> None:
    it = among.add_parser(
        "check",
        help="hold artifacts to a list",
        description="Say whether artifacts are recalled: their bytes, who signed them, what they were built on.",
        epilog="A signer recalled since a day is met whenever it signed, unless its time can be verified (see above).",
    )
    it.add_argument("path", metavar="PATH", nargs="+", help="a file or a folder")
    _from(it)
    add_expected(it)
    it.add_argument("--follow-links", action="store_true", help="hash what links lead to, under the names of the links")
    actions.add_output(it)


def _derived(among: Any) -> None:
    it = among.add_parser(
        "derived",
        help="find what was built on what is recalled",
        description="Find every artifact whose bytes or claims lead to a recalled digest, through others too.",
    )
    it.add_argument("digest", metavar="DIGEST", nargs="*", help="SHA-256 or tree digest (all of the list)")
    _from(it, needed=False)
    it.add_argument(
        "--claims-in", action="append", required=True, default=[], metavar="FOLDER", help="where artifacts lie"
    )
    it.add_argument("--claims-only", action="store_true", help="read the claims, hash no bytes")
    it.add_argument("--follow-links", action="store_true", help="hash what links lead to, under the names of the links")
    actions.add_output(it)


def _export(among: Any) -> None:
    it = among.add_parser("export", help="write OSV or VEX", description="Write a list in the words of others.")
    _from(it)
    it.add_argument("--format", required=True, choices=("osv", "vex"), help="OSV records, or CycloneDX 1.6 VEX")
    actions.add_output_file(it, "write there, not to standard output")


def _from(it: Any, *, needed: bool = True) -> None:
    group = it.add_mutually_exclusive_group(required=needed)
    group.add_argument("--list", metavar="FILE", help="a list, taken as it is")
    group.add_argument("--roots", metavar="CACHE", help="the list in roots that were pulled: signed, and fresh")
    it.add_argument("--list-name", metavar="NAME", help="what it is called among these roots (recall.json)")
    it.add_argument("--accept-stale", action="store_true", help="use roots that have expired: what is new is missing")
