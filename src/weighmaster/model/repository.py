"""A target as a whole: what rules that look at several files at once read."""

from __future__ import annotations

from weighmaster.model.fact import Artifact, Fact, Shared


class Repository(Fact):
    """The files of one target, and the facts of all of them that count for the whole.

    `artifacts` are the files and what is inside them; `facts` are `Shared`. Where the target is a single file,
    `folder` is false: what lies beside it was not seen.
    """

    folder: bool
    artifacts: tuple[Artifact, ...]
    facts: tuple[Shared, ...]
