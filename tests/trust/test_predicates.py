from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import Parse, ParseDict
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.predicates.test_result.v0 import test_result_pb2
from in_toto_attestation.predicates.vsa.v1 import vsa_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement as Oracle
from securesystemslib.dsse import Envelope as Dsse
from securesystemslib.signer import SSlibKey
from tests.trust.claims_made import DAY, NOW, claim, model, signer

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.model.fact import Reference
from weighmaster.model.where import Where
from weighmaster.trust import strict
from weighmaster.trust.claims import known, predicate
from weighmaster.trust.claims.predicates import (
    closure,
    release,
    scan,
    slsa_provenance,
    tests,
    verdict,
    vex,
    vulns,
)
from weighmaster.trust.claims.predicates.closure import Dependency
from weighmaster.trust.evidence import bundle, envelope

SHA = "a" * 64


def made_provenance() -> dict[str, Any]:
    return slsa_provenance.build(
        "https://example.org/train/v1",
        {"epochs": 3, "data": ["a", "b"]},
        [("data.parquet", {"sha256": SHA}, ""), ("code", {"gitCommit": "b" * 40}, "git+https://example.org/x")],
        builder="https://example.org/builder",
        started=NOW - DAY,
        finished=NOW,
        internal={"seed": 7},
        invocation="run-1",
        versions={"torch": "2.13"},
    )


def made_verdict(*, passed: bool = True) -> dict[str, Any]:
    return verdict.build(
        passed=passed,
        verifier="https://example.org/gate",
        resource="pkg:huggingface/owner/model@1",
        policy="https://example.org/policy",
        policy_digest={"sha256": SHA},
        inputs=[("", {"sha256": SHA})],
        at=NOW,
    )


def made_scan() -> dict[str, Any]:
    summary = {"files": 1, "examined": 1, "findings": 0, "unread": 0, "excluded": 0, "partial": False}
    return {
        "tool": {"name": "weighmaster", "version": "1"},
        "policy": {"id": "default", "because": []},
        "outcome": "allow",
        "summary": summary,
        "findings": [],
        "gaps": [],
        "scannedOn": "2026-01-01T00:00:00Z",
    }


def made_vex() -> dict[str, Any]:
    said = {"vulnerability": {"name": "CVE-2026-1"}, "status": "not_affected", "justification": "component_not_present"}
    return vex.build("https://example.org/vex/1", "alice@example.org", [said], at=NOW)


BASE = Dependency(role="base-model", name="owner/base", digests=(("sha256", SHA),))
MADE: dict[str, Callable[[], dict[str, Any]]] = {
    "release": lambda: release.build("model", "1.0", 1, issued=NOW),
    "slsa_provenance": made_provenance,
    "verdict": made_verdict,
    "scan": made_scan,
    "tests": lambda: tests.build("PASSED", [("suite.yaml", {"sha256": SHA}, "")], tests={"passed": ["a"]}),
    "vulns": lambda: vulns.build("https://x.org/s", "1", {"CVE-1": [("cvss", "9")]}, started=NOW, finished=NOW),
    "vex": made_vex,
    "publish": dict,
    "closure": lambda: closure.build([BASE], issued=NOW),
    "bom": lambda: {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "metadata": {"component": {"type": "machine-learning-model", "name": "model"}},
        "components": [{"type": "data", "name": "set"}],
    },
}
MADE["signature"] = lambda: {
    "serialization": {"method": "files", "hash_type": "sha256"},
    "resources": [{"name": "a", "algorithm": "sha256", "digest": SHA}],
}
NAMES = sorted(path.stem for path in Path(str(closure.__file__)).parent.glob("[a-z]*.py"))


def kind_of(name: str) -> predicate.Predicate:
    found = importlib.import_module(f"weighmaster.trust.claims.predicates.{name}").PREDICATE
    assert isinstance(found, predicate.Predicate)
    return found


# What every predicate owes


@pytest.mark.parametrize("name", NAMES)
def test_every_predicate_says_in_a_line_what_it_claims(name: str) -> None:
    meaning = known.checked(kind_of(name).type, MADE[name]())
    assert meaning.line
    assert "\n" not in meaning.line


@pytest.mark.parametrize("name", NAMES)
def test_every_predicate_is_found_by_its_word_and_its_types(name: str) -> None:
    found = kind_of(name)
    assert known.by_id(found.word or found.id) is found
    assert {known.by_type(uri) for uri in found.types} == {found}
    assert known.named(found.type) == (found.type, found)


