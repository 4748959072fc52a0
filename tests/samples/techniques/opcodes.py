"""Unusual but valid opcodes, and what they act on."""

from __future__ import annotations

from tests.samples.pickles import (
    ADDITEMS,
    APPEND,
    APPENDS,
    BINPERSID,
    BUILD,
    DICT,
    DUP,
    EMPTY_DICT,
    EMPTY_LIST,
    EMPTY_SET,
    EMPTY_TUPLE,
    FROZENSET,
    LIST,
    MARK,
    MEMOIZE,
    NEWOBJ,
    NEXT_BUFFER,
    NONE,
    OBJ,
    POP,
    POP_MARK,
    READONLY_BUFFER,
    REDUCE,
    SETITEM,
    SETITEMS,
    STACK_GLOBAL,
    STOP,
    TUPLE,
    binbytes,
    binbytes8,
    binget,
    binput,
    binstring,
    binunicode,
    binunicode8,
    build,
    bytearray8,
    call,
    code,
    ext1,
    ext2,
    ext4,
    float_,
    frame,
    framed,
    get,
    global_,
    inst,
    int_,
    long1,
    long4,
    long_,
    long_binget,
    long_binput,
    name,
    new_ex,
    persid,
    program,
    proto,
    put,
    short_binstring,
    string,
    text,
    tuple_,
    unicode,
    value,
)
from tests.samples.sample import COMMAND, OPEN, RUN, SPAWN, SYSTEM, TOKEN, After, Event, Table

_TABLE = Table("opcode")
SAMPLES = _TABLE.samples
_add = _TABLE.program
_raw = _TABLE.raw

_QUOTED = string(f"'{COMMAND}'")
_SYSTEM = name("posix", "system")
PAYLOAD = call(_SYSTEM, COMMAND)

# Calls by other opcodes than REDUCE.
_raw("protocol 0: GLOBAL, REDUCE", program(global_("posix", "system"), MARK, _QUOTED, TUPLE, REDUCE, STOP), SYSTEM)
_raw(
    "protocol 0 without a newline at all before the names",
    program(MARK, _QUOTED, inst("posix", "system"), STOP),
    SYSTEM,
)
_raw(
    "INST of subprocess.Popen",
    program(MARK, MARK, string(f"'{TOKEN}'"), LIST, inst("subprocess", "Popen"), STOP),
    SPAWN,
)
_raw(
    "INST with no argument opens a debugger",
    program(MARK, inst("builtins", "breakpoint"), STOP),
    Event("builtins.breakpoint", ""),
)
_raw("OBJ", program(MARK, global_("posix", "system"), _QUOTED, OBJ, STOP), SYSTEM)
_raw(
    "OBJ of a partial without arguments",
    program(MARK, call(name("functools", "partial"), _SYSTEM, COMMAND), OBJ, STOP),
    SYSTEM,
)
_add(
    "NEWOBJ of Popen makes one without running it; __init__ runs it",
    [call(name("subprocess", "Popen.__init__"), code(name("subprocess", "Popen"), EMPTY_TUPLE, NEWOBJ), [TOKEN])],
    SPAWN,
)
_add(
    "NEWOBJ of a class that acts in __new__",
    [code(name("pathlib", "Path"), tuple_(TOKEN), NEWOBJ), POP, code(name("zipfile", "Path"), EMPTY_TUPLE, NEWOBJ)],
    After("type(result).__name__ == 'Path'"),
    expected="review",
)
_add(
    "NEWOBJ map, NEWOBJ bytes",
    [
        code(
            name("builtins", "bytes"), tuple_(code(name("builtins", "map"), tuple_(_SYSTEM, [COMMAND]), NEWOBJ)), NEWOBJ
        )
    ],
    SYSTEM,
)
_add(
    "NEWOBJ map, NEWOBJ tuple, os.system by its own name",
    [
        code(
            name("builtins", "tuple"),
            tuple_(code(name("builtins", "map"), tuple_(name("os", "system"), [COMMAND]), NEWOBJ)),
            NEWOBJ,
        )
    ],
    SYSTEM,
)
_add(
    "NEWOBJ filter, NEWOBJ frozenset",
    [
        code(
            name("builtins", "frozenset"),
            tuple_(code(name("builtins", "filter"), tuple_(_SYSTEM, [COMMAND]), NEWOBJ)),
            NEWOBJ,
        )
    ],
    SYSTEM,
)
_add(
    "NEWOBJ starmap, APPENDS of a deque's extend",
    [
        code(name("collections", "deque"), EMPTY_TUPLE, NEWOBJ),
        POP,
        code(
            name("builtins", "tuple"),
            tuple_(code(name("itertools", "starmap"), tuple_(_SYSTEM, [(COMMAND,)]), NEWOBJ)),
            NEWOBJ,
        ),
    ],
    SYSTEM,
)
_add(
    "NEWOBJ_EX chain",
    [new_ex(name("builtins", "tuple"), (new_ex(name("builtins", "map"), (_SYSTEM, [COMMAND]), {}),), {})],
    SYSTEM,
)
_add(
    "NEWOBJ_EX of a partial with keywords, then REDUCE",
    [call(new_ex(name("functools", "partial"), (name("subprocess", "run"),), {"args": [TOKEN]}))],
    SPAWN,
)
_add(
    "NEWOBJ_EX of FileIO",
    [call(name("io", "FileIO.__init__"), new_ex(name("io", "FileIO"), (TOKEN,), {}), TOKEN)],
    OPEN,
)
_add(
    "NEWOBJ of io.open's class through its __init__",
    [call(name("tarfile", "TarFile.__init__"), code(name("tarfile", "TarFile"), EMPTY_TUPLE, NEWOBJ), TOKEN)],
    OPEN,
)
_add("REDUCE of a class with EMPTY_TUPLE, dropped", [code(PAYLOAD, POP), NONE], SYSTEM)
_add("REDUCE, dropped by POP_MARK", [code(MARK, PAYLOAD, POP_MARK), NONE], SYSTEM)
_add("OBJ, dropped", [code(MARK, _SYSTEM, value(COMMAND), OBJ, POP), EMPTY_DICT], SYSTEM)
_add(
    "REDUCE, then BUILD with an empty state",
    [code(PAYLOAD, POP), call(name("argparse", "Namespace")), EMPTY_DICT, BUILD],
    SYSTEM,
)
_add(
    "REDUCE of the result of a REDUCE",
    [call(call(name("functools", "partial"), call(name("functools", "partial"), _SYSTEM)), COMMAND)],
    SYSTEM,
)

