"""Notes and checkpoints are those of signed-note, tlog-checkpoint and tlog-cosignature."""

from __future__ import annotations

import base64
import random

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.samples.damage import damaged
from tests.trust.log.setting import ORIGIN, Setting, signer_of

from weighmaster.model.errors import ConfigError, TrustError, WeighmasterError
from weighmaster.trust.identities.keys import KeySigner
from weighmaster.trust.log import checkpoint as checkpoints
from weighmaster.trust.log import note
from weighmaster.trust.log.checkpoint import Checkpoint
from weighmaster.trust.log.note import COSIGNATURE, Note, VerifierKey

# The example of golang.org/x/mod/sumdb/note, the reference implementation.
VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNED = (
    TEXT + "\n— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def test_a_note_of_the_reference_implementation_is_verified_and_written_alike() -> None:
    key = VerifierKey.parse(VERIFIER)
    assert (str(key), key.name, key.id.hex()) == (VERIFIER, "PeterNeumann", "c74f20a3")
    read = Note.read(SIGNED.encode(), "it")
    ((found, line),) = note.of_keys(read, [key])
    assert found.verifies(line.sig, read.text.encode())
    signer = KeySigner([Ed25519PrivateKey.from_private_bytes(SEED)])
    assert note.signed(TEXT, signer, "PeterNeumann").written() == SIGNED.encode() == read.written()


@pytest.mark.parametrize(
    "text",
    [
        "", "PeterNeumann", "PeterNeumann+c74f20a3", VERIFIER.replace("c74f20a3", "c74f20a4"), VERIFIER + "A",
        VERIFIER.replace("Peter", "Piter"), VERIFIER[:-4], VERIFIER.replace("ARpc", "AhpC"),
        "+c74f20a3+" + VERIFIER[22:],
        VERIFIER.replace("+ARpc", "++ARpc"), VERIFIER.replace("TW", "TX"), "é" * 300 + VERIFIER,
    ],
)  # fmt: skip
def test_a_verifier_key_that_contradicts_itself_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        VerifierKey.parse(text)


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\n", b"\n\n", SIGNED[:-1].encode(), SIGNED.encode() + b"x", SIGNED.replace("\n—", "\n\x07—").encode(),
        SIGNED.replace("— ", "- ").encode(), SIGNED.encode("utf-16"), TEXT.encode(), TEXT.encode() + b"\n",
        SIGNED.replace("nAM=", "nAN=").encode(), SIGNED.replace(" x08", "  x08").encode(), b"a\r\n" + SIGNED.encode(),
        SIGNED.replace("PeterNeumann ", "Peter+Neumann ").encode(), b"\xff" + SIGNED.encode(),
        SIGNED.replace("PeterNeumann ", "Peter\N{NO-BREAK SPACE}Neumann ").encode(), b"x" * (note.LONGEST + 1),
        (SIGNED + SIGNED.partition("\n\n")[2] * 64).encode(), (TEXT + "\n— a AAAA\n").encode(),
    ],
)  # fmt: skip
def test_what_is_no_note_is_refused(raw: bytes) -> None:
    with pytest.raises(TrustError):
        Note.read(raw, "it")


def _checkpoint(size: int = 3, root: bytes = b"\7" * 32, origin: str = ORIGIN) -> Checkpoint:
    return checkpoints.signed_by(signer_of(1), Checkpoint(origin=origin, size=size, root=root))


def test_sixteen_signatures_of_others_and_one_of_the_log_are_accepted(setting: Setting) -> None:
    signed = _checkpoint()
    for seed in range(10, 26):
        signed = checkpoints.cosigned_by(signer_of(seed), f"w{seed}", signed, 1700000000)
    found = checkpoints.verified(signed.note, [setting.key])
    assert found.same(signed)
    assert len(checkpoints.strangers(found, [setting.key])) == 16


def test_a_cosignature_is_over_the_time_and_the_whole_text(setting: Setting) -> None:
    (seer, _), (witness, _) = setting.seers, setting.witnesses
    signed = checkpoints.cosigned_by(seer, witness.name, _checkpoint(), 1679315147)
    line = Note.read(signed.note, "it").signatures[1]
    assert line.sig[:8] == (1679315147).to_bytes(8)
    assert witness.verifies(line.sig[8:], b"cosignature/v1\ntime 1679315147\n" + signed.text.encode())
    found = checkpoints.verified(signed.note, [setting.key], [witness])
    assert [(one.witness, one.at) for one in found.cosigned] == [(witness.name, 1679315147)]


def test_a_witness_signs_again_in_the_place_of_its_earlier_signature(setting: Setting) -> None:
    signed = _checkpoint()
    for at in (1, 2):
        signed = checkpoints.cosigned_by(setting.seers[0], setting.witnesses[0].name, signed, at)
    assert len(Note.read(signed.note, "it").signatures) == 2
    assert checkpoints.verified(signed.note, [setting.key], setting.witnesses[:1]).cosigned[0].at == 2


