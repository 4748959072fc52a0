"""`weighmaster explain`: the page of a rule; or a finding, its evidence, its bytes, and what would make it go away."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from typing import Final

from weighmaster import api
from weighmaster.engine.dig import Excerpt
from weighmaster.extend.showing import facts, identity, plain, sections, spelled
from weighmaster.fronts.cli.access import from_environment
from weighmaster.fronts.cli.parsing import Parser
from weighmaster.fronts.cli.terminal import colored
from weighmaster.model.errors import ConfigError
from weighmaster.model.verdict import Judged, Vetted

_EPILOG: Final = """\
examples:
  weighmaster explain RULE                    the page of a rule (weighmaster rules lists them)
  weighmaster explain 3f2a9c01 --in model.pt  the finding that vet shows under this id
  weighmaster explain RULE --in model.pt      every finding of the rule"""

_ID: Final = re.compile("[0-9a-f]{4,8}")
_MOST: Final = 10


def parser() -> Parser:
    """Return what `explain` understands."""
    it = Parser(prog="weighmaster explain", description="Explain a rule or a finding.", epilog=_EPILOG)
    it.add_argument("what", metavar="RULE_OR_FINDING", help="a rule, or the id that vet shows beside a finding")
    it.add_argument("--in", dest="target", metavar="TARGET", help="the file or folder in which it was found")
    return it


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand and return its exit status."""
    options = parser().parse_args(arguments)
    rules = {rule.id for rule in api.rules()}
    if options.target is None and options.what in rules:
        _print(_page(options.what))
        return 0
    if options.what not in rules and not _ID.fullmatch(options.what):
        raise ConfigError(_unknown(options.what, rules))
    if options.target is None:
        raise ConfigError(f"say where it was found: weighmaster explain {options.what} --in TARGET")
    _print(_findings(options.what, options.target))
    return 0


def _print(lines: Iterator[str]) -> None:
    bold = colored(sys.stdout)
    for line in lines:
        if line.startswith("#"):
            heading = line.lstrip("#").strip()
            line = f"\x1b[1m{heading}\x1b[0m" if bold else heading  # noqa: PLW2901 - as the terminal shows it
        sys.stdout.write(f"{line}\n")


def _page(id: str) -> Iterator[str]:
    rule = next(rule for rule in api.rules() if rule.id == id)
    yield f"# {rule.id}: {rule.title}"
    yield f"{rule.severity.word}" + ("" if rule.cwe is None else f", CWE-{rule.cwe}")
    yield ""
    yield from api.rule_page(id).splitlines()


def _unknown(what: str, rules: set[str]) -> str:
    import difflib

    near = difflib.get_close_matches(what, rules, 1)
    hint = f"did you mean {near[0]!r}?" if near else "weighmaster rules lists the rules."
    return f"{what!r} is neither a rule nor the id of a finding; {hint}"


def _findings(what: str, target: str) -> Iterator[str]:
    if not os.path.lexists(target) and not api.lies_elsewhere(target):
        raise ConfigError(f"no such file or folder: {target}")
    vetted = api.vet(target, access=from_environment(os.environ) if api.lies_elsewhere(target) else None)
    found = [
        judged
        for judged in vetted.verdict.findings
        if what == judged.finding.rule.id or identity(judged.finding).startswith(what)
    ]
    if not found:
        raise ConfigError(f"no such finding in {target} ({len(vetted.verdict.findings)} findings in all)")
    for judged in found[:_MOST]:
        yield from _finding(judged, vetted)
    if len(found) > _MOST:
        yield f"… and {len(found) - _MOST} more"


def _finding(judged: Judged, vetted: Vetted) -> Iterator[str]:
    finding = judged.finding
    cwe = "" if finding.rule.cwe is None else f", CWE-{finding.rule.cwe}"
    yield f"# {identity(finding)}: {finding.rule.title}"
    yield plain(finding.message)
    yield ""
    yield f"rule        {finding.rule.id} ({judged.severity.word}, confidence {finding.confidence.word}{cwe})"
    yield f"where       {finding.where}"
    yield ""
    yield "# Evidence"
    for kind, values in facts(finding):
        yield kind
        for name, value in values.items():
            yield f"  {name:<10}{spelled(value)}"
    yield ""
    yield from _bytes(api.excerpt(vetted.report.target, finding))
    yield from _way_out(judged, vetted)


def _bytes(excerpt: Excerpt | None) -> Iterator[str]:
    yield "# Bytes"
    if excerpt is None:
        yield "The bytes at this place cannot be shown on their own."
        yield ""
        return
    yield f"of {excerpt.within}, from {excerpt.start} to {excerpt.end}"
    for row in range(0, len(excerpt.data), 16):
        line = excerpt.data[row : row + 16]
        at = excerpt.offset + row
        marks = "".join(f"{'>' if excerpt.start == at + number else ' '}{byte:02x}" for number, byte in enumerate(line))
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in line)
        yield f"  {at:08x} {marks:<48}  {text}"
    if excerpt.offset + len(excerpt.data) < excerpt.end:
        yield f"  … {excerpt.end - excerpt.offset - len(excerpt.data)} more bytes"
    yield ""
    if excerpt.opcodes:
        yield "# Opcodes"
        for offset, text in excerpt.opcodes:
            yield f"  {offset:08x} {'>' if offset == excerpt.start else ' '}{plain(text)}"
        yield ""


def _way_out(judged: Judged, vetted: Vetted) -> Iterator[str]:
    finding = judged.finding
    yield "# What would make it go away"
    advice = sections(api.rule_page(finding.rule.id)).get("What to do")
    if advice:
        yield from advice.splitlines()
        yield ""
    digest = next((a.sha256 for a in vetted.report.artifacts if a.where.root == finding.where.root), None)
    yield "If you know better, an exception that says why, whose it is, and until when (in pyproject.toml):"
    yield ""
    yield "  [[tool.weighmaster.waivers]]"
    yield f'  rule = "{finding.rule.id}"'
    if digest:
        yield f'  sha256 = "{digest}"'
    yield '  reason = ""  # to be filled in, as the next one: an empty text is an error'
    yield '  owner = ""'
    yield "  until = 2030-12-31"
    yield ""