def broken(value: Any) -> list[Any]:
    """Return copies of a document, in each of which one value is of another kind, or gone."""
    found: list[Any] = []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        for other in (None, True, -1, 1e400, "", [], {}, [1], [{}], {"a": 1}, "x" * 5000, *broken(inner)):
            copy = dict(value) if isinstance(value, dict) else list(value)
            copy[key] = other
            found.append(copy)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_predicate_reads_or_refuses_whatever_is_broken(name: str) -> None:
    refused = 0
    for one in [None, 1, "x", [], [1], {}, *broken(MADE[name]())]:
        try:
            known.checked(kind_of(name).type, one)
        except TrustError:
            refused += 1
    assert refused > (10 if MADE[name]() else 4)


@pytest.mark.parametrize("name", NAMES)
def test_every_predicate_leaves_fields_alone_that_it_does_not_know(name: str) -> None:
    made = MADE[name]()
    assert known.checked(kind_of(name).type, made | {"https://example.org/more": 1}).line


def test_what_is_no_type_is_said_with_those_that_are() -> None:
    with pytest.raises(ConfigError, match="no type of claim is called 'relaese'"):
        known.named("relaese")
    assert known.named("https://example.org/x") == ("https://example.org/x", None)


# Each for itself


@pytest.mark.parametrize("sequence", [-1, 1 << 53, True, "1", 1.0, None])
def test_a_sequence_is_a_number_that_all_read_as_the_same(sequence: Any) -> None:
    with pytest.raises(TrustError):
        known.checked(release.PREDICATE.type, MADE["release"]() | {"sequence": sequence})


def test_a_scan_that_allows_what_it_did_not_read_is_refused() -> None:
    made = made_scan()
    with pytest.raises(TrustError, match="allows what it did not read"):
        known.checked(scan.PREDICATE.type, made | {"summary": made["summary"] | {"unread": 1}})


def test_a_verdict_that_passed_and_failed_is_refused() -> None:
    with pytest.raises(TrustError):
        known.checked(verdict.PREDICATE.type, made_verdict() | {"verifiedLevels": ["FAILED"]})


def test_test_results_that_contradict_themselves_are_refused() -> None:
    with pytest.raises(TrustError, match="some failed"):
        known.checked(tests.PREDICATE.type, MADE["tests"]() | {"failedTests": ["b"]})


def test_what_is_not_affected_must_say_why() -> None:
    said = {"vulnerability": {"name": "CVE-2026-1"}, "status": "not_affected"}
    with pytest.raises(TrustError, match="without justification"):
        known.checked(vex.PREDICATE.type, made_vex() | {"statements": [said]})


def test_a_run_that_ended_before_it_began_is_refused() -> None:
    made = made_provenance()
    made["runDetails"]["metadata"]["finishedOn"] = "2020-01-01T00:00:00Z"
    with pytest.raises(TrustError, match="ended before it began"):
        known.checked(slsa_provenance.PREDICATE.type, made)


# Closures


@pytest.mark.parametrize("digests", [(), (("gitCommit", "b" * 40),), (("sha1", "b" * 40),)])
def test_a_dependency_without_a_digest_that_pins_it_is_refused(digests: tuple[tuple[str, str], ...]) -> None:
    weak = Dependency(role="base-model", name="owner/base", digests=digests)
    with pytest.raises(TrustError, match="no digest that pins"):
        closure.build([weak], issued=NOW)
    made = closure.build([BASE], issued=NOW)
    made["dependencies"][0]["digest"] = dict(digests)
    with pytest.raises(TrustError, match="one that pins bytes wanted"):
        known.checked(closure.PREDICATE.type, made)


def reference(kind: str, target: str, by: str = "transformers", file: str = "config.json") -> Reference:
    return Reference(where=Where.file(file), kind=kind, target=target, by=by)


