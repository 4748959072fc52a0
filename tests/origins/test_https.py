"""A file at an HTTP address: little of it is read, and a server that lies is found out."""

from __future__ import annotations

import hashlib
import pickle
import time
from collections.abc import Callable

import pytest
from tests.samples.sparse import checkpoint, safetensors
from tests.sims.files import Asked, Fault, Files, Reply

import weighmaster
from weighmaster import api
from weighmaster.model.report import GapReason
from weighmaster.model.verdict import Outcome, Vetted
from weighmaster.reading.http import Access

HOSTILE = b"0cposix\nsystem\n(S'true weighmaster_fired'\ntR0N"
BIG = 160, 64 << 20
QUICK = Access(attempts=3, timeout=2.0, patience=5.0)
MEGABYTE = pickle.dumps([bytes([number % 251]) * 1000 for number in range(1000)])


def vet(files: Files, path: str = "/model.pt", *, full: bool = False) -> Vetted:
    return weighmaster.vet(files.url(path), access=QUICK, full=full)


def rules(vetted: Vetted) -> set[str]:
    return {finding.rule.id for finding in vetted.report.findings}


def reasons(vetted: Vetted) -> set[GapReason]:
    return {gap.reason for gap in vetted.report.gaps}


@pytest.mark.parametrize(("program", "outcome"), [(b"", Outcome.ALLOW), (HOSTILE, Outcome.BLOCK)])
def test_ten_gigabytes_are_judged_from_a_thousandth_of_a_thousandth(program: bytes, outcome: Outcome) -> None:
    model = checkpoint(*BIG, program=program)
    assert model.size > 10 << 30
    with Files({"/model.pt": model}, latency=0.05) as files:
        vetted = vet(files)
    assert vetted.verdict.outcome is outcome
    assert vetted.report.artifacts[0].digest == "none"
    assert files.sent < 1_000_000 < model.size / 1000
    # Latency adds up only over rounds, not over members.
    assert len(files.asked) > BIG[0]


def test_the_header_of_safetensors_is_all_that_is_read_of_it() -> None:
    model = safetensors(*BIG)
    with Files({"/model.safetensors": model}) as files:
        vetted = vet(files, "/model.safetensors")
    assert vetted.verdict.outcome is Outcome.ALLOW
    assert files.sent < 200_000


def test_a_small_file_is_fetched_once_and_whole() -> None:
    data = pickle.dumps([1, 2, 3])
    with Files({"/a.pkl": data}) as files:
        vetted = vet(files, "/a.pkl")
    (artifact,) = vetted.report.artifacts
    assert (artifact.digest, artifact.sha256) == ("computed", hashlib.sha256(data).hexdigest())
    assert [asked.method for asked in files.asked] == ["HEAD", "GET"]


def test_what_is_declared_is_said_to_be_declared() -> None:
    with Files({"/m.pt": checkpoint(2, 1 << 20)}) as files:
        files.headers["/m.pt"] = {"X-Checksum-Sha256": "ab" * 32}
        vetted = vet(files, "/m.pt")
    assert (vetted.report.artifacts[0].digest, vetted.report.artifacts[0].sha256) == ("declared", "ab" * 32)
    assert "1 digest not computed" in api.render([vetted])


@pytest.mark.parametrize("full", [False, True])
def test_a_digest_that_does_not_fit_the_bytes_is_found_out(*, full: bool) -> None:
    with Files({"/a.pkl": pickle.dumps([1])}) as files:
        files.headers["/a.pkl"] = {"X-Checksum-Sha256": "ab" * 32}
        vetted = vet(files, "/a.pkl", full=full)
    assert vetted.verdict.outcome is Outcome.BLOCK
    assert rules(vetted) == {"server-contradicts-itself"}


def test_full_reads_all_and_computes() -> None:
    model = checkpoint(2, 1 << 20)
    digest = hashlib.sha256(model.read_at(0, model.size)).hexdigest()
    with Files({"/m.pt": model}) as files:
        files.headers["/m.pt"] = {
            "Repr-Digest": "sha-256=:" + __import__("base64").b64encode(bytes.fromhex(digest)).decode() + ":"
        }
        vetted = vet(files, "/m.pt", full=True)
    assert vetted.verdict.outcome is Outcome.ALLOW
    assert (vetted.report.artifacts[0].digest, vetted.report.artifacts[0].sha256) == ("computed", digest)


def once(change: Callable[[Reply], None], *, at: int = 1) -> Fault:
    def fault(_: Asked, reply: Reply, number: int) -> None:
        if number == at:
            change(reply)

    return fault


def after(first: int, change: Callable[[Reply], None]) -> Fault:
    def fault(_: Asked, reply: Reply, number: int) -> None:
        if number >= first:
            change(reply)

    return fault


def shifted(reply: Reply) -> None:
    start, end = reply.span
    reply.headers["Content-Range"] = f"bytes {start + 1}-{end - 1}/{len(MEGABYTE)}"


def longer(reply: Reply) -> None:
    start, end = reply.span
    reply.headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(MEGABYTE) + 9}"


def unsaid(reply: Reply) -> None:
    reply.headers.pop("Content-Range", None)


def retagged(reply: Reply) -> None:
    reply.headers["ETag"] = '"v2"'


