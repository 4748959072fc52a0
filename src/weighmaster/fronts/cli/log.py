"""`weighmaster log`: an append-only log of claims and files: begin it, append to it, verify it, prove what is in it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Any, Final

from weighmaster.fronts.cli import trusting
from weighmaster.fronts.cli.parsing import Parser
from weighmaster.model.errors import (
    MissingExtraError,
    OverBudgetError,
    TrustError,
    UnreachableError,
    UnreadableError,
    WeighmasterError,
)

_EPILOG: Final = """\
LOG is a folder, or an address: s3://bucket/path, gs://bucket/path, https://host/path (to read).
KEY of --public-key and --witness: a verifier key (name+hash+key), a file with some, or NAME=FILE with a PEM file.

weighmaster log init ./log --key log.pem --origin example.org/models
weighmaster log append ./log --claims model/claims.jsonl --key log.pem
weighmaster log verify ./log --public-key log.vkey
weighmaster log prove ./log --claims model/claims.jsonl --public-key log.vkey

weighmaster log ACTION --help tells more. Status: 0 it holds, 1 it does not, 2 wrong use, 3 it could not be checked."""

_UNCHECKED: Final = 3
_REFUSED: Final = 1


def parser() -> Parser:
    """Return what `log` understands."""
    it = Parser(
        prog="weighmaster log",
        description="Keep claims in a log that cannot be cut, edited or forked unseen.",
        epilog=_EPILOG,
    )
    actions = it.add_subparsers(dest="action", metavar="ACTION", required=True)
    for add in (_init, _append, _verify, _prove, _check_proof, _consistency, _witness, _cosign, _show):
        add(actions)
    return it


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand and return its exit status."""
    options = parser().parse_args(arguments)
    from weighmaster.trust.log.store import OvertakenError

    action = importlib.import_module("weighmaster.fronts.cli.log_actions")
    try:
        status: int = getattr(action, options.action.replace("-", "_"))(options)
    except TrustError as error:
        return _told("refused", error, _REFUSED)
    except (UnreachableError, UnreadableError, OverBudgetError, MissingExtraError, OvertakenError) as error:
        return _told("not checked", error, _UNCHECKED)
    return status


def _told(what: str, error: WeighmasterError, status: int) -> int:
    from weighmaster.extend.showing import plain

    sys.stderr.write(f"weighmaster: {what}: {plain(str(error))}\n")
    return status


def _init(actions: Any) -> None:
    it = actions.add_parser("init", help="begin a log", description="Begin a log without entries.")
    it.add_argument("log", metavar="LOG", help="a folder, or an address")
    _signs(it)
    it.add_argument("--origin", metavar="NAME", required=True, help="what it is called, for good: example.org/models")
    _written(it, "where the key goes that others verify with (nowhere)")


def _append(actions: Any) -> None:
    it = actions.add_parser(
        "append", help="append claims and files", description="Append a record of each claim and file: its SHA-256."
    )
    it.add_argument("log", metavar="LOG", help="a folder, or an address")
    it.add_argument("files", metavar="FILE", nargs="*", help="a file")
    it.add_argument("--claims", metavar="FILE", action="append", default=[], help="each line of a claims.jsonl")
    it.add_argument("--raw", metavar="FILE", action="append", default=[], help="a file of at most 65535 bytes, itself")
    _signs(it)
    it.add_argument("--again", action="store_true", help="also what is in the log already")
    it.add_argument("--keep", action="store_true", help="lay the claims themselves down beside the log")
    it.add_argument("--time", metavar="SECONDS", type=int, help="the time in the records, since 1970 (now)")
    _remembers(it, "refuse to append to a log that is not the one that FILE remembers")
    _output(it)


def _verify(actions: Any) -> None:
    it = actions.add_parser(
        "verify", help="compute all of a log again", description="Compute all of a log again, and say what is damaged."
    )
    it.add_argument("log", metavar="LOG", help="a folder, or an address")
    _trusts(it)
    _remembers(it, "hold it to what FILE remembers, and remember what it is now")
    _output(it)


def _prove(actions: Any) -> None:
    it = actions.add_parser(
        "prove", help="write the proof that something is in a log", description="Write proofs that need no network."
    )
    it.add_argument("log", metavar="LOG", help="a folder, or an address")
    it.add_argument("entry", metavar="ENTRY", nargs="?", help="the number of an entry, or a file that was logged")
    it.add_argument("--claims", metavar="FILE", help="each line of a claims.jsonl: one proof a line")
    _trusts(it)
    _written(it, "where the proof goes (ENTRY.tlog-proof, claims.proofs.jsonl)")


