"""`weighmaster log`: an append-only log of claims and files: begin it, append to it, verify it, prove what is in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from weighmaster.fronts.cli import actions, trusting
from weighmaster.fronts.cli.parsing import Parser
from weighmaster.model.errors import MissingExtraError, OverBudgetError, UnreachableError, UnreadableError

_EPILOG: Final = """\
LOG is a folder, or an address: s3://bucket/path, gs://bucket/path, https://host/path (to read).
KEY of --public-key and --witness: a verifier key (name+hash+key), a file with some, or NAME=FILE with a PEM file.

weighmaster log init ./log --key log.pem --origin example.org/models
weighmaster log append ./log --claims model/claims.jsonl --key log.pem
weighmaster log verify ./log --public-key log.vkey
weighmaster log prove ./log --claims model/claims.jsonl --public-key log.vkey

weighmaster log ACTION --help tells more. Status: 0 it holds, 1 it does not, 2 wrong use, 3 it could not be checked."""

_UNCHECKED: Final = UnreachableError, UnreadableError, OverBudgetError, MissingExtraError


def parser() -> Parser:
    """Return what `log` understands."""
    return actions.command(
        "log",
        "Keep claims in a log that cannot be cut, edited or forked unseen.",
        _EPILOG,
        (_init, _append, _verify, _prove, _check_proof, _consistency, _witness, _cosign, _show),
    )


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand and return its exit status."""
    options = parser().parse_args(arguments)
    from weighmaster.trust.log.store import OvertakenError

    return actions.run("log", options, (*_UNCHECKED, OvertakenError), "not checked")


def _init(among: Any) -> None:
    it = _on_log(among, "init", "begin a log", "Begin a log without entries.")
    _signs(it)
    it.add_argument("--origin", metavar="NAME", required=True, help="what it is called, for good: example.org/models")
    _written(it, "where the key goes that others verify with (nowhere)")


def _append(among: Any) -> None:
    it = _on_log(among, "append", "append claims and files", "Append a record of each claim and file: its SHA-256.")
    it.add_argument("files", metavar="FILE", nargs="*", help="a file")
    it.add_argument("--claims", metavar="FILE", action="append", default=[], help="each line of a claims.jsonl")
    it.add_argument("--raw", metavar="FILE", action="append", default=[], help="a file of at most 65535 bytes, itself")
    _signs(it)
    it.add_argument("--again", action="store_true", help="also what is in the log already")
    it.add_argument("--keep", action="store_true", help="lay the claims themselves down beside the log")
    it.add_argument("--time", metavar="SECONDS", type=int, help="the time in the records, since 1970 (now)")
    _remembers(it, "refuse to append to a log that is not the one that FILE remembers")
    actions.add_output(it)


def _verify(among: Any) -> None:
    it = _on_log(among, "verify", "compute all of a log again", "Compute all of a log again, and say what is damaged.")
    _trusts(it)
    _remembers(it, "hold it to what FILE remembers, and remember what it is now")
    actions.add_output(it)


def _prove(among: Any) -> None:
    it = _on_log(among, "prove", "write the proof that something is in a log", "Write proofs that need no network.")
    it.add_argument("entry", metavar="ENTRY", nargs="?", help="the number of an entry, or a file that was logged")
    it.add_argument("--claims", metavar="FILE", help="each line of a claims.jsonl: one proof a line")
    _trusts(it)
    _written(it, "where the proof goes (ENTRY.tlog-proof, claims.proofs.jsonl)")


def _check_proof(among: Any) -> None:
    it = among.add_parser(
        "check-proof",
        help="verify proofs, offline",
        description="Verify that something is in a log, or that it grew.",
    )
    it.add_argument("proof", metavar="PROOF", help="what prove or consistency wrote")
    it.add_argument("file", metavar="FILE", nargs="?", help="what was logged")
    it.add_argument("--claims", metavar="FILE", help="each line of a claims.jsonl must be in the log")
    it.add_argument("--from", metavar="CHECKPOINT", dest="old", help="the older checkpoint, where growth is proven")
    _trusts(it)
    actions.add_output(it)


def _consistency(among: Any) -> None:
    it = _on_log(among, "consistency", "prove that a log only grew", "Prove that a log has grown from a checkpoint.")
    it.add_argument("--from", metavar="CHECKPOINT", dest="old", required=True, help="a file with the older checkpoint")
    _trusts(it)
    _written(it, "where the proof goes (nowhere; a witness takes it in the place of LOG)")


def _witness(among: Any) -> None:
    it = _on_log(
        among,
        "witness",
        "remember a log on another machine, and cosign it",
        "Cosign a log that only grew since it was seen last; refuse one that was rolled back or forked.",
        log="the log, or a proof that consistency wrote",
    )
    _signs(it)
    it.add_argument("--name", required=True, help="the name of this witness: witness.example.org/w1")
    it.add_argument("--state", metavar="FILE", required=True, help="remembers the last checkpoint; keep it safe")
    it.add_argument("--new", action="store_true", help="nothing is remembered yet")
    it.add_argument("--public-key", metavar="KEY", action="append", default=[], help="the key of the log")
    it.add_argument("--origin", metavar="NAME", help="what the log must be called")
    it.add_argument("--time", metavar="SECONDS", type=int, help="the time of the cosignature, since 1970 (now)")
    _written(it, "where the cosigned checkpoint goes (into the log)")


def _cosign(among: Any) -> None:
    it = _on_log(among, "cosign", "add cosignatures to a log", "Put a witness's signature below the log's checkpoint.")
    it.add_argument("file", metavar="FILE", help="the cosigned checkpoint that a witness wrote")
    _trusts(it)
    actions.add_output(it)


def _show(among: Any) -> None:
    it = _on_log(among, "show", "show a log", "Show what a log says, and its last entries.")
    it.add_argument("--entry", metavar="N", type=int, help="write this entry, as it is, to standard output")
    it.add_argument("--last", metavar="N", type=int, default=10, help="how many entries (10)")
    _trusts(it)
    actions.add_output(it)


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
    actions.add_output_file(it, what)
    actions.add_output(it)


def _on_log(among: Any, name: str, what: str, description: str, *, log: str = "a folder, or an address") -> Any:
    """Return the parser of an action on a log."""
    it = among.add_parser(name, help=what, description=description)
    it.add_argument("log", metavar="LOG", help=log)
    return it