# Methods that opcodes call.
_PARTIAL = call(name("functools", "partial"), name("builtins", "len"))
_add("BUILD of a partial's state, then OBJ", [MARK, build(_PARTIAL, (_SYSTEM, (COMMAND,), {}, None)), OBJ], SYSTEM)
_NAMESPACE = call(name("argparse", "Namespace"))
_add(
    "BUILD calls a planted __setstate__",
    [code(build(_NAMESPACE, {"__setstate__": _SYSTEM}), value(COMMAND), BUILD)],
    SYSTEM,
)
_add("APPEND calls a planted append", [code(build(_NAMESPACE, {"append": _SYSTEM}), value(COMMAND), APPEND)], SYSTEM)
_add(
    "APPENDS calls a planted extend",
    [code(build(_NAMESPACE, {"extend": name("imaplib", "subprocess.run")}), MARK, value(TOKEN), APPENDS)],
    SPAWN,
)
_add(
    "APPENDS calls a planted append when there is no extend",
    [code(build(_NAMESPACE, {"append": _SYSTEM}), MARK, value(COMMAND), APPENDS)],
    SYSTEM,
)
_add(
    "ADDITEMS calls a planted add", [code(build(_NAMESPACE, {"add": _SYSTEM}), MARK, value(COMMAND), ADDITEMS)], SYSTEM
)
_add(
    "SETITEM calls a class's __setitem__",
    [
        code(
            call(
                call(
                    name("builtins", "type"),
                    "X",
                    (),
                    {"__setitem__": call(name("builtins", "staticmethod"), name("os", "execvp"))},
                )
            ),
            value(TOKEN),
            value([TOKEN]),
            SETITEM,
        )
    ],
    Event("os.exec"),
)
_add(
    "SETITEMS calls a class's __setitem__",
    [
        code(
            call(
                call(
                    name("builtins", "type"),
                    "X",
                    (),
                    {"__setitem__": call(name("builtins", "staticmethod"), name("os", "execvp"))},
                )
            ),
            MARK,
            value(TOKEN),
            value([TOKEN]),
            SETITEMS,
        )
    ],
    Event("os.exec"),
)
_add(
    "a set hashes its items",
    [
        code(
            EMPTY_SET,
            MARK,
            call(
                call(
                    name("builtins", "type"),
                    "X",
                    (),
                    {
                        "__hash__": call(
                            name("builtins", "staticmethod"), call(name("functools", "partial"), _SYSTEM, COMMAND)
                        )
                    },
                )
            ),
            ADDITEMS,
        )
    ],
    SYSTEM,
)
_add(
    "a dictionary hashes its keys",
    [
        code(
            EMPTY_DICT,
            call(
                call(
                    name("builtins", "type"),
                    "X",
                    (),
                    {"__hash__": call(name("functools", "partial"), _SYSTEM, COMMAND)},
                )
            ),
            NONE,
            SETITEM,
        )
    ],
    SYSTEM,
)
_add(
    "FROZENSET hashes its items",
    [
        code(
            MARK,
            call(
                call(
                    name("builtins", "type"),
                    "X",
                    (),
                    {"__hash__": call(name("functools", "partial"), _SYSTEM, COMMAND)},
                )
            ),
            FROZENSET,
        )
    ],
    SYSTEM,
)
_add(
    "a dictionary compares keys of one hash",
    [
        code(
            EMPTY_DICT,
            MARK,
            2
            * code(
                call(
                    call(
                        name("builtins", "type"),
                        "X",
                        (),
                        {
                            "__hash__": call(name("functools", "partial"), name("builtins", "len"), ()),
                            "__eq__": call(name("functools", "partial"), _SYSTEM, COMMAND),
                        },
                    )
                ),
                NONE,
            ),
            SETITEMS,
        )
    ],
    After("isinstance(result, BaseException)"),
)
_add(
    "DICT hashes its keys",
    [
        code(
            MARK,
            call(
                call(
                    name("builtins", "type"),
                    "X",
                    (),
                    {"__hash__": call(name("functools", "partial"), _SYSTEM, COMMAND)},
                )
            ),
            NONE,
            DICT,
        )
    ],
    SYSTEM,
)
_add(
    "BUILD reads __setstate__ by a planted __getattr__",
    [
        build(
            call(
                call(
                    name("builtins", "type"),
                    "X",
                    (),
                    {
                        "__getattribute__": call(
                            name("builtins", "staticmethod"),
                            call(name("functools", "partial"), name("os", "execvp"), TOKEN),
                        )
                    },
                )
            ),
            1,
        )
    ],
    After("isinstance(result, BaseException)"),
)
_add(
    "NEWOBJ calls a planted __new__",
    [
        code(
            call(name("builtins", "type"), "X", (), {"__new__": call(name("functools", "partial"), _SYSTEM, COMMAND)}),
            EMPTY_TUPLE,
            NEWOBJ,
        )
    ],
    After("'partial' in repr(result) or True"),
)
_add(
    "EXT code reached through its cache",
    [code(name("copyreg", "_extension_cache"), value(7), _SYSTEM, SETITEM, POP), call(ext1(7), COMMAND)],
    SYSTEM,
)
_add(
    "EXT code by the inverted registry",
    [
        code(name("copyreg", "_inverted_registry"), value(200), value(("posix", "system")), SETITEM, POP),
        call(ext1(200), COMMAND),
    ],
    SYSTEM,
)
_add(
    "EXT1 registered in the stream",
    [code(call(name("copyreg", "add_extension"), "posix", "system", 200), POP), call(ext1(200), COMMAND)],
    SYSTEM,
)
_add(
    "EXT2 registered in the stream",
    [code(call(name("copyreg", "add_extension"), "posix", "system", 2000), POP), call(ext2(2000), COMMAND)],
    SYSTEM,
)
_add(
    "EXT4 registered in the stream",
    [code(call(name("copyreg", "add_extension"), "posix", "system", 200000), POP), call(ext4(200000), COMMAND)],
    SYSTEM,
)
_add(
    "EXT4 with the code of an EXT1",
    [code(call(name("copyreg", "add_extension"), "posix", "system", 5), POP), call(ext4(5), COMMAND)],
    SYSTEM,
)
_add(
    "EXT registry filled by BUILD's state",
    [
        code(
            call(name("builtins", "dict.update"), name("copyreg", "_inverted_registry"), {9: ("posix", "system")}), POP
        ),
        call(ext2(9), COMMAND),
    ],
    SYSTEM,
)
for _opcode in (ext1(3), ext2(300), ext4(70000)):
    _add(
        "EXT code that nobody registered",
        [_opcode],
        After("'unregistered extension code' in str(result)"),
        expected="review",
    )
