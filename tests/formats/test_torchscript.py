from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from tests.samples.zips import DEFLATED, member, zip_of

from weighmaster import shipped
from weighmaster.engine.scan import scan_bytes
from weighmaster.extend.format import Glance
from weighmaster.formats.torchscript import FORMAT
from weighmaster.model.fact import Operation
from weighmaster.model.finding import Finding
from weighmaster.model.report import Gap, Report
from weighmaster.model.settings import Settings
from weighmaster.model.verdict import Outcome
from weighmaster.model.where import Where
from weighmaster.reading.budget import Budget, Limits
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.source import BytesSource

_CLASS = """class M(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  def forward(self: __torch__.M,
    x: Tensor) -> Tensor:
    {body}
"""


def _archive(source: str, *more: tuple[str, bytes]) -> bytes:
    return zip_of(
        [
            member("m/data.pkl", b"\x80\x02N."),
            member("m/code/__torch__.py", source.encode(), method=DEFLATED),
            member("m/constants.pkl", b"\x80\x02)."),
            member("m/version", b"3\n"),
            *(member(name, data) for name, data in more),
        ]
    )


def _operators(body: str) -> set[str]:
    data = _archive(_CLASS.format(body=body))
    reads = FORMAT.read(Cursor(BytesSource(data), Budget()), Where.file("x"))
    return {read.name for read in reads if isinstance(read, Operation)}


def _judged(data: bytes) -> tuple[Outcome, set[str], Report]:
    items = list(scan_bytes(data, "x.pt", shipped.registry(), Limits()))
    report = Report.of("x.pt", items, files=1)
    verdict = shipped.policy("default").judge(report, Settings(), date(2026, 1, 1))
    return verdict.outcome, {f.rule.id for f in items if isinstance(f, Finding)}, report


def test_a_zip_with_code_and_constants_is_claimed() -> None:
    assert FORMAT.matches(Glance(BytesSource(_archive("x = 1"))))
    assert not FORMAT.matches(Glance(BytesSource(zip_of([member("m/data.pkl", b"N.")]))))
    assert not FORMAT.matches(Glance(BytesSource(zip_of([member("m/code/a.py", b"x = 1")]))))


def test_operators_are_facts_under_the_names_the_source_gives_them() -> None:
    assert _operators("return torch.add(x, ops.prim.dtype(x))") == {"torch.add", "ops.prim.dtype"}
    assert _operators("return (self.conv).forward(x, )") == {"value.forward"}
    assert _operators("y : __torch__.torch.classes.rnn.Cell = x") == {"classes.rnn.Cell"}


@pytest.mark.parametrize(
    "body",
    [
        'return torch.from_file("/tmp/x", True, 4, dtype=6)',
        'return ops.aten.from_file("/tmp/x", True, 4)',
        'return ("/tmp/x").from_file(True, 4)',
        'return getattr(torch, "from_file")("/tmp/x", True, 4)',
        '_0 = torch.from_file\n    return _0("/tmp/x", True, 4)',
        '_0 = torch\n    _1 = _0\n    return _1.from_file("/tmp/x", True, 4)',
        '_0 = ops.aten\n    return _0.from_file("/tmp/x", True, 4)',
        'torch.save(x, "/tmp/x")\n    return x',
        '(x).save("/tmp/x")\n    return x',
        'return ops.image.read_file("/etc/passwd")',
        'return ops.debugprims.load_tensor("x", [1], [1])',
        'return ops.prim.rpc_sync("worker", f, [])',
    ],
)
def test_an_operator_that_reaches_outside_is_blocked_however_it_is_spelled(body: str) -> None:
    outcome, rules, _ = _judged(_archive(_CLASS.format(body=body)))
    assert outcome is Outcome.BLOCK
    assert "torchscript-touches-files" in rules


def test_an_operator_of_an_unknown_library_wants_a_look() -> None:
    assert "torchscript-unknown-operator" in _judged(_archive(_CLASS.format(body="return ops.mylib.op(x)")))[1]
    unknown = _CLASS.format(body="y = __torch__.torch.classes.mylib.Thing()\n    return x")
    assert "torchscript-unknown-operator" in _judged(_archive(unknown))[1]
    known = _CLASS.format(body="return ops.torchvision.nms(x, x, 0.5)")
    assert "torchscript-unknown-operator" not in _judged(_archive(known))[1]