def gone(reply: Reply) -> None:
    reply.status = 416


def shorter(reply: Reply) -> None:
    start, end = reply.span
    reply.span = (start, max(start, end - 5))
    reply.headers["Content-Length"] = str(reply.span[1] - start)


@pytest.mark.parametrize("change", [shifted, longer, unsaid, retagged, gone, shorter], ids=lambda f: f.__name__)
def test_a_server_that_lies_is_found_out(change: Callable[[Reply], None]) -> None:
    with Files({"/model.pkl": MEGABYTE}, fault=after(2, change)) as files:
        vetted = vet(files, "/model.pkl")
    assert vetted.verdict.outcome is Outcome.BLOCK
    assert "server-contradicts-itself" in rules(vetted)


def test_a_server_without_ranges_is_read_whole_where_the_file_is_small() -> None:
    def whole(asked: Asked, reply: Reply, _: int) -> None:
        if asked.method == "GET":
            reply.status, reply.span = 200, (0, len(MEGABYTE))
            reply.headers["Content-Length"] = str(len(MEGABYTE))
            reply.headers.pop("Content-Range", None)

    with Files({"/model.pkl": MEGABYTE}, fault=whole) as files:
        vetted = vet(files, "/model.pkl")
    assert vetted.verdict.outcome is Outcome.ALLOW


def test_a_connection_that_is_cut_is_taken_up_where_it_broke() -> None:
    def cut(asked: Asked, reply: Reply, number: int) -> None:
        if asked.method == "GET" and number % 2:
            reply.cut = 1000

    with Files({"/model.pkl": MEGABYTE}, fault=cut) as files:
        vetted = vet(files, "/model.pkl")
    assert vetted.verdict.outcome is Outcome.ALLOW
    assert files.sent < 2 * len(MEGABYTE)


def test_passing_trouble_is_waited_for_as_the_server_asks() -> None:
    def busy(_: Asked, reply: Reply, number: int) -> None:
        if number < 2:
            reply.status, reply.span = 503, (0, 0)
            reply.headers |= {"Retry-After": "1", "Content-Length": "0"}

    with Files({"/a.pkl": pickle.dumps([1])}, fault=busy) as files:
        start = time.monotonic()
        vetted = vet(files, "/a.pkl")
    assert vetted.verdict.outcome is Outcome.ALLOW
    assert time.monotonic() - start >= 2


def test_trouble_that_does_not_pass_is_a_gap() -> None:
    def broken(_: Asked, reply: Reply, __: int) -> None:
        reply.status, reply.span = 500, (0, 0)
        reply.headers["Content-Length"] = "0"

    with Files({"/a.pkl": b"x"}, fault=broken) as files:
        vetted = vet(files, "/a.pkl")
    assert (vetted.verdict.outcome, reasons(vetted)) == (Outcome.REVIEW, {GapReason.UNREACHABLE})


def test_what_is_not_there_and_who_is_not_there_are_gaps() -> None:
    with Files({}) as files:
        missing = vet(files, "/a.pkl")
        address = files.url("/a.pkl")
    assert (missing.verdict.outcome, reasons(missing)) == (Outcome.REVIEW, {GapReason.UNREACHABLE})
    nobody = weighmaster.vet(address, access=Access(attempts=1, timeout=1.0, patience=1.0))
    assert (nobody.verdict.outcome, reasons(nobody)) == (Outcome.REVIEW, {GapReason.UNREACHABLE})


def test_a_large_file_that_must_be_read_whole_is_a_gap_that_names_the_way_out() -> None:
    with Files({"/a.bin": _Text(100 << 20)}) as files:
        vetted = vet(files, "/a.bin")
    assert vetted.verdict.outcome is Outcome.REVIEW
    assert any("--full" in gap.detail for gap in vetted.report.gaps)


class _Text:
    def __init__(self, size: int) -> None:
        self.size = size

    def read_at(self, offset: int, count: int) -> bytes:
        return b"a" * min(count, self.size - offset)


def test_credentials_go_to_the_host_they_are_for_and_to_no_other() -> None:
    with Files({"/model.pkl": MEGABYTE}) as storage:

        def sent_on(asked: Asked, reply: Reply, _: int) -> None:
            reply.status, reply.span = 302, (0, 0)
            reply.headers = {"Location": storage.url(asked.path), "Content-Length": "0"}

        with Files({"/model.pkl": MEGABYTE}, fault=sent_on) as files:
            access = Access(credentials={files.host: "Bearer secret"})
            vetted = weighmaster.vet(files.url("/model.pkl"), access=access)
    assert vetted.verdict.outcome is Outcome.ALLOW
    assert all(asked.headers["authorization"] == "Bearer secret" for asked in files.asked)
    assert storage.asked
    assert not any("authorization" in asked.headers for asked in storage.asked)


def test_a_server_that_sends_on_for_ever_is_left() -> None:
    def sent_on(asked: Asked, reply: Reply, _: int) -> None:
        reply.status, reply.span = 302, (0, 0)
        reply.headers = {"Location": asked.path + "x", "Content-Length": "0"}

    with Files({"/a": b"x"}, fault=sent_on) as files:
        vetted = vet(files, "/a")
    assert reasons(vetted) == {GapReason.UNREACHABLE}
    assert len(files.asked) < 40
