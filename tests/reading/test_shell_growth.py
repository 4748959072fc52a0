"""What a script of commands says does not depend on how much stands around it."""

from __future__ import annotations

import pytest

from weighmaster.knowledge.source.commands import deeds, installs, windows_deeds
from weighmaster.reading.shell import pipelines

_MANY = 20_000


@pytest.mark.parametrize("piece", ["sh", "a", "curl x", "base64 -d", "cat ~/.ssh/id_rsa"])
def test_long_pipelines_are_read_once(piece: str) -> None:
    (pipe,) = pipelines("|".join([piece] * _MANY))
    assert len(pipe) == _MANY
    shapes = {deed.shape for deed in deeds("curl http://x |" + "|".join([piece] * _MANY) + "| sh")}
    assert "downloads-and-runs" in shapes


def test_a_long_word_is_one_word() -> None:
    ((command,),) = pipelines("a" * 300_000 + " 'b'\"c\"d")
    assert command.words == ("a" * 300_000, "bcd")


def test_the_last_of_many_documents_is_what_a_command_reads() -> None:
    script = "a|" * _MANY + "sh " + "<<A " * 1000 + "<<B\n" + "x\nA\n" * 1000 + "true\nB\n"
    (*_, last) = pipelines(script)[0]
    assert last.document == "true"


@pytest.mark.parametrize(
    ("filling", "end"),
    [
        ("iex ", "downloadstring"),
        ("downloadstring ", "| iex"),
        ("del ", "/s c:\\"),
        ("certutil ", "-urlcache"),
        ("remove-item -recurse ", "c:\\"),
    ],
)
def test_what_stands_far_behind_in_a_line_counts_and_not_in_the_next(filling: str, end: str) -> None:
    assert list(windows_deeds(filling * _MANY + end))
    assert not list(windows_deeds(filling * _MANY + "\n" + end))


def test_who_installs() -> None:
    assert installs("pip " * _MANY + "install x")
    assert installs("apt-get -y install x")
    assert not installs("pip " * _MANY + "\n install x")
