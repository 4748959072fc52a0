"""Source that is not followed would have told nothing: held against the follower itself."""

from __future__ import annotations

import gc
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighmaster.knowledge.loads import loads
from weighmaster.knowledge.source import uses
from weighmaster.knowledge.source.source_gate import brought, may_matter
from weighmaster.knowledge.source.sources import Reading
from weighmaster.model.errors import UnreadableError
from weighmaster.model.fact import Fact, Reference
from weighmaster.model.source import Functions, Imports
from weighmaster.model.where import Where
from weighmaster.reading.python.source import decoded, parsed

PLACE = Where.file("package/module.py")


def followed(text: str, where: Where = PLACE) -> tuple[list[Fact], bool]:
    """Return the facts of a source, and whether the follower took down anything at all."""
    reading = Reading(where, lambda: None)
    reading.read(text)
    facts = list(reading.facts())
    walker = Reading(where, lambda: None).walker
    walker.read(parsed(text))
    walker.finish()
    parts = [walker.top, walker.main, *(f.part for f in walker.functions if f.part)]
    return facts, any(part.uses for part in parts) or bool(reading.payloads or reading.unread)


def test_what_is_followed_is_let_go_where_it_ends() -> None:
    # Circles of trees and names are left to the search for garbage, which takes a quarter of the time then.
    text = (
        "import os\nclass A:\n  def f(self, g=lambda: A):\n    def h(): return h, g\n    return h(self.f)\n"
        "os.system(A().f(A))\n"
    )
    followed(text)  # What is made once and kept.
    gc.collect()
    gc.disable()
    try:
        reading = Reading(PLACE, lambda: None)
        reading.read(text)
        assert list(reading.facts())
        del reading
        assert gc.collect() == 0
    finally:
        gc.enable()


def held(text: str, where: Where = PLACE) -> None:
    if may_matter(text, where):
        return
    try:
        facts, used = followed(text, where)
    except UnreadableError:
        return
    assert not used, text
    assert all(isinstance(fact, Imports | Reference) or _is_idle(fact) for fact in facts), text


def _is_idle(fact: Fact) -> bool:
    """Whether a source only calls what lies in other packages, or takes all names of one that does nothing."""
    return isinstance(fact, Functions) and not fact.does and all(map(_passes_nothing_on, fact.named))


def _passes_nothing_on(line: str) -> bool:
    name, _, meant = line.partition("\t")
    return name == "*" and meant.partition(".")[0] not in uses.PASSED_ON


NAMES = st.sampled_from(sorted({*uses.names(), *loads.names()}))
WAYS = st.sampled_from(
    [
        "import {top}\n{dotted}(x)\n",
        "import {module} as m\nm.{last}(x)\n",
        "from {module} import {last} as f\nf(x)\n",
        "from {module} import *\n{last}(x)\n",
        "import {top}\ndef f(a={dotted}):\n    a(x)\n",
        "import {top}\n{dotted} = f\n",
        "import {module} as m\ng = getattr(m, '{last}')\ng(x)\n",
        "import {module} as m\ng = getattr(m, '{head}' + '{tail}')\ng(x)\n",
        "import logging\nlogging.{dotted}(x)\n",
        "import sys\nsys.modules['{top}'].{rest}(x)\n",
        "import importlib\nimportlib.import_module('{module}').{last}(x)\n",
        "__import__('{top}').{rest}(x)\n",
        "m = __builtins__\nm['__import__']('{top}').{rest}(x)\n",
        "().__class__.__base__.__subclasses__()[3].__init__.__globals__['{last}'](x)\n",
        "try:\n    from {module} import ({last},\n      other)\nexcept E:\n    pass\nclass A({last}): pass\nA(x)\n",
        "import {top} ; {dotted}(x)\n",
        "def f():\n    import {top}\n    return {dotted}\nf()(x)\n",
        "exec('import {top}; {dotted}(x)')\n",
        "import {top}\nfor f in [{dotted}]:\n    f(x)\n",
        "import {top}\n({top}\n .{rest})(x)\n",
    ]
)


