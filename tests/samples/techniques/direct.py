"""A dangerous callable, named outright and called by REDUCE."""

from __future__ import annotations

from typing import Any

from tests.samples.pickles import Code, attribute, call, code, name
from tests.samples.sample import (
    BROWSER,
    COMMAND,
    CONNECT,
    HOST,
    LOOKUP,
    MODULE,
    OPEN,
    PORT,
    RUN,
    SOURCE,
    SPAWN,
    SYSTEM,
    TOKEN,
    URL,
    Event,
    Proof,
    Table,
)

_TABLE = Table("direct")
SAMPLES = _TABLE.samples


def _row(module: str, attribute_name: str, *arguments: Any, fires: Proof, **more: Any) -> None:
    _TABLE.program(f"{module}.{attribute_name}", [call(name(module, attribute_name), *arguments)], fires, **more)


# Processes.
_row("os", "system", COMMAND, fires=SYSTEM)
_row("posix", "system", COMMAND, fires=SYSTEM)
_row("nt", "system", COMMAND, fires=Event("import", "nt"))
_row("os", "execvp", TOKEN, [TOKEN], fires=Event("os.exec"))
_row("os", "execl", TOKEN, TOKEN, fires=Event("os.exec"))
_row("posix", "execve", TOKEN, [TOKEN], {}, fires=Event("os.exec"))
_row("os", "posix_spawn", TOKEN, [TOKEN], {}, fires=Event("os.posix_spawn"))
_row("os", "posix_spawnp", TOKEN, [TOKEN], {}, fires=Event("os.posix_spawn"))
_row("os", "spawnlp", 0, TOKEN, TOKEN, fires=Event("os.fork", ""))
_row("os", "spawnv", 0, TOKEN, [TOKEN], fires=Event("os.fork", ""))
_row("os", "fork", fires=Event("os.fork", ""))
_row("os", "forkpty", fires=Event("os.forkpty", ""))
_row("os", "popen", COMMAND, fires=SPAWN)
_row("os", "kill", 2**22 - 7, 0, fires=Event("os.kill", ""))
_row("subprocess", "Popen", [TOKEN], fires=SPAWN)
_row("subprocess", "run", [TOKEN], fires=SPAWN)
_row("subprocess", "call", [TOKEN], fires=SPAWN)
_row("subprocess", "check_call", [TOKEN], fires=SPAWN)
_row("subprocess", "check_output", [TOKEN], fires=SPAWN)
_row("subprocess", "getoutput", COMMAND, fires=SPAWN)
_row("subprocess", "getstatusoutput", COMMAND, fires=SPAWN)
_row("pty", "spawn", TOKEN, fires=Event("pty.spawn"))
_row("commands", "getoutput", COMMAND, fires=Event("import", "commands"), expected="review")

# Code from text.
_row("builtins", "eval", f"'{TOKEN}'", fires=RUN)
_row("builtins", "exec", SOURCE, fires=RUN)
_row("builtins", "compile", f"'{TOKEN}'", "", "eval", fires=Event("compile"))
_row("runpy", "_run_code", SOURCE, {}, fires=RUN)
_row("runpy", "run_path", TOKEN, fires=OPEN)
_row("runpy", "run_module", MODULE, fires=BROWSER)
_row("timeit", "timeit", f"x='{TOKEN}'", fires=RUN)
_row("timeit", "repeat", f"x='{TOKEN}'", fires=RUN)
_row("timeit", "main", ["-n1", "-r1", f"x='{TOKEN}'"], fires=RUN)
_row("cProfile", "run", SOURCE, fires=RUN)
_row("cProfile", "runctx", SOURCE, {}, {}, fires=RUN)
_row("profile", "run", SOURCE, fires=RUN)
_row("pdb", "run", SOURCE, fires=Event("compile"))
_row("pdb", "runeval", SOURCE, fires=Event("compile"))
_row("trace", "main", fires=Event("import", "trace"), expected="review")
_row("codeop", "compile_command", f"'{TOKEN}'", fires=Event("compile"))
_TABLE.program("bdb.Bdb.run", [call(name("bdb", "Bdb.run"), call(name("bdb", "Bdb")), SOURCE)], Event("compile"))
_row("builtins", "breakpoint", fires=Event("builtins.breakpoint", ""))
_row("builtins", "input", TOKEN, fires=Event("builtins.input"))
_row("code", "interact", TOKEN, fires=Event("builtins.input", ">>>"))

