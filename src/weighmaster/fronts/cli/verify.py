"""`weighmaster verify`: who signed a file or a folder, and whether it is what they signed."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from weighmaster.fronts.cli import trusting, verify_policy
from weighmaster.fronts.cli.parsing import Parser, jobs
from weighmaster.fronts.cli.progress import Progress
from weighmaster.fronts.cli.status import ALLOWED
from weighmaster.model.errors import ConfigError, TrustError

if TYPE_CHECKING:
    from weighmaster.trust.signing.verifying import Verified

_EPILOG: Final = """\
exit status:
  0  it is what someone signed who was expected
  1  refused: it is not, or nobody who was expected signed it
  2  wrong use: for one, nobody was named
  3  with --recall: it is quarantined, and a person must look
examples:
  weighmaster verify model --public-key public.pem
  weighmaster verify model --certificate-chain authority.pem --identity ml@example.com --crl revoked.crl
  weighmaster verify model --trusted-root root.json --identity ml@example.com --issuer https://accounts.example.com
  weighmaster verify model --public-key a.pem --public-key b.pem --threshold 2
  weighmaster verify model --policy trust.toml --name acme/model
No network is used."""


def parser() -> Parser:
    """Return what `verify` understands."""
    it = Parser(
        prog="weighmaster verify", description="Verify who signed a file or a folder, and what.", epilog=_EPILOG
    )
    it.add_argument("path", metavar="PATH", help="a file or a folder")
    trusting.add_expected(it)
    verify_policy.add(it)
    it.add_argument(
        "--threshold", type=int, default=1, metavar="N", help="how many different ones must have signed (default: 1)"
    )
    it.add_argument("--signature", metavar="FILE", default="", help="where the signature lies, if not beside it")
    it.add_argument(
        "--ignore", action="append", default=[], metavar="GLOB", help="files that need not be covered; may be repeated"
    )
    it.add_argument("--follow-links", action="store_true", help="take what links lead to for files")
    it.add_argument("-o", "--output", default="text", choices=("text", "json"), help="what to write (default: text)")
    it.add_argument("-j", "--jobs", type=jobs, metavar="N", help="threads (default: one for each processor)")
    it.add_argument("-q", "--quiet", action="store_true", help="say nothing but why it is refused")
    return it


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand and return its exit status."""
    options = parser().parse_args(arguments)
    if options.policy:
        return verify_policy.main(options)
    if options.name or options.state or options.recall:
        raise ConfigError("--name, --state and --recall are for --policy")
    try:
        verified = _verified(options)
    except TrustError as error:
        return verify_policy.refused(options, error)
    if options.output == "json":
        verify_policy.write(_record(options, verified))
    elif not options.quiet:
        trusting.show(_rows(options, verified))
    return ALLOWED


def _verified(options: Any) -> Verified:
    from weighmaster.trust.manifests.digests import Hashing
    from weighmaster.trust.signing import verifying

    expected = trusting.expected(options)
    with Progress(sys.stderr, quiet=options.quiet, doing="verifying") as progress:
        checking = verifying.Checking(
            signature=options.signature,
            ignore=tuple(options.ignore),
            threshold=options.threshold,
            hashing=Hashing(follow_links=options.follow_links, jobs=options.jobs, progress=progress.bytes),
        )
        return verifying.verify(options.path, expected, datetime.now(UTC), checking)


def _rows(options: Any, verified: Verified) -> Iterator[tuple[str, str]]:
    yield "verified", options.path
    for signed in verified.signers:
        when = f"by {signed.at:%Y-%m-%d %H:%M:%S} UTC (trusted)" if signed.at else "no trusted time"
        yield "signed by", trusting.signer(signed)
        yield "when", when
    yield "covers", trusting.amount(verified.manifest)
    yield "tree", verified.manifest.tree
    if not verified.named:
        yield "not signed", "the name of the file: the signature is over its bytes alone"
    if verified.ignored:
        yield "ignored", trusting.some(verified.ignored)


def _record(options: Any, verified: Verified) -> dict[str, Any]:
    return {
        "path": options.path,
        "verified": True,
        "signers": [trusting.record(signed) for signed in verified.signers],
        "tree": verified.manifest.tree,
        "files": [
            {"path": entry.path, "size": entry.size, "sha256": entry.sha256} for entry in verified.manifest.entries
        ],
        "names_signed": verified.named,
        "ignored": list(verified.ignored),
    }
