"""A report as bytes and back, for what is kept of a target that has not changed.

One line of JSON with the numbers and, column by column, the files; then what `engine.wire` writes of all else.
"""

from __future__ import annotations

import json
from typing import Any, Final

from weighmaster.engine.wire import WireError, decode, encode
from weighmaster.extend.registry import Registry
from weighmaster.model.fact import Artifact
from weighmaster.model.finding import Finding
from weighmaster.model.report import Gap, Report
from weighmaster.model.where import Where

_END: Final = b"\n"


def packed(report: Report) -> bytes:
    """Return a report as bytes.

    Raises:
        WireError: it holds what is no value of the model's.
    """
    files = [artifact for artifact in report.artifacts if not artifact.where.steps]
    head = {
        "numbers": [report.files, report.examined, report.excluded],
        "roots": [artifact.where.root for artifact in files],
        "sizes": [artifact.size for artifact in files],
        "sha256": [artifact.sha256 for artifact in files],
        "formats": [" ".join(artifact.formats) for artifact in files],
        "digest": [artifact.digest for artifact in files],
    }
    inner = [artifact for artifact in report.artifacts if artifact.where.steps]
    line = json.dumps(head, ensure_ascii=False, separators=(",", ":"))
    # As in `engine.wire`: not escaped, two halves of a pair do not become one character.
    return line.encode("utf-8", "surrogatepass") + _END + encode([*inner, *report.findings, *report.gaps])


def unpacked(target: str, data: bytes, registry: Registry) -> Report:
    """Return the report on `target` that `packed` wrote.

    Raises:
        WireError: it did not.
    """
    line, _, rest = data.partition(_END)
    try:
        head = json.loads(line.decode("utf-8", "surrogatepass"))
        files = list(map(_artifact, *(head[key] for key in ("roots", "sizes", "sha256", "formats", "digest"))))
        numbers = head["numbers"]
        whole, examined, excluded = map(int, numbers)
    except (ValueError, KeyError, TypeError) as error:
        raise WireError(f"no report: {type(error).__name__}") from error
    return _report(target, [*files, *decode(rest, registry)], (whole, examined, excluded))


def _artifact(root: str, size: int, sha256: str, formats: str, digest: str) -> Artifact:
    return Artifact(where=Where(root=root), size=size, sha256=sha256, formats=tuple(formats.split()), digest=digest)


def _report(target: str, items: list[Any], numbers: tuple[int, int, int]) -> Report:
    files, examined, excluded = numbers
    artifacts = [item for item in items if isinstance(item, Artifact)]
    artifacts.sort(key=lambda artifact: str(artifact.where))
    return Report(
        target=target,
        files=files,
        examined=examined,
        artifacts=tuple(artifacts),
        findings=tuple(item for item in items if isinstance(item, Finding)),
        gaps=tuple(item for item in items if isinstance(item, Gap)),
        excluded=excluded,
    )
