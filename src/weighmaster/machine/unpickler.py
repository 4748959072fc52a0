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
from struct import unpack
from typing import Final

from weighmaster.machine import opcodes as code
from weighmaster.machine.arrays import array_size, is_array_wrapper
from weighmaster.machine.shadow import (
    ALL,
    KEPT,
    NOTABLE,
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
from weighmaster.machine.window import HEAD, SHORT, Broken, Window
from weighmaster.reading.source import Source

_TEXT: Final = 24
"""Bytes from which on a constant may be worth a look of its own."""
_SEEN: Final = 100_000
_EVENTS: Final = 5_000
_BIG_INDEX: Final = 1 << 24
"""A memo index that makes the C unpickler reserve more than 128 MiB."""


class Machine(Window):
    """One pickle program in `source` from byte `start` on, and what running it would do.

    `run` goes on for a while; between two calls the events in `imports`, `calls`, `changes`, `extensions`,
    `handles`, `constants` and `far_puts` are for the caller to take (`clear`). At the end `stop` is the offset
    after STOP, or `broken` says why no unpickler goes on, at offset `at`.

    A scan needs to see what a program does, not all that it makes: of containers the first items are kept, of equal
    calls and changes the first, of floating-point numbers none. With `complete` nothing is left out; of the strings of
    Python 2 (`string`), which may be text or bytes, and of long quoted ones (`quoted`) it is then told what they are.
    """

    def __init__(  # noqa: PLR0913 - each is a way of reading
        self, source: Source, start: int, end: int, *, arrays: bool, drops: bool, complete: bool = False
    ) -> None:
        super().__init__(source, start, end, drops=drops)
        self.arrays = arrays
        self.complete = complete
        self.kept = ALL if complete else KEPT
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
        start = self.base + self.i
        try:
            self._run(opcodes)
        except Broken as error:
            self.broken, self.at = error.args
            # The loop keeps its count to itself; each opcode is a byte at least.
            self.opcodes += min(opcodes, max(1, self.here - start))
        except MemoryError:
            self.broken, self.at = "needs more memory than there is", self.base + self.i
            self.opcodes += opcodes

    # The loop is one function because a call for each opcode would double its time (benchmarks/dense.py).
    def _run(self, opcodes: int) -> None:  # noqa: C901, PLR0912, PLR0915
        buf = self.buf
        i = self.i
        limit = self.limit
        stack = self.stack
        marks = self.marks
        memo = self.memo
        fence = marks[-1] if marks else 0
        complete = self.complete
        kept = self.kept
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
            if op == code.MEMOIZE:
                if len(stack) <= fence:
                    raise self._underflow()
                if self.far:
                    self._put(len(memo) + len(self.far), stack[-1])
                else:
                    memo.append(stack[-1])
            elif op == code.BININT1:
                if i >= limit:
                    i = self._more(i, 1, False)
                    buf = self.buf
                    limit = self.limit
                stack.append(buf[i])
                i += 1
            elif op == code.BINGET:
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
            elif op == code.BINPUT:
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
            elif op == code.SHORT_BINUNICODE:
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
            elif op == code.MARK:
                fence = len(stack)
                marks.append(fence)
            elif op == code.EMPTY_TUPLE:
                stack.append(())
            elif op == code.TUPLE2:
                if len(stack) - 2 < fence:
                    raise self._underflow()
                second = stack.pop()
                stack[-1] = (stack[-1], second)
            elif op == code.TUPLE1:
                if len(stack) <= fence:
                    raise self._underflow()
                stack[-1] = (stack[-1],)
            elif op == code.TUPLE3:
                if len(stack) - 3 < fence:
                    raise self._underflow()
                third = stack.pop()
                second = stack.pop()
                stack[-1] = (stack[-1], second, third)
            elif op == code.BINFLOAT:
                if i + 8 > limit:
                    i = self._more(i, 8, False)
                    buf = self.buf
                    limit = self.limit
                stack.append(self._double(buf[i : i + 8]) if complete else 0.0)
                i += 8
            elif op == code.BININT:
                if i + 4 > limit:
                    i = self._more(i, 4, False)
                    buf = self.buf
                    limit = self.limit
                value = buf[i] | (buf[i + 1] << 8) | (buf[i + 2] << 16) | (buf[i + 3] << 24)
                stack.append(value if value < 0x80000000 else value - 0x100000000)
                i += 4
            elif op == code.BININT2:
                if i + 2 > limit:
                    i = self._more(i, 2, False)
                    buf = self.buf
                    limit = self.limit
                stack.append(buf[i] | (buf[i + 1] << 8))
                i += 2
            elif op == code.NONE:
                stack.append(None)
            elif op == code.NEWTRUE:
                stack.append(True)
            elif op == code.NEWFALSE:
                stack.append(False)
            elif op == code.POP:
                if marks and len(stack) == fence:
                    marks.pop()
                    fence = marks[-1] if marks else 0
                elif len(stack) <= fence:
                    raise self._underflow()
                else:
                    stack.pop()
            elif op == code.EMPTY_LIST:
                stack.append(Items("list", [], 0))
            elif op == code.EMPTY_DICT:
                stack.append(Table([], 0))
            elif op == code.APPENDS or op == code.SETITEMS or op == code.ADDITEMS:
                if not marks:
                    raise self._underflow()
                mark = marks.pop()
                fence = marks[-1] if marks else 0
                size = len(stack) - mark
                items = stack[mark : mark + 2 * kept]
                if size > 2 * kept and op == code.SETITEMS:
                    items += self._notable(mark + 2 * kept)
                del stack[mark:]
                if mark <= fence:
                    raise self._underflow()
                self._extend(op, items, size)
            elif op == code.APPEND:
                if len(stack) - 2 < fence:
                    raise self._underflow()
                self._extend(op, [stack.pop()], 1)
            elif op == code.SETITEM:
                if len(stack) - 3 < fence:
                    raise self._underflow()
                pair = stack[-2:]
                del stack[-2:]
                self._extend(op, pair, 2)
            elif op == code.LONG_BINGET:
                if i + 4 > limit:
                    i = self._more(i, 4, False)
                    buf = self.buf
                    limit = self.limit
                index = buf[i] | (buf[i + 1] << 8) | (buf[i + 2] << 16) | (buf[i + 3] << 24)
                i += 4
                stack.append(self._get(index))
            elif op == code.LONG_BINPUT:
                if i + 4 > limit:
                    i = self._more(i, 4, False)
                    buf = self.buf
                    limit = self.limit
                if len(stack) <= fence:
                    raise self._underflow()
                index = buf[i] | (buf[i + 1] << 8) | (buf[i + 2] << 16) | (buf[i + 3] << 24)
                i += 4
                self._put(index, stack[-1])
            elif op == code.TUPLE or op == code.LIST or op == code.DICT or op == code.FROZENSET or op == code.POP_MARK:
                if not marks:
                    raise self._underflow()
                mark = marks.pop()
                fence = marks[-1] if marks else 0
                size = len(stack) - mark
                if op == code.TUPLE:
                    items = stack[mark:]
                    del stack[mark:]
                    stack.append(tuple(items))
                else:
                    items = stack[mark : mark + 2 * kept]
                    if size > 2 * kept and op == code.DICT:
                        items += self._notable(mark + 2 * kept)
                    del stack[mark:]
                    if op == code.LIST:
                        stack.append(Items("list", items, size, kept))
                    elif op == code.DICT:
                        stack.append(Table(items, size, kept))
                    elif op == code.FROZENSET:
                        stack.append(Items("frozenset", items, size, kept))
            elif op == code.REDUCE:
                if len(stack) - 2 < fence:
                    raise self._underflow()
                arguments = stack.pop()
                self._call(stack.pop(), arguments, None, "REDUCE")
            elif op == code.NEWOBJ:
                if len(stack) - 2 < fence:
                    raise self._underflow()
                arguments = stack.pop()
                self._call(stack.pop(), arguments, None, "NEWOBJ")
            elif op == code.NEWOBJ_EX:
                if len(stack) - 3 < fence:
                    raise self._underflow()
                keywords = stack.pop()
                arguments = stack.pop()
                self._call(stack.pop(), arguments, keywords, "NEWOBJ_EX")
            elif op == code.BUILD:
                if len(stack) - 2 < fence:
                    raise self._underflow()
                state = stack.pop()
                self._build(stack[-1], state)
                if self.arrays and is_array_wrapper(stack[-1]):
                    self.i = i
                    self._array(state)
                    i = self.i
                    buf = self.buf
                    limit = self.limit
            elif op == code.STACK_GLOBAL:
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
            elif op == code.DUP:
                if len(stack) <= fence:
                    raise self._underflow()
                stack.append(stack[-1])
            elif op == code.EMPTY_SET:
                stack.append(Items("set", [], 0))
            elif op == code.STOP:
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

    def _rare(self, op: int, fence: int) -> None:  # noqa: C901, PLR0912, PLR0915 - one branch an opcode
        stack = self.stack
        if op == code.PROTO:
            self.protocol = self._unsigned(1)
            if self.protocol > 5:
                raise self._broken(f"protocol {self.protocol} does not exist")
        elif op == code.FRAME:
            self._frame(self._unsigned(8))
        elif op == code.BINUNICODE:
            self._string("str", self._unsigned(4))
        elif op == code.BINUNICODE8:
            self._string("str", self._unsigned(8))
        elif op == code.BINSTRING:
            size = self._unsigned(4)
            if size > 0x7FFFFFFF:
                raise self._broken("a string of negative length")
            self._string("string" if self.complete else "str", size)
        elif op == code.SHORT_BINSTRING:
            self._string("string" if self.complete else "str", self._unsigned(1))
        elif op == code.BINBYTES:
            self._string("bytes", self._unsigned(4))
        elif op == code.SHORT_BINBYTES:
            self._string("bytes", self._unsigned(1))
        elif op == code.BINBYTES8:
            self._string("bytes", self._unsigned(8))
        elif op == code.BYTEARRAY8:
            self._string("bytearray", self._unsigned(8))
        elif op == code.LONG1:
            self._long(self._unsigned(1))
        elif op == code.LONG4:
            self._long(self._unsigned(4))
        elif op == code.GLOBAL:
            module = self._name("utf-8")
            stack.append(self._import(module, self._name("utf-8"), "GLOBAL"))
        elif op == code.INST:
            module = self._name("ascii")
            klass = self._import(module, self._name("ascii"), "INST")
            self._call(klass, tuple(self._pop_mark()), None, "INST")
        elif op == code.OBJ:
            items = self._pop_mark()
            if not items:
                raise self._underflow()
            self._call(items[0], tuple(items[1:]), None, "OBJ")
        elif op in (code.EXT1, code.EXT2, code.EXT4):
            self._extension(op)
        elif op in (code.INT, code.LONG, code.FLOAT):
            self._number(op, self._digits())
        elif op in (code.STRING, code.UNICODE):
            self._quoted(op)
        elif op in (code.GET, code.PUT):
            self._memo_line(op, fence)
        elif op == code.PERSID:
            self._handle(self._ascii(self._line()))
        elif op == code.BINPERSID:
            if len(stack) <= fence:
                raise self._underflow()
            self._handle(stack.pop())
        elif op == code.NEXT_BUFFER:
            stack.append(Opaque("a buffer from outside the file"))
        elif op == code.READONLY_BUFFER:
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
        number = self._unsigned(1 if op == code.EXT1 else 2 if op == code.EXT2 else 4)
        if number == 0 or (op == code.EXT4 and number > 0x7FFFFFFF):
            raise self._broken(f"extension code {number}")
        known = self.registered.get(number)
        if known is None:
            self.extensions.append((number, self.here))
            self.stack.append(Opaque(f"extension code {number}"))
        else:
            self.stack.append(self._import(known.module, known.name, f"EXT code {number}"))

    def _digits(self) -> bytes:
        # To C a line ends at a NUL, and an empty number is zero.
        line = self._line()
        end = line.find(b"\0")
        return line if end < 0 else line[:end] or b"0"

    def _memo_line(self, op: int, fence: int) -> None:
        line = self._digits()
        try:
            index = int(line)
        except ValueError:
            raise self._broken("a memo index that is not a number") from None
        if op == code.GET:
            self.stack.append(self._get(index))
            return
        if index < 0:
            raise self._broken("a negative memo index")
        if len(self.stack) <= fence:
            raise self._underflow()
        self._put(index, self.stack[-1])

    def _number(self, op: int, line: bytes) -> None:
        if op == code.INT and line in (b"00", b"01"):
            self.stack.append(line == b"01")
            return
        if op == code.FLOAT:
            try:
                value = float(line)
            except ValueError:
                raise self._broken("a float that is not a number") from None
            self.stack.append(value if self.complete else 0.0)
            return
        digits = line.strip().rstrip(b"L") if op == code.LONG else line.strip()
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
            head = line[:HEAD].decode("raw-unicode-escape", "replace").encode("utf-8", "surrogatepass")
            if self.complete:
                # Of a very long line only the beginning is read; it ends before the newline that was stepped over.
                self.stack.append(Long("quoted", start, self.base + self.i - 1, head))
            else:
                self.stack.append(Long("str", start, start + len(line), head))
            return
        if op == code.UNICODE:
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
        except Warning:
            # An escape that Python does not know, where warnings are errors: it stands for itself.
            self.stack.append(text[1:-1].decode("latin-1"))
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
        start = self._take(size, kind != "str" and kind != "string")
        at = self.base + start
        if size >= _TEXT:
            self.constants.append((kind, at, at + size))
        if size > SHORT:
            self.stack.append(Long(kind, at, at + size, self.buf[start : start + min(size, HEAD)]))
            return
        data = self.buf[start : start + size]
        if kind == "str" or (kind == "string" and data.isascii()):
            self.stack.append(self._text(data))
        elif kind == "bytes":
            self.stack.append(data)
        else:
            self.stack.append(Long(kind, at, at + size, data))

    # What the program does. --------------------------------------------------------------------------------

    def _double(self, data: bytes) -> float:
        (value,) = unpack(">d", data)
        return float(value)

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
        if self.complete:
            self.calls.append(result)
        else:
            text = signature(callee, arguments, keywords)
            if text is not None and opcode != "REDUCE":
                text = opcode + text
            if self._is_new(text):
                self.calls.append(result)
        if isinstance(callee, Global) and callee.name == "add_extension":
            self._register(arguments)

    def _register(self, arguments: object) -> None:
        # The three arguments are those of copyreg's add_extension.
        if isinstance(arguments, tuple) and len(arguments) == 3:
            module, name, number = arguments
            if isinstance(module, str) and isinstance(name, str) and isinstance(number, int):
                self.registered[number] = Global(module, name)

    def _build(self, target: object, state: object) -> None:
        if isinstance(target, Result):
            if target.states is None:
                target.states = [state]
            elif self.complete or len(target.states) < 8:
                target.states.append(state)
        self._change(target, state, "BUILD")

    def _extend(self, op: int, items: list[object], size: int) -> None:
        target = self.stack[-1]
        if isinstance(target, Items):
            if op == code.APPEND or op == code.APPENDS or op == code.ADDITEMS:
                target.extend(items, size, self.kept)
                return
        elif isinstance(target, Table) and (op == code.SETITEM or op == code.SETITEMS):
            target.update(items, size, self.kept)
            return
        if op == code.APPEND or op == code.APPENDS:
            self._change(target, Items("list", items, size, self.kept), "APPENDS")
        elif op == code.ADDITEMS:
            self._change(target, Items("set", items, size, self.kept), "ADDITEMS")
        else:
            self._change(target, Table(items, size, self.kept), "SETITEMS")

    def _notable(self, start: int) -> list[object]:
        """Return the notable keys on the stack from index `start` on, each with its value."""
        stack = self.stack
        found: list[object] = []
        for index in range(start, len(stack) - 1, 2):
            key = stack[index]
            if isinstance(key, str) and key in NOTABLE:
                found.extend(stack[index : index + 2])
        return found

    def _change(self, target: object, value: object, opcode: str) -> None:
        if self.complete:
            self.changes.append(Change(target, value, opcode, self.here))
            return
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

    def _array(self, state: object) -> None:
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
            self.skipped += 1
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
