"""`weighmaster keygen`: a new private key, and its public half."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Final

from weighmaster.fronts.cli import trusting
from weighmaster.fronts.cli.parsing import Parser
from weighmaster.model.errors import ConfigError

_EPILOG: Final = """\
kinds:
  ed25519  short and fast (the default)
  ecdsa    over P-256: what model_signing and cosign verify as well
  rsa      of 3072 bits
  ml-dsa   ML-DSA-65, which holds against quantum computers
  hybrid   ed25519 and ml-dsa in one key: both must sign
examples:
  weighmaster keygen private.pem                      also writes private.pub.pem
  weighmaster keygen private.pem public.pem --kind ecdsa --password-file secret"""


def parser() -> Parser:
    """Return what `keygen` understands."""
    from weighmaster.trust.identities.generate import KINDS

    it = Parser(prog="weighmaster keygen", description="Make a key to sign with.", epilog=_EPILOG)
    it.add_argument("private", metavar="PRIVATE", help="where the private key goes, readable by you alone")
    it.add_argument("public", metavar="PUBLIC", nargs="?", help="where its public half goes (default: beside it)")
    it.add_argument("--kind", default="ed25519", choices=KINDS, help="which sort of key (default: ed25519)")
    trusting.add_password(it)
    it.add_argument("--force", action="store_true", help="replace what is there")
    return it


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand and return its exit status."""
    from weighmaster.trust.evidence.keeping import write_whole
    from weighmaster.trust.identities.generate import generate

    options = parser().parse_args(arguments)
    public = options.public or f"{options.private.removesuffix('.pem')}.pub.pem"
    if os.path.realpath(options.private) == os.path.realpath(public):
        raise ConfigError(f"{public} is where the private key goes, and its public half goes elsewhere")
    for path in (options.private, public):
        if os.path.lexists(path) and not options.force:
            raise ConfigError(f"{path} is there already: --force replaces it")
    password = trusting.password(options)
    pem, key = generate(options.kind, password)
    write_whole(options.private, pem, force=options.force, mode=0o600)
    write_whole(public, key.pem, force=options.force)
    rows = [("private", options.private), ("public", public), ("kind", key.kind), ("key id", key.keyid)]
    trusting.show(rows)
    sys.stdout.flush()
    if not password:
        sys.stderr.write("weighmaster: the private key is not encrypted (--password-file does that)\n")
    return 0