def _check_proof(actions: Any) -> None:
    it = actions.add_parser(
        "check-proof",
        help="verify proofs, offline",
        description="Verify that something is in a log, or that it grew.",
    )
    it.add_argument("proof", metavar="PROOF", help="what prove or consistency wrote")
    it.add_argument("file", metavar="FILE", nargs="?", help="what was logged")
    it.add_argument("--claims", metavar="FILE", help="each line of a claims.jsonl must be in the log")
    it.add_argument("--from", metavar="CHECKPOINT", dest="old", help="the older checkpoint, where growth is proven")
    _trusts(it)
    _output(it)


def _consistency(actions: Any) -> None:
    it = actions.add_parser(
        "consistency", help="prove that a log only grew", description="Prove that a log has grown from a checkpoint."
    )
    it.add_argument("log", metavar="LOG", help="a folder, or an address")
    it.add_argument("--from", metavar="CHECKPOINT", dest="old", required=True, help="a file with the older checkpoint")
    _trusts(it)
    _written(it, "where the proof goes (nowhere; a witness takes it in the place of LOG)")


def _witness(actions: Any) -> None:
    it = actions.add_parser(
        "witness",
        help="remember a log on another machine, and cosign it",
        description="Cosign a log that only grew since it was seen last; refuse one that was rolled back or forked.",
    )
    it.add_argument("log", metavar="LOG", help="the log, or a proof that consistency wrote")
    _signs(it)
    it.add_argument("--name", required=True, help="the name of this witness: witness.example.org/w1")
    it.add_argument("--state", metavar="FILE", required=True, help="remembers the last checkpoint; keep it safe")
    it.add_argument("--new", action="store_true", help="nothing is remembered yet")
    it.add_argument("--public-key", metavar="KEY", action="append", default=[], help="the key of the log")
    it.add_argument("--origin", metavar="NAME", help="what the log must be called")
    it.add_argument("--time", metavar="SECONDS", type=int, help="the time of the cosignature, since 1970 (now)")
    _written(it, "where the cosigned checkpoint goes (into the log)")


def _cosign(actions: Any) -> None:
    it = actions.add_parser(
        "cosign", help="add cosignatures to a log", description="Put a witness's signature below the log's checkpoint."
    )
    it.add_argument("log", metavar="LOG", help="a folder, or an address")
    it.add_argument("file", metavar="FILE", help="the cosigned checkpoint that a witness wrote")
    _trusts(it)
    _output(it)


def _show(actions: Any) -> None:
    it = actions.add_parser("show", help="show a log", description="Show what a log says, and its last entries.")
    it.add_argument("log", metavar="LOG", help="a folder, or an address")
    it.add_argument("--entry", metavar="N", type=int, help="write this entry, as it is, to standard output")
    it.add_argument("--last", metavar="N", type=int, default=10, help="how many entries (10)")
    _trusts(it)
    _output(it)


def _signs(it: Any) -> None:
    it.add_argument(
        "--key",
        metavar="PEM",
        required=True,
        help="the private key (Ed25519): a file, or an address (awskms:, hsm:, …)",
    )
    it.add_argument("--own-public-key", metavar="PEM", help="the public half of a key at an address")
    trusting.add_password(it)


def _trusts(it: Any) -> None:
    it.add_argument("--public-key", metavar="KEY", action="append", default=[], help="the key of the log")
    it.add_argument("--origin", metavar="NAME", help="what the log must be called")
    it.add_argument("--witness", metavar="KEY", action="append", default=[], help="the key of a witness")
    it.add_argument("--threshold", metavar="N", type=int, help="how many witnesses must have cosigned (all)")


def _remembers(it: Any, what: str) -> None:
    it.add_argument("--state", metavar="FILE", help=what)
    it.add_argument("--new", action="store_true", help="nothing is remembered yet")


def _written(it: Any, what: str) -> None:
    it.add_argument("--output-file", metavar="FILE", help=what)
    it.add_argument("--force", action="store_true", help="replace what lies there")
    _output(it)


def _output(it: Any) -> None:
    it.add_argument("-o", "--output", choices=("text", "json"), default="text", help="how the answer is written (text)")
