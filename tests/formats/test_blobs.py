"""What stands encoded in a text is found whatever the code, and what is only text, a key or a picture is left alone."""

from __future__ import annotations

import base64
import io
import os
import pickle
import random
import textwrap
import time
import zipfile
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.samples.packages.blobs import PAYLOAD, torch_file
from tests.samples.vetting import inner_bytes, reads, report_on, rules_on, verdict_on

from weighmaster.formats.blobs import FORMAT
from weighmaster.machine.run import plausible
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.verdict import Outcome
from weighmaster.reading.blobs import found_in

CODES: dict[str, Callable[[bytes], bytes]] = {
    "base64": base64.b64encode,
    "base64, for addresses": base64.urlsafe_b64encode,
    "base64, without its end": lambda data: base64.b64encode(data).rstrip(b"="),
    "base64, in lines": base64.encodebytes,
    "base64 of base64": lambda data: base64.b64encode(base64.b64encode(data)),
    "base64 of hex": lambda data: base64.b64encode(data.hex().encode()),
    "base64 of deflate": lambda data: base64.b64encode(zlib.compress(data, wbits=-15)),
    "base64, backwards": lambda data: base64.b64encode(data)[::-1],
    "base64 of xor": lambda data: base64.b64encode(bytes(byte ^ 0xA7 for byte in data)),
    "base32": base64.b32encode,
    "hex": lambda data: data.hex().encode(),
    "hex, large": lambda data: data.hex().upper().encode(),
    "base85": base64.b85encode,
    "ascii85": base64.a85encode,
    "ascii85, framed": lambda data: base64.a85encode(data, adobe=True, wrapcol=60),
}
WHOLE = {"pickle": PAYLOAD, "protocol 2": pickle.dumps({"a": list(range(99))}, 2), "archive": torch_file()}
FRAMES = ('X = "%s"\n', '{"a": 1, "data": "%s"}', "key: value\nstate: %s\n", "%s", "payload=%s\n", "<b>\n%s\n</b>\n")


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("content", WHOLE)
@pytest.mark.parametrize("code", CODES)
def test_what_a_loader_could_take_is_found_in_every_code(code: str, content: str, frame: str) -> None:
    if code == "ascii85" and '"' in frame:
        return  # Ascii85 has quotes of its own: in such a frame it is written with an escape.
    text = frame.encode() % CODES[code](WHOLE[content])
    found, error = reads(FORMAT, b"# words before it\n" + text)
    assert error is None
    # In Base85 and Ascii85, what follows on the next line may be read as more of it.
    assert any(data.startswith(WHOLE[content]) for data in inner_bytes(found))


@pytest.mark.parametrize("width", [12, 20, 47, 64])
@pytest.mark.parametrize("join", ['",\n    "', "'\n'", '" + \\\n"', '"\nDATA += "', '"\nA7 = "'])
def test_pieces_that_follow_one_another_are_one(join: str, width: int) -> None:
    pieces = textwrap.wrap(base64.b64encode(WHOLE["archive"]).decode(), width)
    found, error = reads(FORMAT, f'DATA = "{join.join(pieces)}"\n'.encode())
    assert error is None
    assert WHOLE["archive"] in inner_bytes(found)


def test_literals_and_lists_of_numbers_are_read() -> None:
    for text in (repr(PAYLOAD), str(list(PAYLOAD)), "bytes([" + ", ".join(map(hex, PAYLOAD)) + "])"):
        found, error = reads(FORMAT, f"x = {text}\n".encode())
        assert error is None
        assert inner_bytes(found) == [PAYLOAD]


@given(st.binary(max_size=60), st.binary(max_size=60), st.sampled_from(["base64", "hex"]))
def test_what_stands_around_it_does_not_hide_it(before: bytes, after: bytes, code: str) -> None:
    text = before + b"\n'" + CODES[code](PAYLOAD) + b"'\n" + after
    assert PAYLOAD in [found.data for found in found_in(text, plausible)]