_add("EXT code zero", [ext1(0)], After("'code <= 0' in str(result)"), expected="review")

# Live objects of the process that loads.
_add(
    "SETITEM on a module's dictionary",
    [code(name("linecache", "os.__dict__"), value(TOKEN), value(1), SETITEM)],
    After("hasattr(__import__('os'), 'weighmaster_fired')"),
    expected="review",
)
_add(
    "SETITEMS on sys.modules",
    [code(name("sys", "modules"), MARK, value(TOKEN), NONE, SETITEMS)],
    After("'weighmaster_fired' in __import__('sys').modules"),
    expected="review",
)
_add(
    "APPEND to sys.path",
    [code(name("sys", "path"), value(TOKEN), APPEND)],
    After("'weighmaster_fired' in __import__('sys').path"),
    expected="review",
)
_add(
    "APPENDS to sys.meta_path",
    [code(name("sys", "meta_path"), MARK, name("json", "loads"), APPENDS)],
    After("__import__('json').loads in __import__('sys').meta_path"),
    expected="review",
)
_add(
    "BUILD with slot state patches a class",
    [build(name("json", "JSONDecoder"), (None, {"decode": name("builtins", "eval")}))],
    After("__import__('json').JSONDecoder.decode is eval"),
    expected="review",
)
_add(
    "BUILD into a module",
    [build(name("linecache", "os"), {TOKEN: 1})],
    After("hasattr(__import__('os'), 'weighmaster_fired')"),
    expected="review",
)
_add(
    "BUILD with slot state into a function",
    [build(name("json", "loads"), (None, {"__defaults__": (1,)}))],
    After("__import__('json').loads.__defaults__ == (1,)"),
    expected="review",
)
_add(
    "ADDITEMS to a live set",
    [code(name("keyword", "iskeyword.__self__"), MARK, value(TOKEN), ADDITEMS)],
    After("True"),
    expected="review",
)
_add("SETITEM on os.environ", [code(name("os", "environ"), value(TOKEN), value("1"), SETITEM)], Event("os.putenv"))
_add(
    "SETITEM on a live list",
    [code(name("sys", "argv"), value(0), value(TOKEN), SETITEM)],
    After("__import__('sys').argv[0] == 'weighmaster_fired'"),
    expected="review",
)
_add(
    "SETITEM on a codec cache by way of a class",
    [code(name("builtins", "__dict__"), value("len"), name("builtins", "print"), SETITEM)],
    After("__import__('builtins').len is print"),
    expected="review",
)