def test_what_an_artifact_names_outside_itself_is_found() -> None:
    facts = [
        reference("code", "modeling_x.py"),
        reference("code", "missing.py"),
        reference("remote-code", "owner/code--modeling_y.Model"),
        reference("base-model", "owner/base", by="peft", file="adapter_config.json"),
        reference("base-model", "owner/parent", by="card", file="README.md"),
        reference("data", "../outside.bin", by="onnx", file="onnx/model.onnx"),
        reference("data", "weights.bin", by="onnx", file="onnx/model.onnx"),
        reference("dataset", "owner/data"),
    ]
    found = closure.named_outside(facts, ["config.json", "modeling_x.py", "onnx/model.onnx", "onnx/weights.bin"])
    assert [(one.kind, one.target) for one in found] == [
        ("base-model", "owner/base"),
        ("code", "missing.py"),
        ("data", "../outside.bin"),
        ("remote-code", "owner/code"),
    ]


@pytest.mark.parametrize(
    "names",
    [
        {"name": "owner/base"},
        {"name": "the base", "uri": "https://huggingface.co/owner/base/tree/main"},
        {"name": "the base", "uri": "hf://owner/base@abc"},
        {"name": "the base", "purl": "pkg:huggingface/owner/base@abc?x=1"},
    ],
)
def test_what_a_closure_pins_is_told_by_its_name_or_address(names: dict[str, str]) -> None:
    outside = closure.named_outside([reference("base-model", "owner/base")], [])
    other = Dependency(role="base-model", digests=(("sha256", SHA),), name="owner/base2")
    assert closure.unpinned(outside, [other]) == outside
    assert closure.unpinned(outside, [Dependency(role="base-model", digests=(("sha256", SHA),), **names)]) == ()


def test_what_is_not_pinned_is_in_the_line() -> None:
    left = closure.named_outside([reference("remote-code", "owner/code--m.C")], [])
    meaning = known.checked(closure.PREDICATE.type, closure.build([BASE], left, issued=NOW))
    assert meaning.line == "1 pinned (base-model owner/base), 1 not pinned (owner/code)"


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("owner/base=sha256:" + "A" * 64, ("owner/base", {"sha256": "a" * 64})),
        ("pkg:huggingface/o/n@1=tree:" + SHA, ("pkg:huggingface/o/n@1", {"weighmasterTreeV1": SHA})),
        ("./folder", None),
        ("x=md5:00", None),
    ],
)
def test_a_digest_may_be_given_in_place_of_bytes(given: str, found: Any) -> None:
    assert closure.chosen("base-model", given) == found


def test_a_digest_of_another_length_is_refused() -> None:
    with pytest.raises(TrustError, match="10 digits are no sha256"):
        closure.chosen("base-model", "x=sha256:0123456789")


# What others read


def test_statements_are_those_of_in_toto(tmp_path: Path) -> None:
    made = claim(model(tmp_path / "model"), slsa_provenance.PREDICATE.type, made_provenance())
    assert isinstance(made.content, envelope.Envelope)
    found = Parse(made.content.payload, statement_pb2.Statement())
    Oracle.copy_from_pb(found).validate()
    assert [one.name for one in found.subject] == ["./", "config.json", "weights.safetensors"]
    assert found.subject[1].digest["sha256"]
    assert found.subject[0].annotations["urn:weighmaster:issued"] == "2026-05-31T12:00:00Z"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("slsa_provenance", provenance_pb2.Provenance),
        ("verdict", vsa_pb2.VerificationSummary),
        ("tests", test_result_pb2.TestResult),
    ],
)
def test_standard_predicates_are_those_of_the_protobuf_definitions(name: str, message: Any) -> None:
    made = MADE[name]()
    if name == "verdict":
        # The definition has one text where the specification has a list.
        made["verifiedLevels"] = made["verifiedLevels"][0]
    ParseDict(made, message())  # It refuses fields that it does not know.


def test_what_the_protobuf_definitions_write_is_read() -> None:
    from google.protobuf.json_format import MessageToDict

    for name, message in (("slsa_provenance", provenance_pb2.Provenance), ("tests", test_result_pb2.TestResult)):
        written = MessageToDict(ParseDict(MADE[name](), message()))
        assert known.checked(kind_of(name).type, written).line


def test_envelopes_are_those_of_securesystemslib(tmp_path: Path) -> None:
    line = json.loads(bundle.write(claim(model(tmp_path / "model"))))
    found = Dsse.from_dict(line["dsseEnvelope"])
    (part,) = signer("alice").key.parts
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    key = SSlibKey.from_crypto(load_der_public_key(part), signer("alice").key.keyid)
    assert list(found.verify([key], 1)) == [key.keyid]
    assert strict.parsed(found.payload, "it").get("predicateType", str)
