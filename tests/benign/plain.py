"""What the standard library pickles: plain data in every protocol."""

from __future__ import annotations

import argparse
import array
import collections
import datetime as dt
import decimal
import fractions
import functools
import ipaddress
import operator
import os
import pathlib
import pickle
import re
import string
import sysconfig
import types
import uuid
from typing import Any

_NESTED: dict[Any, Any] = {
    "name": "résumé, 模型 🐍",
    "layers": [{"units": 64, "activation": "relu", "rate": 0.5}, {"units": 10, "activation": None}],
    "shape": (1, (2, (3,)), ()),
    "flags": {True, False},
    "ids": frozenset(range(5)),
    "raw": b"\x00\xff" * 10,
    "big": 2**200,
    "negative": -(2**70),
    "floats": [0.0, -1.5, 1e300, float("inf"), float("-inf")],
    "long text": "words and words. " * 50,
    "text that looks like opcodes": "(cos\nsystem\n.",
    3: "three",
    None: "none",
    (1, 2): 1 + 2j,
}


def _recursive() -> Any:
    ring: list[Any] = [1]
    ring.append(ring)
    table: dict[str, Any] = {"ring": ring}
    table["self"] = table
    return table


def _shared() -> Any:
    part = ["shared"]
    return [part] * 3 + [{"part": part}]


def _objects() -> dict[str, Any]:
    zone = dt.timezone(dt.timedelta(hours=2))
    return {
        "nested": _NESTED,
        "recursive": _recursive(),
        "shared": _shared(),
        "numbers": [1, 255, 256, 65535, 65536, 2**31, -1, -(2**31), 2**63, 10**100, True, 1.5, 2j],
        "bytes": [b"", b"abc", bytes(range(256)), bytearray(b"abc"), b"x" * 70000],
        "strings": ["", "a" * 300, "ä" * 300, "\ud800", "a\nb\r'\"\\"],
        "containers": [[], (), {}, set(), frozenset(), [[[]]], {1: {2: {3: []}}}],
        "dates": [
            dt.datetime(2024, 2, 29, 12, 30, 15, 5),  # noqa: DTZ001 - as many write it
            dt.datetime(2024, 2, 29, tzinfo=zone),
            dt.date(2024, 2, 29),
            dt.time(12, 30),
            dt.timedelta(days=1, seconds=5),
            dt.UTC,
        ],
        "decimals": [decimal.Decimal("1.50"), fractions.Fraction(3, 7)],
        "ids": [uuid.UUID(int=7), ipaddress.ip_address("10.0.0.1"), ipaddress.ip_network("10.0.0.0/8")],
        "paths": [pathlib.PurePosixPath("a/b"), pathlib.Path("models") / "m.pt", pathlib.PureWindowsPath("c:/x")],
        "patterns": [re.compile(r"\d+(?P<x>a)", re.IGNORECASE), re.compile(b"x")],
        "ranges": [range(1, 10, 2), slice(1, None, 2), Ellipsis, NotImplemented],
        "counters": [
            collections.Counter("abracadabra"),
            collections.OrderedDict(a=1, b=2),
            collections.defaultdict(list, {"a": [1]}),
            collections.defaultdict(int),
            collections.deque([1, 2, 3], maxlen=5),
            collections.ChainMap({"a": 1}),
            collections.UserDict(a=1),
        ],
        "namespaces": [argparse.Namespace(lr=0.1, epochs=3, out=pathlib.Path("out")), types.SimpleNamespace(a=1)],
        "enums": [re.RegexFlag.MULTILINE, re.RegexFlag.IGNORECASE],
        "named tuples": [sysconfig.get_python_version(), os.stat(os.curdir)[:3], string.ascii_letters],
        "errors": [ValueError("bad value"), KeyError("k"), RuntimeError("x", 1)],
        "arrays": [array.array("d", [1.0, 2.0]), array.array("i", [1, 2])],
        "getters": [operator.itemgetter(1), operator.itemgetter("a", "b")],
        "types": [int, str, list, dict, type(None), collections.OrderedDict],
        "functions": [len, sum, functools.partial(int, base=2), functools.partial(round, ndigits=2)],
        "vocabulary": {f"word{number}": number for number in range(5000)},
    }


def write(folder: str) -> None:
    """Every object in the oldest and newest protocol, the nested one in all."""
    for name, item in _objects().items():
        protocols = range(6) if name in {"nested", "containers", "strings", "dates"} else (0, 2, 5)
        for protocol in protocols:
            with open(os.path.join(folder, f"{name}-{protocol}.pkl"), "wb") as file:
                pickle.dump(item, file, protocol)
    with open(os.path.join(folder, "several.pkl"), "wb") as file:
        for item in ({"step": 1}, [1, 2], "end"):
            pickle.dump(item, file)
