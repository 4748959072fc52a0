"""A report that holds one of everything, with names that a hostile artifact might choose."""

from __future__ import annotations

from datetime import date

import pytest

from weighmaster import shipped
from weighmaster.model.fact import Artifact, Call, Disagreement, Import
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.report import Gap, GapReason, Item, Report
from weighmaster.model.settings import Settings
from weighmaster.model.term import Constant, Name
from weighmaster.model.verdict import Vetted, Waiver
from weighmaster.model.where import Member, Where

EVIL = "x\x1b[2J\u202e<b>&\udcff\n.bin"
TODAY = date(2030, 6, 15)

UNSAFE = Rule(id="unsafe-call", title="Loading runs a dangerous callable", severity=Severity.CRITICAL, cwe=502)
UNKNOWN = Rule(id="unknown-import", title="Loading imports what nobody knows", severity=Severity.MEDIUM, cwe=502)
QUIRK = Rule(id="readers-disagree", title="Two readers see different things", severity=Severity.HIGH)


def _items() -> list[Item]:
    model = Where.file("model.pt")
    pickled = model / Member(name="archive/data.pkl")
    call = Call(
        where=pickled.span(17, 60),
        callee=Name(module="os", name="system"),
        arguments=(Constant(kind="str", text="id"),),
        opcode="REDUCE",
    )
    evil = Where.file(EVIL)
    odd = Disagreement(where=evil, kind="name", detail=EVIL)
    return [
        Artifact(where=model, size=1234, sha256="a" * 64, formats=("torch-zip", "zip")),
        Artifact(where=pickled, size=88, sha256="b" * 64, formats=("pickle",)),
        Artifact(where=evil, size=0, sha256="c" * 64, formats=()),
        Finding(rule=UNSAFE, where=call.where, message="Loading this file calls os.system('id').", evidence=(call,)),
        Finding(
            rule=QUIRK,
            where=evil,
            message=f"Two readers disagree about {EVIL}.",
            confidence=Confidence.MEDIUM,
            evidence=(odd,),
        ),
        *[
            Finding(
                rule=UNKNOWN,
                where=pickled.span(place, place + 9),
                message=f"Loading this file imports mine.Layer{place}, which is not known to be safe.",
                confidence=Confidence.LOW,
                evidence=(
                    Import(where=pickled.span(place, place + 9), module="mine", name=f"Layer{place}", opcode="GLOBAL"),
                ),
            )
            for place in range(100, 180, 10)
        ],
        Gap(where=evil, reason=GapReason.UNKNOWN_FORMAT, detail="no reader knows these bytes"),
        Gap(where=model / Member(name="k.bin"), reason=GapReason.ENCRYPTED, detail=f"a key is needed for {EVIL}"),
    ]


def _vetted(target: str, items: list[Item], settings: Settings, **options: int) -> Vetted:
    report = Report.of(target, items, files=options.get("files", 2), excluded=options.get("excluded", 0))
    return Vetted(report=report, verdict=shipped.policy("default").judge(report, settings, TODAY))


@pytest.fixture
def poisoned() -> Vetted:
    waiver = Waiver(rule="readers-disagree", sha256=None, where=None, reason="known", owner="me", until=TODAY)
    return _vetted("models", _items(), Settings(waivers=(waiver,)), excluded=3)


@pytest.fixture
def clean() -> Vetted:
    artifact = Artifact(where=Where.file("a.pkl"), size=5, sha256="d" * 64, formats=("pickle",))
    return _vetted("models/a.pkl", [artifact], Settings(), files=1)


@pytest.fixture
def unread() -> Vetted:
    gap = Gap(where=Where.file("b.bin"), reason=GapReason.DEFECT, detail="KeyError")
    return _vetted("/abs/b.bin", [gap], Settings(), files=1)
