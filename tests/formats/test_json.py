"""JSON is known by content, and a notebook carries source code."""

import json

import pytest
from tests.samples.vetting import reads, report_on, rules_on, verdict_on

from weighmaster.formats.json import FORMAT
from weighmaster.model.fact import Script
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.where import Where
from weighmaster.reading.budget import Budget
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.document import LONGEST

CELL = {"cell_type": "code", "source": ["import os\n", "os.getcwd()"]}


@pytest.mark.parametrize(
    ("data", "formats"),
    [
        (b"{}", ("json", "text")),
        (b' [1, {"a": NaN}]\n', ("json", "text")),
        (b"\xef\xbb\xbf{}", ("json", "text")),
        (b'{"a": 1}\n{"a": 2}\n', ("text",)),
        (b"{{ messages }}", ("chat-template", "text")),
        (b" " * 9000 + b'{"a": 1}' + b"\n" * 9000, ("json", "text")),
        (b"[section]\nkey = 1\n", ("text",)),
        (b"[" * 100_000 + b"]" * 100_000, ("text",)),
        (b'{"a": "' + b"x" * (2 << 20) + b'"}', ("json", "text")),
    ],
)
def test_json_is_what_parses(data: bytes, formats: tuple[str, ...]) -> None:
    report = report_on(data, "config.json")
    assert report.artifacts[0].formats == formats
    assert not report.gaps


@pytest.mark.parametrize(
    "notebook",
    [
        {"nbformat": 4, "cells": [CELL]},
        {"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "input": "import os"}]}]},
        {"nbformat": 4, "cells": [{"cell_type": "markdown", "source": "x"}, CELL], "metadata": {}},
    ],
)
def test_the_cells_of_a_notebook_are_source_code(notebook: object) -> None:
    found, error = reads(FORMAT, json.dumps(notebook).encode())
    assert error is None
    (script,) = found
    assert isinstance(script, Script)
    assert script.language == "python"
    assert script.excerpt.startswith("import os")


def test_the_kernel_names_the_language() -> None:
    notebook = {"nbformat": 4, "cells": [CELL], "metadata": {"kernelspec": {"language": "R"}}}
    found, _ = reads(FORMAT, json.dumps(notebook).encode())
    assert [read.language for read in found if isinstance(read, Script)] == ["R"]


@pytest.mark.parametrize(
    "notebook",
    [
        {"nbformat": 4, "cells": 3},
        {"nbformat": 4, "cells": [None, 1, {"cell_type": "code"}]},
        ["nbformat", "cells"],
        {"nbformat": 4, "cells": [{"cell_type": "code", "source": [1, None]}], "metadata": 3},
        {"nbformat": 4, "worksheets": {"cells": 1}, "cells": {}},
        {"nbformat": 4, "cells": [], "metadata": {"kernelspec": []}},
    ],
)
def test_a_malformed_notebook_yields_nothing(notebook: object) -> None:
    assert reads(FORMAT, json.dumps(notebook).encode()) == ([], None)


def test_a_document_too_long_to_parse_is_not_called_read() -> None:
    class Long:
        size = LONGEST + 2

        def read_at(self, offset: int, count: int) -> bytes:
            data = b" " * min(count, self.size - offset)
            data = b"{" + data[1:] if offset == 0 else data
            return data[:-1] + b"}" if offset + count >= self.size else data

    (gap,) = FORMAT.read(Cursor(Long(), Budget()), Where.file("f"))
    assert isinstance(gap, Gap)
    assert gap.reason is GapReason.OVER_BUDGET


def test_of_a_key_that_is_there_twice_both_values_count() -> None:
    hostile = "{{ cycler.__init__.__globals__.os.getcwd() }}"
    text = f'{{"chat_template": "{hostile}", "chat_template": "hello"}}'
    assert "template-escapes" in rules_on(text.encode(), "tokenizer_config.json")
    assert verdict_on(b'{"a": 1, "a": 2}', "x.json") == "allow"


def test_what_some_readers_take_and_python_refuses_is_read() -> None:
    hostile = '"chat_template": "{{ cycler.__init__.__globals__.os.getcwd() }}"'
    for more in ('"a": "x\ty"', f'"a": {"9" * 5000}'):
        assert "template-escapes" in rules_on(f"{{{more}, {hostile}}}".encode(), "tokenizer_config.json")


def test_a_document_of_very_many_parts_is_not_parsed_and_that_is_said() -> None:
    report = report_on(b"[" + b"[]," * 12_000_000 + b"1]", "config.json")
    assert [gap.reason for gap in report.gaps] == ["over-budget"]
    assert report.artifacts[0].formats == ("json", "text")
