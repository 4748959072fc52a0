"""Bundles: what is written is read, and whatever else comes is refused and never a defect."""

from __future__ import annotations

import base64
import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.samples.damage import damaged
from tests.trust.authority import MAIL, NOW, Authority, der, key

from weighmaster.model.errors import TrustError
from weighmaster.trust import strict
from weighmaster.trust.evidence import bundle
from weighmaster.trust.evidence.bundle import Bundle, MessageSignature
from weighmaster.trust.evidence.envelope import IN_TOTO, Envelope, Signature
from weighmaster.trust.identities.keys import KeySigner
from weighmaster.trust.identities.verify import Expected, verify
from weighmaster.trust.manifests.hashing import hash_artifact
from weighmaster.trust.signing import blob, oms, signing, verifying

ROOT = Authority("Fuzz Root")
BARE = KeySigner([key("fuzz", "ed25519")])
EXPECTED = Expected(keys=(BARE.key,), authorities=(der(ROOT.certificate),), names=(MAIL,))

_signatures = st.builds(Signature, sig=st.binary(min_size=1, max_size=80), keyid=st.text(max_size=10))
_envelopes = st.builds(
    Envelope,
    payload=st.binary(max_size=100),
    payload_type=st.text(max_size=20),
    signatures=st.lists(_signatures, min_size=1, max_size=3).map(tuple),
)
_messages = st.builds(
    MessageSignature, sha256=st.binary(min_size=32, max_size=32).map(bytes.hex), sig=st.binary(min_size=1, max_size=80)
)
_bundles = st.builds(
    Bundle,
    content=st.one_of(_envelopes, _messages),
    hint=st.text(max_size=10),
    certificates=st.just(()),
    timestamps=st.lists(st.binary(min_size=1, max_size=20), max_size=3).map(tuple),
)


@given(_bundles)
def test_what_is_written_is_read(made: Bundle) -> None:
    raw = bundle.write(made)
    read = bundle.read(raw)
    assert (read.content, read.hint, read.timestamps) == (made.content, made.hint, made.timestamps)
    assert b"\n" not in raw
    assert bundle.write(read) == raw


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(one for name, inner in items for one in _places(inner, (*path, name)))]


def _put(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    document = copy.deepcopy(document)
    inner = document
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return document


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "a").write_bytes(b"a")
    (folder / ".git").mkdir()
    (folder / ".git/config").write_bytes(b"c")
    return folder


ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, "", "\x00", "AAAA", "a" * 65, "../x", [], [[]], {}, {"": None}, ["x"], "\ud800", 10**30,
)  # fmt: skip


@pytest.mark.parametrize("signer", [BARE, ROOT.signer(private=key("fuzz"))])
def test_no_part_of_a_bundle_however_odd_is_a_defect(signed: Path, signer: KeySigner) -> None:
    _, made = signing.make(str(signed), signer)
    good = json.loads(bundle.write(made))
    place = signed / "model.sig"
    for path in _places(good)[1:]:
        for odd in ODD:
            document = _put(good, path, odd)
            place.write_bytes(json.dumps(document).encode())
            try:
                verifying.verify(str(signed), EXPECTED, NOW)
            except TrustError:
                continue
            # What is left when the rest was ignored is as good as before: names of keys, and what is not looked at.
            assert path[-1] in {"keyid", "hint", "tlogEntries", "publicKey", "verificationMaterial"}, (path, odd)


def test_no_part_of_what_is_signed_however_odd_is_a_defect(signed: Path) -> None:
    """A signer who is trusted may still write nonsense."""
    good = json.loads(oms.statement_of(hash_artifact(signed), "model", alone=False))
    place = signed / "model.sig"
    for path in _places(good)[1:]:
        for odd in ODD:
            payload = json.dumps(_put(good, path, odd)).encode()
            place.write_bytes(bundle.write(signing.envelop(payload, BARE)))
            try:
                verifying.verify(str(signed), EXPECTED, NOW)
            except TrustError:
                continue
            assert path[-1] in {"allow_symlinks", "ignore_paths", "name", "weighmaster", "tree"} or len(path) > 3, (
                path,
                odd,
            )


def test_no_bytes_however_damaged_are_a_defect(signed: Path) -> None:
    chance = random.Random(7)
    _, made = signing.make(str(signed), ROOT.signer(private=key("fuzz")))
    good = bundle.write(made)
    for _ in range(1000):
        raw = damaged(good, chance)
        try:
            read = blob.read(raw, "it")
            verify(read, EXPECTED, NOW, message=b"a")
        except TrustError:
            continue
        # Names of keys prove nothing, and are all that can differ.
        assert isinstance(read.content, Envelope)
        assert isinstance(made.content, Envelope)
        assert read.content.signed() == made.content.signed()


def test_no_certificate_however_damaged_is_a_defect() -> None:
    chance = random.Random(9)
    made = signing.envelop(b"{}", ROOT.signer(private=key("fuzz")))
    good = made.certificates[0]
    for _ in range(1000):
        raw = bytearray(good)
        for _ in range(chance.randint(1, 3)):
            raw[chance.randrange(len(raw))] = chance.randrange(256)
        forged = Bundle(content=made.content, certificates=(bytes(raw),))
        if bytes(raw) == good:
            continue
        with pytest.raises(TrustError):
            verify(forged, EXPECTED, NOW)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a":1,"a":2}', "twice"),
        ('{"a":NaN}', "no JSON number"),
        ('{"a":1e999}', "not finite"),
        ("[" * 100_000, "cannot be read"),
        ('{"a":' + "[" * 200 + "]" * 200 + "}", "deep"),
        ('{"a":' + "9" * 5000 + "}", "digits"),
        ("[]", "mapping wanted"),
        ("\x00", "cannot be read"),
        ('{"a":"\\ud800"}', "cannot be read"),
        ('{"\\uDFFF":1}', "cannot be read"),
    ],
)
def test_json_that_could_be_read_in_two_ways_is_refused(text: str, why: str) -> None:
    with pytest.raises(TrustError, match=why):
        strict.parsed(text.encode(), "it")


def test_a_pair_of_surrogates_is_a_letter() -> None:
    assert strict.parsed(b'{"a":"\\ud83d\\ude00"}', "it").values == {"a": "\N{GRINNING FACE}"}


def test_a_bundle_has_one_content_and_one_way_to_its_key() -> None:
    good = json.loads(bundle.write(signing.envelop(b"{}", BARE)))
    both = {**good, "messageSignature": {"signature": "AAAA"}}
    with pytest.raises(TrustError, match="one of dsseEnvelope and messageSignature"):
        bundle.read(json.dumps(both).encode())
    chain = {"x509CertificateChain": {"certificates": [{"rawBytes": "AAAA"}]}}
    two = {**good, "verificationMaterial": {**good["verificationMaterial"], **chain}}
    with pytest.raises(TrustError, match="contradict each other"):
        bundle.read(json.dumps(two).encode())
    many = copy.deepcopy(good)
    many["dsseEnvelope"]["signatures"] *= 40
    with pytest.raises(TrustError, match="more than 32"):
        bundle.read(json.dumps(many).encode())


def test_the_payload_is_kept_as_it_was_signed() -> None:
    payload = b'{ "b" : 1,  "a" : 1.0 }'
    made = signing.envelop(payload, BARE)
    read = bundle.read(bundle.write(made))
    assert isinstance(read.content, Envelope)
    assert read.content.payload == payload
    document = json.loads(bundle.write(made))
    assert base64.b64decode(document["dsseEnvelope"]["payload"]) == payload
    assert document["dsseEnvelope"]["payloadType"] == IN_TOTO
