"""What package indexes say of a release: when it came, whether it was taken back, who published it and the one before.

The index's own time is the date of its answer: nothing here looks at a clock. Where several indexes have a project of
the same name, an installer takes the highest version of all, whoever made it (dependency confusion).

Specification: <https://packaging.python.org/en/latest/specifications/simple-repository-api/>,
<https://packaging.python.org/en/latest/specifications/index-hosted-attestations/>.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from weighmaster.extend.record import Record, Subject
from weighmaster.knowledge.dependencies.indexes import is_known
from weighmaster.knowledge.hub import items, mapping, optional, text
from weighmaster.knowledge.packages.releases import Candidate, before, candidates, newest
from weighmaster.model.fact import Shared
from weighmaster.model.package import Release
from weighmaster.model.report import Gap
from weighmaster.reading.simple import Project

_ID: Final = "package-index"
_BUNDLES: Final = 16
_SHOWN: Final = 300


def _read(subject: Subject, ask: Callable[[str], Any]) -> Iterator[Shared | Gap]:
    one: Candidate = subject.info["candidate"]
    pages: tuple[Project, ...] = subject.info["pages"]
    found = candidates(one.project)
    release = [other for other in found if other.version == one.version]
    last = before(found, one.version)
    highest = newest(found)
    ask = optional(ask)
    yanked = one.file.yanked or next((other.file.yanked for other in release if other.file.yanked), "")
    yield Release(
        where=subject.where,
        name=subject.name,
        version=subject.commit,
        index=one.project.index,
        uploaded=one.file.uploaded,
        yanked=yanked[:_SHOWN],
        latest="" if highest is None else str(highest),
        sdist_only=not any(other.is_wheel for other in release),
        provenance=bool(one.file.provenance),
        publisher=_publisher([one], ask),
        previous=str(last[0].version) if last else "",
        previous_provenance=bool(last) and all(other.file.provenance for other in last),
        previous_publisher=_publisher(last, ask) if one.file.provenance else "",
        age=_age(one),
        cooldown=subject.info["cooldown"],
        status=one.project.status,
        reason=one.project.reason[:_SHOWN],
        rivals=tuple(_rivals(one, pages)),
    )


def _age(one: Candidate) -> int:
    """Return how many days lie between the upload and the index's answer."""
    try:
        now = parsedate_to_datetime(one.project.now)
        uploaded = datetime.fromisoformat(one.file.uploaded)
    except ValueError:
        return -1
    now, uploaded = (when if when.tzinfo else when.replace(tzinfo=UTC) for when in (now, uploaded))
    return max(0, (now - uploaded).days)


def _publisher(files: Sequence[Candidate], ask: Callable[[str], Any]) -> str:
    """Return who is named in the attestations of the first file that has any: `kind:repository`."""
    address = next((one.file.provenance for one in files if one.file.provenance), "")
    for bundle in items(mapping(ask(address)).get("attestation_bundles"))[:_BUNDLES] if address else ():
        said = mapping(mapping(bundle).get("publisher"))
        kind = text(said.get("kind"), 40)
        name = text(said.get("repository"), 200) or text(said.get("email"), 200) or text(said.get("project_id"), 200)
        if kind:
            return f"{kind}:{name}"
    return ""


def _rivals(one: Candidate, pages: Sequence[Project]) -> Iterator[str]:
    """Yield the other indexes that have a project of the name that is not this one."""
    own = candidates(one.project)
    bytes_of = {other.file.name: other.file.sha256 for other in own}
    for page in pages:
        others = candidates(page)
        if page.index == one.project.index or _is_same(own, others, page, one.project):
            continue
        highest = newest(others)
        if any(bytes_of.get(other.file.name, "") not in {"", other.file.sha256} for other in others):
            yield f"differs {page.index} {highest}"
        elif highest is not None and highest < one.version:
            yield f"higher {page.index} {highest}"


def _is_same(own: Sequence[Candidate], others: Sequence[Candidate], page: Project, project: Project) -> bool:
    """Say whether two indexes have one project: a mirror, or builds of their own of the same versions.

    So do the indexes of known projects, which build some packages of others again.
    """
    tracked = {address.rstrip("/").lower() for one in (page, project) for address in one.tracks}
    if tracked & {f"{one.index.rstrip('/')}/{one.name}".lower() for one in (page, project)}:
        return True
    digests = {one.file.sha256 for one in own if one.file.sha256}
    if any(one.file.sha256 in digests for one in others):
        return True
    if all(is_known(one.index) for one in (page, project)):
        return True
    public = {one.version.public for one in own}
    return bool(others) and all(one.version.local and one.version.public in public for one in others)


RECORD: Final = Record(id=_ID, title="What package indexes say of a release", origin="pypi", read=_read)
