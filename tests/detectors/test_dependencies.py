"""What is said of dependencies: where they come from, whether they are fixed, and whether locks fit manifests."""

import pytest
from tests.samples.dists import wheel
from tests.samples.vetting import report_on, report_on_folder, rules_on, verdict_on, verdict_on_folder
from tests.samples.whole.dependencies import FILES

from weighmaster.model.verdict import Outcome

_SHA = "sha256:" + "ab" * 32
_COMMIT = "12" * 20


def _rules(files: dict[str, str]) -> set[str]:
    report = report_on_folder({name: text.encode() for name, text in files.items()})
    return {finding.rule.id for finding in report.findings}


def _messages(files: dict[str, str], rule: str) -> list[str]:
    report = report_on_folder({name: text.encode() for name, text in files.items()})
    return [finding.message for finding in report.findings if finding.rule.id == rule]


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("-i http://packages.example/simple", "index-unprotected"),
        ("-f http://packages.example/wheels", "index-unprotected"),
        ("--trusted-host packages.example", "host-unchecked"),
        ("-i https://packages.example/simple", "index-unknown"),
        ("--extra-index-url https://packages.example/simple", "index-mixed"),
        ("--extra-index-url https://download.pytorch.org/whl/cu121", "index-extra"),
        ("git+https://github.com/a/b", "requirement-mutable"),
        ("b @ git+https://github.com/a/b@v1.0", "requirement-mutable"),
        (f"git+https://github.com/a/b@{'12' * 19}", "requirement-mutable"),
        ("git+http://git.example/b", "requirement-unprotected"),
        ("https://packages.example/b-1.0.tar.gz", "requirement-unhashed-address"),
        ("http://packages.example/b-1.0.tar.gz", "requirement-unprotected"),
        (f"https://packages.example/b-1.0.tar.gz#{_SHA.replace(':', '=')}", "requirement-elsewhere"),
        (f"git+https://git.example/b@{_COMMIT}", "requirement-elsewhere"),
        ("b==99.9.9", "version-outbids"),
        ("b==1 --hash=md5:" + "ab" * 16, "hash-weak"),
        ("torch>=2", "requirements-open"),
        ("torch==2.1.0", "locked-without-hash"),
        ("-r other.txt", "include-not-seen"),
        ("-r https://packages.example/requirements.txt", "include-not-seen"),
    ],
)
def test_a_line_that_wants_a_look_gets_one(line: str, rule: str) -> None:
    assert rule in rules_on(f"idna==3.10 --hash={_SHA}\n{line}\n".encode(), "requirements.txt")


@pytest.mark.parametrize(
    "line",
    [
        "-i https://pypi.org/simple",
        "-i http://localhost:3141/root/pypi",
        "--trusted-host 127.0.0.1",
        "-f ./wheels",
        "--extra-index-url https://download.pytorch.org/whl/cu121",
        f"git+https://github.com/a/b@{_COMMIT}",
        "https://download.pytorch.org/whl/cu118/torch-2.0.1%2Bcu118-cp310-cp310-linux_x86_64.whl",
        "-e .",
        "./vendor/x-1.0.tar.gz",
        "setuptools==82.0.1",
        "pywin32==311",
        "certifi==2026.10.19",
        "torch>=2",
        "${PRIVATE}==1",
    ],
)
def test_ordinary_lines_come_through(line: str) -> None:
    assert verdict_on(f"{line}\nidna==3.10\n".encode(), "requirements.txt") is Outcome.ALLOW


def test_versions_without_hashes_are_named() -> None:
    assert "requirements-unhashed" in rules_on(b"idna==3.10\ntorch==2.1.0\n", "requirements.txt")


def test_one_package_without_a_hash_among_others_wants_a_look() -> None:
    data = f"idna==3.10 --hash={_SHA}\nb==1 --hash={_SHA}\nevil==1\n".encode()
    assert "locked-without-hash" in rules_on(data, "requirements.txt")
    assert "requirements-unhashed" not in rules_on(data, "requirements.txt")


