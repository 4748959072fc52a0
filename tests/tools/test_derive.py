"""What the derivation says of small libraries that are written here."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest
from tools.derive.harmless import Judge
from tools.derive.index import Index
from tools.derive.leaves import LEAVES, POWERS
from tools.derive.powers import Graph
from tools.derive.reviewed import Reviewed, expand
from tools.derive.rows import Maker, Row, merge
from tools.derive.trees import folder, wheel

Rows = dict[str, Row]
Derive = Callable[..., Rows]


@pytest.fixture
def derive(tmp_path: Path) -> Derive:
    """Rows by name for the modules given as text: `lib_x` is lib/x.py, `lib_` is lib/__init__.py."""

    def run(*, harmless: frozenset[str] = frozenset(), functions: tuple[str, ...] = ("lib",), **modules: str) -> Rows:
        for name, text in modules.items():
            parts = [part or "__init__" for part in name.split("_")]
            path = tmp_path.joinpath(*parts).with_suffix(".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text))
        index = Index([folder(str(tmp_path), "lib", "1.0")])
        graph = Graph(index, LEAVES)
        parsed = [module for name in index.trees[0].modules if (module := index.module(name))]
        graph.run(parsed)
        rows = merge([Maker(index, Judge(index, harmless), graph, functions).rows(parsed, safe=("lib",))])
        return {name: row for name, row in rows.items() if row.powers or row.uses}

    return run


def uses_of(rows: Rows, name: str) -> set[str]:
    return set(rows[name].uses) if name in rows else set()


def powers_of(rows: Rows, name: str) -> set[str]:
    return set(rows[name].powers) if name in rows else set()


def test_a_plain_class_may_be_made_and_filled(derive: Derive) -> None:
    rows = derive(lib="class A:\n    def __init__(self, x):\n        self.x = x\n")
    assert uses_of(rows, "lib.A") == {"refer", "call", "new", "build"}
    assert rows["lib.A"].source == "lib 1.0 lib.py:1"
    assert rows["lib.A"].arguments == "any"


@pytest.mark.parametrize(
    "hook",
    [
        "def __setstate__(self, state):\n        exec(state)",
        "def __setstate__(self, state):\n        state['f'](state['x'])",
        "def __setstate__(self, state):\n        getattr(state['o'], state['n'])()",
        "def __setstate__(self, state):\n        self.callback()",
        "def __setstate__(self, state):\n        state['o'].name = state['v']",
        "def __setstate__(self, state):\n        setattr(state['o'], 'x', 1)",
        "def __setstate__(self, state):\n        global COUNT\n        COUNT = 1",
        "def __setstate__(self, state):\n        with state['manager']:\n            pass",
        "def __setattr__(self, name, value):\n        value()",
        "def __getattr__(self, name):\n        return getattr(self.inner, name)()",
        "def __getattr__(self, name):\n        return getattr(other, name)",
        "@property\n    def p(self):\n        return 1\n    @p.setter\n    def p(self, value):\n        value()",
        "__setstate__ = OPEN",
    ],
)
def test_a_class_whose_hook_does_more_than_fill_it_may_not_be_built(derive: Derive, hook: str) -> None:
    rows = derive(lib=f"OPEN = open\nclass A:\n    {hook}\n")
    assert "build" not in uses_of(rows, "lib.A")


@pytest.mark.parametrize(
    "hook",
    [
        "def __setstate__(self, state):\n        self.__dict__.update(state)",
        "def __setstate__(self, state):\n        for k, v in state.items():\n            setattr(self, k, v)",
        "def __setstate__(self, state):\n        self.x = state.pop('x', None)\n        self._fill()",
        "def __setstate__(self, state):\n        super().__setstate__(state)",
        "def __getattr__(self, name):\n        raise AttributeError(name)",
        "def __setattr__(self, name, value):\n        object.__setattr__(self, name, value)",
    ],
)
def test_a_class_whose_hook_only_fills_it_may_be_built(derive: Derive, hook: str) -> None:
    base = "class B:\n    def __setstate__(self, s):\n        self.s = s\n    def _fill(self):\n        self.y = 1\n"
    rows = derive(lib=f"{base}class A(B):\n    {hook}\n")
    assert "build" in uses_of(rows, "lib.A")


@pytest.mark.parametrize(
    "body",
    [
        "def __new__(cls, f):\n        return f()",
        "def __del__(self):\n        import os\n        os.unlink(self.path)",
        "def __hash__(self):\n        return open(self.path).read()",
    ],
)
def test_a_class_that_acts_when_made_hashed_or_forgotten_has_no_uses(derive: Derive, body: str) -> None:
    assert uses_of(derive(lib=f"class A:\n    {body}\n"), "lib.A") == set()


def test_hooks_are_found_in_bases_of_other_modules(derive: Derive) -> None:
    rows = derive(
        lib_="from .base import Base as _B\n",
        lib_base="class Base:\n    def __setstate__(self, s):\n        s()\n",
        lib_user="import lib\nclass A(lib._B):\n    pass\n",
    )
    assert uses_of(rows, "lib.user.A") == {"refer", "call", "new"}


def test_a_base_that_nobody_gave_the_source_of_is_not_safe(derive: Derive) -> None:
    rows = derive(lib="from elsewhere import Base\nclass A(Base):\n    pass\nclass B(undefined):\n    pass\n")
    assert uses_of(rows, "lib.A") == uses_of(rows, "lib.B") == set()


def test_a_name_bound_twice_is_as_safe_as_its_worst_binding(derive: Derive) -> None:
    rows = derive(
        lib="try:\n    class A:\n        pass\nexcept Exception:\n    class A:\n        def __new__(c, f): f()\n"
    )
    assert uses_of(rows, "lib.A") == set()


def test_a_container_keeps_the_ways_to_fill_it_unless_it_overrides_them_harmfully(derive: Derive) -> None:
    rows = derive(
        lib="""
        class D(dict): pass
        class L(list): pass
        class E(dict):
            def __setitem__(self, k, v): v(k)
        class M(list):
            def append(self, v): v()
        """
    )
    assert {"items"} == {"items", "extend"} & uses_of(rows, "lib.D")
    assert {"extend"} == {"items", "extend"} & uses_of(rows, "lib.L")
    assert not {"items", "extend"} & (uses_of(rows, "lib.E") | uses_of(rows, "lib.M"))


def test_enumerations_are_looked_up_and_named_tuples_are_made(derive: Derive) -> None:
    rows = derive(
        lib="""
        import enum
        from collections import namedtuple
        from typing import NamedTuple
        class E(enum.Enum):
            A = 1
        P = namedtuple("P", "x y")
        class Q(NamedTuple):
            x: int
        """
    )
    assert uses_of(rows, "lib.E") == {"refer", "call"}
    assert uses_of(rows, "lib.P") == uses_of(rows, "lib.Q") == {"refer", "call", "new", "build"}


def test_a_constructor_that_acts_is_not_called_but_the_class_may_be_made_without_it(derive: Derive) -> None:
    rows = derive(lib="class A:\n    def __init__(self, path):\n        self.file = open(path)\n")
    assert uses_of(rows, "lib.A") == {"refer", "new", "build"}
    assert powers_of(rows, "lib.A") == {"read"}


@pytest.mark.parametrize(
    ("text", "powers"),
    [
        ("import os\ndef f(x):\n    os.system(x)", {"process"}),
        ("from os import system as _s\ndef f(x):\n    _s(x)", {"process"}),
        ("import subprocess\nP = subprocess.Popen\ndef f(x):\n    P(x)", {"process"}),
        ("def f(x):\n    import subprocess as sp\n    sp.run(x)", {"process"}),
        ("def g(x):\n    exec(x)\ndef f(x):\n    g(x)", {"code"}),
        ("class C:\n    def m(self, x):\n        eval(x)\ndef f(x):\n    C().m(x)", {"code"}),
        ("def f(x):\n    def g():\n        eval(x)\n    return g()", {"code"}),
        ("def f(x):\n    return open(x)", {"read"}),
        ("def f(x):\n    return open(x, 'wb')", {"write"}),
        ("def f(x, mode):\n    return open(x, mode)", {"read", "write"}),
        ("def f():\n    return open('VERSION')", set()),
        ("import importlib\ndef f():\n    return importlib.import_module('json')", set()),
        ("import importlib\ndef f(x):\n    return importlib.import_module(x)", {"import"}),
        ("import pickle\ndef f(x):\n    return pickle.loads(x)", {"load"}),
        ("def f(x, pickle_module):\n    return pickle_module.load(x)", {"load"}),
        ("import ctypes\ndef f(x):\n    return ctypes.CDLL(x)", {"native"}),
        ("def f(path):\n    path.write_text('x')", {"write"}),
        ("def f(x):\n    return x + 1", set()),
    ],
)
def test_powers_follow_from_what_is_called(derive: Derive, text: str, powers: set[str]) -> None:
    assert powers_of(derive(lib=text), "lib.f") == powers


def test_the_reason_is_the_chain_of_calls(derive: Derive) -> None:
    rows = derive(lib="import os\ndef a(x):\n    b(x)\ndef b(x):\n    os.system(x)\n")
    assert rows["lib.a"].reason == "calls os.system via b"


def test_a_re_export_of_a_powerful_name_has_its_powers(derive: Derive) -> None:
    rows = derive(lib_="", lib_x="from subprocess import Popen\n", lib_y="from lib.x import *\n")
    assert powers_of(rows, "lib.x.Popen") == {"process"}
    assert powers_of(rows, "lib.y.Popen") == {"process"}


def test_functions_may_be_referred_to_when_they_have_no_powers_and_call_no_argument(derive: Derive) -> None:
    rows = derive(lib="def f(x):\n    return x\ndef g(x, y):\n    return x(y)\ndef h(x):\n    exec(x)\n")
    assert uses_of(rows, "lib.f") == {"refer"}
    assert uses_of(rows, "lib.g") == uses_of(rows, "lib.h") == set()


def test_a_class_is_known_under_the_module_that_the_source_gives_it(derive: Derive) -> None:
    rows = derive(
        lib_="",
        lib_a="from x import set_module\n@set_module('lib')\nclass A:\n    pass\n",
        lib_b="class B:\n    __module__ = 'lib'\n",
        lib_c="from lib.d import C\nC.__module__ = 'lib'\n",
        lib_d="class C:\n    pass\n",
    )
    assert {"lib.A", "lib.B", "lib.C", "lib.a.A", "lib.b.B", "lib.d.C"} <= set(rows)


def test_a_person_can_say_that_a_body_is_harmless(derive: Derive) -> None:
    text = "class A:\n    def __setstate__(self, state):\n        state()\n"
    assert "build" in uses_of(derive(lib=text, harmless=frozenset({"lib.A.__setstate__"})), "lib.A")


def test_what_is_not_python_3_is_left_out(derive: Derive) -> None:
    assert derive(lib="print 'x'\n", functions=()) == {}


def test_versions_agree_or_the_name_is_not_safe() -> None:
    old = Row("a.A", uses=frozenset({"refer", "new", "build"}), arguments="any", reason="plain", source="1")
    new = Row("a.A", powers=frozenset({"code"}), uses=frozenset({"refer"}), reason="calls eval", source="2")
    merged = merge([[old], [new]])["a.A"]
    assert (set(merged.uses), set(merged.powers), merged.reason) == ({"refer"}, {"code"}, "calls eval")


def test_a_wheel_is_read_without_being_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "lib-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("lib/__init__.py", "class A: pass\n")
        archive.writestr("lib/tests/test_a.py", "class T: pass\n")
        archive.writestr("lib-1.0.dist-info/METADATA", "Name: lib\n")
    tree = wheel(str(path))
    assert (tree.library, tree.version, tree.modules) == ("lib", "1.0", {"lib": "lib/__init__.py"})
    assert len(tree.digest) == 64
    assert tree.text("lib") == "class A: pass\n"


def test_decisions_need_a_reason_and_known_words(tmp_path: Path) -> None:
    path = tmp_path / "reviewed.tsv"
    for line in ("row\ta.b\t-\trefer\t-\t\t", "row\ta.b\tmagic\t-\t-\tx\ty", "wish\ta.b\t-\t-\t-\tx\ty", "row\ta.b"):
        path.write_text(line + "\n")
        with pytest.raises(ValueError, match=r"reviewed.tsv:1: "):
            Reviewed.read(str(path))


def test_decisions_win_and_old_module_names_get_the_rows_of_the_new(tmp_path: Path) -> None:
    path = tmp_path / "reviewed.tsv"
    path.write_text(
        "row\tlib.{A,B}\t-\trefer\t-\tread\tsomewhere\nrenamed\tlib.old\t-\t-\t-\tlib.new moved\tsomewhere\n"
        "drop\tlib.C\t-\t-\t-\tdoubtful\tsomewhere\n"
    )
    derived = {name: Row(name, uses=frozenset({"refer", "new"})) for name in ("lib.A", "lib.C", "lib.new.D")}
    rows = Reviewed.read(str(path)).apply("lib", derived)
    assert set(rows) == {"lib.A", "lib.B", "lib.new.D", "lib.old.D"}
    assert rows["lib.A"].uses == {"refer"}


def test_nothing_below_a_module_that_was_judged_dangerous_by_hand_is_safe(tmp_path: Path) -> None:
    path = tmp_path / "callables.tsv"
    path.write_text("lib.bad.*\tcode\t-\t-\truns code\tx\nlib.good\t-\trefer\t-\tfine\tx\n")
    reviewed = Reviewed()
    reviewed.read_by_hand(str(path))
    assert reviewed.is_by_hand("lib.bad.deep.A")
    assert not reviewed.is_by_hand("lib.good.A")


def test_braces_stand_for_several_names() -> None:
    assert expand("a.{b,c}.d") == ["a.b.d", "a.c.d"]


@pytest.mark.parametrize("path", sorted(Path("src/weighmaster/knowledge/derived").glob("*.tsv")), ids=lambda p: p.stem)
def test_every_shipped_table_is_sorted_and_each_name_stands_once(path: Path) -> None:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if not line.startswith("#")]
    assert lines == sorted(lines)
    rows = [Row.parse(line) for line in lines]
    assert len({row.name for row in rows}) == len(rows)
    assert all(row.reason and row.source for row in rows)
    assert all(row.powers <= set(POWERS) for row in rows)
    assert not [row.name for row in rows if row.powers and "call" in row.uses and row.arguments == "any"]
    assert path.stat().st_size < 2_500_000