# Imports that act.
_row("builtins", "__import__", MODULE, fires=BROWSER)
_row("importlib", "import_module", MODULE, fires=BROWSER)
_row("importlib", "__import__", MODULE, fires=BROWSER)
_row("imp", "load_source", "x", TOKEN, fires=OPEN)
_TABLE.program("a bare global of a module whose import acts", [name(MODULE, "geohash")], BROWSER)
_TABLE.program(
    "getattr of __import__",
    [call(attribute(call(name("builtins", "__import__"), "os"), "system"), COMMAND)],
    SYSTEM,
)

# Files.
_row("builtins", "open", TOKEN, "w", fires=OPEN)
_row("builtins", "open", TOKEN, fires=OPEN)
_row("os", "open", TOKEN, 0, fires=OPEN)
_row("os", "remove", TOKEN, fires=Event("os.remove"))
_row("os", "unlink", TOKEN, fires=Event("os.remove"))
_row("os", "rename", TOKEN, "x", fires=Event("os.rename"))
_row("os", "symlink", TOKEN, "x", fires=Event("os.symlink"))
_row("os", "mkdir", TOKEN, fires=Event("os.mkdir"))
_row("os", "truncate", TOKEN, 0, fires=Event("os.truncate"))
_row("os", "chmod", TOKEN, 511, fires=Event("os.chmod"))
_row("os", "listdir", TOKEN, fires=Event("os.listdir"))
_row("os", "putenv", TOKEN, "1", fires=Event("os.putenv"))
_row("shutil", "copyfile", TOKEN, "x", fires=Event("shutil.copyfile"))
_row("shutil", "rmtree", TOKEN, fires=Event("shutil.rmtree"))
_row("shutil", "move", TOKEN, "x", fires=Event("shutil.move"))
_row("shutil", "unpack_archive", TOKEN, ".", "zip", fires=Event("shutil.unpack_archive"))
_row("shutil", "make_archive", TOKEN, "tar", fires=Event("shutil.make_archive"))
_row("glob", "glob", f"{TOKEN}/*", fires=Event("glob.glob"))
_row("tempfile", "mkstemp", TOKEN, fires=Event("tempfile.mkstemp"))
_row("sqlite3", "connect", TOKEN, fires=Event("sqlite3.connect"))
_row("dbm", "open", TOKEN, "c", fires=OPEN)

# The network.
_row("webbrowser", "open", URL, fires=Event("webbrowser.open"))
_row("socket", "create_connection", (HOST, PORT), fires=LOOKUP)
_row("socket", "getaddrinfo", HOST, PORT, fires=LOOKUP)
_row("socket", "gethostbyname", HOST, fires=Event("socket.gethostbyname", HOST))
_row("socket", "gethostbyaddr", HOST, fires=Event("socket.gethostbyaddr", HOST))
_row("requests", "get", URL, fires=LOOKUP, needs=("requests",))
_row("requests.api", "request", "POST", URL, fires=LOOKUP, needs=("requests",))
_row("urllib.request", "urlopen", URL, fires=Event("urllib.Request"))
_row("urllib.request", "urlretrieve", URL, fires=Event("urllib.Request"))
_row("ftplib", "FTP", HOST, fires=Event("ftplib.connect", HOST))
_row("poplib", "POP3", HOST, fires=Event("poplib.connect", HOST))
_row("imaplib", "IMAP4", HOST, fires=Event("imaplib.open", HOST))
_row("telnetlib", "Telnet", HOST, fires=Event("telnetlib.Telnet.open", HOST))
_row("nntplib", "NNTP", HOST, fires=Event("nntplib.connect", HOST))