def test_a_threshold_counts_witnesses_not_signatures_or_names(setting: Setting) -> None:
    seer, witness = setting.seers[0], setting.witnesses[0]
    twin = VerifierKey.of("another.name", seer.key, COSIGNATURE)
    signed = checkpoints.cosigned_by(seer, witness.name, _checkpoint(), 5)
    signed = checkpoints.cosigned_by(seer, twin.name, signed, 5)
    with pytest.raises(ConfigError, match="2 witnesses are wanted, and 1 are known"):
        checkpoints.verified(signed.note, [setting.key], [witness, twin], 2)
    with pytest.raises(TrustError, match="1 of the 2 witnesses"):
        checkpoints.verified(signed.note, [setting.key], [witness, twin, setting.witnesses[1]], 2)
    checkpoints.verified(signed.note, [setting.key], [witness, setting.witnesses[1]], 1)


def test_nobody_trusted_is_an_error_and_a_log_is_no_witness_of_itself(setting: Setting) -> None:
    with pytest.raises(ConfigError, match="no key of a log is trusted"):
        checkpoints.verified(_checkpoint().note, [])
    own = VerifierKey.of("witness", setting.signer.key, COSIGNATURE)
    with pytest.raises(ConfigError, match="no witness of itself"):
        checkpoints.verified(_checkpoint().note, [setting.key], [own])
    with pytest.raises(ConfigError, match="different kinds"):
        checkpoints.verified(_checkpoint().note, setting.witnesses)


def test_a_forged_checkpoint_is_refused(setting: Setting) -> None:
    forged = checkpoints.signed_by(signer_of(9), Checkpoint(origin=ORIGIN, size=3, root=b"\7" * 32))
    with pytest.raises(TrustError, match="not signed by a key that is trusted"):
        checkpoints.verified(forged.note, [setting.key])
    with pytest.raises(TrustError, match="forged"):
        checkpoints.verified(_checkpoint().note.replace(b"\n3\n", b"\n4\n"), [setting.key])


def test_a_key_for_one_log_signs_for_no_other(setting: Setting) -> None:
    other = _checkpoint(origin="example.org/else")
    with pytest.raises(TrustError, match="not signed by a key that is trusted for it"):
        checkpoints.verified(other.note, [setting.key])
    # The text of another log, signed under this log's name.
    text = Checkpoint(origin="example.org/else", size=3, root=b"\7" * 32).text
    with pytest.raises(TrustError, match="not signed by a key that is trusted for it"):
        checkpoints.verified(note.signed(text, setting.signer, ORIGIN).written(), [setting.key])


def test_a_broken_signature_of_a_known_witness_spoils_the_checkpoint(setting: Setting) -> None:
    signed = checkpoints.cosigned_by(setting.seers[0], setting.witnesses[0].name, _checkpoint(), 5)
    read = Note.read(signed.note, "it")
    sig = bytes([*read.signatures[1].sig[:-1], read.signatures[1].sig[-1] ^ 1])
    line = note.NoteSignature(name=read.signatures[1].name, id=read.signatures[1].id, sig=sig)
    raw = Note(text=read.text, signatures=(read.signatures[0], line)).written()
    with pytest.raises(TrustError, match=r"the cosignature of witness\.example\.org/0 does not hold"):
        checkpoints.verified(raw, [setting.key], setting.witnesses, 0)
    assert checkpoints.verified(raw, [setting.key]).size == 3  # Of a key that is not known it means nothing.


@pytest.mark.parametrize(
    "text",
    [
        f"{ORIGIN}\n3\n", f"{ORIGIN}\n03\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n", f"{ORIGIN}\n-1\nAAAA\n",
        f"{ORIGIN}\n9223372036854775808\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n", f"{ORIGIN}\n3\nBwcH\n",
        f"{ORIGIN}\n٣\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n", f"{ORIGIN}\n{'9' * 5000}\nBwcH\n",
        f"{ORIGIN}\n3\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwd=\n",
        "\n3\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n",
        f"{ORIGIN}\n0\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n", f"{'x' * 300}\n3\nBwcH\n",
        f"{ORIGIN}\n3\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n\nmore\n",
    ],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused_though_it_is_signed(setting: Setting, text: str) -> None:
    with pytest.raises(TrustError):
        checkpoints.verified(note.signed(text, setting.signer, ORIGIN).written(), [setting.key])


def test_lines_that_a_log_adds_are_kept(setting: Setting) -> None:
    text = Checkpoint(origin=ORIGIN, size=3, root=b"\7" * 32, extensions=("more", "and more")).text
    assert checkpoints.verified(note.signed(text, setting.signer, ORIGIN).written(), [setting.key]).text == text


def test_only_ed25519_keys_under_names_that_can_be_are_taken() -> None:
    with pytest.raises(ConfigError, match="Ed25519"):
        VerifierKey.of("name", KeySigner([generate_private_key(SECP256R1())]).key)
    for name in ("", "two words", "a+b", "x" * 256, "a\nb", "a\0b"):
        with pytest.raises(ConfigError, match="cannot name a key"):
            VerifierKey.of(name, signer_of(1).key)


def test_mutations_are_refused_or_mean_the_same(setting: Setting) -> None:
    rng = random.Random(1)
    raw = checkpoints.cosigned_by(setting.seers[0], setting.witnesses[0].name, _checkpoint(), 5).note
    for _ in range(3000):
        data = damaged(raw, rng, (b"\n", b"\n\n", b" ", b"0", "— ".encode(), b"="))
        try:
            found = checkpoints.verified(data, [setting.key], setting.witnesses[:1])
        except WeighmasterError:
            continue
        assert found.same(_checkpoint())
        assert data == raw or found.cosigned