# Names by other roads.
_raw(
    "STACK_GLOBAL of STRING with escapes",
    program(
        proto(4), string(r"'\x70\x6f\x73\x69\x78'"), string(r"'\163ystem'"), STACK_GLOBAL, tuple_(COMMAND), REDUCE, STOP
    ),
    SYSTEM,
)
_raw(
    "STACK_GLOBAL of BINSTRING",
    program(proto(4), binstring(b"posix"), short_binstring(b"system"), STACK_GLOBAL, tuple_(COMMAND), REDUCE, STOP),
    SYSTEM,
)
_raw(
    "STACK_GLOBAL of UNICODE with escapes",
    program(proto(4), unicode(r"\u0070osix"), unicode("system"), STACK_GLOBAL, tuple_(COMMAND), REDUCE, STOP),
    SYSTEM,
)
_raw(
    "STACK_GLOBAL of BINUNICODE8",
    program(proto(4), binunicode8("posix"), binunicode("system"), STACK_GLOBAL, tuple_(COMMAND), REDUCE, STOP),
    SYSTEM,
)
_raw(
    "GLOBAL under protocol 4 with a dotted name",
    program(proto(4), global_("os.path", "os.system"), tuple_(COMMAND), REDUCE, STOP),
    SYSTEM,
)
_raw(
    "INST under protocol 4 with a dotted name",
    program(proto(4), MARK, value(COMMAND), inst("glob", "os.system"), STOP),
    SYSTEM,
)
_raw("protocol 0 declared, protocol 4 opcodes used", program(proto(0), _SYSTEM, tuple_(COMMAND), REDUCE, STOP), SYSTEM)
_raw("no protocol declared, protocol 4 opcodes used", program(_SYSTEM, tuple_(COMMAND), REDUCE, STOP), SYSTEM)
_raw(
    "protocol 2 then 4 declared: the last one rules dotted names",
    program(proto(2), NONE, POP, proto(4), global_("glob", "os.system"), tuple_(COMMAND), REDUCE, STOP),
    SYSTEM,
)
_raw(
    "protocol 5 then 2 declared: Python 2 names are mapped again",
    program(proto(5), NONE, POP, proto(2), global_("__builtin__", "eval"), tuple_(f"'{TOKEN}'"), REDUCE, STOP),
    RUN,
)
_raw("PROTO repeated mid-stream", program(proto(4), NONE, POP, proto(4), proto(4), PAYLOAD, STOP), SYSTEM)
_raw(
    "a full-width name is not folded by the unpickler",
    program(proto(4), name("\uff4f\uff53", "system"), STOP),
    After("isinstance(result, ModuleNotFoundError)"),
    expected="review",
)
_raw(
    "a full-width name is folded by exec",
    program(proto(4), call(name("builtins", "exec"), f"import \uff4f\uff53; \uff4f\uff53.system('{COMMAND}')"), STOP),
    SYSTEM,
)
_raw(
    "a name with a line break in STACK_GLOBAL",
    program(proto(4), name("os\n", "system"), STOP),
    After("isinstance(result, BaseException)"),
    expected="review",
)
_raw(
    "an empty name of a package's attribute",
    program(proto(4), name("", "system"), STOP),
    After("isinstance(result, ValueError)"),
    expected="review",
)
_raw(
    "GLOBAL with a carriage return",
    program(global_("os\r", "system"), STOP),
    After("isinstance(result, ModuleNotFoundError)"),
    expected="review",
)

