"""What a person reads: the verdict, why, what was found where, and what was not looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from weighmaster.extend.output import Output, Style
from weighmaster.extend.showing import (
    MEANING,
    by_file,
    clipped,
    count,
    digest,
    extent,
    facts,
    identity,
    inside,
    plain,
    told,
)
from weighmaster.model.finding import Severity
from weighmaster.model.report import Gap
from weighmaster.model.verdict import Judged, Outcome, Vetted
from weighmaster.model.where import Where

_ALIKE: Final = 3
"""Findings of one rule in one file that are shown before the rest is counted."""
_FILES: Final = 20
_GAPS: Final = 5
_LONGEST: Final = 400
"""Characters of one sentence that a screen has room for."""

_BOLD: Final = "1"
_DIM: Final = "2"
_OUTCOMES: Final = {Outcome.ALLOW: "1;32", Outcome.REVIEW: "1;33", Outcome.BLOCK: "1;31"}
_SEVERITIES: Final = {
    Severity.NOTE: _DIM,
    Severity.LOW: "36",
    Severity.MEDIUM: "33",
    Severity.HIGH: "31",
    Severity.CRITICAL: "1;31",
}


def _render(vetted: Sequence[Vetted], style: Style) -> str:
    page = _Page(style)
    for number, one in enumerate(vetted):
        if number and not style.quiet:
            page.line()
        page.target(one)
    if len(vetted) > 1 and not style.quiet:
        page.totals(vetted)
    return page.text()


class _Page:
    """Lines as they are written, as wide as the style says."""

    def __init__(self, style: Style) -> None:
        self._style = style
        self._width = max(style.width, 40)
        self._lines: list[str] = []

    def text(self) -> str:
        return "".join(f"{line}\n" for line in self._lines)

    def line(self, text: str = "") -> None:
        self._lines.append(text)

    def target(self, vetted: Vetted) -> None:
        outcome = vetted.verdict.outcome
        word = self._ink(outcome.value.upper(), _OUTCOMES[outcome])
        name = plain(vetted.report.target)
        if self._style.quiet:
            self.line(f"{word}  {name}")
            return
        self.line(f"{word}  {self._ink(name, _BOLD)}  {self._ink(MEANING[outcome], _DIM)}")
        for sentence in vetted.verdict.because:
            self._wrapped(f"  {plain(sentence)}", 4)
        self._findings(vetted)
        self._gaps(vetted.report.gaps)
        if self._style.verbose:
            self._artifacts(vetted)
        self.line()
        self._wrapped(f"  {extent(vetted.report)} · policy {vetted.verdict.policy}", 4, _DIM)

    def totals(self, vetted: Sequence[Vetted]) -> None:
        counts = ((outcome, sum(one.verdict.outcome is outcome for one in vetted)) for outcome in reversed(Outcome))
        said = ", ".join(
            self._ink(f"{number} {outcome.value}", _OUTCOMES[outcome]) for outcome, number in counts if number
        )
        self.line()
        self.line(f"{len(vetted)} targets: {said}")

    def _findings(self, vetted: Vetted) -> None:
        files = by_file(vetted)
        shown = len(files) if self._style.verbose else _FILES
        for file in list(files)[:shown]:
            self.line()
            self._wrapped(f"  {Where.file(file)}", 4, _BOLD)
            self._of_file([vetted.verdict.findings[at] for at in files[file]])
        if len(files) > shown:
            rest = sum(map(len, list(files.values())[shown:]))
            self.line()
            self._wrapped(
                f"  … {count(rest, 'finding')} in {count(len(files) - shown, 'more file')} (--verbose lists all)", 4
            )

    def _of_file(self, findings: Sequence[Judged]) -> None:
        rules: dict[tuple[str, bool], dict[str, list[Judged]]] = {}
        for judged in findings:
            alike = rules.setdefault((judged.finding.rule.id, judged.waived is None), {})
            # A verbose page shows every one; else those of one sentence stand together.
            key = judged.finding.message if not self._style.verbose else str(len(alike))
            alike.setdefault(key, []).append(judged)
        for (rule, _), alike in rules.items():
            groups = list(alike.values())
            shown = len(groups) if self._style.verbose else _ALIKE
            for group in groups[:shown]:
                self._finding(group[0], len(group) - 1)
            if len(groups) > shown:
                rest = sum(map(len, groups[shown:]))
                self._wrapped(f"    … and {rest} more of {rule} (--verbose lists all)", 6)

    def _finding(self, judged: Judged, more: int) -> None:
        finding = judged.finding
        word = self._ink(judged.severity.word, _DIM if judged.waived else _SEVERITIES[judged.severity])
        place = inside(finding.where)
        self.line(f"    {word}  {finding.rule.id}  {self._ink(identity(finding), _DIM)}")
        self._wrapped(f"      {_sentence(finding.message)}", 6)
        also = f" and at {count(more, 'more place')} (--verbose lists all)" if more else ""
        if place or also:
            self._wrapped(f"      at {place or 'the whole file'}{also}", 9, _DIM)
        if judged.waived:
            self._wrapped(f"      waived: {plain(judged.waived)}", 8)
        if self._style.verbose:
            self._evidence(judged)

    def _evidence(self, judged: Judged) -> None:
        for kind, values in facts(judged.finding):
            self._wrapped(f"      {kind}: {told(values, _LONGEST)}", 8, _DIM)

    def _gaps(self, gaps: Sequence[Gap]) -> None:
        if not gaps:
            return
        self.line()
        self._wrapped("  Not read", 4, _BOLD)
        by_reason: dict[str, list[Gap]] = {}
        for gap in gaps:
            by_reason.setdefault(gap.reason.value, []).append(gap)
        for reason, group in by_reason.items():
            shown = len(group) if self._style.verbose else _GAPS
            for gap in group[:shown]:
                self._wrapped(f"    {self._ink(reason, '33')}  {gap.where}: {_sentence(gap.detail)}", 6)
            if len(group) > shown:
                self._wrapped(f"    … and {len(group) - shown} more {reason} (--verbose lists all)", 6)

    def _artifacts(self, vetted: Vetted) -> None:
        if not vetted.report.artifacts:
            return
        self.line()
        self._wrapped("  Looked at", 4, _BOLD)
        for artifact in vetted.report.artifacts:
            formats = ", ".join(artifact.formats) or "unknown"
            self._wrapped(f"    {artifact.where}  {formats}, {count(artifact.size, 'byte')}", 6)
            self._wrapped(f"      sha256 {digest(artifact)}", 8, _DIM)

    def _wrapped(self, text: str, indent: int, ink: str | None = None) -> None:
        """Write a paragraph; its further lines are indented by so many blanks. No word is cut that fits on a line."""
        for line in _wrap(text, self._width, indent):
            self.line(self._ink(line, ink) if ink else line)

    def _ink(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._style.color else text


def _wrap(text: str, width: int, indent: int) -> Iterator[str]:
    # textwrap counts the codes for colour as letters, and costs start-up time.
    line = text[: len(text) - len(text.lstrip(" "))]
    used = len(line)
    empty = True
    for word in text.split(" "):
        if not word:
            if not empty:
                line, used = f"{line} ", used + 1
            continue
        size = _size(word)
        if not empty and used + 1 + size > width:
            yield line.rstrip(" ")
            line, used, empty = " " * indent, indent, True
        line, used = (line + word, used + size) if empty else (f"{line} {word}", used + 1 + size)
        empty = False
    yield line


def _size(word: str) -> int:
    if "\x1b" not in word:
        return len(word)
    size = 0
    visible = True
    for character in word:
        if character == "\x1b":
            visible = False
        size += visible
        if character == "m" and not visible:
            visible = True
    return size


def _sentence(text: str) -> str:
    return clipped(plain(text), _LONGEST)


OUTPUT: Final = Output(id="text", title="for a person at a terminal", render=_render)
