"""The machine that a run happened on, as far as it decides about numbers."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from typing import Any, Final

_FLAGS: Final = ("avx", "avx2", "avx512f", "avx512_bf16", "amx_tile", "fma", "asimd", "sve")
"""What a processor can do, and linear algebra chooses its code by."""
_GPUS: Final = "/proc/driver/nvidia/gpus"
_LONGEST: Final = 1 << 20


def hardware() -> dict[str, Any]:
    """Return processor, cores, memory in bytes, accelerators and system."""
    told = dict(_told("/proc/cpuinfo"))
    flags = (told.get("flags") or told.get("Features") or "").split()
    return {
        "system": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        "processor": told.get("model name") or platform.processor(),
        "features": [flag for flag in _FLAGS if flag in flags],
        "cores": os.cpu_count() or 0,
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "accelerators": sorted(_accelerators()),
    }


def _accelerators() -> Iterator[str]:
    try:
        slots = os.listdir(_GPUS)
    except OSError:
        return
    for slot in slots:
        yield dict(_told(os.path.join(_GPUS, slot, "information"))).get("Model", "unknown")


def _told(path: str) -> Iterator[tuple[str, str]]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read(_LONGEST)
    except OSError:
        return
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if colon:
            yield key.strip(), value.strip()
