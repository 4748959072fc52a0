"""Who is vouched for by an authority of one's own, and when."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from tests.trust.authority import CODE, DAY, MAIL, NOW, Authority, der, key, usage

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.model.value import replace
from weighmaster.trust.identities.keys import KeySigner
from weighmaster.trust.identities.revocation import Revocation, crls_of
from weighmaster.trust.identities.verify import CertificateIdentity, Expected, Signed, verify
from weighmaster.trust.signing import signing

ROOT = Authority()
MIDDLE = Authority("Example Teams", ROOT)


def _bundle(signer: KeySigner) -> Any:
    return signing.envelop(b'{"_type":"https://in-toto.io/Statement/v1"}', signer)


def _expected(**more: Any) -> Expected:
    expected: Expected = replace(Expected(authorities=(der(ROOT.certificate),), names=(MAIL,)), **more)
    return expected


def _signed(signer: KeySigner, now: Any = NOW, **more: Any) -> Signed:
    return verify(_bundle(signer), _expected(**more), now)


def test_who_is_vouched_for_is_said_by_name_authority_and_number() -> None:
    signer = MIDDLE.signer()
    by = _signed(signer).by
    assert isinstance(by, CertificateIdentity)
    assert by.name == MAIL
    assert len(by.issuer) == 64
    assert by.serial == f"{x509.load_der_x509_certificate(signer.certificates[0]).serial_number:x}"


@pytest.mark.parametrize("kind", ["ec", "p384", "p521", "ed25519", "rsa", "mldsa"])
def test_a_signer_may_have_any_kind_of_key(kind: str) -> None:
    assert _signed(MIDDLE.signer(private=key("of a kind", kind))).kind


@pytest.mark.parametrize("name", ["ml@example.com", "spiffe://example.com/ml", "https://example.com/ml", "ml.example"])
def test_an_email_a_uri_and_a_dns_name_are_identities(name: str) -> None:
    by = _signed(ROOT.signer(name), names=("other", name)).by
    assert isinstance(by, CertificateIdentity)
    assert by.name == name


def test_an_intermediate_may_come_from_the_verifier() -> None:
    signer = MIDDLE.signer()
    alone = KeySigner([key("signer")], signer.certificates[:1])
    _signed(alone, intermediates=(der(MIDDLE.certificate),))
    with pytest.raises(TrustError, match="leads to no authority that is trusted"):
        _signed(alone)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("printer-7.example.com",), "ml.example.com"),
        (("ML@example.com",), MAIL),
        (("ml@example.com.evil.org",), MAIL),
        (("*.example.com",), "ml.example.com"),
        (("https://example.com/ml",), "https://example.com/ml/"),
    ],
)
def test_another_signer_of_the_same_authority_is_refused(names: tuple[str, ...], expected: str) -> None:
    with pytest.raises(TrustError, match="is expected"):
        _signed(ROOT.signer(*names), names=(expected,))


def test_a_dns_name_that_looks_like_an_email_address_is_none() -> None:
    sly = [(x509.SubjectAlternativeName([x509.DNSName(MAIL)]), False)]
    certificate = ROOT.issue(more=sly)
    with pytest.raises(TrustError, match="is expected"):
        _signed(KeySigner([key("signer")], [der(certificate)]))


def test_a_certificate_without_names_is_refused() -> None:
    certificate = ROOT.issue(subject=MAIL)
    with pytest.raises(TrustError, match="names nobody"):
        _signed(KeySigner([key("signer")], [der(certificate)]))


@pytest.mark.parametrize(
    "purposes",
    [
        (),
        (ExtendedKeyUsageOID.SERVER_AUTH,),
        (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH),
        (ExtendedKeyUsageOID.EMAIL_PROTECTION,),
        (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,),
    ],
)
def test_a_certificate_for_anything_but_code_is_refused(purposes: tuple[Any, ...]) -> None:
    with pytest.raises(TrustError, match="not for signing code"):
        _signed(ROOT.signer(purposes=purposes))


def test_a_certificate_that_may_not_sign_is_refused() -> None:
    with pytest.raises(TrustError, match="not for signatures"):
        _signed(ROOT.signer(usages=usage()))


def test_the_certificate_of_an_authority_signs_no_artifact() -> None:
    with pytest.raises(TrustError, match="that of an authority"):
        _signed(KeySigner([MIDDLE.key], [der(MIDDLE.certificate)]))


def test_an_expired_certificate_is_refused_and_one_to_come_too() -> None:
    with pytest.raises(TrustError, match=r"expired on .* no trusted timestamp"):
        _signed(ROOT.signer(days=(-600, -1)))
    with pytest.raises(TrustError, match="not valid before"):
        _signed(ROOT.signer(days=(1, 30)))


def test_an_authority_that_expired_vouches_for_nobody() -> None:
    old = Authority("Example Old", ROOT, days=(-900, -1))
    with pytest.raises(TrustError, match="leads to no authority"):
        _signed(old.signer())


def test_an_authority_that_nobody_named_vouches_for_nobody() -> None:
    other = Authority("Other Root")
    with pytest.raises(TrustError, match="leads to no authority"):
        _signed(other.signer())
    impostor = Authority("Example Root")  # The same name and key: the same authority.
    _signed(impostor.signer())
    false = Authority("Example Root")
    false.key = key("impostor")
    with pytest.raises(TrustError, match="leads to no authority"):
        _signed(false.signer())


def test_a_certificate_that_issued_itself_is_never_trusted() -> None:
    own = Authority("signer")
    own.key = key("signer")
    signer = own.signer()
    with pytest.raises(TrustError, match="leads to no authority"):
        _signed(signer)
    with pytest.raises(TrustError, match="no authority vouches for it"):
        _signed(signer, authorities=(signer.certificates[0],))


def test_one_who_is_vouched_for_vouches_for_nobody() -> None:
    leaf = Authority("signer", ROOT)
    leaf.certificate = ROOT.issue(MAIL, private=leaf.key)
    with pytest.raises(TrustError, match="leads to no authority"):
        _signed(leaf.signer())


def test_a_maze_of_authorities_costs_no_time() -> None:
    names = [f"Maze {number}" for number in range(6)]
    maze = [Authority(name) for name in names]
    ways = [Authority(one.name, other).certificate for one in maze for other in maze if one is not other]
    bundle = _bundle(maze[0].signer())
    lost = replace(bundle, certificates=(*bundle.certificates[:1], *map(der, ways)))
    with pytest.raises(TrustError, match="leads to no authority"):
        verify(lost, _expected(), NOW)


def test_what_an_authority_is_limited_to_holds() -> None:
    mails = x509.NameConstraints(permitted_subtrees=[x509.RFC822Name("example.com")], excluded_subtrees=None)
    limited = Authority("Example Mails", ROOT, more=[(mails, True)])
    _signed(limited.signer())
    with pytest.raises(TrustError, match="name constraint"):
        _signed(limited.signer("ml@other.org"), names=("ml@other.org",))
    tls = Authority("Example Web", ROOT, more=[(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)])
    with pytest.raises(TrustError, match="may not vouch for those who sign code"):
        _signed(tls.signer())
    code = Authority("Example Code", ROOT, more=[(x509.ExtendedKeyUsage([CODE]), False)])
    _signed(code.signer())


def test_what_nobody_understands_and_is_critical_is_refused() -> None:
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    with pytest.raises(TrustError, match="critical"):
        _signed(ROOT.signer(more=[(odd, True)]))


def test_a_weak_key_is_refused() -> None:
    certificate = ROOT.issue(MAIL, private=key("weak", "rsa1024"))
    with pytest.raises(TrustError, match="1024 bits"):
        verify(replace(_bundle(MIDDLE.signer()), certificates=(der(certificate),)), _expected(), NOW)


def test_a_signature_with_a_bare_key_has_no_identity() -> None:
    with pytest.raises(TrustError, match="bare key"):
        _signed(KeySigner([key("signer")]))


def test_a_certificate_put_on_the_signature_of_another_is_refused() -> None:
    mine, others = MIDDLE.signer(), ROOT.signer(private=key("other"))
    forged = replace(_bundle(others), certificates=mine.certificates)
    with pytest.raises(TrustError, match="no signature"):
        verify(forged, _expected(), NOW)


def test_an_authority_without_a_name_is_an_error() -> None:
    with pytest.raises(ConfigError, match="name the identity"):
        _signed(MIDDLE.signer(), names=())


class TestLists:
    """Lists of revoked certificates."""

    def test_one_that_is_not_listed_counts(self) -> None:
        _signed(MIDDLE.signer(), lists=(MIDDLE.list(), ROOT.list()))

    def test_one_that_is_listed_does_not(self) -> None:
        signer = MIDDLE.signer()
        certificate = x509.load_der_x509_certificate(signer.certificates[0])
        with pytest.raises(TrustError, match="was revoked on 2026-05-30"):
            _signed(signer, lists=(MIDDLE.list((certificate, NOW - 2 * DAY)), ROOT.list()))

    def test_an_authority_that_is_listed_vouches_for_nobody(self) -> None:
        with pytest.raises(TrustError, match="Example Teams was revoked"):
            _signed(MIDDLE.signer(), lists=(MIDDLE.list(), ROOT.list((MIDDLE.certificate, NOW - DAY))))

    def test_a_list_for_each_authority_on_the_way_is_wanted(self) -> None:
        with pytest.raises(TrustError, match="speaks of CN=Example Teams"):
            _signed(MIDDLE.signer(), lists=(MIDDLE.list(),))

    @pytest.mark.parametrize(
        ("listed", "why"),
        [
            (ROOT.list(days=(-30, -1)), "out of date since"),
            (ROOT.list(days=(1, 3)), "to come"),
            (ROOT.list(private=key("impostor")), "not signed by its issuer"),
            (Authority("Other Root").list(), "has none here"),
            (
                ROOT.list(
                    more=[
                        (
                            x509.IssuingDistributionPoint(
                                full_name=None,
                                relative_name=None,
                                only_contains_user_certs=False,
                                only_contains_ca_certs=True,
                                only_some_reasons=None,
                                indirect_crl=False,
                                only_contains_attribute_certs=False,
                            ),
                            True,
                        )
                    ]
                ),
                "part of the certificates",
            ),
        ],
    )
    def test_a_list_that_proves_nothing_is_none(self, listed: bytes, why: str) -> None:
        with pytest.raises(TrustError, match=why):
            _signed(ROOT.signer(), lists=(listed,))

    def test_an_authority_that_may_sign_no_list_signs_none(self) -> None:
        middle = Authority("Example Certs", ROOT, usages=usage(issues=True, lists=False))
        with pytest.raises(TrustError, match="may sign none"):
            _signed(middle.signer(), lists=(middle.list(), ROOT.list()))

    def test_lists_are_read_as_pem_and_der(self) -> None:
        from cryptography.hazmat.primitives.serialization import Encoding

        one = ROOT.list()
        text = x509.load_der_x509_crl(one).public_bytes(Encoding.PEM)
        assert crls_of(one) == crls_of(text) == (one,)
        assert crls_of(text + text) == (one, one)
        with pytest.raises(ConfigError, match="no list"):
            crls_of(b"something else")

    def test_no_list_however_damaged_is_a_defect(self) -> None:
        import random

        whole, chance, refused = ROOT.list(), random.Random(5), 0
        bundle = _bundle(ROOT.signer())
        expected = Expected(authorities=(der(ROOT.certificate),), names=(MAIL,))
        for _ in range(400):
            damaged = bytearray(whole)
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            try:
                verify(bundle, replace(expected, lists=crls_of(bytes(damaged))), NOW)
            except (TrustError, ConfigError):
                refused += 1
        assert refused > 300


class TestStruckOut:
    """Keys and certificates that the verifier strikes out."""

    def test_a_key_and_a_certificate_and_an_authority_can_be_struck_out(self) -> None:
        import hashlib

        signer = MIDDLE.signer()
        ids = [signer.key.keyid, *(hashlib.sha256(one).hexdigest() for one in signer.certificates)]
        ids.append(hashlib.sha256(der(ROOT.certificate)).hexdigest())
        for one in ids:
            with pytest.raises(TrustError, match="was revoked"):
                _signed(signer, revoked=(Revocation(id=one),))
            with pytest.raises(TrustError, match="no trusted timestamp"):
                _signed(signer, revoked=(Revocation(id=one.upper(), since=NOW + DAY),))

    def test_since_when_is_told_in_utc_whatever_the_policy_writes(self) -> None:
        signer = ROOT.signer()
        since = datetime(2026, 6, 1, 2, 30, tzinfo=timezone(timedelta(hours=5)))
        with pytest.raises(TrustError, match="revoked on 2026-05-31 21:30 UTC"):
            _signed(signer, revoked=(Revocation(id=signer.key.keyid, since=since),))

    def test_a_bare_key_and_a_part_of_one_can_be_struck_out(self) -> None:
        two = KeySigner([key("signer"), key("second", "mldsa")])
        bundle, expected = _bundle(two), Expected(keys=(two.key,))
        verify(bundle, expected, NOW)
        for one in (two.key.keyid, *two.key.ids):
            with pytest.raises(TrustError, match="was revoked"):
                verify(bundle, replace(expected, revoked=(Revocation(id=one),)), NOW)