# The memo.
_raw(
    "operands by BINGET",
    program(
        proto(4),
        text("posix"),
        binput(0),
        POP,
        text("system"),
        binput(1),
        POP,
        binget(0),
        binget(1),
        STACK_GLOBAL,
        tuple_(COMMAND),
        REDUCE,
        STOP,
    ),
    SYSTEM,
)
_raw(
    "BINPUT and MEMOIZE mixed",
    program(
        proto(4),
        text("posix"),
        binput(0),
        POP,
        text("system"),
        binput(1),
        POP,
        text("collections"),
        MEMOIZE,
        POP,
        text("OrderedDict"),
        MEMOIZE,
        POP,
        binget(0),
        binget(1),
        STACK_GLOBAL,
        tuple_(COMMAND),
        REDUCE,
        STOP,
    ),
    SYSTEM,
)
_raw(
    "memo aliases by double PUT",
    program(
        proto(4),
        text("posix"),
        binput(0),
        binput(1),
        POP,
        text("system"),
        binput(2),
        binput(3),
        POP,
        binget(1),
        binget(3),
        STACK_GLOBAL,
        tuple_(COMMAND),
        REDUCE,
        STOP,
    ),
    SYSTEM,
)
_raw(
    "POP, then PUT of what was below",
    program(
        proto(4),
        text("posix"),
        text("collections"),
        POP,
        binput(0),
        POP,
        text("system"),
        text("abc"),
        POP,
        binput(1),
        POP,
        binget(0),
        binget(1),
        STACK_GLOBAL,
        tuple_(COMMAND),
        REDUCE,
        STOP,
    ),
    SYSTEM,
)
_raw(
    "GET, then PUT under another index",
    program(
        proto(4),
        text("posix"),
        binput(5),
        POP,
        text("system"),
        binput(6),
        POP,
        binget(5),
        binput(1),
        POP,
        binget(6),
        binput(2),
        POP,
        binget(1),
        binget(2),
        STACK_GLOBAL,
        tuple_(COMMAND),
        REDUCE,
        STOP,
    ),
    SYSTEM,
)
_raw(
    "a harmless slot overwritten by DUP and PUT",
    program(
        proto(4),
        text("collections"),
        binput(0),
        POP,
        text("posix"),
        DUP,
        binput(0),
        POP,
        POP,
        binget(0),
        text("system"),
        STACK_GLOBAL,
        tuple_(COMMAND),
        REDUCE,
        STOP,
    ),
    SYSTEM,
)
_raw(
    "memo slots overwritten after use",
    program(
        proto(4),
        text("posix"),
        binput(0),
        text("system"),
        binput(1),
        STACK_GLOBAL,
        text("collections"),
        binput(0),
        POP,
        text("OrderedDict"),
        binput(1),
        POP,
        tuple_(COMMAND),
        REDUCE,
        STOP,
    ),
    SYSTEM,
)
_raw(
    "memo by text indices and by huge ones",
    program(
        proto(4),
        text("posix"),
        put(7777),
        POP,
        text("system"),
        long_binput(7778),
        POP,
        long_binget(7777),
        get(7778),
        STACK_GLOBAL,
        tuple_(COMMAND),
        REDUCE,
        STOP,
    ),
    SYSTEM,
)
_raw(
    "a memo index written with blanks and an underscore",
    program(
        proto(4),
        text("posix"),
        put(" 1_0 "),
        POP,
        binget(10),
        text("system"),
        STACK_GLOBAL,
        tuple_(COMMAND),
        REDUCE,
        STOP,
    ),
    SYSTEM,
)
_raw(
    "the callable itself from the memo",
    program(proto(4), _SYSTEM, MEMOIZE, POP, EMPTY_LIST, binget(0), tuple_(COMMAND), REDUCE, APPEND, STOP),
    SYSTEM,
)
_raw(
    "the arguments from the memo, changed after they were stored",
    program(
        proto(4),
        EMPTY_LIST,
        MEMOIZE,
        POP,
        call(name("builtins", "list"), call(name("builtins", "map"), _SYSTEM, code(binget(0), value(COMMAND), APPEND))),
        STOP,
    ),
    SYSTEM,
)
_raw("GET of a memo slot never set, after the payload", program(proto(4), PAYLOAD, binget(3), STOP), SYSTEM)
_raw(
    "memo slot holds a number where a name is wanted",
    program(proto(4), value(3), binput(0), binget(0), STACK_GLOBAL, STOP),
    After("isinstance(result, BaseException)"),
    expected="review",
)

