"""What several outputs say in the same words: identities of findings, counts, facts as records, safe text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from weighmaster.model.fact import Artifact, Fact
from weighmaster.model.finding import Finding
from weighmaster.model.report import Report
from weighmaster.model.value import fields
from weighmaster.model.verdict import Outcome, Vetted
from weighmaster.model.where import Where
from weighmaster.reading.digest import sha256_of

MEANING: Final[Mapping[Outcome, str]] = {
    Outcome.ALLOW: "may come in",
    Outcome.REVIEW: "a person must look first",
    Outcome.BLOCK: "must not come in",
}

_PLAIN: Final = (str, int, float, bool, type(None))


def plain(text: str) -> str:
    r"""Return `text` as a terminal may have it: what would act on it or hide in it is spelled out.

    >>> plain("name\x1b[2J\u202e.bin")
    'name\\x1b[2J\\u202e.bin'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)


def encodable(text: str) -> str:
    """Return `text` with the halves of surrogate pairs, which no encoding can write, spelled out."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="backslashreplace").decode()
    return text


def identity(finding: Finding) -> str:
    """Return the short name of a finding: the same for the same rule, place and sentence, in every run."""
    text = "\0".join((finding.rule.id, str(finding.where), finding.message))
    return sha256_of(text.encode(errors="surrogatepass"))[:8]


def facts(finding: Finding) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name and the fields of each fact that shows the finding; terms are written as Python spells them."""
    for fact in finding.evidence:
        yield type(fact).__name__, dict(_record(fact))


def told(values: dict[str, Any], longest: int | None = None) -> str:
    """Return a fact's fields on one line, without its place, which is said elsewhere; cut where it gets too long."""
    line = ", ".join(f"{name}={spelled(value)}" for name, value in values.items() if name != "where")
    return clipped(line, longest)


def spelled(value: Any) -> str:
    """Return a field of a fact as a person reads it."""
    return f"[{', '.join(map(spelled, value))}]" if isinstance(value, list) else plain(str(value))


def clipped(text: str, longest: int | None) -> str:
    """Return `text`, or its beginning and its length."""
    return text if longest is None or len(text) <= longest else f"{text[:longest]}… ({len(text)} characters)"


def _record(fact: Fact) -> Iterator[tuple[str, Any]]:
    for name, value in fields(fact):
        yield name, _simple(value)


def _simple(value: Any) -> Any:
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, tuple):
        return [_simple(item) for item in value]
    return encodable(str(value))


def count(number: int, what: str, many: str = "") -> str:
    """Return a number and its noun; `many` is what several are called, where that is not `what` with an s.

    >>> count(1, "file"), count(2, "file"), count(2, "entry", "entries")
    ('1 file', '2 files', '2 entries')
    """
    return f"{number} {what if number == 1 else many or f'{what}s'}"


def listed(names: Sequence[str], most: int = 3) -> str:
    """Return the first of some names, and how many more there are.

    >>> listed(["a", "b"]), listed(["a", "b", "c", "d", "e"])
    ('a, b', 'a, b, c and 2 more')
    """
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def digest(artifact: Artifact) -> str:
    """Return the SHA-256 of an artifact, and where it comes from, if not from all of its bytes."""
    match artifact.digest:
        case "computed":
            return artifact.sha256
        case "declared":
            return f"{artifact.sha256} (declared by whoever serves it, not computed)"
        case _:
            return "neither computed nor declared"


def extent(report: Report) -> str:
    """Say how much of the target was looked at. No output leaves this out."""
    said = f"{report.examined} of {report.files} files examined, {len(report.gaps)} places unread"
    if report.excluded:
        said += f", {report.excluded} excluded"
    declared = sum(artifact.digest != "computed" and not artifact.where.steps for artifact in report.artifacts)
    if declared:
        said += f", {count(declared, 'digest')} not computed"
    return said + (" (stopped early: partial)" if report.partial else "")


def by_file(vetted: Vetted) -> dict[str, list[int]]:
    """Return the positions of the verdict's findings for each file, the file with the worst finding first."""
    found: dict[str, list[int]] = {}
    order = sorted(
        range(len(vetted.verdict.findings)),
        key=lambda at: (vetted.verdict.findings[at].waived is not None, -vetted.verdict.findings[at].severity, at),
    )
    for at in order:
        found.setdefault(vetted.verdict.findings[at].finding.where.root, []).append(at)
    return found


def inside(where: Where) -> str:
    """Return the part of a place that comes after its file; nothing for the file itself."""
    return str(where)[len(str(Where.file(where.root))) :]


def summary(page: str) -> str:
    """Return the first paragraph of a rule's page, on one line."""
    return " ".join(page.strip().partition("\n\n")[0].split())


def sections(page: str) -> dict[str, str]:
    """Return the parts of a rule's page by their headings; what stands before the first is under ''."""
    parts: dict[str, list[str]] = {"": []}
    heading = ""
    for line in page.strip().splitlines():
        if line.startswith("## "):
            heading = line[3:].strip()
            parts[heading] = []
        else:
            parts[heading].append(line)
    return {name: "\n".join(lines).strip() for name, lines in parts.items()}