@settings(max_examples=300)
@given(st.text("AaFf09+/=_-\"'\\nx,(){} \n", max_size=600) | st.text(max_size=200))
def test_any_text_gives_places_in_it(text: str) -> None:
    data = text.encode(errors="surrogatepass")
    for found in found_in(data, plausible):
        assert 0 <= found.at < found.end <= len(data)


def test_its_verdict_is_that_of_what_it_holds() -> None:
    harmless = base64.b64encode(pickle.dumps({"a": [1, 2, 3] * 9})).decode()
    assert verdict_on(f'{{"state": "{harmless}"}}'.encode(), "a.json") is Outcome.ALLOW
    assert rules_on(f'{{"state": "{harmless}"}}'.encode(), "a.json") == {"encoded-artifact"}
    hostile = base64.b85encode(PAYLOAD).decode()
    assert verdict_on(f'{{"state": "{hostile}"}}'.encode(), "a.json") is Outcome.BLOCK


def test_bytes_that_may_be_encrypted_are_told_and_no_reason_to_stop() -> None:
    noise = random.Random(3).randbytes(3000)
    for text in (base64.b64encode(noise), noise.hex().encode()):
        report = report_on(b"KEY = '" + text + b"'\n", "a.txt")
        assert [finding.rule.id for finding in report.findings] == ["opaque-constant"]
    assert verdict_on(b"KEY = '" + base64.b64encode(noise) + b"'\n", "a.txt") is Outcome.ALLOW


@pytest.mark.parametrize("begin", [b"\x89PNG\r\n\x1a\n", b"wOF2", b"\x30\x82\x04\x00", b"GIF89a"])
def test_pictures_fonts_and_certificates_are_left_alone(begin: bytes) -> None:
    data = base64.b64encode(begin + random.Random(4).randbytes(4000))
    assert rules_on(b"src = '" + data + b"'\n", "a.txt") == set()


def test_words_numbers_and_digests_are_nothing() -> None:
    lines = [f"{n:064x} {'internationalization' * 3} {'=' * 70} {n * 10**40}" for n in range(200)]
    assert rules_on("\n".join(lines).encode(), "a.txt") == set()


@pytest.mark.parametrize(
    "piece",
    [b"gASV" * 20 + b"\n", b"'" + b"A" * 40 + b"',", b"80" * 40 + b" ", b"\\x80\\x04", b"'\\x80\\x04'", b"[128, 4, ",
     b"ABCDEFGH" * 8 + b" ", b"A" * 33 + b"\n+", b"<~J,fQL" + b"!" * 60 + b"\n", b"x = 'PK\\x03\\x04", b"a=" * 20],
)  # fmt: skip
def test_text_made_to_waste_time_does_not(piece: bytes) -> None:
    start = time.process_time()
    _, error = reads(FORMAT, piece * (1_000_000 // len(piece)))
    assert time.process_time() - start < 10
    assert error is None or isinstance(error, OverBudgetError)


def test_a_thousand_artifacts_in_one_text_are_read_and_more_are_said() -> None:
    lines = b"".join(b'"' + base64.b64encode(PAYLOAD + bytes([n % 256])) + b'"; \n' for n in range(1100))
    found, error = reads(FORMAT, lines)
    assert len(inner_bytes(found)) == 1000
    assert isinstance(error, OverBudgetError)


def test_own_source_of_the_standard_library_holds_nothing_that_is_not_there() -> None:
    folder = os.path.dirname(os.__file__)
    for name in sorted(name for name in os.listdir(folder) if name.endswith(".py")):
        with open(os.path.join(folder, name), "rb") as file:
            assert not [found.form for found in found_in(file.read(), plausible) if found.loadable], name


def test_an_archive_in_a_text_is_read_like_any_other() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("inside.pkl", PAYLOAD)
    report = report_on(b"x = '" + base64.b64encode(out.getvalue()) + b"'", "a.py")
    assert any(str(artifact.where).endswith("!inside.pkl") for artifact in report.artifacts)
