"""Keys and passwords in text: found by their shapes, confirmed, and shown nowhere."""

from __future__ import annotations

import base64
import json
import random
import string
import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.samples.tensors import safetensors
from tests.samples.vetting import report_on, rules_on, verdict_on

from weighmaster.knowledge.secrets import found_in, kinds

_LETTERS = string.ascii_letters + string.digits


def _random(alphabet: str, count: int, seed: int = 5) -> str:
    """Return text as random as a token; made here, so that no scanner takes this file for one that leaks."""
    chance = random.Random(seed)
    return "".join(chance.choice(alphabet) for _ in range(count))


def _web_token() -> str:
    parts = [json.dumps(part).encode() for part in ({"alg": "HS256", "typ": "JWT"}, {"sub": "weighmaster", "iat": 1})]
    encoded = [base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts]
    return ".".join((*encoded, _random(_LETTERS, 43)))


_LINES = "\n".join(_random(_LETTERS, 64, seed) for seed in range(4))
_PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{_LINES}\n-----END RSA PRIVATE KEY-----"
_SECRETS: dict[str, str] = {
    "a token of Hugging Face": "hf_" + _random(_LETTERS, 34),
    "a key of AWS": "AKIA" + _random("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16),
    "a secret key of AWS": f"aws_secret_access_key = {_random(_LETTERS + '/+', 40)}",
    "a token of GitHub": "ghp_" + _random(_LETTERS, 36),
    "a token of GitLab": "glpat-" + _random(_LETTERS, 20),
    "a key of OpenAI": f"sk-proj-{_random(_LETTERS, 20)}T3BlbkFJ{_random(_LETTERS, 20, 6)}",
    "a key of Anthropic": "sk-ant-api03-" + _random(_LETTERS, 95),
    "a key of OpenRouter": "sk-or-v1-" + _random("0123456789abcdef", 64),
    "a key of Replicate": "r8_" + _random(_LETTERS, 37),
    "a key of Weights & Biases": f'"WANDB_API_KEY": "{_random("0123456789abcdef", 40)}"',
    "a token of Slack": f"xoxb-{_random('123456789', 12)}-{_random('123456789', 12, 6)}-{_random(_LETTERS, 24)}",
    "a webhook of Slack": "https://hooks.slack.com/services/"
    f"T{_random(_LETTERS, 9)}/B{_random(_LETTERS, 9)}/{_random(_LETTERS, 24)}",
    "a webhook of Discord": f"https://discord.com/api/webhooks/{_random('123456789', 18)}/{_random(_LETTERS, 68)}",
    "a token of a Telegram bot": f"{_random('123456789', 10)}:AA{_random(_LETTERS, 33)}",
    "a key of Stripe": "sk_live_" + _random(_LETTERS, 24),
    "a key of Google": "AIza" + _random(_LETTERS, 35),
    "a key of SendGrid": f"SG.{_random(_LETTERS, 22)}.{_random(_LETTERS, 43)}",
    "a key of Azure storage": f"AccountKey={_random(_LETTERS, 86)}==",
    "a token of Databricks": "dapi" + _random("0123456789abcdef", 32),
    "a token of npm": f"//registry.npmjs.org/:_authToken=npm_{_random(_LETTERS, 36)}",
    "a token of PyPI": "pypi-AgEIcHlwaS5vcmc" + _random(_LETTERS, 150),
    "a private key": _PEM,
    "a JSON web token": _web_token(),
    "a password in an address": "https://me:hunter22X@git.owner.org/repository.git",
    "a password for a machine": "machine api.owner.org login me password hunter22X",
}


def test_every_kind_is_tried() -> None:
    assert _SECRETS.keys() == {kind.title for kind in kinds()}


@pytest.mark.parametrize("kind", _SECRETS)
@pytest.mark.parametrize(
    "write", [lambda s: f"key: {s}\n", lambda s: json.dumps({"key": s}), lambda s: f"# note\nx = '{s}'\n"]
)
def test_a_secret_needs_a_look_and_is_not_shown(kind: str, write: Callable[[str], str]) -> None:
    secret = _SECRETS[kind]
    data = write(secret).encode()
    found = [finding for finding in report_on(data, "notes.txt").findings if finding.rule.id == "secret-inside"]
    assert kind in " ".join(finding.message for finding in found)
    assert verdict_on(data, "notes.txt") == "review"
    assert secret[-9:] not in repr(found)


def test_the_line_is_told_and_the_digest_tells_two_keys_apart() -> None:
    first, second = "hf_" + _random(_LETTERS, 34, 1), "hf_" + _random(_LETTERS, 34, 2)
    report = report_on(f"a\n{first}\n\n{second}\n{first}\n".encode(), "notes.txt")
    messages = [finding.message for finding in report.findings if finding.rule.id == "secret-inside"]
    assert [message.partition(" holds")[0] for message in sorted(messages)] == ["line 2", "line 4", "line 5"]
    assert len({message.rpartition(" ")[2] for message in messages}) == 2


def test_a_password_has_no_digest_that_could_be_guessed() -> None:
    report = report_on(b"https://me:hunter22X@git.owner.org/x\n", "notes.txt")
    assert not [finding for finding in report.findings if "SHA-256" in finding.message]


@pytest.mark.parametrize(
    "text",
    [
        "hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "hf_" + "a" * 34,
        "hf_hub_download and hf_transfer",
        "AKIAIOSFODNN7EXAMPLE",
        "MKTASIAGKLMNPQRSTVWYACDEFGHIKLMNPQRSTVWY",
        "ASIAGKLMNPQRSTVWYACD",
        "-----BEGIN PUBLIC KEY-----\n" + "A" * 64,
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
        "looks for '-----BEGIN RSA PRIVATE KEY-----' in a file",
        "http://user:password@proxy.example.com:8080",
        "https://${USER}:${TOKEN}@github.com/owner/name",
        "https://<user>:<token>@github.com/owner/name",
        "postgresql://postgres:postgres@localhost/db",
        "ssh://git@github.com:22/owner/name",
        "mail me@owner.org at 12:30, or see https://owner.org/@me",
        "eyJhbGciOiJub25lIn0",
        "sk-1234567890abcdef",
        "xoxb-your-token",
        "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
        "machine example.com login user password secret",
        "this machine learns to login without a password at all",
        "dapi" + "0" * 32,
        "sha256:" + "0f" * 32,
    ],
)
def test_what_only_looks_like_a_secret_is_left_alone(text: str) -> None:
    assert not list(found_in(text.encode(), 5))


@given(st.binary(max_size=500))
def test_random_bytes_hold_no_secret(data: bytes) -> None:
    assert not list(found_in(data, 5))


def test_base64_and_vocabularies_hold_no_secret() -> None:
    chance = random.Random(7)
    encoded = base64.b64encode(chance.randbytes(300_000))
    proteins = "".join(chance.choice("ACDEFGHIKLMNPQRSTVWY") for _ in range(300_000)).encode()
    assert not list(found_in(encoded, 5))
    assert not list(found_in(proteins, 5))


def test_detect_secrets_is_loaded_only_where_something_looks_like_a_secret() -> None:
    code = (
        "import sys\nfrom tests.samples.vetting import report_on\nreport_on(b'plain text about hf_hub\\n', 'a.txt')\n"
        "assert 'detect_secrets' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize("name", [".env", ".netrc", "id_rsa", "home/.aws/credentials", ".git-credentials"])
def test_a_file_that_is_named_like_a_store_of_secrets_needs_a_look(name: str) -> None:
    assert "private-file" in rules_on(b"x\n", name)
    assert "private-file" not in rules_on(b"", name)


@pytest.mark.parametrize("name", ["env", "id_rsa.pub", ".env.example", "config.json", "netrc.py"])
def test_other_names_are_left_alone(name: str) -> None:
    assert "private-file" not in rules_on(b"x\n", name)


@pytest.mark.parametrize(
    "address",
    [
        "http://203.0.113.7/x",
        "http://203.0.113.7:8080",
        "https://abcdefabcdefabcd.onion/x",
        "https://pastebin.com/raw/abc",
        "https://webhook.site/abc",
        "https://abc.ngrok.io/",
        "https://api.telegram.org/bot123/sendMessage",
        "https://discord.com/api/webhooks/1/x",
    ],
)
def test_metadata_with_an_address_where_things_are_collected_needs_a_look(address: str) -> None:
    data = safetensors({"__metadata__": {"note": f"see {address} for more"}})
    assert "metadata-addresses" in rules_on(data, "model.safetensors")


@pytest.mark.parametrize(
    "address",
    ["https://huggingface.co/owner/name", "http://127.0.0.1:7860", "http://192.168.0.7/", "https://arxiv.org/abs/1"],
)
def test_metadata_with_an_ordinary_address_is_left_alone(address: str) -> None:
    assert "metadata-addresses" not in rules_on(safetensors({"__metadata__": {"note": address}}), "model.safetensors")


def test_a_token_that_its_owner_publishes_is_left_alone() -> None:
    from transformers import testing_utils

    with open(testing_utils.__file__, "rb") as file:
        assert not list(found_in(file.read(), 5))