@given(name=NAMES, way=WAYS, before=st.sampled_from(["", "'''import os'''\n", "# é\nx = 1\n", "import os, sys\n"]))
def test_however_a_name_that_matters_is_reached_the_source_is_followed(name: str, way: str, before: str) -> None:
    dotted = name.rstrip("=").replace("?.", "thing.").replace(".*", ".Thing").removesuffix(".?")
    top, _, rest = dotted.partition(".")
    module, _, last = dotted.rpartition(".")
    words = {"top": top, "rest": rest or top, "module": module or top, "last": last, "dotted": dotted}
    held(before + way.format(**words, head=last[:2], tail=last[2:]))


WORDS = st.sampled_from(
    [
        *("os", "sys", "torch", "pickle", "system", "loads", "load", "open", "getattr", "globals", "vars", "x", "self"),
        *("a", "f", "=", "(", ")", "[", "]", ".", ",", ":", "\n", "import", "from", "as", "def", "class", "return"),
        *("__class__", "__dict__", "__name__", "exec", "eval", "builtins", "modules", "'os'", "'system'", "environ"),
        *("copy", "requests", "get"),
    ]
)


@given(st.lists(WORDS, max_size=14))
def test_any_words_in_a_row_that_are_not_followed_use_nothing(words: list[str]) -> None:
    held(" ".join(words))
    held("import os, sys, torch, pickle\n" + " ".join(words))


def test_letters_that_look_alike_are_the_same_names_to_python() -> None:
    text = "import os\nos.\uff53ystem('x')\n"
    assert followed(text)[1]
    assert may_matter(text)


@pytest.mark.parametrize(
    "text",
    [
        "import os\nprint(os.path.join('a', 'b').replace('a', 'b'))\n",
        "import torch\nclass Model(torch.nn.Module):\n    def forward(self, x):\n        return self.a.forward(x)\n",
        "class A:\n    def __repr__(self):\n        return self.__class__.__name__\n",
        "def f(model):\n    model.eval()\n    return getattr(model, 'config', None)\n",
    ],
)
def test_what_only_computes_is_not_followed(text: str) -> None:
    assert not may_matter(text)
    assert not followed(text)[1]


def libraries() -> Iterator[Path]:
    folder = Path(sysconfig.get_path("stdlib"))
    for place in ("json", "email", "concurrent", "collections", "asyncio", "unittest", "http"):
        yield from sorted((folder / place).rglob("*.py"))


def test_what_is_read_off_the_lines_of_libraries_is_what_the_follower_says() -> None:
    skipped = 0
    for path in libraries():
        text = decoded(path.read_bytes()) or ""
        where = Where.file(f"{path.parent.name}/{path.name}")
        if may_matter(text):
            continue
        facts, used = followed(text, where)
        assert not used, path
        told = brought(text, where)
        if told is not None:
            skipped += 1
            assert {fact for fact in told if isinstance(fact, Reference)} == {
                fact for fact in facts if isinstance(fact, Reference)
            }, path
            named = {name for fact in told if isinstance(fact, Imports) for name in fact.names}
            assert named >= {name for fact in facts if isinstance(fact, Imports) for name in fact.names}, path
    assert skipped > 20


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    from . import evil\nf()\n",
        "if x: from . import evil\n",
        "x = 1; from . import evil\n",
        "x = f\"{'''\"'''}\"\nfrom . import evil\ny = f\"{'''\"'''}\"\n",
        "from . \\\n import evil\n",
        "class A:\n    import evil; x = 1\n",
        "from . import (a, # )\n evil)\n",
    ],
)
def test_an_import_is_never_lost(text: str) -> None:
    told = brought(text, PLACE)
    found = "" if told is None else repr(told)
    assert told is None or "evil" in found