# Noise.
_raw(
    "junk strings between the operands, cut off by POP_MARK",
    program(
        proto(4),
        text("posix"),
        MARK,
        text("collections"),
        text("abc"),
        POP_MARK,
        text("system"),
        MARK,
        NONE,
        POP_MARK,
        STACK_GLOBAL,
        tuple_(COMMAND),
        REDUCE,
        STOP,
    ),
    SYSTEM,
)
_raw(
    "POP takes a mark off",
    program(proto(4), text("posix"), MARK, POP, text("system"), MARK, POP, STACK_GLOBAL, tuple_(COMMAND), REDUCE, STOP),
    SYSTEM,
)
_raw(
    "DUP, NONE, POP between the operands",
    program(
        proto(4),
        text("posix"),
        DUP,
        POP,
        NONE,
        POP,
        text("system"),
        DUP,
        POP,
        STACK_GLOBAL,
        tuple_(COMMAND),
        REDUCE,
        STOP,
    ),
    SYSTEM,
)
_raw(
    "TUPLE from a mark, the tuple kept in the memo",
    program(proto(4), _SYSTEM, MARK, value(COMMAND), TUPLE, MEMOIZE, POP, binget(0), REDUCE, STOP),
    SYSTEM,
)
_raw("payload as a dictionary's value", program(proto(4), EMPTY_DICT, text("weights"), PAYLOAD, SETITEM, STOP), SYSTEM)
_raw("payload as a dictionary's key", program(proto(4), EMPTY_DICT, PAYLOAD, NONE, SETITEM, STOP), SYSTEM)
_raw("payload inside a FROZENSET", program(proto(4), MARK, PAYLOAD, FROZENSET, STOP), SYSTEM)
_raw(
    "payload inside the arguments of a harmless call",
    program(proto(4), call(name("collections", "OrderedDict"), [("a", PAYLOAD)]), STOP),
    SYSTEM,
)
_raw(
    "payload inside the state of a harmless object", program(proto(4), build(_NAMESPACE, {"a": PAYLOAD}), STOP), SYSTEM
)
_raw(
    "a harmless class given as the payload's argument",
    program(proto(4), call(name("builtins", "print"), PAYLOAD), STOP),
    SYSTEM,
)

