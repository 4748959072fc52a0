"""CycloneDX and SPDX documents: valid by the validators of others, the same for the same bytes, true of the files."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import torch
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from spdx_python_model import load_data

from weighmaster.bom import cyclonedx, spdx
from weighmaster.bom.check import Bill, training
from weighmaster.bom.inventory import Counted, Dataset, File, Inventory, Origin, Package, Said, Score
from weighmaster.bom.look import look
from weighmaster.bom.reading import Options, inventory
from weighmaster.knowledge import licences
from weighmaster.model.errors import MissingExtraError, TrustError
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.where import Where

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
CARD = """---
license: {licence}
base_model: owner/base
datasets: [owner/texts]
pipeline_tag: image-to-text
model-index:
- name: tiny
  results:
  - dataset: {{name: W, type: wikitext}}
    metrics: [{{type: perplexity, value: 12.5}}]
co2_eq_emissions: 12
---
# Tiny
## Uses
For tests.
## Limitations
It knows nothing.
## Ethical considerations
None.
"""


def is_valid(document: Mapping[str, Any], version: str) -> bool:
    """Whether the strict validator of CycloneDX takes a document."""
    return JsonStrictValidator(SchemaVersion.from_version(version)).validate_str(json.dumps(document)) is None


def spdx_of(document: Mapping[str, Any]) -> Any:
    """Return what the reference bindings of SPDX read, and write again without a word."""
    model, objects = load_data(json.loads(json.dumps(document)))
    model.JSONLDSerializer().serialize_data(objects)
    assert not objects.missing_ids
    return objects


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "tiny"
    path.mkdir()
    save_file({"w": torch.zeros(10)}, path / "model.safetensors")
    (path / "README.md").write_text(CARD.format(licence="apache-2.0"))
    (path / "requirements.txt").write_text("torch==2.1.0\nSome_Name>=1\n")
    (path / "config.json").write_text(json.dumps({"model_type": "llama", "architectures": ["LlamaForCausalLM"]}))
    return path


def taken(path: Path, options: Options | None = None) -> Inventory:
    return inventory(look(str(path)), options)


def named(properties: list[dict[str, str]]) -> dict[str, str]:
    return {one["name"].removeprefix("weighmaster:"): one["value"] for one in properties}


@pytest.mark.parametrize("version", cyclonedx.VERSIONS)
def test_a_cyclonedx_document_is_valid_and_has_each_thing_in_its_place(folder: Path, version: str) -> None:
    document = cyclonedx.document(taken(folder), spec_version=version, timestamp=NOW)
    assert is_valid(document, version)
    model = document["metadata"]["component"]
    assert model["type"] == "machine-learning-model"
    assert model["licenses"] == [{"license": {"id": "Apache-2.0", "acknowledgement": "declared"}}]
    card = model["modelCard"]
    assert card["modelParameters"]["modelArchitecture"] == "LlamaForCausalLM"
    assert card["modelParameters"]["inputs"] == [{"format": "image"}]
    assert card["quantitativeAnalysis"]["performanceMetrics"][0]["value"] == "12.5"
    assert card["considerations"]["technicalLimitations"] == ["It knows nothing."]
    said = named(model["properties"])
    assert said["parameters"] == "10"
    assert said["source:parameters"] == "bytes"
    assert said["source:architecture"] == "configuration config.json"
    assert said["source:licence"] == "card README.md"
    assert "absent: training data by digest" in said["completeness:Dataset properties"]
    by_name = {one["name"]: one for one in document["components"]}
    assert by_name["torch"]["purl"] == "pkg:pypi/torch@2.1.0"
    assert by_name["Some_Name"]["purl"] == "pkg:pypi/some-name"
    assert by_name["owner/base"]["purl"] == "pkg:huggingface/owner/base"
    assert model["pedigree"]["ancestors"][0]["name"] == "owner/base"
    refs = {one["bom-ref"] for one in document["components"]}
    assert set(document["dependencies"][0]["dependsOn"]) == refs
    assert document["metadata"]["timestamp"] == "2026-11-25T12:00:00Z"


def test_an_spdx_document_is_read_by_the_reference_bindings(folder: Path) -> None:
    document = spdx.document(taken(folder), timestamp=NOW.astimezone(timezone(timedelta(hours=2))))
    objects = spdx_of(document)
    model = next(one for one in objects.foreach() if str(getattr(one, "spdxId", "")).endswith("#model"))
    assert type(model).__name__ == "ai_AIPackage"
    assert list(model.ai_typeOfModel) == ["LlamaForCausalLM", "llama"]
    assert model.ai_limitation == "It knows nothing."
    relations = {one["relationshipType"] for one in document["@graph"] if one["type"] == "Relationship"}
    assert relations == {"contains", "trainedOn", "descendantOf", "dependsOn", "hasDeclaredLicense"}
    sources = [json.loads(one["statement"]) for one in document["@graph"] if one["type"] == "Annotation"]
    assert {"field": "parameters", "value": "10", "source": "bytes", "file": ""} in sources
    assert document["@graph"][0]["created"] == "2026-11-25T12:00:00Z"


def test_where_a_model_comes_from_is_an_address_in_spdx(folder: Path) -> None:
    header = b'{"__metadata__":{"author":"A Person"}}'
    (folder / "more.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    document = spdx.document(taken(folder, Options(purl="pkg:huggingface/o/n@abc")), timestamp=NOW)
    spdx_of(document)
    model = next(one for one in document["@graph"] if one["type"] == "ai_AIPackage")
    assert model["software_downloadLocation"] == "https://huggingface.co/o/n/tree/abc"
    assert [one["name"] for one in document["@graph"] if one.get("spdxId") in model["originatedBy"]] == ["A Person"]


def test_the_same_bytes_give_the_same_document_and_others_another(folder: Path) -> None:
    first = cyclonedx.document(taken(folder), timestamp=NOW)
    assert cyclonedx.document(taken(folder), timestamp=NOW) == first
    assert spdx.document(taken(folder), timestamp=NOW) == spdx.document(taken(folder), timestamp=NOW)
    (folder / "model.safetensors").rename(folder / "other.safetensors")
    assert cyclonedx.document(taken(folder), timestamp=NOW)["serialNumber"] != first["serialNumber"]


def test_training_data_is_listed_by_its_digests(folder: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "a.csv").write_text("1")
    one = training(str(data))
    assert one.manifest is not None
    (data / "b.csv").write_text("2")
    it = taken(folder, Options(training=(training(str(data)), training(str(data / "a.csv")))))
    document = cyclonedx.document(it, timestamp=NOW)
    assert is_valid(document, "1.6")
    first, second, third = (one for one in document["components"] if one["type"] == "data")
    assert [file["name"] for file in first["components"]] == ["a.csv", "b.csv"]
    assert named(first["properties"])["digest:weighmasterTreeV1"] == training(str(data)).manifest.tree  # type: ignore[union-attr]
    assert second["hashes"][0]["content"] == one.manifest.entries[0].sha256
    assert third["data"][0]["contents"]["url"] == "https://huggingface.co/datasets/owner/texts"
    assert document["metadata"]["component"]["modelCard"]["modelParameters"]["datasets"][0] == {"ref": "data:0"}
    spdx_of(spdx.document(it, timestamp=NOW))


@pytest.mark.parametrize(
    ("licence", "wanted"),
    [
        ("mit", {"license": {"id": "MIT", "acknowledgement": "declared"}}),
        ("llama3.1", {"license": {"name": "llama3.1", "acknowledgement": "declared"}}),
        ("mit OR apache-2.0", {"expression": "MIT OR Apache-2.0", "acknowledgement": "declared"}),
        ("gpl-3.0", {"license": {"id": "GPL-3.0-only", "acknowledgement": "declared"}}),
    ],
)
def test_licences_are_identifiers_expressions_or_names(folder: Path, licence: str, wanted: dict[str, Any]) -> None:
    (folder / "README.md").write_text(CARD.format(licence=licence))
    it = taken(folder)
    document = cyclonedx.document(it, timestamp=NOW)
    assert document["metadata"]["component"]["licenses"] == [wanted]
    assert is_valid(document, "1.6")
    assert is_valid(cyclonedx.document(it, spec_version="1.7", timestamp=NOW), "1.7")
    spdx_of(spdx.document(it, timestamp=NOW))


def test_every_licence_that_is_known_is_one_of_spdx() -> None:
    from cyclonedx.schema._res import SPDX_JSON

    listed = set(json.loads(Path(SPDX_JSON).read_text())["enum"])
    assert set(licences._SPDX.values()) <= listed
    assert set(licences._OTHER_NAMES.values()) <= listed


WORDS = st.text(max_size=20) | st.sampled_from(
    ["\ud800", "\0", "\u202e", "a" * 400, "owner/name", "../x", "mit", "other"]
)
SAID = st.builds(Said, value=WORDS, source=st.sampled_from(["bytes", "card"]), file=WORDS)
DIGEST = st.binary(min_size=32, max_size=32).map(bytes.hex)


@st.composite
def inventories(draw: st.DrawFn) -> Inventory:
    names = draw(st.lists(WORDS, max_size=4, unique=True))
    fields = draw(
        st.lists(st.sampled_from(["licence", "task", "architecture", "section:limitations", "author", "tag"]))
    )
    return Inventory(
        name=draw(SAID),
        version=draw(st.none() | SAID),
        purl=None,
        fields={field: tuple(draw(st.lists(SAID, min_size=1, max_size=3))) for field in fields},
        files=tuple(
            File(
                path=name,
                size=draw(st.integers(0, 1 << 50)),
                sha256=draw(DIGEST | st.just("")),
                role="other",
                formats=(),
            )
            for name in names
        ),
        weights=tuple(Counted(files=(name,), tensors=1, counts=(("F32", 1),)) for name in names[:1]),
        parameters=draw(st.none() | st.integers(0, 1 << 63)),
        origins=tuple(draw(st.lists(st.builds(Origin, name=WORDS, relation=WORDS, said=SAID), max_size=2))),
        datasets=tuple(draw(st.lists(st.builds(Dataset, name=WORDS, said=SAID, manifest=st.none()), max_size=2))),
        packages=tuple(
            draw(st.lists(st.builds(Package, name=WORDS, version=WORDS, index=st.booleans(), said=SAID), max_size=2))
        ),
        code=tuple(draw(st.lists(SAID, max_size=2))),
        scores=tuple(draw(st.lists(st.builds(Score, measure=WORDS, value=WORDS, on=WORDS, said=SAID), max_size=2))),
        contradictions=(),
        gaps=draw(st.sampled_from([(), (Gap(where=Where.file("x"), reason=GapReason.ENCRYPTED, detail="no key"),)])),
        folder=True,
    )


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(inventories())
def test_whatever_a_model_says_of_itself_the_documents_are_valid(it: Inventory) -> None:
    for version in cyclonedx.VERSIONS:
        assert is_valid(cyclonedx.document(it, spec_version=version, timestamp=NOW), version)
    spdx_of(spdx.document(it, timestamp=NOW))


def _bills(folder: Path) -> Iterator[dict[str, Any]]:
    it = taken(folder)
    yield cyclonedx.document(it, timestamp=NOW)
    yield cyclonedx.document(it, spec_version="1.7", timestamp=NOW)
    yield spdx.document(it, timestamp=NOW)


def _bill(document: Mapping[str, Any]) -> Bill:
    return Bill(json.dumps(document).encode(), "bom.json")


def test_a_bill_is_checked_against_its_schema_and_the_files(folder: Path) -> None:
    for document in _bills(folder):
        assert not _bill(document).invalid()
        assert not list(_bill(document).differs(str(folder)))


def test_files_that_changed_came_or_went_are_told(folder: Path) -> None:
    documents = list(_bills(folder))
    (folder / "config.json").write_text("{}")
    (folder / "requirements.txt").unlink()
    (folder / "sitecustomize.py").write_text("")
    for document in documents:
        said = "\n".join(_bill(document).differs(str(folder)))
        for words in (
            "config.json has the SHA-256",
            "requirements.txt is listed, and not",
            "sitecustomize.py is there",
        ):
            assert words in said


def test_a_renamed_file_breaks_the_tree_even_where_the_list_is_edited(folder: Path) -> None:
    for document in _bills(folder):
        text = json.dumps(document).replace("config.json", "konfig.json")
        (folder / "config.json").rename(folder / "konfig.json")
        (said,) = Bill(text.encode(), "bom.json").differs(str(folder))
        assert said.startswith("the tree digest is")
        (folder / "konfig.json").rename(folder / "config.json")


def test_a_file_that_is_listed_with_two_digests_is_told(folder: Path) -> None:
    cyclone, _, graph = _bills(folder)
    file = next(one for one in cyclone["components"] if one["type"] == "file")
    cyclone["components"].insert(0, {**file, "bom-ref": "again", "hashes": [{"alg": "SHA-256", "content": "0" * 64}]})
    relation = next(one for one in graph["@graph"] if one.get("relationshipType") == "contains")
    file = next(one for one in graph["@graph"] if one["type"] == "software_File")
    again = {
        **file,
        "spdxId": "urn:x#again",
        "verifiedUsing": [{"type": "Hash", "algorithm": "sha256", "hashValue": "0"}],
    }
    graph["@graph"].append(again)
    relation["to"].insert(0, "urn:x#again")
    for document in (cyclone, graph):
        assert f"{file['name']} is listed with two digests" in list(_bill(document).differs(str(folder)))


def test_the_files_of_another_model_in_the_bill_are_not_taken_for_those_of_its_subject(folder: Path) -> None:
    *_, graph = _bills(folder)
    relation = next(one for one in graph["@graph"] if one.get("relationshipType") == "contains")
    other = next(one for one in graph["@graph"] if one.get("spdxId", "").endswith("#base-0"))
    relation["from"] = other["spdxId"]
    said = list(_bill(graph).differs(str(folder)))
    assert [one for one in said if "is there, and not listed" in one]


def test_what_breaks_the_schema_is_told(folder: Path) -> None:
    cyclone, newer, graph = _bills(folder)
    for document in (cyclone, newer):
        broken = copy.deepcopy(document)
        broken["metadata"]["component"]["type"] = "model"
        assert _bill(broken).invalid()
    unknown = copy.deepcopy(cyclone)
    unknown["specVersion"] = "1.9"
    assert "not checked" in _bill(unknown).invalid()
    for break_it in (
        {"software_primaryPurpose": "weights"},
        {"suppliedBy": "urn:nothing#there"},
        {"type": "ai_Nothing"},
        {"ai_unknown": "x"},
    ):
        broken = copy.deepcopy(graph)
        next(one for one in broken["@graph"] if one["type"] == "ai_AIPackage").update(break_it)
        assert _bill(broken).invalid(), break_it
    lacking = copy.deepcopy(graph)
    del next(one for one in lacking["@graph"] if one["type"] == "dataset_DatasetPackage")["dataset_datasetType"]
    assert _bill(lacking).invalid()


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"{}", b'{"a":1,"a":2}', b'{"bomFormat":"x"}', b"[" * 9999, b"\xff"]
)
def test_what_is_no_bill_is_refused(data: bytes) -> None:
    with pytest.raises(TrustError):
        Bill(data, "bom.json")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_bill_is_refused_or_told_never_a_defect(folder: Path, data: st.DataObject) -> None:
    if not hasattr(test_a_damaged_bill_is_refused_or_told_never_a_defect, "made"):
        made = [json.dumps(document) for document in _bills(folder)]
        test_a_damaged_bill_is_refused_or_told_never_a_defect.made = made  # type: ignore[attr-defined]
    made = test_a_damaged_bill_is_refused_or_told_never_a_defect.made  # type: ignore[attr-defined]
    document = json.loads(data.draw(st.sampled_from(made)))
    for _ in range(data.draw(st.integers(1, 3))):
        _damage(document, data)
    try:
        bill = _bill(document)
        bill.invalid()
        list(bill.differs(str(folder)))
    except TrustError:
        pass


def _damage(document: Any, data: st.DataObject) -> None:
    """Replace one thing somewhere in a document by another."""
    at = document
    while isinstance(at, (dict, list)) and at:
        keys: list[Any] = sorted(at) if isinstance(at, dict) else list(range(len(at)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(at[key], (dict, list)) or not at[key] or data.draw(st.integers(0, 4)) == 0:
            at[key] = data.draw(st.sampled_from([None, 1, "", "x", [], {}, True, -1, 1e9, ["x"], {"type": "x"}]))
            return
        at = at[key]


def test_without_the_extra_the_command_that_installs_it_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cyclone, _, graph = _bills(folder)
    monkeypatch.setitem(sys.modules, "cyclonedx.schema", None)
    monkeypatch.setitem(sys.modules, "spdx_python_model", None)
    for document in (cyclone, graph):
        with pytest.raises(MissingExtraError, match=r'pip install "weighmaster\[bom\]"'):
            _bill(document).invalid()
