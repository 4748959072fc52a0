"""Where this user's cache is: what earlier runs remember of files that have not changed."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping

from weighmaster.store.memory import Memory
from weighmaster.version import VERSION


def memory(environment: Mapping[str, str]) -> Memory:
    """Return the memory in the user's cache folder.

    Specification: <https://specifications.freedesktop.org/basedir/latest/>.
    """
    named = environment.get("XDG_CACHE_HOME", "")
    base = named if os.path.isabs(named) else os.path.join(os.path.expanduser("~"), ".cache")
    return Memory(os.path.join(base, "weighmaster"), VERSION, time.time_ns())
