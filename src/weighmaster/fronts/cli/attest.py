"""`weighmaster attest`: claim something of an artifact, sign that, and lay it beside the artifact."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from weighmaster.fronts.cli import trusting
from weighmaster.fronts.cli.attest_made import made
from weighmaster.fronts.cli.parsing import Parser, period
from weighmaster.fronts.cli.progress import Progress
from weighmaster.model.errors import ConfigError

_EPILOG: Final = """\
types, and what they are made of:
  release      --name --version --sequence [--channel]; a later release has a higher sequence
  scan         what vet finds; --policy says which policy decides
  verdict      whether vet allows it (SLSA verification summary); --policy, --verifier, --resource
  closure      what it needs beside its own bytes: --base-model, --adapter, --tokenizer, --template, --code, --kernel,
               --needs, each [NAME=]PATH or NAME=sha256:DIGEST; NAME may be an address or a package URL
  bom          a bill of materials (CycloneDX) of it, or --predicate FILE
  test-result  --result, --configuration, --passed, --warned, --failed
  provenance, vex, vulns, or any URI: --predicate FILE
examples:
  weighmaster attest model --key private.pem --type release --name owner/model --version 1.2 --sequence 7
  weighmaster attest model --key private.pem --type scan --expires 90d
  weighmaster attest adapter --key private.pem --type closure --base-model owner/base=./base"""
_NEEDED: Final = {
    "base-model": "the model that it changes or begins from",
    "adapter": "an adapter that is loaded with it",
    "tokenizer": "a tokenizer that is not in it",
    "template": "a template that is not in it",
    "code": "code that loaders fetch for it",
    "kernel": "a kernel that loaders fetch for it",
}
_LARGEST: Final = 32 << 20


def parser() -> Parser:
    """Return what `attest` understands."""
    it = Parser(
        prog="weighmaster attest",
        description="Claim something of a file or a folder, and add that, signed, to the claims beside it.",
        epilog=_EPILOG,
    )
    it.add_argument("path", metavar="PATH", help="a file or a folder")
    it.add_argument("--type", required=True, metavar="TYPE", help="what is claimed; see below")
    it.add_argument("--predicate", metavar="FILE", help="the claim itself, as JSON")
    it.add_argument("--expires", type=period, metavar="TIME", help="how long it counts: 12h, 90d, 52w")
    it.add_argument("--claims", metavar="FILE", help="add it to that file, not to the one beside the artifact")
    it.add_argument("--follow-links", action="store_true", help="take what links lead to, under the names of the links")
    it.add_argument("-q", "--quiet", action="store_true", help="say nothing")
    _signing(it)
    _release(it)
    _decision(it)
    _closure(it)
    _tests(it)
    return it


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand and return its exit status."""
    from weighmaster.trust.claims import attest, known
    from weighmaster.trust.evidence import bundle, claimsfile
    from weighmaster.trust.identities import timestamps
    from weighmaster.trust.manifests.digests import Hashing
    from weighmaster.trust.manifests.hashing import hash_artifact

    options = parser().parse_args(arguments)
    type_, kind = known.named(options.type)
    given = _given(options.predicate)
    signer = trusting.signs(options)
    with Progress(sys.stderr, quiet=options.quiet, doing="hashing") as progress:
        how = Hashing(follow_links=options.follow_links, progress=progress.bytes)
        manifest = hash_artifact(options.path, how)
    now = datetime.now(UTC).replace(microsecond=0)
    said = given if given is not None else made(kind.id if kind else "", options, manifest, now, signer.key.keyid)
    expires = now + options.expires if options.expires else None
    statement = attest.statement(manifest, type_, said, issued=now, expires=expires)
    signed = attest.signed(statement, signer, timestamps.asking(options.timestamp_url))
    if options.claims:
        claimsfile.append(options.claims, bundle.write(signed))
    place = options.claims or attest.append(options.path, signed)
    if not options.quiet:
        _tell(options.type, known.checked(type_, said).line, place, expires)
    return 0


def _signing(it: Parser) -> None:
    group = it.add_argument_group("who claims it")
    trusting.add_signer(group, required=True)
    trusting.add_timestamp_url(group)


def _release(it: Parser) -> None:
    group = it.add_argument_group("release")
    group.add_argument("--name", metavar="NAME", help="what it is a release of")
    group.add_argument("--version", metavar="VERSION", help="which one it is, for people")
    group.add_argument("--sequence", type=int, metavar="N", help="the how-manieth of its name; it only grows")
    group.add_argument("--channel", default="", metavar="NAME", help="where several lines of releases go on")


def _decision(it: Parser) -> None:
    group = it.add_argument_group("scan, verdict")
    group.add_argument("--policy", metavar="POLICY", help="what decides (default: default)")
    group.add_argument("--verifier", metavar="URI", help="who decides (default: the key)")
    group.add_argument("--resource", default="", metavar="URI", help="what is decided about (default: the tree)")


def _closure(it: Parser) -> None:
    group = it.add_argument_group("closure", "each may be repeated")
    for role in _NEEDED:
        group.add_argument(f"--{role}", action="append", default=[], metavar="IT", help=_NEEDED[role])
    group.add_argument("--needs", action="append", default=[], metavar="IT", help="any other file or folder")


def _tests(it: Parser) -> None:
    group = it.add_argument_group("test-result")
    group.add_argument("--result", choices=("PASSED", "WARNED", "FAILED"), help="what came out")
    group.add_argument("--configuration", action="append", default=[], metavar="FILE", help="what was configured")
    group.add_argument("--url", default="", metavar="URL", help="where more is said")
    for kind in ("passed", "warned", "failed"):
        group.add_argument(f"--{kind}", action="append", default=[], metavar="TEST", help=f"a test that {kind}")


def _given(path: str | None) -> Mapping[str, Any] | None:
    """Return the predicate in a file."""
    if path is None:
        return None
    from weighmaster.model.errors import TrustError
    from weighmaster.trust import strict
    from weighmaster.trust.evidence.keeping import read_config

    try:
        return strict.parsed(read_config(path, most=_LARGEST), path).values
    except TrustError as error:
        raise ConfigError(str(error)) from error


def _tell(type_: str, line: str, place: str, expires: datetime | None) -> None:
    from weighmaster.trust.claims.predicate import brief, written

    rows = [("claimed", f"{type_}: {brief(line)}"), ("added to", place)]
    trusting.show([*rows, ("until", written(expires))] if expires else rows)
