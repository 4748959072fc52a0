"""Whatever becomes of the files, a signature over others is refused, and what differs is named."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.trust.authority import key

from weighmaster.model.errors import TrustError
from weighmaster.trust.evidence import statement
from weighmaster.trust.evidence.envelope import Envelope
from weighmaster.trust.identities.keys import KeySigner
from weighmaster.trust.manifests.files import check_names
from weighmaster.trust.manifests.manifest import EVIDENCE, Entry, Manifest
from weighmaster.trust.signing import oms, signing
from weighmaster.trust.signing.covering import covered

SIGNER = KeySigner([key("covering", "ed25519")])


def _consistent(files: dict[str, bytes]) -> bool:
    try:
        check_names(files)
    except TrustError:
        return False
    return not EVIDENCE.intersection(files)


_parts = st.sampled_from(["a", "b", ".git", ".github", "weights.bin", "model.sig", "x y", "ü", "c.py"])
_names = st.lists(_parts, min_size=1, max_size=3).map("/".join)
_folders = st.dictionaries(_names, st.binary(max_size=3), min_size=1, max_size=6).filter(_consistent)


def _manifest(files: dict[str, bytes]) -> Manifest:
    return Manifest.of(
        Entry(path=name, size=len(data), sha256=hashlib.sha256(data).hexdigest()) for name, data in files.items()
    )


def _signed(files: dict[str, bytes]) -> statement.Statement:
    content = signing.envelop(oms.statement_of(_manifest(files), "model", alone=False), SIGNER).content
    assert isinstance(content, Envelope)
    return statement.read(content)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("any"))


@settings(suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(before=_folders, after=_folders)
def test_files_are_covered_if_and_only_if_they_are_the_same(
    folder: str, before: dict[str, bytes], after: dict[str, bytes]
) -> None:
    one = _signed(before)
    assert covered(oms.contents(one), folder, _manifest(before)).manifest == _manifest(before)
    assert not oms.differs(one, _manifest(before))
    if before == after:
        return
    with pytest.raises(TrustError, match="the files are not those that were signed") as caught:
        covered(oms.contents(one), folder, _manifest(after))
    assert oms.differs(one, _manifest(after))
    differ = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    if len(differ) <= 8:
        assert all(repr(name) in str(caught.value) for name in differ)


@settings(suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(files=_folders, more=_folders, data=st.data())
def test_what_is_ignored_counts_on_neither_side_and_is_named(
    folder: str, files: dict[str, bytes], more: dict[str, bytes], data: st.DataObject
) -> None:
    after = {**more, **files}
    if not _consistent(after):
        return
    globs = [f"/{name}" for name in after if name not in files]
    found = covered(oms.contents(_signed(files)), folder, _manifest(after), ignore=globs)
    assert found.manifest == _manifest(files)
    assert set(found.ignored) == after.keys() - files.keys()
    lost = data.draw(st.sampled_from(sorted(files)))
    left = {name: content for name, content in after.items() if name != lost}
    if len(files) > 1:
        found = covered(oms.contents(_signed(files)), folder, _manifest(left), ignore=[*globs, f"/{lost}"])
        assert lost in found.ignored
        assert lost not in found.manifest.by_path


def test_the_order_of_resources_is_that_of_the_parts_of_paths() -> None:
    made = _signed({"a.b": b"1", "a/b": b"2"})
    assert [one["name"] for one in made.predicate["resources"]] == ["a/b", "a.b"]


def test_many_differences_are_counted(tmp_path: Path) -> None:
    before = {f"{number}": b"" for number in range(50)}
    with pytest.raises(TrustError, match=r"'0' was not signed, .* and 42 more"):
        covered(oms.contents(_signed({"kept": b"1"})), str(tmp_path), _manifest({"kept": b"1", **before}))
