"""What stands on the machine's stack: plain constants as themselves, all else as shadows.

`None`, booleans, numbers, short strings and short bytes are Python's own, and so are tuples (of such things).
Everything else is one of the classes below. They are changed in place as the program goes on, as the real
objects would be.
"""

from __future__ import annotations

from typing import Final

KEPT: Final = 64
"""Items of a container that are remembered; the rest is counted."""
ALL: Final = 1 << 40
"""The same where nothing is to be forgotten."""

HOOKS: Final = frozenset(
    {
        "__setstate__", "__reduce__", "__reduce_ex__", "__getattr__", "__getattribute__",
        "__setattr__", "__del__", "__call__", "__class__", "__globals__",
        "__code__", "__builtins__", "__new__", "__init__", "__hash__",
        "__eq__", "__missing__", "__getitem__", "__setitem__", "__enter__",
        "__exit__", "__iter__", "__next__", "__getstate__", "__copy__",
        "__deepcopy__", "__bases__", "__subclasshook__", "__init_subclass__", "__import__",
        "__loader__", "append", "extend",
    }
)  # fmt: skip
"""Names of attributes that Python calls by itself, or that the unpickler calls: what a state must not plant."""

NOTABLE: Final = HOOKS | {"shape", "dtype", "numpy_array_alignment_bytes", "_parse_arg_template", "_sklearn_version"}
"""Keys of a state that decide what an object does: they must not drown among others."""


class Shadow:
    """Base of all that is not a constant."""


class Global(Shadow):
    """What importing `name` from `module` gives; `?` stands for a name that only the loader will know."""

    def __init__(self, module: str, name: str) -> None:
        self.module = module
        self.name = name


class Result(Shadow):
    """What calling `callee` gave; `states` is what BUILD handed to it since. `start` is the opcode's offset."""

    def __init__(self, callee: object, arguments: object, keywords: object, opcode: str, start: int) -> None:
        self.callee = callee
        self.arguments = arguments
        self.keywords = keywords
        self.opcode = opcode
        self.start = start
        self.states: list[object] | None = None


class Change:
    """An object was changed in place by the opcode at `start`: BUILD with `value`, or items that came in."""

    def __init__(self, target: object, value: object, opcode: str, start: int) -> None:
        self.target = target
        self.value = value
        self.opcode = opcode
        self.start = start


class Items(Shadow):
    """A list or a set of `size` items, of which the first `kept` are kept."""

    def __init__(self, kind: str, items: list[object], size: int, kept: int = KEPT) -> None:
        self.kind = kind
        self.size = size
        self.items = items if len(items) <= kept else items[:kept]

    def extend(self, more: list[object], size: int, kept: int = KEPT) -> None:
        """Add `size` items at the end, of which `more` are the first."""
        self.size += size
        room = kept - len(self.items)
        if room > 0:
            self.items.extend(more if len(more) <= room else more[:room])


class Table(Shadow):
    """A dictionary of `size` entries, of which the first are kept as key, value, key, value, and all notable ones."""

    def __init__(self, pairs: list[object], size: int, kept: int = KEPT) -> None:
        self.size = 0
        self.pairs: list[object] = []
        self.notable: dict[str, object] = {}
        self.update(pairs, size, kept)

    def update(self, pairs: list[object], size: int, kept: int = KEPT) -> None:
        """Set entries from `size` keys and values, of which `pairs` are the first and all notable ones."""
        self.size += size // 2
        room = 2 * kept - len(self.pairs)
        if room > 0:
            self.pairs.extend(pairs if len(pairs) <= room else pairs[:room])
        for index in range(0, len(pairs) - 1, 2):
            key = pairs[index]
            if isinstance(key, str) and key in NOTABLE:
                self.notable[key] = pairs[index + 1]


class Handle(Shadow):
    """What `persistent_load(id)` gave."""

    def __init__(self, id: object) -> None:
        self.id = id


class Long(Shadow):
    """A constant of `end - start` bytes that is too long to keep, and how it begins."""

    def __init__(self, kind: str, start: int, end: int, head: bytes) -> None:
        self.kind = kind
        self.start = start
        self.end = end
        self.head = head


class Opaque(Shadow):
    """Something that cannot be known without running the program, and why."""

    def __init__(self, why: str) -> None:
        self.why = why