# Frames.
_raw(
    "FRAME longer than the stream",
    program(proto(4), frame(2**40), PAYLOAD, STOP),
    After("isinstance(result, BaseException)"),
    expected="review",
)
_raw("FRAME shorter than its content", program(proto(4), frame(4), PAYLOAD, STOP), After("True"), expected="block")
_raw(
    "FRAME shorter than its content, read by the C unpickler",
    program(proto(4), frame(len(_SYSTEM)), PAYLOAD, STOP),
    SYSTEM,
)
_raw("FRAME inside FRAME", program(proto(4), framed(NONE, POP, framed(PAYLOAD)), STOP), SYSTEM)
_raw("FRAME of no bytes", program(proto(4), frame(0), PAYLOAD, STOP), SYSTEM)
_raw(
    "two FRAMEs with the call between them",
    program(proto(4), framed(_SYSTEM), tuple_(COMMAND), framed(REDUCE), STOP),
    SYSTEM,
)
_STRADDLE = program(
    proto(4), frame(4), b"\x8c\x14xx", b"A" * 18, b"C", bytes([len(PAYLOAD) + 1]), PAYLOAD, POP, EMPTY_DICT, STOP
)
_raw("an argument that crosses the frame's end, read without peek", _STRADDLE, SYSTEM, loader="pickle-unpeekable")

# Numbers that readers read differently.
for _literal in (
    int_("0x10"),
    int_("0o17"),
    int_("0b1"),
    int_(" 7 "),
    int_("1_0"),
    long_("0x10L"),
    long_("0x10"),
    long_("0b101L"),
    int_("-0x1"),
):
    _raw(
        f"number {_literal[:-1].decode()} before the payload",
        program(_literal, POP, global_("posix", "system"), MARK, _QUOTED, TUPLE, REDUCE, STOP),
        SYSTEM,
    )
_raw(
    "number 0x10 after the payload",
    program(global_("posix", "system"), MARK, _QUOTED, TUPLE, REDUCE, int_("0x10"), POP, STOP),
    SYSTEM,
)
for _literal in (float_("inf"), float_("nan"), float_("1e-400")):
    _raw(
        f"number {_literal[:-1].decode()} before the payload",
        program(proto(0), _literal, POP, global_("posix", "system"), MARK, _QUOTED, TUPLE, REDUCE, STOP),
        SYSTEM,
    )
_raw(
    "LONG1 and LONG4 of no bytes before the payload",
    program(proto(2), b"\x8a\0", POP, long4(0), POP, long1(-1), POP, PAYLOAD, STOP),
    SYSTEM,
)

# Hooks of the loader.
_raw(
    "PERSID that the loader resolves to a callable",
    program(persid("posix system"), MARK, _QUOTED, TUPLE, REDUCE, STOP),
    SYSTEM,
    loader="pickle-persistent",
    expected="review",
)
_raw(
    "BINPERSID that the loader resolves to a callable",
    program(proto(4), tuple_("posix", "system"), BINPERSID, tuple_(COMMAND), REDUCE, STOP),
    SYSTEM,
    loader="pickle-persistent",
    expected="review",
)
_raw("BINPERSID after the payload", program(proto(4), PAYLOAD, BINPERSID, STOP), SYSTEM)
_raw(
    "NEXT_BUFFER out of band, then the payload",
    program(proto(5), NEXT_BUFFER, READONLY_BUFFER, POP, PAYLOAD, STOP),
    SYSTEM,
    loader="pickle-buffers",
)

# A pickle in a constant of a pickle, loaded by the outer one.
_INNER = program(proto(4), PAYLOAD, STOP)
_raw("inner pickle in a BYTEARRAY8", program(proto(5), call(name("pickle", "loads"), bytearray8(_INNER)), STOP), SYSTEM)
_raw("inner pickle in a BINBYTES8", program(proto(4), call(name("_pickle", "loads"), binbytes8(_INNER)), STOP), SYSTEM)
_raw(
    "inner pickle in a BINBYTES that nobody loads",
    program(proto(4), binbytes(_INNER), STOP),
    After("isinstance(result, bytes)"),
    expected="review",
)
