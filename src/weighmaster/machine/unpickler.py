"""The pickle machine: follows a pickle program as an unpickler would, over shadows instead of objects.

It imports nothing, calls nothing, and remembers what the unpickler would import, call and change. Where real
unpicklers differ (CPython's C and pure-Python ones, and those derived from them), it goes on as long as any of
them would: a step that only one reader takes is still a step that a victim may take. The opcodes are those of
CPython's Lib/pickletools.py; the details follow Modules/_pickle.c and Lib/pickle.py of CPython 3.11 to 3.14.

Two readings of one file exist where a FRAME ends inside an argument: the C unpickler, on a file without `peek`,
forgets the rest of the frame (python/cpython#154848). `straddle` says that this happened; following again with
`drops=True` gives that reading.
"""

from __future__ import annotations

from _codecs import escape_decode
from typing import Final

from weighmaster.machine.arrays import array_size, is_array_wrapper
from weighmaster.machine.shadow import (
    Change,
    Global,
    Handle,
    Items,
    Long,
    Opaque,
    Result,
    Shadow,
    Table,
)
from weighmaster.machine.signature import signature
from weighmaster.reading.source import Source

WINDOW: Final = 1 << 20
SHORT: Final = 256
"""Bytes of a string that is kept as it is."""
_TEXT: Final = 24
"""Bytes from which on a constant may be worth a look of its own."""
_SEEN: Final = 100_000
_EVENTS: Final = 5_000
_FAR: Final = 1 << 62
_BIG_INDEX: Final = 1 << 24
"""A memo index that makes the C unpickler reserve more than 128 MiB."""

# Lib/pickletools.py
MARK: Final = 0x28
STOP: Final = 0x2E
POP: Final = 0x30
POP_MARK: Final = 0x31
DUP: Final = 0x32
FLOAT: Final = 0x46
INT: Final = 0x49
BININT: Final = 0x4A
BININT1: Final = 0x4B
LONG: Final = 0x4C
BININT2: Final = 0x4D
NONE: Final = 0x4E
PERSID: Final = 0x50
BINPERSID: Final = 0x51
REDUCE: Final = 0x52
STRING: Final = 0x53
BINSTRING: Final = 0x54
SHORT_BINSTRING: Final = 0x55
UNICODE: Final = 0x56
BINUNICODE: Final = 0x58
APPEND: Final = 0x61
BUILD: Final = 0x62
GLOBAL: Final = 0x63
DICT: Final = 0x64
EMPTY_DICT: Final = 0x7D
APPENDS: Final = 0x65
GET: Final = 0x67
BINGET: Final = 0x68
INST: Final = 0x69
LONG_BINGET: Final = 0x6A
LIST: Final = 0x6C
EMPTY_LIST: Final = 0x5D
OBJ: Final = 0x6F
PUT: Final = 0x70
BINPUT: Final = 0x71
LONG_BINPUT: Final = 0x72
SETITEM: Final = 0x73
TUPLE: Final = 0x74
EMPTY_TUPLE: Final = 0x29
SETITEMS: Final = 0x75
BINFLOAT: Final = 0x47
PROTO: Final = 0x80
NEWOBJ: Final = 0x81
EXT1: Final = 0x82
EXT2: Final = 0x83
EXT4: Final = 0x84
TUPLE1: Final = 0x85
TUPLE2: Final = 0x86
TUPLE3: Final = 0x87
NEWTRUE: Final = 0x88
NEWFALSE: Final = 0x89
LONG1: Final = 0x8A
LONG4: Final = 0x8B
BINBYTES: Final = 0x42
SHORT_BINBYTES: Final = 0x43
SHORT_BINUNICODE: Final = 0x8C
BINUNICODE8: Final = 0x8D
BINBYTES8: Final = 0x8E
EMPTY_SET: Final = 0x8F
ADDITEMS: Final = 0x90
FROZENSET: Final = 0x91
NEWOBJ_EX: Final = 0x92
STACK_GLOBAL: Final = 0x93
MEMOIZE: Final = 0x94
FRAME: Final = 0x95
BYTEARRAY8: Final = 0x96
NEXT_BUFFER: Final = 0x97
READONLY_BUFFER: Final = 0x98


class Broken(Exception):  # noqa: N818 - a state of the program that is read, not a mistake of ours
    """No unpickler goes on from here; `args` are the reason and the offset."""


