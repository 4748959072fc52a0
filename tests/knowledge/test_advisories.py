"""Advisories held against what is installed: OSV's own rules, what tools report, and what none of them looked at."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from weighmaster.knowledge.dependencies.advised import Advised, advised
from weighmaster.knowledge.dependencies.advisories import is_affected
from weighmaster.model.fact import Shared
from weighmaster.model.package import Dependency, Distribution
from weighmaster.model.report import GapReason
from weighmaster.model.where import Where

_TARGET = Where.file("target")


def _range(*events: dict[str, str], kind: str = "ECOSYSTEM") -> dict[str, Any]:
    return {"ranges": [{"type": kind, "events": list(events)}]}


@pytest.mark.parametrize(
    ("affected", "inside", "outside"),
    [
        (_range({"introduced": "0"}, {"fixed": "2.0"}), "1.9", "2.0"),
        (_range({"introduced": "1.0"}, {"fixed": "2.0"}), "1.0", "0.9"),
        (_range({"introduced": "1.0"}, {"last_affected": "2.0"}), "2.0", "2.0.1"),
        (_range({"fixed": "2.0"}, {"introduced": "0"}, {"introduced": "3.0"}), "3.1", "2.5"),
        (_range({"introduced": "0"}, {"fixed": "1.0"}, {"introduced": "2.0"}, {"fixed": "2.1"}), "2.0.5", "1.5"),
        (_range({"introduced": "0"}, {"limit": "2.0"}), "1.0", "2.0"),
        (_range({"introduced": "0"}), "99", ""),
        ({"versions": ["1.0", "1.1"]}, "1.0.0", "1.2"),
        ({"versions": ["1.0"], **_range({"introduced": "5"}, {"fixed": "6"})}, "5.5", "4"),
        (_range({"introduced": "0"}, {"fixed": "2.0"}), "2.0rc1", "2.0.post1"),
    ],
)
def test_ranges_are_evaluated_as_the_schema_says(affected: dict[str, Any], inside: str, outside: str) -> None:
    assert is_affected(inside, affected)
    assert not (outside and is_affected(outside, affected))


def test_ranges_of_commits_say_nothing_about_versions() -> None:
    assert not is_affected("1.0", _range({"introduced": "0"}, kind="GIT"))


_numbers = st.builds("{}.{}".format, st.integers(0, 6), st.integers(0, 3))


@given(_numbers, st.lists(_numbers, min_size=2, max_size=4, unique_by=Version).map(lambda v: sorted(v, key=Version)))
def test_pairs_of_events_are_half_open_intervals(version: str, bounds: list[str]) -> None:
    pairs = list(zip(bounds[::2], bounds[1::2], strict=False))
    events = [event for low, high in pairs for event in ({"introduced": low}, {"fixed": high})]
    expected = any(version in SpecifierSet(f">={low},<{high}") for low, high in pairs)
    assert is_affected(version, _range(*events)) is expected


def _held(name: str = "idna", version: str = "3.10") -> Dependency:
    return Dependency(where=Where.file("uv.lock"), name=name, by="uv.lock", version=version, locked=True)


def _record(id: str = "PYSEC-1", name: str = "idna", **more: Any) -> dict[str, Any]:
    affected = {"package": {"ecosystem": "PyPI", "name": name}, **_range({"introduced": "0"}, {"fixed": "4"})}
    return {"id": id, "summary": "a flaw", "affected": [affected]} | more


def _said(path: Path, *facts: Shared) -> Advised:
    return advised([str(path)], facts, _TARGET)


def _written(folder: Path, *documents: Any) -> Path:
    for number, document in enumerate(documents):
        (folder / f"{number}.json").write_text(json.dumps(document))
    return folder


def test_a_record_is_told_where_the_package_stands(tmp_path: Path) -> None:
    found = _said(_written(tmp_path, _record(aliases=["CVE-1"])), _held())
    assert [(fact.id, fact.kind, fact.where.root, fact.fixed) for fact in found.facts] == [
        ("PYSEC-1", "vulnerable", "uv.lock", ("4",))
    ]
    assert not found.gaps
    assert found.notes == (f"Advisories were read from {tmp_path} (1 file).",)


def test_names_are_compared_as_indexes_do(tmp_path: Path) -> None:
    found = _said(_written(tmp_path, _record(name="Typing_Extensions")), _held("typing.extensions", "3"))
    assert len(found.facts) == 1


def test_installed_packages_count_too(tmp_path: Path) -> None:
    installed = Distribution(where=Where.file("METADATA"), name="idna", version="3.10")
    assert _said(_written(tmp_path, _record()), installed).facts[0].where.root == "METADATA"


def test_malicious_packages_are_told_apart(tmp_path: Path) -> None:
    records = _record("MAL-2026-1"), _record("GHSA-1", aliases=["MAL-2026-2"]), _record("PYSEC-2")
    assert sorted(fact.kind for fact in _said(_written(tmp_path, *records), _held()).facts) == [
        "malicious",
        "malicious",
        "vulnerable",
    ]


def test_what_was_withdrawn_or_is_of_another_ecosystem_is_not_told(tmp_path: Path) -> None:
    other = _record("X-1")
    other["affected"][0]["package"]["ecosystem"] = "npm"
    withdrawn = _record("X-2", withdrawn="2026-01-01T00:00:00Z")
    assert not _said(_written(tmp_path, other, withdrawn), _held()).facts


def test_an_archive_is_read_as_a_folder_is(tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("PYSEC-1.json", json.dumps(_record()))
        archive.writestr("PYSEC-2.json", json.dumps(_record("PYSEC-2", name="other")))
        archive.writestr("README.md", "no record")
    found = _said(path, _held())
    assert [fact.id for fact in found.facts] == ["PYSEC-1"]
    assert "2 files" in found.notes[0]


def test_records_that_cannot_be_read_are_a_gap(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"name": "idna", ')
    (tmp_path / "b.json").write_bytes(b"\xff\xfe")
    found = _said(tmp_path, _held())
    assert [gap.detail for gap in found.gaps] == [f"advisories: 2 records of {tmp_path} cannot be read"]


@pytest.mark.parametrize("data", [b"PK\x05\x06" + bytes(17), b"PK\x03\x04", b"", b"no record"])
def test_a_copy_that_cannot_be_read_is_a_gap(tmp_path: Path, data: bytes) -> None:
    broken = tmp_path / "all.zip"
    broken.write_bytes(data)
    for path in (tmp_path / "none", broken):
        assert [gap.reason for gap in _said(path, _held()).gaps] == [GapReason.UNREADABLE]
    (tmp_path / "empty").mkdir()
    assert "no advisories" in _said(tmp_path / "empty", _held()).gaps[0].detail


def test_packages_of_several_possible_versions_are_a_gap(tmp_path: Path) -> None:
    loose = Dependency(where=Where.file("requirements.txt"), name="torch", by="pip", specifier=">=2")
    found = _said(_written(tmp_path, _record()), loose)
    assert [gap.detail for gap in found.gaps] == ["advisories: no one version is known of torch"]
    locked = _held("torch", "2.1")
    assert not _said(tmp_path, loose, locked).gaps


_AUDIT = {
    "dependencies": [
        {"name": "idna", "version": "3.10", "vulns": [{"id": "PYSEC-1", "fix_versions": ["4"], "description": "bad"}]},
        {"name": "b", "version": "1", "vulns": []},
        {"name": "c", "skip_reason": "not found"},
        {"name": "unrelated", "version": "1", "vulns": [{"id": "PYSEC-9", "fix_versions": []}]},
    ],
    "fixes": [],
}


def test_what_pip_audit_found_is_told_and_what_it_skipped_is_a_gap(tmp_path: Path) -> None:
    held = [_held(), _held("b", "1"), _held("c", "1"), _held("d", "1")]
    found = _said(_written(tmp_path, _AUDIT), *held)
    assert [(fact.id, fact.by, fact.name) for fact in found.facts] == [("PYSEC-1", "pip-audit", "idna")]
    assert sorted(gap.detail for gap in found.gaps) == [
        "advisories: pip-audit skipped c: not found",
        "advisories: the report does not speak of d 1",
    ]


def test_what_pip_audit_resolved_stands_for_an_open_version(tmp_path: Path) -> None:
    loose = Dependency(where=Where.file("requirements.txt"), name="idna", by="pip", specifier=">=3")
    found = _said(_written(tmp_path, _AUDIT), loose)
    assert [(fact.version, fact.where.root) for fact in found.facts] == [("3.10", "requirements.txt")]
    assert not found.gaps


def test_what_uv_audit_found_is_told(tmp_path: Path) -> None:
    # As uv 0.13.9 wrote it, shortened.
    report = {
        "schema": {"version": "preview"},
        "summary": {"audited_packages": 20, "vulnerabilities": 1, "adverse_statuses": 0},
        "vulnerabilities": [
            {
                "dependency": {"name": "idna", "version": "3.10"},
                "id": "PYSEC-1",
                "display_id": "PYSEC-1",
                "aliases": ["CVE-1"],
                "summary": "a flaw",
                "fix_versions": ["4"],
            }
        ],
        "adverse_statuses": [],
    }
    found = _said(_written(tmp_path, report), _held())
    assert [(fact.id, fact.by, fact.fixed, fact.aliases) for fact in found.facts] == [
        ("PYSEC-1", "uv audit", ("4",), ("CVE-1",))
    ]
    assert not found.gaps


_keys = st.sampled_from(
    ["affected", "package", "name", "ecosystem", "ranges", "events", "introduced", "fixed", "versions", "id", "type",
     "dependencies", "vulns", "vulnerabilities", "schema", "summary", "dependency", "aliases", "skip_reason", "version"]
)  # fmt: skip
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["idna", "0", "PyPI"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=4),
    max_leaves=12,
)


@given(_json)
def test_any_document_is_read_without_a_mistake(document: Any) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.json"
        path.write_text(json.dumps([document, {"name": "idna"}]))
        _said(path, _held())
