"""Shorthands for tests that ask what the whole program says about some bytes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from weighmaster import shipped
from weighmaster.engine.scan import gather, scan_bytes
from weighmaster.extend.format import Format, Inner, Read
from weighmaster.model.errors import WeighmasterError
from weighmaster.model.report import Report
from weighmaster.model.settings import Settings
from weighmaster.model.verdict import Outcome
from weighmaster.model.where import Where
from weighmaster.reading.budget import Budget, Limits
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.source import BytesSource


def report_on(data: bytes, name: str = "file.bin") -> Report:
    """Return what is learned about `data` under `name`."""
    items = list(scan_bytes(data, name, shipped.registry(), Limits()))
    items += gather(name, items, shipped.registry(), folder=False)
    return Report.of(name, items, files=1)


def report_on_folder(files: Mapping[str, bytes], name: str = "folder") -> Report:
    """Return what is learned about a folder of files."""
    items = [item for file, data in files.items() for item in scan_bytes(data, file, shipped.registry(), Limits())]
    items += gather(name, items, shipped.registry(), folder=True)
    return Report.of(name, items, files=len(files))


def verdict_on(data: bytes, name: str = "file.bin") -> Outcome:
    """Return the default policy's answer."""
    return judged(report_on(data, name))


def verdict_on_folder(files: Mapping[str, bytes]) -> Outcome:
    """Return the default policy's answer on a folder of files."""
    return judged(report_on_folder(files))


def judged(report: Report) -> Outcome:
    """Return the default policy's answer on a report."""
    return shipped.policy("default").judge(report, Settings(), date(2026, 1, 1)).outcome


def rules_on(data: bytes, name: str = "file.bin") -> set[str]:
    """Return the ids of the rules that hold."""
    return {finding.rule.id for finding in report_on(data, name).findings}


def reads(format_: Format, data: bytes) -> tuple[list[Read], WeighmasterError | None]:
    """Return what a format yields for `data`, and the typed error that ended it."""
    found: list[Read] = []
    try:
        for read in format_.read(Cursor(BytesSource(data), Budget()), Where.file("f")):
            found.append(read)  # noqa: PERF402 - what came before the error counts
    except WeighmasterError as error:
        return found, error
    return found, None


def inner_bytes(found: list[Read]) -> list[bytes]:
    """Return the bytes of the artifacts that a format handed on."""
    sources = [read.open() for read in found if isinstance(read, Inner)]
    return [source.read_at(0, source.size) for source in sources]
