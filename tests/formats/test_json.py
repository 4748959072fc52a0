"""JSON is known by content, and a notebook carries source code."""

import json

import pytest
from tests.samples.vetting import reads, report_on

from weighmaster.formats.json import FORMAT
from weighmaster.model.fact import Script

CELL = {"cell_type": "code", "source": ["import os\n", "os.getcwd()"]}


@pytest.mark.parametrize(
    ("data", "formats"),
    [
        (b"{}", ("json", "text")),
        (b' [1, {"a": NaN}]\n', ("json", "text")),
        (b"\xef\xbb\xbf{}", ("json", "text")),
        (b'{"a": 1}\n{"a": 2}\n', ("text",)),
        (b"{{ messages }}", ("text",)),
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
