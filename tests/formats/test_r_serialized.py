"""R's files: what in them runs without being called."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.samples.rfiles import NIL, R
from tests.samples.vetting import inner_bytes, reads, report_on, rules_on, verdict_on
from tests.samples.whole.sundry import compiled_call

from weighmaster.formats.r_serialized import FORMAT
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.fact import Deferred, Reference, Stray
from weighmaster.model.verdict import Outcome

Build = Callable[[R], bytes]


def system(r: R) -> bytes:
    return r.call(r.symbol("system"), r.strings("true weighmaster_fired"))


def plain(r: R) -> bytes:
    return r.call(r.symbol("+"), r.reals(1.0), r.reals(2.0))


def qualified(r: R) -> bytes:
    return r.call(r.call(r.symbol("::"), r.symbol("base"), r.symbol("system")), r.strings("true"))


def joined(r: R) -> bytes:
    return r.call(r.symbol("do.call"), r.call(r.symbol("paste0"), r.strings("sys"), r.strings("tem")), r.strings("x"))


def parsed(r: R) -> bytes:
    return r.call(r.symbol("eval"), r.call(r.symbol("parse"), r.strings("text")))


def every(build: Build, *, workspace: bool = False) -> list[bytes]:
    made = []
    for textual in (False, True):
        for version in (2, 3):
            r = R(textual=textual, version=version)
            made.append(r.file(build(r), workspace=workspace))
    return made


@pytest.mark.parametrize("code", [system, qualified, joined, parsed])
@pytest.mark.parametrize(
    "place",
    [
        lambda r, code: r.promise(code),
        lambda r, code: r.vector(r.strings("a"), r.promise(code)),
        lambda r, code: r.pairs(("", r.promise(code))),
        lambda r, code: r.flags(14, attributes=True) + r.integer(0) + r.pairs(("names", r.promise(code))),
        lambda r, code: r.flags(25, attributes=True) + r.pairs(("slot", r.promise(code))),
        lambda r, code: r.environment(r.pairs(("x", r.vector(r.promise(code))))),
    ],
    ids=["itself", "in a list", "in pairs", "in an attribute", "in a slot", "in a list in an environment"],
)
def test_a_promise_that_does_harm_is_blocked_wherever_it_is(code: Build, place: Callable[[R, bytes], bytes]) -> None:
    for data in every(lambda r: place(r, code(r))):
        assert verdict_on(data, "m.rds") is Outcome.BLOCK
        assert "deferred-harm" in rules_on(data, "m.rds")


def test_a_promise_of_compiled_code_is_read_through() -> None:
    for data in every(lambda r: r.promise(r.compiled(compiled_call(r, "system")))):
        assert verdict_on(data, "m.rds") is Outcome.BLOCK


def test_a_promise_where_none_belongs_waits_for_a_person() -> None:
    for data in every(lambda r: r.promise(plain(r))):
        assert rules_on(data) == {"deferred-code"}
        assert verdict_on(data) is Outcome.REVIEW


def test_a_promise_that_was_evaluated_is_only_a_value() -> None:
    for data in every(lambda r: r.promise(system(r), value=NIL)):
        assert verdict_on(data) is Outcome.ALLOW


def test_arguments_that_were_never_looked_at_are_ordinary_unless_they_start_programs() -> None:
    for data in every(lambda r: r.environment(r.pairs(("x", r.promise(parsed(r)))))):
        assert verdict_on(data) is Outcome.ALLOW
    for data in every(lambda r: r.environment(r.pairs(("x", r.promise(system(r)))))):
        assert verdict_on(data) is Outcome.BLOCK


def test_a_binding_that_runs_a_function_is_judged_by_what_it_does() -> None:
    for code, outcome in ((system, Outcome.BLOCK), (plain, Outcome.ALLOW)):
        for data in every(lambda r, code=code: r.environment(r.pairs(("x", r.closure(code(r))), levels=1 << 15))):  # type: ignore[misc]
            assert verdict_on(data) is outcome


@pytest.mark.parametrize("name", [".First", ".Last"])
def test_functions_that_a_session_calls_are_told_in_a_workspace_alone(name: str) -> None:
    for data in every(lambda r: r.pairs((name, r.closure(system(r)))), workspace=True):
        assert verdict_on(data, "w.RData") is Outcome.BLOCK
    for data in every(lambda r: r.pairs((name, r.closure(r.call(r.symbol("library"))))), workspace=True):
        assert verdict_on(data, "w.RData") is Outcome.REVIEW
    for data in every(lambda r: r.pairs(("fit", r.closure(plain(r)))), workspace=True):
        assert verdict_on(data, "w.RData") is Outcome.ALLOW


def test_a_function_that_starts_programs_waits_for_a_person() -> None:
    for data in every(lambda r: r.vector(r.closure(system(r)))):
        assert verdict_on(data) is Outcome.REVIEW


def test_code_that_nothing_starts_is_let_through() -> None:
    for data in every(lambda r: r.vector(system(r), r.flags(20) + r.integer(1) + system(r))):
        assert verdict_on(data) is Outcome.ALLOW


def test_vectors_are_made_by_known_classes_only() -> None:
    def vector(name: str, package: str) -> Outcome:
        r = R()
        return verdict_on(r.file(r.alternative(name, package, r.vector(r.strings("/etc/passwd")))), "m.rds")

    assert vector("compact_intseq", "base") is Outcome.ALLOW
    assert vector("mmap_real", "base") is Outcome.BLOCK
    assert vector("remote", "somebodys") is Outcome.REVIEW


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_packed_files_are_unpacked_first(pack: Callable[[bytes], bytes]) -> None:
    r = R()
    assert verdict_on(pack(r.file(r.promise(system(r)))), "m.rds") is Outcome.BLOCK


def test_packages_whose_namespaces_are_loaded_are_named() -> None:
    r = R()
    name = r.integer(249) + r.integer(0) + r.integer(1) + r.characters("stats")
    found, error = reads(FORMAT, r.file(r.vector(name, name)))
    assert error is None
    assert [read.target for read in found if isinstance(read, Reference)] == ["stats"]


def test_what_follows_the_object_is_read() -> None:
    r = R()
    found, _ = reads(FORMAT, r.file(r.reals(1.0)) + b"PK\x03\x04")
    assert [type(read) for read in found if isinstance(read, Stray)] == [Stray]
    assert inner_bytes(found) == [b"PK\x03\x04"]


def test_nesting_without_an_end_is_over_budget() -> None:
    r = R()
    one = r.flags(19) + r.integer(1)
    assert isinstance(reads(FORMAT, r.file(one * 50_000 + r.nil()))[1], OverBudgetError)


@pytest.mark.parametrize(
    "item",
    [R().integer(99), R().reference(7), R().flags(16) + R().integer(1 << 30), R().flags(9) + R().integer(-5), b""],
    ids=["type", "reference", "count", "length", "nothing"],
)
def test_damage_is_unreadable(item: bytes) -> None:
    assert isinstance(reads(FORMAT, R().file(item))[1], UnreadableError)


def test_escapes_of_text_are_read() -> None:
    r = R(textual=True)
    name = r.flags(9, levels=64) + r.integer(6) + b"sys\\164\\145m\n"
    data = r.file(r.promise(r.call(r.integer(1) + name)))
    assert [read.calls for read in reads(FORMAT, data)[0] if isinstance(read, Deferred)] == [("system",)]


@pytest.mark.skipif(find_spec("rdata") is None, reason="the files of R that this library is tested with")
def test_files_that_r_wrote_are_allowed() -> None:
    import rdata

    files = sorted(Path(rdata.__file__).parent.rglob("*.rd[as]"))
    assert len(files) > 20
    for file in files:
        report = report_on(file.read_bytes(), file.name)
        assert not report.gaps, file
        assert verdict_on(file.read_bytes(), file.name) is Outcome.ALLOW, file


def test_a_crowd_of_names_does_not_hide_one() -> None:
    r = R()
    crowd = [r.call(r.symbol(f"name{number}")) for number in range(3_000)]
    data = r.file(r.promise(r.call(r.symbol("c"), *crowd, system(r))))
    assert verdict_on(data, "m.rds") is Outcome.BLOCK
    found = [read for read in reads(FORMAT, data)[0] if isinstance(read, Deferred)]
    assert len(found[0].calls) < 100
