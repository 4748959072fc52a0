"""What is mended stays the same program but for what was added."""

from __future__ import annotations

import ast

from hypothesis import given, settings
from hypothesis import strategies as st

from weighmaster import shipped
from weighmaster.engine.scan import scan_bytes
from weighmaster.extend.registry import Registry
from weighmaster.inventory.mend import mended
from weighmaster.model.package import Load
from weighmaster.reading.budget import Limits

COMMIT = "0123456789" * 4
_REGISTRY = Registry(formats={"python": shipped.registry().formats["python"]})
KNOWN = {("model", "org/a"): COMMIT, ("dataset", "org/a"): COMMIT}
CALLEES = ("AutoModel.from_pretrained", "load_dataset", "torch.load")
FIRST = ('"org/a"', '("org/a")', "( 'org/a' )", "NAME", '"org/" "a"', "name", '"é"', "*rest", "f'{x}'")
MORE = (
    "",
    ",",
    ", x=1",
    ", (y)",
    ", z=(1, ), ",
    ", revision='main'",
    ", **k",
    ", f=lambda: (0)",
    "  # (a\n",
    ",\n\t)  # x\n"[:2],
)


def mend(source: str) -> str:
    """Return a source after it was mended."""
    data = source.encode()
    loads = [item for item in scan_bytes(data, "x.py", _REGISTRY, Limits()) if isinstance(item, Load)]
    found = mended("x.py", data, loads, KNOWN)
    return found.after.decode() if found else source


@st.composite
def sources(draw: st.DrawFn) -> str:
    lines = [
        "import torch",
        "from transformers import AutoModel",
        "from datasets import load_dataset",
        "NAME = 'org/a'",
    ]
    for _ in range(draw(st.integers(1, 4))):
        callee = draw(st.sampled_from(CALLEES))
        before = draw(st.sampled_from(("", "é = 'é'; ", "x = (", "[")))
        after = {"x = (": ")", "[": "]"}.get(before, "")
        lines.append(f"{before}{callee}({draw(st.sampled_from(FIRST))}{draw(st.sampled_from(MORE))}){after}")
    return draw(st.sampled_from(("\n", "\r\n", "\r"))).join(lines)


@settings(deadline=None)
@given(sources())
def test_nothing_but_an_argument_is_added(source: str) -> None:
    try:
        before = ast.parse(source)
    except SyntaxError:
        return
    after = ast.parse(mend(source))
    for tree in (before, after):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                node.keywords = [one for one in node.keywords if one.arg not in {"revision", "weights_only"}]
    assert ast.dump(before) == ast.dump(after)


@settings(deadline=None)
@given(sources())
def test_what_was_mended_needs_no_more_of_it(source: str) -> None:
    once = mend(source)
    assert mend(once) == once


def test_what_somebody_else_may_hand_over_is_left() -> None:
    for source in (
        "from transformers import AutoModel\ndef f(n='org/a'):\n    AutoModel.from_pretrained(n)\n",
        "from transformers import AutoModel\nN = 'org/a'\nif x: N = y\nAutoModel.from_pretrained(N)\n",
        "from transformers import AutoModel\nAutoModel.from_pretrained('org/a', **more)\n",
        "from transformers import AutoModel\nAutoModel.from_pretrained('org/a', revision='v1')\n",
        "exec('import torch; torch.load(\"a.pt\")')\n",
    ):
        assert mend(source) == source
