"""One self-contained page, without scripts, that a reviewer can forward, print, and read in the dark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from weighmaster.extend.output import Output, Style
from weighmaster.extend.showing import MEANING, count, digest, extent, facts, identity, plain, sections, told
from weighmaster.model.fact import Artifact
from weighmaster.model.report import Gap
from weighmaster.model.verdict import Judged, Vetted
from weighmaster.version import VERSION

_LONGEST: Final = 400
"""Characters of one fact that a page has room for."""

_CSS: Final = """
:root { color-scheme: light dark; --ink: #1c2024; --dim: #60646c; --page: #fff; --panel: #f6f7f9; --rule: #d9dce1;
  --allow: #18794e; --review: #9a5b00; --block: #c62a2f; }
@media (prefers-color-scheme: dark) { :root { --ink: #edeef0; --dim: #a3a8b0; --page: #111315; --panel: #1a1d21;
  --rule: #363a3f; --allow: #4cc38a; --review: #f1a10d; --block: #ff6369; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 2rem 1.25rem; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
h1 { font-size: 1rem; font-weight: 600; color: var(--dim); margin: 0 0 1.5rem; }
h2 { font-size: 1.35rem; margin: 0; overflow-wrap: anywhere; }
h3 { font-size: 1rem; margin: 2rem 0 .5rem; }
section.target { margin: 0 0 3rem; }
header.verdict { border-left: .4rem solid var(--tone); background: var(--panel); padding: 1rem 1.25rem; }
.allow { --tone: var(--allow); } .review { --tone: var(--review); } .block { --tone: var(--block); }
.word { color: var(--tone); font-weight: 700; letter-spacing: .04em; }
.because { margin: .6rem 0 0; padding-left: 1.2rem; }
.extent, .dim { color: var(--dim); }
.extent { margin: .6rem 0 0; }
table { border-collapse: collapse; width: 100%; font-size: .93em; }
th { text-align: left; font-weight: 600; color: var(--dim); }
th, td { padding: .45rem .6rem .45rem 0; border-bottom: 1px solid var(--rule); vertical-align: top;
  overflow-wrap: anywhere; }
th:first-child { min-width: 7rem; }
td.tight { white-space: nowrap; }
code, .mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .88em;
  overflow-wrap: anywhere; }
.severity { font-weight: 600; } .critical, .high { color: var(--block); } .medium { color: var(--review); }
.low, .note { color: var(--dim); }
tr.waived .message { text-decoration: line-through; color: var(--dim); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 .8rem; margin: .35rem 0 0; }
dl.advice { gap: .4rem .8rem; font-size: .93em; }
dt { color: var(--dim); } dd { margin: 0; overflow-wrap: anywhere; }
footer { color: var(--dim); border-top: 1px solid var(--rule); padding-top: .8rem; font-size: .9em; }
@media print { body { padding: 0; max-width: none; font-size: 11px; } tr, header.verdict { break-inside: avoid; }
  section.target + section.target { break-before: page; } }
"""


def _render(vetted: Sequence[Vetted], style: Style) -> str:
    return "".join(f"{line}\n" for line in _page(vetted, style))


def _page(vetted: Sequence[Vetted], style: Style) -> Iterator[str]:
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    # Whatever slipped through the escaping could still load and run nothing.
    yield "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    words = ", ".join(f"{one.verdict.outcome.value}: {one.report.target}" for one in vetted[:3])
    yield f"<title>{_text(words)} · weighmaster</title>"
    yield f"<style>{_CSS}</style></head><body>"
    yield "<h1>weighmaster: may this come in?</h1>"
    for one in vetted:
        yield from _target(one, style)
    yield f"<footer>weighmaster {_text(VERSION)}. A place that was not read is never counted as clean.</footer>"
    yield "</body></html>"


def _target(vetted: Vetted, style: Style) -> Iterator[str]:
    outcome, report = vetted.verdict.outcome, vetted.report
    yield f'<section class="target {outcome.value}">'
    yield f'<header class="verdict"><h2><span class="word">{outcome.value.upper()}</span> {_text(report.target)}</h2>'
    yield f'<div class="dim">{_text(MEANING[outcome])}</div><ul class="because">'
    yield from (f"<li>{_text(sentence)}</li>" for sentence in vetted.verdict.because)
    yield f'</ul><p class="extent">{_text(extent(report))} · policy {_text(vetted.verdict.policy)}</p></header>'
    if vetted.verdict.findings:
        yield f"<h3>{count(len(vetted.verdict.findings), 'finding')}</h3>"
        yield "<table><thead><tr><th>severity</th><th>what, where and how it shows</th></tr></thead><tbody>"
        for judged in vetted.verdict.findings:
            yield from _finding(judged)
        yield "</tbody></table>"
        yield from _advice(vetted, style)
    if report.gaps:
        yield f"<h3>{count(len(report.gaps), 'place')} not read</h3>"
        yield "<table><thead><tr><th>why</th><th>where</th><th>detail</th></tr></thead><tbody>"
        yield from map(_gap, report.gaps)
        yield "</tbody></table>"
    if report.artifacts:
        yield f"<h3>{count(len(report.artifacts), 'artifact')} looked at</h3>"
        yield "<table><thead><tr><th>where</th><th>formats</th><th>bytes</th><th>sha256</th></tr></thead><tbody>"
        yield from map(_artifact, report.artifacts)
        yield "</tbody></table>"
    yield "</section>"


def _finding(judged: Judged) -> Iterator[str]:
    finding, word = judged.finding, judged.severity.word
    cwe = "" if finding.rule.cwe is None else f" · CWE-{finding.rule.cwe}"
    yield f'<tr id="{identity(finding)}"{" class=waived" if judged.waived else ""}>'
    yield f'<td class="tight"><span class="severity {word}">{word}</span></td><td>'
    yield f'<div class="message">{_text(finding.message)}</div>'
    yield f'<div class="dim">{_text(finding.rule.title)} · <code>{_text(finding.rule.id)}</code>{cwe}'
    yield f" · confidence {finding.confidence.word} · <code>{identity(finding)}</code></div>"
    if judged.waived:
        yield f"<div>Waived: {_text(judged.waived)}</div>"
    yield f'<dl class="mono"><dt>where</dt><dd>{_text(str(finding.where))}</dd>'
    for kind, values in facts(finding):
        yield f"<dt>{_text(kind)}</dt><dd>{_text(told(values, _LONGEST))}</dd>"
    yield "</dl></td></tr>"


def _advice(vetted: Vetted, style: Style) -> Iterator[str]:
    rules = {judged.finding.rule.id: judged.finding.rule for judged in vetted.verdict.findings}
    advice = {id: sections(style.pages[id]).get("What to do", "") for id in rules if id in style.pages}
    if any(advice.values()):
        yield '<h3>What to do</h3><dl class="advice">'
        for id, text in advice.items():
            yield f"<dt><code>{_text(id)}</code></dt><dd>{_text(' '.join(text.split()))}</dd>"
        yield "</dl>"


def _gap(gap: Gap) -> str:
    where, detail = _text(str(gap.where)), _text(gap.detail)
    return f'<tr><td class="tight medium">{gap.reason.value}</td><td><code>{where}</code></td><td>{detail}</td></tr>'


def _artifact(artifact: Artifact) -> str:
    formats = _text(", ".join(artifact.formats) or "unknown")
    where = _text(str(artifact.where))
    return (
        f'<tr><td><code>{where}</code></td><td>{formats}</td><td class="tight">{artifact.size:,}</td>'
        f"<td><code>{_text(digest(artifact))}</code></td></tr>"
    )


def _text(text: str) -> str:
    return escape(plain(text))


OUTPUT: Final = Output(id="html", title="one self-contained page, to forward or to print", render=_render)
