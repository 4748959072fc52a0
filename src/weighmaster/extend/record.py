"""What a record is: what an outside source says about a target. It is a fact that somebody said it, never proof.

A record asks the service that a target comes from (a hub's own interface) and yields what it says as `Statement` facts,
with `by` the record's id. Rules judge them; nothing else is done with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from weighmaster.model.fact import Shared
from weighmaster.model.report import Gap
from weighmaster.model.value import Value
from weighmaster.model.where import Where


class Subject(Value):
    """What is asked about: the repository `owner`/`name` of `kind` `models`, `datasets` or `spaces`.

    `owner` may be empty. `commit` is the version that is judged, `info` what the service answered when it was asked
    for that version, and `where` the place that facts about the whole target have.
    """

    kind: str
    owner: str
    name: str
    commit: str
    info: Mapping[str, Any]
    where: Where


class Record(Value):
    """A name, what it is in a line, the origin whose targets it speaks of, and a reader.

    `read` is given the subject and a function that asks the service: it takes a path such as
    `/api/models/owner/name/commits/main` and returns the decoded JSON answer. That function raises `WeighmasterError`
    where there is no usable answer; `read` yields a `Gap` only for what a verdict must wait for.
    """

    id: str
    title: str
    origin: str
    read: Callable[[Subject, Callable[[str], Any]], Iterator[Shared | Gap]]
