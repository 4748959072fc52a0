"""From what a user tells pip to what is installed: found, fetched, vetted, and then installed by its hashes.

1. pip says which files it would install; it builds nothing.
2. It fetches them. Their digests are taken here.
3. Each is vetted: its bytes, and what the index says of the release.
4. pip installs exactly those: from the folder, without an index, each by the digest of what was vetted.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Final

from weighmaster.installing.arguments import Arguments
from weighmaster.installing.building import built
from weighmaster.installing.pip import Pip
from weighmaster.installing.resolve import Resolution, Resolved, fetched, resolved
from weighmaster.installing.vetting import Judged, judged, place_of, refused
from weighmaster.looks import Request
from weighmaster.model.errors import ConfigError
from weighmaster.model.value import Value

_PINS: Final = "vetted.txt"


class Plan(Value):
    """How to go about it. `build` are requirements whose sdists may be built, once they are vetted.

    With `review` what needs a look comes in as well. `say` is told what is being done.
    """

    pip: Pip
    asked: Arguments
    request: Request
    folder: str
    build: tuple[str, ...] = ()
    review: bool = False
    say: Callable[[str], None] = lambda _: None


class Looked(Value):
    """What pip would install, vetted; `builds` are the sdists that were vetted in order to build them."""

    resolution: Resolution
    found: tuple[Judged, ...]
    builds: tuple[Judged, ...] = ()

    @property
    def every(self) -> tuple[Judged, ...]:
        """All that was vetted."""
        return (*self.builds, *self.found)

    def refused(self, *, review: bool) -> list[Judged]:
        """Return what may not come in."""
        return list(refused(self.every, review=review))


def look(plan: Plan) -> Looked:
    """Find, fetch and vet (steps 1 to 3).

    Raises:
        ConfigError: pip finds no solution, or one that has to be built.
        UnreachableError: a file does not come.
    """
    more: tuple[str, ...] = ()
    builds: list[Judged] = []
    for wanted in plan.build:
        plan.say(f"vetting and building {wanted}")
        made = built(wanted, plan.pip, plan.request, plan.folder, review=plan.review)
        builds += made.judged
        if made.folder is None:
            return Looked(resolution=Resolution(files=()), found=(), builds=tuple(builds))
        more += ("--find-links", made.folder)
    plan.say("finding what would be installed")
    resolution = resolved(plan.pip, plan.asked, plan.folder, more)
    plan.say(f"fetching {len(resolution.files)} files")
    files = fetched(plan.pip, plan.asked, resolution.files, plan.folder, more)
    plan.say(f"vetting {len(files)} files")
    found = judged(list(map(place_of(plan.folder), files)), plan.request, offline=plan.asked.offline)
    return Looked(resolution=resolution, found=tuple(found), builds=tuple(builds))


def install(plan: Plan, looked: Looked, *, heard: bool = True) -> int:
    """Install what was vetted, and return pip's exit status (step 4).

    Raises:
        ConfigError: something in it may not come in.
    """
    if looked.refused(review=plan.review):
        raise ConfigError("what may not come in is not installed")
    if not looked.found:
        return 0
    pins = os.path.join(plan.folder, _PINS)
    with open(pins, "w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in _by_hash([one.file for one in looked.found]))
    wheels = os.path.join(plan.folder, "wheels")
    words = ["install", "--no-index", "--find-links", wheels, "--require-hashes", "--no-deps", "--only-binary", ":all:"]
    return plan.pip.settled.run([*words, *plan.asked.place, "-r", pins], heard=heard)


def _by_hash(files: Sequence[Resolved]) -> list[str]:
    return [f"{one.name}=={one.version} --hash=sha256:{one.sha256}" for one in files]