def test_what_is_held_to_hashes_says_nothing() -> None:
    assert not rules_on(f"idna==3.10 --hash={_SHA}\n".encode(), "requirements.txt") - {"unknown-package"}


def test_includes_are_followed_in_a_folder() -> None:
    files = {
        "requirements/dev.txt": "-r ../requirements.txt\n-c pins.txt\npytest\n",
        "requirements.txt": "idna==3.10\n",
    }
    assert {"include-missing"} == _rules(files) & {"include-missing", "include-not-seen"}
    files["requirements/pins.txt"] = "pytest==8.0\n"
    assert not _rules(files) & {"include-missing", "include-not-seen", "requirements-open"}
    files["requirements.txt"] += "-r ../../elsewhere.txt\n"
    assert "include-not-seen" in _rules(files)


def test_constraints_and_compiled_files_hold_what_is_open() -> None:
    assert "requirements-open" in _rules({"requirements.in": "torch\nnumpy>=1\n"})
    assert "requirements-open" not in _rules(
        {"requirements.in": "torch\nnumpy>=1\n", "requirements.txt": "torch==2\nnumpy==1\n"}
    )


def test_a_lock_beside_a_manifest_holds_it() -> None:
    pipfile = '[packages]\nidna = "*"\n'
    assert "requirements-open" in _rules({"Pipfile": pipfile})
    assert "requirements-open" not in _rules({"Pipfile": pipfile, "Pipfile.lock": FILES["Pipfile.lock"]})


def test_ranges_of_a_package_are_no_fault() -> None:
    assert "requirements-open" not in _rules({"pyproject.toml": '[project]\nname = "x"\ndependencies = ["torch>=2"]\n'})


_PROJECT = '[project]\nname = "demo"\ndependencies = ["idna{}"]\n'


def _uv(*packages: str) -> str:
    return 'version = 1\nrequires-python = ">=3.11"\n\n' + "\n".join(packages)


def _locked(name: str, version: str, source: str = '{ registry = "https://pypi.org/simple" }', host: str = "") -> str:
    host = host or "files.pythonhosted.org"
    file = f'{{ url = "https://{host}/{name}-{version}.tar.gz", hash = "{_SHA}" }}'
    return f'[[package]]\nname = "{name}"\nversion = "{version}"\nsource = {source}\nsdist = {file}\n'


def test_a_lock_that_fits_its_manifest_says_nothing() -> None:
    files = {"pyproject.toml": _PROJECT.format(">=3,<4"), "uv.lock": _uv(_locked("idna", "3.10"))}
    assert verdict_on_folder({name: text.encode() for name, text in files.items()}) is Outcome.ALLOW
    assert not _rules(files) & {"lock-drift", "lock-incomplete", "lock-adds-source", "locked-file-elsewhere"}


def test_a_lock_that_installs_what_the_manifest_rules_out_wants_a_look() -> None:
    files = {"pyproject.toml": _PROJECT.format("<3"), "uv.lock": _uv(_locked("idna", "3.10"))}
    assert _messages(files, "lock-drift") == ["line 4: idna is locked at 3.10, and pyproject.toml asks for <3"]


def test_of_several_locked_versions_one_that_fits_is_enough() -> None:
    files = {"pyproject.toml": _PROJECT.format("<3"), "uv.lock": _uv(_locked("idna", "3.10"), _locked("idna", "2.0"))}
    assert "lock-drift" not in _rules(files)


def test_what_overrides_the_manifest_is_no_drift() -> None:
    project = _PROJECT.format("<3") + '\n[tool.uv]\noverride-dependencies = ["idna>=3"]\n'
    assert "lock-drift" not in _rules({"pyproject.toml": project, "uv.lock": _uv(_locked("idna", "3.10"))})


def test_a_lock_that_lacks_what_is_wanted_is_named() -> None:
    files = {"pyproject.toml": _PROJECT.format(""), "uv.lock": _uv(_locked("other", "1"))}
    assert _messages(files, "lock-incomplete") == ["uv.lock does not hold idna, which pyproject.toml asks for"]