class Machine:
    """One pickle program in `source` from byte `start` on, and what running it would do.

    `run` goes on for a while; between two calls the events in `imports`, `calls`, `changes`, `extensions`,
    `handles`, `constants` and `far_puts` are for the caller to take (`clear`). At the end `stop` is the offset after STOP,
    or `broken` says why no unpickler goes on, at offset `at`.
    """

    def __init__(self, source: Source, start: int, end: int, *, arrays: bool, drops: bool) -> None:
        self.source = source
        self.end = end
        self.arrays = arrays
        self.drops = drops
        self.base = start
        self.buf = b""
        self.i = 0
        self.limit = 0
        self.frame = -1
        self.straddle = -1
        self.stack: list[object] = []
        self.marks: list[int] = []
        self.memo: list[object] = []
        self.far: dict[int, object] = {}
        self.names: dict[str, Global] = {}
        self.registered: dict[int, Global] = {}
        self.seen: set[str] = set()
        self.opcodes = 0
        self.protocol = 0
        self.stop = -1
        self.at = start
        self.here = start
        self.broken = ""
        self.skipped = 0
        self.top: object = None
        self.nested = -1
        self.imports: list[tuple[str, str, str, int]] = []
        self.calls: list[Result] = []
        self.changes: list[Change] = []
        self.extensions: list[tuple[int, int]] = []
        self.handles: list[Handle] = []
        self.constants: list[tuple[str, int, int]] = []
        self.far_puts: list[tuple[int, int]] = []

    @property
    def done(self) -> bool:
        """Whether the program came to its end."""
        return self.stop >= 0 or self.broken != ""

    def clear(self) -> None:
        """Forget the events that the caller has taken."""
        self.imports = []
        self.calls = []
        self.changes = []
        self.extensions = []
        self.handles = []
        self.constants = []
        self.far_puts = []

    def run(self, opcodes: int) -> None:
        """Go on for at most that many opcodes, or until there are many events to take."""
        try:
            self._run(opcodes)
        except Broken as error:
            self.broken, self.at = error.args
        except MemoryError:
            self.broken, self.at = "needs more memory than there is", self.base + self.i

    # The loop is one function because a call for each opcode would double its time (benchmarks/dense.py).
    def _run(self, opcodes: int) -> None:  # noqa: C901, PLR0912, PLR0915
        buf = self.buf
        i = self.i
        limit = self.limit
        stack = self.stack
        marks = self.marks
        memo = self.memo
        fence = marks[-1] if marks else 0
        last = self.opcodes + opcodes
        count = self.opcodes
        while count < last:
            count += 1
            if i >= limit:
                i = self._more(i, 1, False)
                buf = self.buf
                limit = self.limit
            op = buf[i]
            self.here = self.base + i
            i += 1
            # The order is that of their frequency in real files.
            if op == MEMOIZE:
                if len(stack) <= fence:
                    raise self._underflow()
                if self.far:
                    self._put(len(memo) + len(self.far), stack[-1])
                else:
                    memo.append(stack[-1])
            elif op == BININT1:
                if i >= limit:
                    i = self._more(i, 1, False)
                    buf = self.buf
                    limit = self.limit
                stack.append(buf[i])
                i += 1
            elif op == BINGET:
                if i >= limit:
                    i = self._more(i, 1, False)
                    buf = self.buf
                    limit = self.limit
                index = buf[i]
                i += 1
                if index < len(memo):
                    stack.append(memo[index])
                else:
                    stack.append(self._get(index))
            elif op == BINPUT:
                if i >= limit:
                    i = self._more(i, 1, False)
                    buf = self.buf
                    limit = self.limit
                if len(stack) <= fence:
                    raise self._underflow()
                index = buf[i]
                i += 1
                if index == len(memo) and not self.far:
                    memo.append(stack[-1])
                else:
                    self._put(index, stack[-1])
            elif op == SHORT_BINUNICODE:
                if i >= limit:
                    i = self._more(i, 1, False)
                    buf = self.buf
                    limit = self.limit
                size = buf[i]
                i += 1
                if i + size > limit:
                    i = self._more(i, size, False)
                    buf = self.buf
                    limit = self.limit
                if size >= _TEXT:
                    self.constants.append(("str", self.base + i, self.base + i + size))
                stack.append(self._text(buf[i : i + size]))
                i += size
            elif op == MARK:
                fence = len(stack)
                marks.append(fence)
            elif op == EMPTY_TUPLE:
                stack.append(())
            elif op == TUPLE2:
                if len(stack) - 2 < fence:
                    raise self._underflow()
                second = stack.pop()
                stack[-1] = (stack[-1], second)
            elif op == TUPLE1:
                if len(stack) <= fence:
                    raise self._underflow()
                stack[-1] = (stack[-1],)
            elif op == TUPLE3:
                if len(stack) - 3 < fence:
                    raise self._underflow()
                third = stack.pop()
                second = stack.pop()
                stack[-1] = (stack[-1], second, third)
            elif op == BINFLOAT:
                if i + 8 > limit:
                    i = self._more(i, 8, False)
                    buf = self.buf
                    limit = self.limit
                stack.append(0.0)
                i += 8
            elif op == BININT:
                if i + 4 > limit:
                    i = self._more(i, 4, False)
                    buf = self.buf
                    limit = self.limit
                value = buf[i] | (buf[i + 1] << 8) | (buf[i + 2] << 16) | (buf[i + 3] << 24)
                stack.append(value if value < 0x80000000 else value - 0x100000000)
                i += 4
            elif op == BININT2:
                if i + 2 > limit:
                    i = self._more(i, 2, False)
                    buf = self.buf
                    limit = self.limit
                stack.append(buf[i] | (buf[i + 1] << 8))
                i += 2
            elif op == NONE:
                stack.append(None)
            elif op == NEWTRUE:
                stack.append(True)
            elif op == NEWFALSE:
                stack.append(False)
            elif op == POP:
                if marks and len(stack) == fence:
                    marks.pop()
                    fence = marks[-1] if marks else 0
                elif len(stack) <= fence:
                    raise self._underflow()
                else:
                    stack.pop()
            elif op == EMPTY_LIST:
                stack.append(Items("list", []))
            elif op == EMPTY_DICT:
                stack.append(Table([]))
            elif op == APPENDS or op == SETITEMS or op == ADDITEMS:  # noqa: PLR1714 - a set is slower here
                if not marks:
                    raise self._underflow()
                mark = marks.pop()
                fence = marks[-1] if marks else 0
                items = stack[mark:]
                del stack[mark:]
                if mark <= fence:
                    raise self._underflow()
                self._extend(op, items)
            elif op == APPEND:
                if len(stack) - 2 < fence:
                    raise self._underflow()
                self._extend(op, [stack.pop()])
            elif op == SETITEM:
                if len(stack) - 3 < fence:
                    raise self._underflow()
                pair = stack[-2:]
                del stack[-2:]
                self._extend(op, pair)
            elif op == LONG_BINGET:
                if i + 4 > limit:
                    i = self._more(i, 4, False)
                    buf = self.buf
                    limit = self.limit
                index = buf[i] | (buf[i + 1] << 8) | (buf[i + 2] << 16) | (buf[i + 3] << 24)
                i += 4
                stack.append(self._get(index))
            elif op == LONG_BINPUT:
                if i + 4 > limit:
                    i = self._more(i, 4, False)
                    buf = self.buf
                    limit = self.limit
                if len(stack) <= fence:
                    raise self._underflow()
                index = buf[i] | (buf[i + 1] << 8) | (buf[i + 2] << 16) | (buf[i + 3] << 24)
                i += 4
                self._put(index, stack[-1])
            elif op == TUPLE or op == LIST or op == DICT or op == FROZENSET or op == POP_MARK:  # noqa: PLR1714
                if not marks:
                    raise self._underflow()
                mark = marks.pop()
                fence = marks[-1] if marks else 0
                items = stack[mark:]
                del stack[mark:]
                if op == TUPLE:
                    stack.append(tuple(items))
                elif op == LIST:
                    stack.append(Items("list", items))
                elif op == DICT:
                    stack.append(Table(items))
                elif op == FROZENSET:
                    stack.append(Items("frozenset", items))
            elif op == REDUCE:
                if len(stack) - 2 < fence:
                    raise self._underflow()
                arguments = stack.pop()
                self._call(stack.pop(), arguments, None, "REDUCE")
            elif op == NEWOBJ:
                if len(stack) - 2 < fence:
                    raise self._underflow()
                arguments = stack.pop()
                self._call(stack.pop(), arguments, None, "NEWOBJ")
            elif op == NEWOBJ_EX:
                if len(stack) - 3 < fence:
                    raise self._underflow()
                keywords = stack.pop()
                arguments = stack.pop()
                self._call(stack.pop(), arguments, keywords, "NEWOBJ_EX")
            elif op == BUILD:
                if len(stack) - 2 < fence:
                    raise self._underflow()
                state = stack.pop()
                self._build(stack[-1], state)
                if self.arrays and is_array_wrapper(stack[-1]):
                    self.i = i
                    self._array(stack[-1], state)
                    i = self.i
                    buf = self.buf
                    limit = self.limit
            elif op == STACK_GLOBAL:
                if len(stack) - 2 < fence:
                    raise self._underflow()
                second = stack.pop()
                module = stack.pop()
                stack.append(
                    self._import(
                        module if isinstance(module, str) else self._computed(module),
                        second if isinstance(second, str) else self._computed(second),
                        "STACK_GLOBAL",
                    )
                )
            elif op == DUP:
                if len(stack) <= fence:
                    raise self._underflow()
                stack.append(stack[-1])
            elif op == EMPTY_SET:
                stack.append(Items("set", []))
            elif op == STOP:
                if len(stack) <= fence:
                    raise self._underflow()
                self.top = stack[-1]
                self.stop = self.base + i
                self.at = self.stop
                break
            else:
                self.i = i
                self._rare(op, fence)
                i = self.i
                buf = self.buf
                limit = self.limit
                fence = marks[-1] if marks else 0
            if count & 0xFFF == 0 and len(self.calls) + len(self.changes) + len(self.constants) > _EVENTS:
                break
        self.i = i
        self.opcodes = count

    # Opcodes that stand once in a file, or only in old ones. ------------------------------------------------

    def _rare(self, op: int, fence: int) -> None:  # noqa: C901, PLR0912 - one branch an opcode
        stack = self.stack
        if op == PROTO:
            self.protocol = self._unsigned(1)
            if self.protocol > 5:
                raise self._broken(f"protocol {self.protocol} does not exist")
        elif op == FRAME:
            self._frame(self._unsigned(8))
        elif op == BINUNICODE:
            self._string("str", self._unsigned(4))
        elif op == BINUNICODE8:
            self._string("str", self._unsigned(8))
        elif op == BINSTRING:
            size = self._unsigned(4)
            if size > 0x7FFFFFFF:
                raise self._broken("a string of negative length")
            self._string("str", size)
        elif op == SHORT_BINSTRING:
            self._string("str", self._unsigned(1))
        elif op == BINBYTES:
            self._string("bytes", self._unsigned(4))
        elif op == SHORT_BINBYTES:
            self._string("bytes", self._unsigned(1))
        elif op == BINBYTES8:
            self._string("bytes", self._unsigned(8))
        elif op == BYTEARRAY8:
            self._string("bytearray", self._unsigned(8))
        elif op == LONG1:
            self._long(self._unsigned(1))
        elif op == LONG4:
            self._long(self._unsigned(4))
        elif op == GLOBAL:
            module = self._name("utf-8")
            stack.append(self._import(module, self._name("utf-8"), "GLOBAL"))
        elif op == INST:
            module = self._name("ascii")
            klass = self._import(module, self._name("ascii"), "INST")
            self._call(klass, tuple(self._pop_mark()), None, "INST")
        elif op == OBJ:
            items = self._pop_mark()
            if not items:
                raise self._underflow()
            self._call(items[0], tuple(items[1:]), None, "OBJ")
        elif op in (EXT1, EXT2, EXT4):
            self._extension(op)
        elif op in (INT, LONG, FLOAT):
            self._number(op, self._line())
        elif op in (STRING, UNICODE):
            self._quoted(op)
        elif op in (GET, PUT):
            self._memo_line(op, fence)
        elif op == PERSID:
            self._handle(self._ascii(self._line()))
        elif op == BINPERSID:
            if len(stack) <= fence:
                raise self._underflow()
            self._handle(stack.pop())
        elif op == NEXT_BUFFER:
            stack.append(Opaque("a buffer from outside the file"))
        elif op == READONLY_BUFFER:
            if len(stack) <= fence:
                raise self._underflow()
        else:
            raise self._broken(f"no opcode {op:#04x}")

    def _pop_mark(self) -> list[object]:
        if not self.marks:
            raise self._underflow()
        mark = self.marks.pop()
        items = self.stack[mark:]
        del self.stack[mark:]
        return items

    def _handle(self, id: object) -> None:
        handle = Handle(id)
        self.handles.append(handle)
        self.stack.append(handle)

    def _extension(self, op: int) -> None:
        code = self._unsigned(1 if op == EXT1 else 2 if op == EXT2 else 4)
        if op == EXT4 and code > 0x7FFFFFFF or code == 0:
            raise self._broken(f"extension code {code}")
        known = self.registered.get(code)
        if known is None:
            self.extensions.append((code, self.here))
            self.stack.append(Opaque(f"extension code {code}"))
        else:
            self.stack.append(self._import(known.module, known.name, f"EXT code {code}"))

    def _memo_line(self, op: int, fence: int) -> None:
        line = self._line()
        try:
            index = int(line)
        except ValueError:
            raise self._broken("a memo index that is not a number") from None
        if op == GET:
            self.stack.append(self._get(index))
            return
        if index < 0:
            raise self._broken("a negative memo index")
        if len(self.stack) <= fence:
            raise self._underflow()
        self._put(index, self.stack[-1])

    def _number(self, op: int, line: bytes) -> None:
        if op == INT and line in (b"00", b"01"):
            self.stack.append(line == b"01")
            return
        if op == FLOAT:
            try:
                float(line)
            except ValueError:
                raise self._broken("a float that is not a number") from None
            self.stack.append(0.0)
            return
        digits = line.strip().rstrip(b"L") if op == LONG else line.strip()
        if len(digits) > 40:
            self.stack.append(Opaque("a long integer"))
            return
        try:
            # Both unpicklers read base 0 (hexadecimal, octal, binary); C's strtol also takes a leading zero.
            self.stack.append(int(digits, 0))
        except ValueError:
            try:
                self.stack.append(int(digits, 8))
            except ValueError:
                raise self._broken("an integer that is not a number") from None

    def _quoted(self, op: int) -> None:
        start = self.base + self.i
        line = self._line()
        self.constants.append(("str", start, start + len(line)))
        if len(line) > 4 * SHORT:
            self.stack.append(Long("str", start, start + len(line), line[:SHORT]))
            return
        if op == UNICODE:
            try:
                self.stack.append(line.decode("raw-unicode-escape"))
            except ValueError:
                raise self._broken("a string that does not decode") from None
            return
        text = line.strip()
        if len(text) < 2 or text[0] != text[-1] or text[:1] not in (b"'", b'"'):
            raise self._broken("a string without quotes")
        try:
            self.stack.append(escape_decode(text[1:-1])[0].decode("latin-1"))
        except ValueError:
            raise self._broken("a string that does not decode") from None

    def _long(self, size: int) -> None:
        if size > 0x7FFFFFFF:
            raise self._broken("an integer of negative length")
        start = self._take(size, False)
        if size > 16:
            self.stack.append(Opaque("a long integer"))
            return
        self.stack.append(int.from_bytes(self.buf[start : start + size], "little", signed=True))

    def _string(self, kind: str, size: int) -> None:
        # BINBYTES and BYTEARRAY8 are read into place by the C unpickler, which then forgets nothing.
        start = self._take(size, kind != "str")
        at = self.base + start
        if size >= _TEXT:
            self.constants.append((kind, at, at + size))
        if size > SHORT:
            self.stack.append(Long(kind, at, at + size, self.buf[start : start + SHORT]))
            return
        data = self.buf[start : start + size]
        if kind == "str":
            self.stack.append(self._text(data))
        elif kind == "bytes":
            self.stack.append(data)
        else:
            self.stack.append(Long(kind, at, at + size, data))

    def _frame(self, size: int) -> None:
        at = self.base + self.i
        if self.frame >= 0 and at < self.frame < at + size:
            if self.straddle < 0:
                self.straddle = at
            if self.drops:
                at = self.frame
                self._seek(at)
        if self.drops and at + size > self.end:
            raise self._broken("a frame longer than the file")
        self.frame = at + size if at + size < self.end else -1
        self._window()

    # What the program does. --------------------------------------------------------------------------------

    def _import(self, module: str, name: str, opcode: str) -> Global:
        key = module + "\n" + name
        known = self.names.get(key)
        if known is None:
            known = Global(module, name)
            self.names[key] = known
            self.imports.append((module, name, opcode, self.here))
        return known

    def _computed(self, x: object) -> str:
        if isinstance(x, Shadow):
            return "?"
        raise self._broken("a global whose name is not a string")

    def _call(self, callee: object, arguments: object, keywords: object, opcode: str) -> None:
        if not isinstance(callee, (Global, Result, Handle, Opaque)):
            # Constants and containers cannot be called: every unpickler stops here.
            raise self._broken("calls what is not callable")
        result = Result(callee, arguments, keywords, opcode, self.here)
        self.stack.append(result)
        text = signature(callee, arguments, keywords)
        if text is not None and opcode != "REDUCE":
            text = opcode + text
        if self._is_new(text):
            self.calls.append(result)
        if isinstance(callee, Global) and callee.name == "add_extension":
            self._register(arguments)

    def _register(self, arguments: object) -> None:
        # copyreg.add_extension(module, name, code)
        if isinstance(arguments, tuple) and len(arguments) == 3:
            module, name, code = arguments
            if isinstance(module, str) and isinstance(name, str) and isinstance(code, int):
                self.registered[code] = Global(module, name)

    def _build(self, target: object, state: object) -> None:
        if isinstance(target, Result):
            if target.states is None:
                target.states = [state]
            elif len(target.states) < 8:
                target.states.append(state)
        self._change(target, state, "BUILD")

    def _extend(self, op: int, items: list[object]) -> None:
        target = self.stack[-1]
        if isinstance(target, Items):
            if op == APPEND or op == APPENDS or op == ADDITEMS:  # noqa: PLR1714 - a set is slower here
                target.extend(items)
                return
        elif isinstance(target, Table) and (op == SETITEM or op == SETITEMS):  # noqa: PLR1714
            target.update(items)
            return
        if not items:
            return
        if op == APPEND or op == APPENDS:  # noqa: PLR1714
            self._change(target, Items("list", items), "APPENDS")
        elif op == ADDITEMS:
            self._change(target, Items("set", items), "ADDITEMS")
        else:
            self._change(target, Table(items), "SETITEMS")

    def _change(self, target: object, value: object, opcode: str) -> None:
        text = signature(target, value if opcode == "BUILD" else None, None)
        if text is not None and opcode != "BUILD":
            # Items of a constructed container: what they are was judged when they were made.
            text = opcode + text
        elif text is not None:
            text = "b" + text
        if self._is_new(text):
            self.changes.append(Change(target, value, opcode, self.here))

    def _is_new(self, text: str | None) -> bool:
        if text is None:
            return True
        if text in self.seen:
            return False
        if len(self.seen) > _SEEN:
            self.seen.clear()
        self.seen.add(text)
        return True

    def _array(self, wrapper: object, state: object) -> None:
        """Step over the array that joblib wrote between two opcodes, or say where its own pickle begins.

        joblib/numpy_pickle.py, `NumpyArrayWrapper.read_array`.
        """
        at = self.base + self.i
        size = array_size(state)
        if size.aligned:
            self._seek(at)
            pad = self._unsigned(1)
            at += 1 + pad
        if size.objects:
            self.nested = at
            raise Broken("a nested pickle follows", at)
        if size.count < 0:
            raise Broken("an array of unknown size", at)
        if at + size.count > self.end:
            raise Broken("truncated in an array", at)
        self.skipped += size.count
        self.frame = -1
        self._seek(at + size.count)

    def fail(self, why: str, at: int) -> None:
        """End here: the nested pickle did not come to its end."""
        self.nested = -1
        self.broken = why
        self.at = at

    def resume(self, at: int) -> None:
        """Go on at `at`, behind the nested pickle that began at `nested`."""
        self.nested = -1
        self.broken = ""
        self.frame = -1
        self._seek(at)

    # The memo. ---------------------------------------------------------------------------------------------

    def _get(self, index: int) -> object:
        if 0 <= index < len(self.memo):
            return self.memo[index]
        if index in self.far:
            return self.far[index]
        raise self._broken(f"memo index {index} was never set")

    def _put(self, index: int, value: object) -> None:
        if index < len(self.memo):
            self.memo[index] = value
            return
        if index == len(self.memo):
            self.far.pop(index, None)
            self.memo.append(value)
            return
        if index > _BIG_INDEX:
            self.far_puts.append((index, self.here))
        self.far[index] = value

    # The bytes. --------------------------------------------------------------------------------------------

    def _underflow(self) -> Broken:
        return Broken("takes more from the stack than there is", self.here)

    def _broken(self, why: str) -> Broken:
        return Broken(why, self.here)

    def _text(self, data: bytes) -> str:
        try:
            return data.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            # SHORT_BINSTRING and BINSTRING may be read as Latin-1; UTF-8 opcodes stop the loader.
            return data.decode("latin-1")

    def _ascii(self, line: bytes) -> str:
        try:
            return line.decode("ascii")
        except UnicodeDecodeError:
            raise self._broken("a persistent id that is not ASCII") from None

    def _name(self, encoding: str) -> str:
        line = self._line()
        if len(line) > 4 * SHORT:
            return "?"
        try:
            return line.decode(encoding)
        except UnicodeDecodeError:
            raise self._broken("a name that does not decode") from None

    def _unsigned(self, size: int) -> int:
        start = self._take(size, False)
        return int.from_bytes(self.buf[start : start + size], "little")

    def _take(self, size: int, into: bool) -> int:  # noqa: FBT001 - mypyc calls it fastest so
        """Step over `size` bytes and return where in the window they (or, if many, their head) begin."""
        i = self.i
        if i + size > self.limit:
            i = self._more(i, size, into)
        at = self.base + i + size
        if i + size <= len(self.buf):
            self.i = i + size
            return i
        # Too long to hold: the head is in the window, and the next step begins behind it.
        self._seek(at)
        return i

    def _more(self, i: int, size: int, into: bool) -> int:  # noqa: FBT001
        """Make the window hold `size` bytes from index `i` on (or their head), and return their index."""
        at = self.base + i
        if self.frame >= 0:
            if at >= self.frame:
                self.frame = -1
            elif at + size > self.frame:
                if self.straddle < 0:
                    self.straddle = at
                if self.drops and not into:
                    at = self.frame
                self.frame = -1
        if at + size > self.end:
            raise Broken("truncated", at)
        if at + min(size, WINDOW) > self.base + len(self.buf) or at < self.base:
            self.base = at
            self.buf = self.source.read_at(at, min(WINDOW, self.end - at))
            if len(self.buf) < min(size, WINDOW, self.end - at):
                raise Broken("truncated", at + len(self.buf))
        self._window()
        return at - self.base

    def _window(self) -> None:
        self.limit = len(self.buf)
        if self.frame >= 0 and self.frame - self.base < self.limit:
            self.limit = max(0, self.frame - self.base)

    def _seek(self, at: int) -> None:
        self.i = at - self.base
        self._window()
        if not 0 <= self.i <= len(self.buf):
            self.limit = 0

    def _line(self) -> bytes:
        """Read to the end of the line, as both unpicklers do; the newline is not returned."""
        end = self.buf.find(b"\n", self.i, self.limit)
        if end >= 0:
            line = self.buf[self.i : end]
            self.i = end + 1
            return line
        return self._long_line()

    def _long_line(self) -> bytes:
        at = self.base + self.i
        if self.frame >= 0 and at < self.frame:
            inside = self.source.read_at(at, min(WINDOW, self.frame - at))
            if b"\n" not in inside:
                if self.straddle < 0:
                    self.straddle = at
                if self.drops:
                    at = self.frame
                self.frame = -1
        elif self.frame >= 0:
            self.frame = -1
        found = at
        while found < self.end:
            chunk = self.source.read_at(found, min(WINDOW, self.end - found))
            newline = chunk.find(b"\n")
            if newline >= 0:
                found += newline
                line = self.source.read_at(at, min(found - at, WINDOW))
                self._seek(found + 1)
                return line
            found += len(chunk)
            if not chunk:
                break
        # No newline to the end: the pure-Python unpickler takes what is there, less one byte.
        if at >= self.end:
            raise Broken("truncated", at)
        line = self.source.read_at(at, min(self.end - at - 1, WINDOW))
        self._seek(self.end)
        return line
