"""Work in a forked process that ends with it, for libraries whose threads do not survive a later fork."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

from weighmaster.model.errors import UnreachableError, WeighmasterError


def apart(work: Callable[[], Any]) -> Any:
    """Return what `work` returns, which must be JSON, from a process of its own. Where there is no fork, do it here.

    Raises:
        UnreachableError: `work` raised one of our errors, or its process ended without a word.
    """
    if not hasattr(os, "fork"):
        return work()
    hear, tell = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(hear)
            with open(tell, "wb") as out:
                out.write(json.dumps(_said(work)).encode())
        finally:
            os._exit(0)
    os.close(tell)
    with open(hear, "rb") as answer:
        said = answer.read()
    os.waitpid(child, 0)
    if not said:
        raise UnreachableError("the process that asks has ended")
    fine, value = json.loads(said)
    if not fine:
        raise UnreachableError(value)
    return value


def _said(work: Callable[[], Any]) -> tuple[bool, Any]:
    try:
        return True, work()
    except WeighmasterError as error:
        return False, str(error)
