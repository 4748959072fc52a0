"""Packages on an index: which file is judged, what the index says of its release, and who is asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version
from tests.samples.dists import sdist, wheel
from tests.samples.natives import elf, pe
from tests.sims.index import Index

import weighmaster
from weighmaster.extend.showing import plain
from weighmaster.fronts.cli.indexes import with_indexes
from weighmaster.knowledge.packages.releases import candidates, chosen
from weighmaster.model.errors import ConfigError, UnreadableError
from weighmaster.model.report import GapReason
from weighmaster.model.settings import Settings
from weighmaster.model.verdict import Outcome, Vetted
from weighmaster.reading import simple
from weighmaster.reading.http import Access, Client

HOSTILE = b"cposix\nsystem\n(S'true'\ntR."
HERE = ("py3-none-any",)


@pytest.fixture
def index() -> Iterator[Index]:
    with Index() as one:
        yield one


def access(*indexes: Index, **how: Any) -> Access:
    return Access(indexes=tuple(one.simple for one in indexes), attempts=1, timeout=5.0, **how)


def vet(address: str, *indexes: Index, **how: Any) -> Vetted:
    return weighmaster.vet(address, access=access(*indexes), **how)


def rules(vetted: Vetted) -> set[str]:
    return {finding.rule.id for finding in vetted.report.findings}


def add(index: Index, name: str, version: str, files: dict[str, bytes | str] | None = None, **fields: Any) -> bytes:
    data = wheel(name, version, files or {f"{name}/__init__.py": ""})
    index.add(f"{name}-{version}-py3-none-any.whl", data, **fields)
    return data


@pytest.mark.parametrize("form", ["json", "html"])
def test_the_newest_release_is_judged_and_named(index: Index, form: str) -> None:
    index.form = form
    add(index, "acme", "1.0")
    add(index, "acme", "1.10")
    add(index, "acme", "1.9")
    add(index, "acme", "2.0rc1")
    vetted = vet("pypi://Acme", index)
    assert vetted.report.target == "pypi://acme==1.10/acme-1.10-py3-none-any.whl"
    assert vetted.verdict.outcome is Outcome.ALLOW, vetted.verdict.because


def test_what_is_inside_is_judged_from_afar(index: Index) -> None:
    add(index, "acme", "1.0", {"acme/__init__.py": "", "acme/model.pkl": HOSTILE, "acme/big.bin": bytes(3 << 20)})
    vetted = vet("pypi://acme==1.0", index)
    assert vetted.verdict.outcome is Outcome.BLOCK
    assert any("!acme/model.pkl" in str(f.where) for f in vetted.report.findings)


def test_a_wheel_for_this_interpreter_is_taken_before_an_sdist_and_others_are_left(index: Index) -> None:
    index.add("acme-1.0.tar.gz", sdist("acme", "1.0", {}))
    index.add("acme-1.0-cp39-cp39-win32.whl", wheel("acme", "1.0", {}))
    assert vet("pypi://acme", index).report.target == "pypi://acme==1.0/acme-1.0.tar.gz"
    index.add("acme-1.0-py3-none-any.whl", wheel("acme", "1.0", {}))
    assert vet("pypi://acme", index).report.target.endswith("acme-1.0-py3-none-any.whl")
    everything = vet("pypi://acme==1.0/*", index)
    assert everything.report.files == 3
    assert everything.report.target == "pypi://acme==1.0/*"


def test_one_file_can_be_named(index: Index) -> None:
    index.add("acme-1.0.tar.gz", sdist("acme", "1.0", {}))
    add(index, "acme", "1.0")
    assert vet("pypi://acme==1.0/acme-1.0.tar.gz", index).report.artifacts[0].formats[:1] == ("gzip",)


def test_what_is_not_there_is_a_gap_that_says_so(index: Index) -> None:
    add(index, "acme", "1.0")
    for address, said in {
        "pypi://none": "no index that was asked has a project of this name",
        "pypi://acme==3": "there is no such version; the highest is 1.0",
        "pypi://acme==1.0/x.whl": "the release has no such file",
        "pypi://acme==x y": "not of the form",
        "pypi://": "not of the form",
    }.items():
        vetted = vet(address, index)
        assert vetted.verdict.outcome is Outcome.REVIEW
        (gap,) = vetted.report.gaps
        assert gap.reason is GapReason.UNREACHABLE
        assert said in gap.detail, gap


def test_files_of_another_name_are_nobodys(index: Index) -> None:
    add(index, "acme", "1.0")
    index.projects["acme"] += [{"filename": "evil-9.0-py3-none-any.whl", "url": "x", "hashes": {}}]
    index.projects["acme"] += [{"filename": "acme-9.0.exe", "url": "x", "hashes": {}}, {"filename": 3}, {}]
    assert "acme==1.0/" in vet("pypi://acme", index).report.target


def test_bytes_that_are_not_those_declared_are_found_out(index: Index) -> None:
    add(index, "acme", "1.0", hashes={"sha256": "0" * 64})
    assert "server-contradicts-itself" in rules(vet("pypi://acme", index))


def test_a_yanked_release_is_left_out_unless_it_is_named(index: Index) -> None:
    add(index, "acme", "1.0")
    add(index, "acme", "1.1", yanked="stolen \x1b[31mtoken")
    assert "acme==1.0/" in vet("pypi://acme", index).report.target
    vetted = vet("pypi://acme==1.1", index)
    assert vetted.verdict.outcome is Outcome.REVIEW
    (finding,) = [f for f in vetted.report.findings if f.rule.id == "release-yanked"]
    assert plain(finding.message).startswith("acme 1.1 was yanked: stolen")


@pytest.mark.parametrize(("days", "young"), [(0, False), (1, False), (30, False), (31, True), (400, True)])
def test_a_release_has_to_be_as_old_as_the_configuration_says(index: Index, days: int, *, young: bool) -> None:
    add(index, "acme", "1.0", upload_time="2026-01-02T00:00:00Z")
    vetted = vet("pypi://acme", index, config=Settings(cooldown=days))
    assert ("release-too-young" in rules(vetted)) is young


def test_a_day_is_wanted_where_nothing_else_is_said(index: Index) -> None:
    add(index, "acme", "1.0", upload_time="2026-01-31T12:00:00Z")
    assert rules(vet("pypi://acme", index)) == {"release-too-young"}
    index.projects["acme"][0]["upload-time"] = "not a time"
    assert rules(vet("pypi://acme", index)) == set()


def test_a_name_of_ours_with_a_higher_version_on_another_index_is_blocked(index: Index) -> None:
    with Index() as public:
        add(index, "acme_internal", "1.4")
        add(public, "acme_internal", "99.0", {"acme_internal/__init__.py": "x = 1"})
        vetted = vet("pypi://acme-internal", index, public)
        assert "acme-internal==99.0/" in vetted.report.target
        assert vetted.verdict.outcome is Outcome.BLOCK
        assert "higher-version-outside" in rules(vetted)
        # In whatever order they are named.
        assert "higher-version-outside" in rules(vet("pypi://acme-internal", public, index))
        # It is told whose release it is when ours is the highest: nobody is led astray.
        assert rules(vet("pypi://acme-internal==1.4", index)) == set()


def test_a_mirror_and_own_builds_of_the_same_versions_are_one_project(index: Index) -> None:
    with Index() as mirror:
        data = add(index, "acme", "1.0")
        add(index, "acme", "2.0")
        mirror.add("acme-1.0-py3-none-any.whl", data)
        assert rules(vet("pypi://acme", index, mirror)) == set()
    with Index() as builds:
        add(builds, "acme", "1.0+cpu")
        assert rules(vet("pypi://acme", index, builds)) == set()
    with Index() as tracked:
        add(tracked, "acme", "0.5")
        tracked.said["acme"] = {"meta": {"tracks": [f"{index.simple}/acme/"]}}
        assert rules(vet("pypi://acme", index, tracked)) == set()


def test_the_same_name_with_other_bytes_is_a_finding(index: Index) -> None:
    with Index() as other:
        add(index, "acme", "1.0")
        add(other, "acme", "1.0", {"acme/__init__.py": "changed = 1"})
        assert rules(vet("pypi://acme", index, other)) == {"differs-elsewhere"}


def test_attestations_that_a_project_had_and_has_no_more_are_missed(index: Index) -> None:
    said = b'{"version": 1, "attestation_bundles": []}'
    add(index, "acme", "1.0", provenance=said)
    add(index, "acme", "1.1")
    assert rules(vet("pypi://acme", index)) == {"provenance-dropped"}
    assert rules(vet("pypi://acme==1.0", index)) == set()


def test_another_publisher_than_that_of_the_release_before_is_told(index: Index) -> None:
    def provenance(repository: str) -> bytes:
        return (
            b'{"version": 1, "attestation_bundles": [{"publisher": {"kind": "GitHub", "repository": "%s",'
            b' "workflow": "r.yml"}, "attestations": []}]}' % repository.encode()
        )

    add(index, "acme", "1.0", provenance=provenance("acme/acme"))
    add(index, "acme", "1.1", provenance=provenance("Acme/ACME"))
    assert rules(vet("pypi://acme", index)) == set()
    add(index, "acme", "1.2", provenance=provenance("evil/acme"))
    assert rules(vet("pypi://acme", index)) == {"publisher-changed"}


def test_the_status_of_a_project_is_told(index: Index) -> None:
    add(index, "acme", "1.0")
    index.said["acme"] = {"project-status": {"status": "quarantined", "reason": "malware"}}
    vetted = vet("pypi://acme", index)
    assert vetted.verdict.outcome is Outcome.BLOCK
    assert "in quarantine" in vetted.report.findings[0].message
    index.said["acme"] = {"project-status": {"status": "archived"}}
    vetted = vet("pypi://acme", index)
    assert (vetted.verdict.outcome, rules(vetted)) == (Outcome.ALLOW, {"project-abandoned"})


def test_an_index_in_a_folder_is_read_as_well(tmp_path: Path) -> None:
    data = wheel("acme", "1.0", {"acme/model.pkl": HOSTILE})
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "acme-1.0-py3-none-any.whl").write_bytes(data)
    (tmp_path / "simple" / "acme").mkdir(parents=True)
    page = '<a href="../../files/acme-1.0-py3-none-any.whl">acme</a>'
    (tmp_path / "simple" / "acme" / "index.html").write_text(page)
    vetted = weighmaster.vet("pypi://acme", access=Access(indexes=(f"file://{tmp_path}/simple",)))
    assert vetted.verdict.outcome is Outcome.BLOCK


def test_an_index_elsewhere_names_no_files_of_this_machine(index: Index) -> None:
    add(index, "acme", "1.0", url="file:///etc/passwd")
    (gap,) = vet("pypi://acme", index).report.gaps
    assert "no index that was asked" in gap.detail


def test_a_password_goes_to_the_index_and_to_no_other_host(index: Index) -> None:
    with Index(password="me:pass word") as private:
        data = wheel("acme", "1.0", {})
        private.add("acme-1.0-py3-none-any.whl", data, url=index.url("/files/acme-1.0-py3-none-any.whl"))
        index.files["/files/acme-1.0-py3-none-any.whl"] = data
        address = private.simple.replace("//", "//me:pass%20word@")
        told = with_indexes(Access(attempts=1), {"PIP_INDEX_URL": address, "PIP_CONFIG_FILE": "/dev/null"})
        assert told.indexes == (private.simple,)
        vetted = weighmaster.vet("pypi://acme", access=told)
        assert vetted.verdict.outcome is Outcome.ALLOW, vetted.report.gaps
        assert "word" not in str(vetted)
    assert not any("authorization" in asked.headers for asked in index.asked)


def test_a_netrc_file_is_asked_for_the_host_alone(tmp_path: Path) -> None:
    path = tmp_path / "netrc"
    path.write_text("machine index.example login me password secret\ndefault login all password open\n")
    environment = {"NETRC": str(path), "PIP_CONFIG_FILE": "/dev/null"}
    told = with_indexes(Access(), environment, ["https://index.example/simple/", "https://other.example/simple"])
    assert told.indexes == ("https://index.example/simple", "https://other.example/simple")
    assert told.credentials == {"index.example": "Basic bWU6c2VjcmV0"}


@pytest.mark.parametrize(
    ("environment", "indexes"),
    [
        ({}, ("https://pypi.org/simple",)),
        ({"PIP_INDEX_URL": "https://a/s/"}, ("https://a/s",)),
        ({"UV_DEFAULT_INDEX": "https://a/s", "UV_INDEX_URL": "https://b/s"}, ("https://a/s",)),
        (
            {"UV_INDEX": "inner=https://a/s https://b/s", "PIP_EXTRA_INDEX_URL": "https://c/s"},
            ("https://pypi.org/simple", "https://c/s", "https://a/s", "https://b/s"),
        ),
    ],
)
def test_indexes_are_those_that_pip_and_uv_are_told_of(
    environment: dict[str, str], indexes: tuple[str, ...], tmp_path: Path
) -> None:
    environment |= {"PIP_CONFIG_FILE": "/dev/null", "NETRC": str(tmp_path / "none")}
    assert with_indexes(Access(), environment).indexes == indexes


def test_the_files_of_pip_are_read_and_the_environment_comes_first(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    path = tmp_path / "pip.conf"
    path.write_text("[global]\nindex-url = https://a/s\n[install]\nextra-index-url =\n  https://b/s\n  https://c/s\n")
    environment = {"PIP_CONFIG_FILE": str(path)}
    assert with_indexes(Access(), environment).indexes == ("https://a/s", "https://b/s", "https://c/s")
    assert with_indexes(Access(), environment | {"PIP_INDEX_URL": "https://z/s"}).indexes[0] == "https://z/s"


@pytest.mark.parametrize("address", ["ftp://a/s", "pypi.org", "https://", "https://[::1/simple"])
def test_what_is_no_address_of_an_index_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="no address of an index"):
        with_indexes(Access(), {}, [address])


def page(body: bytes, kind: str = "application/vnd.pypi.simple.v1+json") -> simple.Project | None:
    class Said(Index):
        def reply(self, asked: Any) -> Any:
            from tests.sims.files import ranged

            return ranged(asked, {"Content-Type": kind}, body)

    with Said() as index:
        return simple.project(Client(access(index)), index.simple, "acme")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"files": 3}', b'{"meta": {"api-version": "2.0"}, "files": []}', b"[" * 100_000]
)
def test_an_answer_that_is_none_of_the_specifications_is_said_to_be_that(body: bytes) -> None:
    with pytest.raises(UnreadableError):
        page(body)


def test_html_is_read_as_browsers_do() -> None:
    digest = "a" * 64
    text = f"""<!DOCTYPE html><HTML><BASE HREF='https://files.example/x/'>
    <A data-yanked HREF = "acme-1.0.tar.gz#sha256={digest}" data-requires-python="&gt;=3.8">acme</A>
    <a href="../y/acme-2.0.tar.gz" data-requires-python=">=3.8">x</a><a>nothing</a><a href="">
    <a href="javascript:alert(1)">no</a> <a href="https://[">no</a>"""
    found = page(text.encode(), "text/html")
    assert found is not None
    first, second = found.files
    assert first.url == "https://files.example/x/acme-1.0.tar.gz"
    assert (first.sha256, first.requires_python, first.yanked) == (digest, ">=3.8", "yes")
    assert (second.url, second.requires_python) == ("https://files.example/y/acme-2.0.tar.gz", ">=3.8")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["1.0", "1.1", "2.0rc1", "2.0", "1.0.post1", "3.0.dev1", "0.9"]), min_size=1, unique=True)
)
def test_the_version_is_the_one_that_packaging_would_take(versions: list[str]) -> None:
    files = tuple(simple.Listed(name=f"acme-{version}-py3-none-any.whl", url="https://x/") for version in versions)
    project = simple.Project(name="acme", index="https://x", files=files)
    found = chosen(candidates(project), None, HERE)
    from packaging.specifiers import SpecifierSet

    wanted = max(SpecifierSet().filter([Version(version) for version in versions]))
    assert found is not None
    assert found.version == wanted


@settings(max_examples=150, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "filename",
                        "url",
                        "hashes",
                        "sha256",
                        "size",
                        "yanked",
                        "meta",
                        "tracks",
                        "files",
                        "provenance",
                        "project-status",
                        "status",
                    ]
                ),
                inner,
                max_size=6,
            )
        ),
        max_leaves=20,
    )
)
def test_whatever_an_index_says_is_read_or_refused(document: Any) -> None:
    import json

    for body in (document, {"files": [document], "meta": document}, {"files": [document]}):
        try:
            found = simple._of_json(json.dumps(body).encode(), "https://x/simple/acme/", "https://x/simple", "acme", "")
        except UnreadableError:
            continue
        assert all(file.url.startswith("http") for file in found.files)
        candidates(found)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "<a ",
                "<base ",
                "<meta ",
                "href=",
                '"',
                "'",
                ">",
                "x.whl",
                "#sha256=",
                "data-yanked",
                "&gt;",
                "<",
                "name=",
                " ",
            ]
        ),
        max_size=40,
    )
)
def test_whatever_stands_in_html_is_read_or_refused(parts: list[str]) -> None:
    try:
        found = simple._of_html("".join(parts).encode(), "https://x/simple/acme/", "https://x/simple", "acme", "")
    except UnreadableError:
        return
    assert all(file.url.startswith("http") for file in found.files)


def test_a_long_page_is_read_in_linear_time() -> None:
    import time

    for text in ('<a href="' * 200_000, "<a " * 300_000, "<a x='" * 200_000, "<a " + 'b="' * 200_000):
        begun = time.perf_counter()
        simple._of_html(text.encode(), "https://x/", "https://x", "acme", "")
        assert time.perf_counter() - begun < 5


def test_a_build_is_held_against_all_others_of_its_release(index: Index) -> None:
    from weighmaster import api

    linux, windows = "acme-1.0-cp311-cp311-manylinux_2_17_x86_64.whl", "acme-1.0-cp311-cp311-win_amd64.whl"
    tags = [name.removesuffix(".whl").split("-", 2)[2] for name in (linux, windows)]
    index.add(linux, wheel("acme", "1.0", {"acme/core.so": elf(), "acme/libhelp.so": elf()}, tags=tags[:1], pure=False))
    index.add(windows, wheel("acme", "1.0", {"acme/core.pyd": pe()}, tags=tags[1:], pure=False))
    request = api.Request(access=access(index), against=("pypi://acme==1.0/*",))
    vetted = api.vet_target(f"pypi://acme==1.0/{linux}", request)
    assert rules(vetted) == {"release-adds-library"}
    assert "libhelp" in str(vetted.report.findings[0].message)
    assert rules(api.vet_target(f"pypi://acme==1.0/{windows}", request)) == set()