def test_a_lock_that_takes_a_package_from_where_no_manifest_says_wants_a_look() -> None:
    added = _locked("evil", "1", f'{{ git = "https://github.com/evil/evil#{_COMMIT}" }}')
    files = {"pyproject.toml": _PROJECT.format(""), "uv.lock": _uv(_locked("idna", "3.10"), added)}
    assert "lock-adds-source" in _rules(files)
    files["pyproject.toml"] += '\n[tool.uv.sources]\nevil = { git = "https://github.com/evil/evil" }\n'
    files["pyproject.toml"] = files["pyproject.toml"].replace('"idna"', '"idna", "evil"')
    assert "lock-adds-source" not in _rules(files)


def test_a_file_from_another_host_than_its_index_wants_a_look() -> None:
    lock = _uv(_locked("idna", "3.10", host="files.pythonhosted.evil.example"))
    assert "locked-file-elsewhere" in rules_on(lock.encode(), "uv.lock")
    mirror = _locked("idna", "3.10", '{ registry = "https://mirror.example/simple" }', "mirror.example")
    assert "locked-file-elsewhere" not in rules_on(_uv(mirror).encode(), "uv.lock")


@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        ("Pipfile", '[[source]]\nurl = "https://h.test/"\nverify_ssl = false\n[packages]\na = ""\n', "host-unchecked"),
        ("pip.conf", "[global]\nextra-index-url = https://h.example/simple\n", "index-mixed"),
        ("pip.conf", "[global]\ntrusted-host = h.example\n", "host-unchecked"),
        ("uv.toml", 'index-strategy = "unsafe-best-match"\n', "index-mixed"),
        ("pyproject.toml", '[[tool.uv.index]]\nurl = "https://h.example/simple"\n', "index-mixed"),
        ("environment.yml", "channels: [someone]\ndependencies: [a]\n", "channel-unknown"),
        ("environment.yml", "channels: ['https://h.example/c']\ndependencies: [a]\n", "index-unknown"),
        ("Dockerfile", "FROM a\nRUN pip install --extra-index-url https://h.example/s x\n", "index-mixed"),
        ("Dockerfile", "FROM a\nRUN pip install git+https://github.com/a/b\n", "requirement-mutable"),
        ("install.sh", "#!/bin/sh\npip install http://h.example/a.zip\n", "requirement-unprotected"),
        ("setup.py", "from setuptools import setup\nsetup(install_requires=['a @ https://h.example/a.zip'])\n",
         "requirement-unhashed-address"),
        ("a.py", "# /// script\n# dependencies = ['a @ git+https://github.com/a/a']\n# ///\n", "requirement-mutable"),
    ],
)  # fmt: skip
def test_the_same_is_said_wherever_it_stands(name: str, text: str, rule: str) -> None:
    assert rule in rules_on(text.encode(), name)


def test_an_index_that_only_some_packages_name_is_no_mix() -> None:
    text = '[[tool.uv.index]]\nname = "own"\nurl = "https://h.example/simple"\nexplicit = true\n'
    assert verdict_on(text.encode(), "pyproject.toml") is Outcome.ALLOW


def test_metadata_that_takes_an_address_wants_a_look() -> None:
    data = wheel("demo", "1.0", {"demo.py": ""}, metadata=["Requires-Dist: evil @ https://h.example/evil.tar.gz"])
    said = [
        f.message
        for f in report_on(data, "demo-1.0-py3-none-any.whl").findings
        if f.rule.id == "metadata-takes-address"
    ]
    assert said == ["demo asks for evil from https://h.example/evil.tar.gz"]
    plain = wheel("demo", "1.0", {"demo.py": ""}, metadata=["Requires-Dist: idna>=3", 'Requires-Dist: b; extra == "x"'])
    assert "metadata-takes-address" not in rules_on(plain, "demo-1.0-py3-none-any.whl")


def test_requirements_inside_a_package_are_not_installed() -> None:
    data = wheel("demo", "1.0", {"demo/tests/requirements.txt": "torch\n-r base.txt\n"})
    found = rules_on(data, "demo-1.0-py3-none-any.whl")
    assert not found & {"requirements-open", "include-missing", "include-not-seen"}
