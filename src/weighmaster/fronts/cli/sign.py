"""`weighmaster sign`: sign a file or a folder, so that others can tell who made it and that it is unchanged."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from weighmaster.extend.showing import plain
from weighmaster.fronts.cli import trusting
from weighmaster.fronts.cli.parsing import Parser, jobs
from weighmaster.fronts.cli.progress import Progress
from weighmaster.fronts.cli.status import ALLOWED
from weighmaster.model.errors import ConfigError

if TYPE_CHECKING:
    from weighmaster.trust.signing.signing import Writing, Written

_EPILOG: Final = """\
exit status:
  0  it was signed
  1  refused: something in it cannot be covered by a signature
  2  wrong use
examples:
  weighmaster sign model --key private.pem                   writes model/model.sig
  weighmaster sign wheel.whl --key private.pem               writes wheel.whl.sig
  weighmaster sign model --key private.pem --certificate chain.pem
  weighmaster sign model --key awskms:ID --public-key public.pem
  weighmaster sign model --key second.pem --add              signs beside others who did
  weighmaster sign model --timestamp-request ask.tsq         asks for a timestamp, to be carried elsewhere
  weighmaster sign model --timestamp-response said.tsr       adds what came back"""


def parser() -> Parser:
    """Return what `sign` understands."""
    it = Parser(prog="weighmaster sign", description="Sign a file or a folder: all that is in it.", epilog=_EPILOG)
    it.add_argument("path", metavar="PATH", help="a file or a folder")
    trusting.add_signer(it)
    it.add_argument("--sigstore", action="store_true", help="sign for an identity of Sigstore; this asks its servers")
    it.add_argument("--identity-token", metavar="FILE", help="holds the OpenID Connect token for --sigstore")
    it.add_argument(
        "--format",
        default="oms",
        choices=("oms", "blob"),
        help="oms: OpenSSF Model Signing (default); blob: one file's bytes, as cosign verify-blob reads it",
    )
    it.add_argument("--signature", metavar="FILE", default="", help="where the signature goes, if not beside it")
    it.add_argument("--add", action="store_true", help="sign beside others: a line of claims.jsonl")
    it.add_argument("--force", action="store_true", help="replace a signature that is there")
    it.add_argument("--follow-links", action="store_true", help="sign what links lead to, under the names of the links")
    trusting.add_timestamp_url(it)
    it.add_argument("--timestamp-request", metavar="FILE", help="write what to ask such an authority")
    it.add_argument("--timestamp-response", metavar="FILE", help="add what such an authority answered")
    it.add_argument("-j", "--jobs", type=jobs, metavar="N", help="threads (default: one for each processor)")
    it.add_argument("-q", "--quiet", action="store_true", help="say nothing")
    return it


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand and return its exit status."""
    options = parser().parse_args(arguments)
    _check(options)
    if options.key or options.sigstore:
        written = _sign(options)
        if not options.quiet:
            _tell(written, options)
    if options.timestamp_request or options.timestamp_response:
        _carry(options)
    return ALLOWED


def _check(options: Any) -> None:
    if options.key and options.sigstore:
        raise ConfigError("--key and --sigstore contradict each other")
    if options.sigstore and not options.identity_token:
        raise ConfigError("--sigstore needs --identity-token FILE: whom it signs for")
    if not (options.key or options.sigstore or options.timestamp_request or options.timestamp_response):
        raise ConfigError("nobody to sign: name a --key (weighmaster keygen makes one)")
    if options.add and (options.signature or options.force or options.format == "blob" or options.sigstore):
        raise ConfigError("--add signs beside others, in the default format and place")
    if options.timestamp_response and (options.key or options.sigstore):
        raise ConfigError("--timestamp-response adds to a signature that is there; sign first")


def _sign(options: Any) -> Written:
    from weighmaster.trust.identities import timestamps
    from weighmaster.trust.manifests.digests import Hashing
    from weighmaster.trust.signing import signing

    stamp = timestamps.asking(options.timestamp_url)
    with Progress(sys.stderr, quiet=options.quiet, doing="signing") as progress:
        how = Hashing(follow_links=options.follow_links, jobs=options.jobs, progress=progress.bytes)
        writing = signing.Writing(output=options.signature, force=options.force, stamp=stamp, hashing=how)
        return _signed(options, writing)


def _signed(options: Any, writing: Writing) -> Written:
    from weighmaster.trust.evidence.keeping import read_config
    from weighmaster.trust.signing import signing

    if options.sigstore:
        token = read_config(options.identity_token).decode("ascii", "replace").strip()
        return signing.sign_by_sigstore(options.path, token, writing)
    signer = trusting.signs(options, pss=options.format != "blob")  # What cosign reads.
    if options.add:
        return signing.add(options.path, signer, writing)
    if options.format == "blob":
        return signing.sign_blob(options.path, signer, writing)
    return signing.sign(options.path, signer, writing)


def _carry(options: Any) -> None:
    """Write the question for an authority, or add its answer, where no network leads to it."""
    from weighmaster.trust.evidence.keeping import read_config, read_evidence, write_whole
    from weighmaster.trust.identities import timestamps
    from weighmaster.trust.manifests.files import evidence
    from weighmaster.trust.signing import blob, signing

    place = options.signature or evidence(options.path)[0]
    if options.timestamp_request:
        bundle = blob.read(read_evidence(place), place)
        request = timestamps.request(signing.signature_of(bundle))
        write_whole(options.timestamp_request, request, force=options.force)
        told = [("asks", f"{options.timestamp_request}, for an authority; --timestamp-response adds what it answers")]
        trusting.show(told if not options.quiet else ())
    if options.timestamp_response:
        answer = read_config(options.timestamp_response)

        def said(signature: bytes) -> bytes:
            timestamps.check_answer(answer, signature)
            return answer

        signing.stamp_file(place, said)
        trusting.show([] if options.quiet else [("timestamp", f"added to {place}")])


def _tell(written: Written, options: Any) -> None:
    from weighmaster.trust.identities.keys import of_certificate
    from weighmaster.trust.identities.pki import subject_of
    from weighmaster.trust.manifests.manifest import SIGNATURE

    certificates = written.bundle.certificates
    rows = [("signed", f"{options.path} ({trusting.amount(written.manifest)})")]
    if certificates:
        rows.append(("by", f"{subject_of(certificates[0])} ({of_certificate(certificates[0]).kind})"))
    elif options.key:
        rows.append(("by", f"the key {options.key}"))
    rows += [("tree", written.manifest.tree), ("signature", written.path)]
    if written.bundle.timestamps:
        rows.append(("timestamp", f"from {options.timestamp_url}"))
    trusting.show(rows)
    folder = os.path.dirname(os.path.abspath(written.path))
    if not os.path.isdir(options.path) and os.path.lexists(os.path.join(folder, SIGNATURE)):
        sys.stdout.flush()
        sys.stderr.write(f"weighmaster: {plain(folder)} is signed, and {plain(written.path)} is new in it\n")