# Native code.
_row("ctypes", "CDLL", f"{TOKEN}.so", fires=Event("ctypes.dlopen"))
_row("ctypes", "PyDLL", f"{TOKEN}.so", fires=Event("ctypes.dlopen"))
_row("_ctypes", "dlopen", f"{TOKEN}.so", 0, fires=Event("ctypes.dlopen"))
_TABLE.program(
    "ctypes.CDLL(None).system",
    [call(attribute(call(name("ctypes", "CDLL"), None), "system"), COMMAND.encode())],
    Event("ctypes.dlopen", ""),
)
_TABLE.program(
    "ctypes.cdll.LoadLibrary", [call(name("ctypes", "cdll.LoadLibrary"), f"{TOKEN}.so")], Event("ctypes.dlopen")
)

# Threads and pools that run what they are given.
_TABLE.program(
    "threading.Thread and start",
    [
        call(
            name("threading", "Thread.start"),
            call(name("threading", "Thread"), None, name("os", "system"), None, (COMMAND,)),
        )
    ],
    SYSTEM,
)
_TABLE.program(
    "_thread.start_new_thread",
    [call(name("_thread", "start_new_thread"), name("os", "system"), (COMMAND,)), call(name("time", "sleep"), 2)],
    SYSTEM,
)
_TABLE.program(
    "a thread pool's submit",
    [
        call(
            name("concurrent.futures", "ThreadPoolExecutor.submit"),
            call(name("concurrent.futures.thread", "ThreadPoolExecutor"), 1),
            name("posix", "system"),
            COMMAND,
        ),
        call(name("time", "sleep"), 2),
    ],
    SYSTEM,
)
_TABLE.program(
    "multiprocessing.dummy.Pool.map",
    [call(attribute(call(name("multiprocessing.dummy", "Pool"), 1), "map"), name("os", "system"), [COMMAND])],
    SYSTEM,
)
_TABLE.program(
    "multiprocessing.Process and start",
    [
        call(
            name("multiprocessing.process", "BaseProcess.start"),
            call(name("multiprocessing", "Process"), None, name("os", "system"), None, (COMMAND,)),
        )
    ],
    Event("os.fork", ""),
)
_TABLE.program(
    "threading.Timer with no delay",
    [
        call(name("threading", "Timer.start"), call(name("threading", "Timer"), 0, name("os", "system"), [COMMAND])),
        call(name("time", "sleep"), 2),
    ],
    SYSTEM,
)
_TABLE.program(
    "asyncio.run of a coroutine function called in the stream",
    [
        call(
            name("asyncio", "run"),
            call(name("asyncio", "create_subprocess_shell"), COMMAND),
        )
    ],
    SPAWN,
)
_TABLE.program(
    "a raw socket's connect",
    [call(name("_socket", "socket.connect"), call(name("socket", "socket")), (HOST, PORT))],
    CONNECT,
)
_TABLE.program(
    "socket.connect_ex",
    [call(name("socket", "socket.connect_ex"), call(name("socket", "socket")), (HOST, PORT))],
    CONNECT,
)
_TABLE.program(
    "xmlrpc.client.ServerProxy and a method",
    [call(attribute(call(name("xmlrpc.client", "ServerProxy"), URL), TOKEN))],
    Event("http.client.connect", HOST),
)
_TABLE.program(
    "http.client.HTTPConnection and request",
    [
        call(
            name("http.client", "HTTPConnection.request"),
            call(name("http.client", "HTTPConnection"), HOST, PORT),
            "GET",
            "/",
        )
    ],
    Event("http.client.connect", HOST),
)


def spawn_chain() -> Code:
    """Return `subprocess.Popen(...)` spelled as NEWOBJ would not allow: an instance, then `__init__` on it."""
    return code(
        call(
            name("subprocess", "Popen.__init__"),
            call(name("builtins", "object.__new__"), name("subprocess", "Popen")),
            [TOKEN],
        )
    )


_TABLE.program("object.__new__ and then Popen.__init__", [spawn_chain()], SPAWN)
