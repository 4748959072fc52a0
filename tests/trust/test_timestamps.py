"""Times that someone else vouches for."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from tests.trust.authority import DAY, MAIL, NOW, Authority, Clock, der, key

from weighmaster.model.errors import ConfigError, TrustError, UnreachableError
from weighmaster.model.value import replace
from weighmaster.trust.evidence import bundle as bundles
from weighmaster.trust.evidence.bundle import Bundle
from weighmaster.trust.identities import timestamps
from weighmaster.trust.identities.keys import KeySigner
from weighmaster.trust.identities.revocation import Revocation
from weighmaster.trust.identities.verify import Expected, verify
from weighmaster.trust.signing import signing

ROOT = Authority()


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Clock:
    return Clock(tmp_path_factory.mktemp("clock"))


def _bundle(clock: Clock, when: datetime, signer: KeySigner, **how: Any) -> Bundle:
    made = signing.envelop(b'{"_type":"https://in-toto.io/Statement/v1"}', signer)
    stamped = signing.stamped(made, lambda signature: clock.say(signature, when, **how))
    return bundles.read(bundles.write(stamped))


def _expected(clock: Clock, **more: Any) -> Expected:
    expected: Expected = replace(
        Expected(
            authorities=(der(ROOT.certificate),),
            names=(MAIL,),
            timestamp_authorities=(der(clock.root.certificate),),
        ),
        **more,
    )
    return expected


def test_the_time_of_signing_is_the_latest_that_the_word_allows(clock: Clock) -> None:
    signer = ROOT.signer()
    assert verify(_bundle(clock, NOW, signer, seconds=3), _expected(clock), NOW + DAY).at == NOW + timedelta(seconds=3)
    assert (
        verify(_bundle(clock, NOW, signer), replace(_expected(clock), timestamp_authorities=()), NOW + DAY).at is None
    )


def test_an_expired_certificate_counts_where_it_signed_before(clock: Clock) -> None:
    signer = ROOT.signer(days=(-600, -10))
    assert verify(_bundle(clock, NOW - 20 * DAY, signer), _expected(clock), NOW).at
    with pytest.raises(TrustError, match="it was signed later"):
        verify(_bundle(clock, NOW - 5 * DAY, signer), _expected(clock), NOW)
    with pytest.raises(TrustError, match="not valid before"):
        verify(_bundle(clock, NOW - 700 * DAY, signer), _expected(clock), NOW)


def test_the_accuracy_counts_against_whoever_signed(clock: Clock) -> None:
    signer = ROOT.signer(days=(-600, -10))
    close = NOW - 10 * DAY - timedelta(seconds=5)
    verify(_bundle(clock, close, signer, seconds=1), _expected(clock), NOW)
    with pytest.raises(TrustError, match="it was signed later"):
        verify(_bundle(clock, close, signer, seconds=60), _expected(clock), NOW)


def test_a_revoked_certificate_counts_where_it_signed_before(clock: Clock) -> None:
    signer = ROOT.signer()
    certificate = x509.load_der_x509_certificate(signer.certificates[0])
    listed = ROOT.list((certificate, NOW - 2 * DAY))
    verify(_bundle(clock, NOW - 3 * DAY, signer), _expected(clock, lists=(listed,)), NOW)
    with pytest.raises(TrustError, match="was revoked on 2026-05-30"):
        verify(_bundle(clock, NOW - DAY, signer), _expected(clock, lists=(listed,)), NOW)
    lost = ROOT.list((certificate, NOW - 2 * DAY, NOW - 5 * DAY))
    with pytest.raises(TrustError, match="was revoked on 2026-05-27"):
        verify(_bundle(clock, NOW - 3 * DAY, signer), _expected(clock, lists=(lost,)), NOW)


def test_what_a_key_signed_before_it_was_struck_out_counts(clock: Clock) -> None:
    signer = KeySigner([key("bare")])
    base = _expected(clock, authorities=(), names=(), keys=(signer.key,))
    struck = replace(base, revoked=(Revocation(id=signer.key.keyid, since=NOW - DAY),))
    verify(_bundle(clock, NOW - 2 * DAY, signer), struck, NOW)
    with pytest.raises(TrustError, match="was revoked on"):
        verify(_bundle(clock, NOW - DAY / 2, signer), struck, NOW)
    whenever = replace(base, revoked=(Revocation(id=signer.key.keyid),))
    with pytest.raises(TrustError, match="whenever it signed"):
        verify(_bundle(clock, NOW - 2 * DAY, signer), whenever, NOW)


def test_the_word_of_another_authority_is_none(clock: Clock, tmp_path: Path) -> None:
    signer = ROOT.signer(days=(-600, -10))
    bundle = _bundle(clock, NOW - 20 * DAY, signer)
    other = (der(ROOT.certificate),)
    with pytest.raises(TrustError, match="no trusted timestamp"):
        verify(bundle, _expected(clock, timestamp_authorities=other), NOW)
    with pytest.raises(TrustError, match="of no authority that is expected"):
        verify(bundle, _expected(clock, timestamp_authorities=other, needs_timestamp=True), NOW)
    web = Clock(tmp_path, purposes=[ExtendedKeyUsageOID.SERVER_AUTH])
    with pytest.raises(TrustError, match="of no authority that is expected"):
        verify(_bundle(web, NOW - 20 * DAY, signer), _expected(web, needs_timestamp=True), NOW)


def test_certificates_that_come_with_a_word_lead_to_an_authority_and_are_none(tmp_path: Path) -> None:
    long_way = Clock(tmp_path, between=True)
    signer = ROOT.signer()
    assert verify(_bundle(long_way, NOW, signer), _expected(long_way, needs_timestamp=True), NOW).at
    # The same certificates come along, and the authority that is trusted is another.
    other = (der(Authority("Another Clock Root").certificate),)
    bundle = _bundle(long_way, NOW, signer)
    with pytest.raises(TrustError, match="of no authority that is expected"):
        verify(bundle, _expected(long_way, needs_timestamp=True, timestamp_authorities=other), NOW)


def test_an_authority_for_timestamps_can_be_struck_out(clock: Clock) -> None:
    bundle = _bundle(clock, NOW, ROOT.signer())
    struck = Revocation(id=hashlib.sha256(der(clock.certificate)).hexdigest())
    with pytest.raises(TrustError, match="was revoked"):
        verify(bundle, _expected(clock, needs_timestamp=True, revoked=(struck,)), NOW)


def test_a_time_that_is_to_come_is_none(clock: Clock) -> None:
    bundle = _bundle(clock, NOW + DAY, ROOT.signer())
    with pytest.raises(TrustError, match="to come"):
        verify(bundle, _expected(clock, needs_timestamp=True), NOW)


def test_a_word_on_another_signature_is_none(clock: Clock) -> None:
    signer = ROOT.signer(days=(-600, -10))
    made = signing.envelop(b'{"_type":"https://in-toto.io/Statement/v1"}', signer)
    moved = replace(made, timestamps=(clock.say(b"another signature", NOW - 20 * DAY),))
    with pytest.raises(TrustError, match="of another signature"):
        verify(moved, _expected(clock, needs_timestamp=True), NOW)
    with pytest.raises(TrustError, match="no trusted timestamp"):
        verify(moved, _expected(clock), NOW)


def test_an_old_signature_put_before_a_new_one_lends_it_no_time(clock: Clock) -> None:
    """Whoever stole a key that was revoked takes an old signature, and the word on it, into a new envelope."""
    signer = KeySigner([key("stolen", "ed25519")])
    old = _bundle(clock, NOW - 20 * DAY, signer)
    new = signing.envelop(b'{"_type":"https://in-toto.io/Statement/v1","forged":1}', signer)
    assert not isinstance(old.content, bundles.MessageSignature)
    assert not isinstance(new.content, bundles.MessageSignature)
    both = replace(new.content, signatures=(*old.content.signatures, *new.content.signatures))
    forged = replace(new, content=both, timestamps=old.timestamps)
    struck = (Revocation(id=signer.key.keyid, since=NOW - DAY),)
    with pytest.raises(TrustError, match="no trusted timestamp"):
        verify(forged, _expected(clock, authorities=(), names=(), keys=(signer.key,), revoked=struck), NOW)


def test_a_timestamp_can_be_demanded(clock: Clock) -> None:
    bare = signing.envelop(b"{}", ROOT.signer())
    with pytest.raises(TrustError, match="no trusted time: there is no timestamp"):
        verify(bare, _expected(clock, needs_timestamp=True), NOW)
    with pytest.raises(ConfigError, match="name the authority"):
        verify(bare, _expected(clock, needs_timestamp=True, timestamp_authorities=()), NOW)


def test_one_word_that_holds_is_enough(clock: Clock) -> None:
    good = _bundle(clock, NOW, ROOT.signer())
    mixed = replace(good, timestamps=(b"junk", clock.say(b"x", NOW), *good.timestamps))
    assert verify(mixed, _expected(clock, needs_timestamp=True), NOW).at


def test_what_is_asked_is_about_the_signature_and_names_nobody() -> None:
    asked = timestamps.request(b"a signature")
    assert hashlib.sha256(b"a signature").digest() in asked
    assert len(asked) < 80


def test_an_answer_is_looked_at_before_it_is_kept(clock: Clock) -> None:
    timestamps.check_answer(clock.say(b"a signature", NOW), b"a signature")
    with pytest.raises(TrustError, match="of another signature"):
        timestamps.check_answer(clock.say(b"a signature", NOW), b"another")
    with pytest.raises(TrustError, match="was refused"):
        timestamps.check_answer(clock.say(b"a signature", NOW, status=2), b"a signature")
    with pytest.raises(TrustError, match="cannot be read"):
        timestamps.check_answer(b"<html>", b"a signature")


def test_no_answer_however_damaged_is_a_defect(clock: Clock) -> None:
    good = clock.say(b"a signature", NOW)
    roots = (der(clock.root.certificate),)
    held = 0
    for at in range(0, len(good), 7):
        for value in (0x00, 0xFF, good[at] ^ 0x01):
            bad = good[:at] + bytes([value]) + good[at + 1 :]
            try:
                timestamps.trusted_time([bad], [b"a signature"], roots, NOW)
            except TrustError:
                continue
            held += 1
    for cut in range(0, len(good), 11):
        with pytest.raises(TrustError):
            timestamps.trusted_time([good[:cut]], [b"a signature"], roots, NOW)
    assert held < len(good) * 3 / 7  # Some bytes (those of certificates that nobody needs) do not matter.


class _Server(BaseHTTPRequestHandler):
    answer = b""
    status = 200

    def do_POST(self) -> None:
        assert self.headers["Content-Type"] == "application/timestamp-query"
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.answer)))
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Server) as it:
        thread = threading.Thread(target=it.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{it.server_port}/"
        it.shutdown()
        thread.join()


def test_an_authority_is_asked_over_http(clock: Clock, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Server, "answer", clock.say(b"a signature", NOW))
    assert timestamps.fetch(server, b"a signature") == _Server.answer
    with pytest.raises(TrustError, match="of another signature"):
        timestamps.fetch(server, b"another")
    monkeypatch.setattr(_Server, "status", 503)
    with pytest.raises(UnreachableError, match="answered 503"):
        timestamps.fetch(server, b"a signature")


def test_an_authority_that_is_not_there_is_said() -> None:
    with pytest.raises(UnreachableError, match="cannot be reached"):
        timestamps.fetch("http://127.0.0.1:9/", b"a signature")
    with pytest.raises(ConfigError, match="no address"):
        timestamps.fetch("file:///etc/passwd", b"a signature")