@pytest.mark.parametrize(
    "source",
    [
        "this is no Python",
        "x = " + "(" * 5000 + ")" * 5000,
        "x = " + "-" * 100_000 + "1",
        "x = " + "a+" * 60_000 + "a",
        "x = a" + ".b" * 60_000,
        "a\0b",
        "if x:\n" * 3,
    ],
)
def test_source_that_cannot_be_read_is_a_gap_and_nothing_worse(source: str) -> None:
    data = _archive(source)
    for read in FORMAT.read(Cursor(BytesSource(data), Budget()), Where.file("x")):
        assert isinstance(read, Gap | Operation)


def test_source_of_any_length_is_bounded() -> None:
    data = _archive("x = 1\n" * 1_000_000)
    reads = list(FORMAT.read(Cursor(BytesSource(data), Budget()), Where.file("x")))
    assert [type(read) for read in reads] == [Gap]


def _run(script: str, folder: Path) -> str:
    # TorchScript compiles the source of functions, so there must be a file.
    path = folder / "script.py"
    path.write_text(script)
    command = [sys.executable, "-W", "ignore", str(path), str(folder)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


_SCRIPTED = """
import sys, torch
folder = sys.argv[1]
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 4, 3)
        self.norm = torch.nn.BatchNorm2d(4)
        self.lstm = torch.nn.LSTM(4, 4)
        self.many = torch.nn.ModuleList([torch.nn.Linear(4, 4) for _ in range(3)])
        self.attention = torch.nn.MultiheadAttention(4, 2)
    def forward(self, x):
        y = torch.nn.functional.interpolate(self.norm(self.conv(x)).relu(), scale_factor=1.0)
        z, _ = self.lstm(y.mean(-1).permute(2, 0, 1))
        for layer in self.many:
            z = layer(z)
        z, _ = self.attention(z, z, z)
        return {"z": z, "n": torch.zeros([2])}, z.sum().item()
net = Net().eval()
torch.jit.script(net).save(folder + "/scripted.pt")
plain = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.GELU(), torch.nn.Linear(8, 2))
torch.jit.trace(plain, torch.zeros(1, 8)).save(folder + "/traced.pt")
torch.jit.freeze(torch.jit.script(plain.eval())).save(folder + "/frozen.pt")
q = torch.ao.quantization.quantize_dynamic(plain, {torch.nn.Linear}, dtype=torch.qint8)
torch.jit.script(q).save(folder + "/quantized.pt")
"""


def test_what_torch_saves_holds_nothing_odd(tmp_path: Path) -> None:
    _run(_SCRIPTED, tmp_path)
    files = sorted(tmp_path.glob("*.pt"))
    assert len(files) == 4
    for path in files:
        outcome, rules, report = _judged(path.read_bytes())
        assert outcome is Outcome.ALLOW, (path.name, sorted(rules), report.gaps[:3])


_FIRING = """
import os, sys, torch
from typing import Tuple
class T(torch.nn.Module):
    def forward(self, x):
        return torch.from_file("marker", True, 4, dtype=torch.float) + x
class S(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.w = torch.zeros(4)
    def forward(self, x):
        return x
    @torch.jit.export
    def __getstate__(self):
        return (1, self.training)
    @torch.jit.export
    def __setstate__(self, state: Tuple[int, bool]):
        self.training = state[1]
        self.w = torch.from_file("marker", True, 4, dtype=torch.float)
os.chdir(sys.argv[1])
torch.jit.script(T()).save("call.pt")
torch.jit.script(S()).save("load.pt")
for file, called in (("call.pt", True), ("load.pt", False)):
    if os.path.exists("marker"):
        os.remove("marker")
    model = torch.jit.load(file)
    if called:
        model(torch.zeros(4))
    print(os.path.exists("marker"))
"""


def test_a_model_that_makes_a_file_fires_and_is_blocked(tmp_path: Path) -> None:
    assert _run(_FIRING, tmp_path).split() == ["True", "True"]
    for file in ("call.pt", "load.pt"):
        outcome, rules, _ = _judged((tmp_path / file).read_bytes())
        assert outcome is Outcome.BLOCK
        assert "torchscript-touches-files" in rules
