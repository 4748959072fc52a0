"""Names that the language and its library give a meaning to that matters for following source, not for judging it.

Plain sets and tables: a name that is missing is followed like any other call, so its arguments count as handed on.
Sources: <https://docs.python.org/3/library/> and the projects' own references.
"""

from __future__ import annotations

from typing import Final

from weighmaster.reading.python.values import MACHINE, MOMENT

NAMESPACE: Final = "<namespace>"
"""What `globals()` and `vars()` give, by a name that no source can write."""
WRITTEN: Final = "<written>"
"""A file that was opened to be written, by a name that no source can write."""
OWN_NAME: Final = "__name__"
MAIN: Final = "__main__"

BUILTINS: Final = frozenset({
    "__import__", "all", "any", "breakpoint", "bytearray", "bytes", "callable", "chr", "classmethod", "compile",
    "delattr", "dict", "dir", "enumerate", "eval", "exec", "execfile", "exit", "filter", "float", "frozenset",
    "getattr", "globals", "hasattr", "help", "id", "input", "int", "isinstance", "issubclass", "iter", "list", "locals",
    "map", "max", "memoryview", "min", "next", "object", "open", "ord", "print", "property", "quit", "raw_input",
    "reload", "repr", "reversed", "set", "setattr", "sorted", "staticmethod", "str", "sum", "super", "tuple", "type",
    "unichr", "vars", "zip",
})  # fmt: skip
"""Builtins that are followed; of Python 2 as well."""

CLIMBING: Final = frozenset(
    {"__builtins__", "__globals__", "cr_frame", "f_builtins", "f_globals", "gi_frame", "tb_frame"}
)
"""Attributes that lead from any object into the interpreter."""

TYPES: Final = frozenset({"__base__", "__bases__", "__class__", "__mro__", "__subclasses__", "mro"})
"""Attributes that lead from a constant to its class, and from there to all others."""

OF_MODULES: Final = {
    "CDLL": "ctypes.CDLL",
    "Popen": "subprocess.Popen",
    "__import__": "builtins.__import__",
    "check_call": "subprocess.check_call",
    "check_output": "subprocess.check_output",
    "exec": "builtins.exec",
    "execv": "os.execv",
    "execve": "os.execve",
    "fork": "os.fork",
    "getoutput": "subprocess.getoutput",
    "import_module": "importlib.import_module",
    "load_module": "importlib.import_module",
    "popen": "os.popen",
    "posix_spawn": "os.posix_spawn",
    "rmtree": "shutil.rmtree",
    "spawn": "pty.spawn",
    "system": "os.system",
    "urlopen": "urllib.request.urlopen",
}
"""What a name most likely is when it is taken from a module whose own name is not known."""

OF_INTERPRETER: Final = OF_MODULES | {
    "__builtins__": "builtins",
    "builtins": "builtins",
    "call": "subprocess.call",
    "compile": "builtins.compile",
    "eval": "builtins.eval",
    "getattr": "builtins.getattr",
    "linecache": "linecache",
    "modules": "sys.modules",
    "open": "builtins.open",
    "os": "os",
    "run": "subprocess.run",
    "subprocess": "subprocess",
    "sys": "sys",
}
"""What a name most likely is when it was reached through the interpreter's own objects."""

RUNNING_BUILTINS: Final = frozenset(
    {"all", "any", "dict", "filter", "list", "map", "max", "min", "next", "set", "sorted", "sum", "tuple"}
)
"""Builtins that run functions that they are given, or the generators."""

LOOKING_BUILTINS: Final = frozenset({
    "bool", "callable", "classmethod", "dir", "hasattr", "help", "id", "isinstance", "issubclass", "len", "print",
    "property", "repr", "setattr", "staticmethod", "str", "super", "type",
})  # fmt: skip
"""Builtins that look at what they are given, and do not call it."""

RUNNING: Final = frozenset(
    {
        "_thread.start_new_thread",
        "asyncio.run",
        "atexit.register",
        "cProfile.run",
        "codecs.register",
        "collections.defaultdict",
        "concurrent.futures.ThreadPoolExecutor.submit",
        "contextlib.ExitStack.callback",
        "functools.reduce",
        "functools.singledispatch",
        "gc.callbacks.append",
        "importlib.util.LazyLoader",
        "itertools.starmap",
        "multiprocessing.Process",
        "operator.call",
        "os.register_at_fork",
        "re.sub",
        "sched.scheduler",
        "signal.signal",
        "sys.addaudithook",
        "sys.meta_path.append",
        "sys.meta_path.insert",
        "sys.path_hooks.append",
        "sys.path_hooks.insert",
        "sys.setprofile",
        "sys.settrace",
        "threading.Thread",
        "threading.Timer",
        "threading.setprofile",
        "threading.settrace",
        "timeit.timeit",
        "weakref.finalize",
    }
)
"""Functions that run the functions that they are given, now or soon."""

RUNNING_METHODS: Final = frozenset({
    "add_done_callback", "apply", "apply_async", "call_later", "call_soon", "callback", "create_task", "enter", "imap",
    "map", "map_async", "reduce", "run", "run_in_executor", "run_until_complete", "starmap", "sub", "submit",
})  # fmt: skip
"""Methods that run the functions that they are given, whatever object they belong to."""

FETCHING: Final = (
    "aiohttp.",
    "ftplib.",
    "http.client.",
    "httpx.",
    "paramiko.",
    "requests.",
    "socket.",
    "urllib.request.",
    "urllib2.",
    "urllib3.",
    "websocket.",
    "websockets.",
)
"""How the names begin of what gives something from the network."""

ASKING: Final = {
    **dict.fromkeys(
        ("getpass.getuser", "os.getlogin", "os.getuid", "os.uname", "platform.node", "platform.uname",
         "socket.getfqdn", "socket.gethostname", "uuid.getnode"),
        MACHINE,
    ),
    **dict.fromkeys(
        ("datetime.date.today", "datetime.datetime.now", "datetime.datetime.today", "datetime.datetime.utcnow",
         "time.gmtime", "time.localtime", "time.time"),
        MOMENT,
    ),
}  # fmt: skip
"""Functions that say on which machine the source runs, for whom, or when."""

CIPHERS: Final = ("Crypto.", "cryptography.", "nacl.")
"""How the names begin of what enciphers and deciphers."""

SAME_PATH: Final = frozenset(
    {"os.fspath", "os.path.abspath", "os.path.expanduser", "os.path.normpath", "os.path.realpath"}
)
"""Functions that give the path that they are given, for what a path says of a file."""

TASKS: Final = frozenset(
    {
        "kfp.dsl.component",
        *(
            f"{module}.task{kind}"
            for module in ("airflow.decorators", "airflow.sdk")
            for kind in ("", ".bash", ".branch", ".docker", ".kubernetes", ".python", ".sensor", ".short_circuit",
                         ".virtualenv")
        ),
    }
)  # fmt: skip
"""Decorators whose functions, where source calls them, are put into a plan that a scheduler carries out elsewhere."""

PATH_METHODS: Final = frozenset({"absolute", "expanduser", "joinpath", "resolve", "with_name", "with_suffix"})
"""Methods of `pathlib.Path` that give a path."""

THINGS: Final = frozenset(
    {
        "aiohttp.ClientSession",
        "code.InteractiveConsole",
        "code.InteractiveInterpreter",
        "ctypes.CDLL",
        "ctypes.PyDLL",
        "ftplib.FTP",
        "http.client.HTTPConnection",
        "http.client.HTTPSConnection",
        "httpx.AsyncClient",
        "httpx.Client",
        "importlib.machinery.SourceFileLoader",
        "paramiko.SSHClient",
        "pathlib.Path",
        "pathlib.PosixPath",
        "pathlib.WindowsPath",
        "pickle.Unpickler",
        "requests.Session",
        "requests.session",
        "smtplib.SMTP",
        "smtplib.SMTP_SSL",
        "socket.create_connection",
        "socket.socket",
        "urllib.request.Request",
        "urllib.request.build_opener",
        "urllib3.PoolManager",
    }
)
"""Classes, and functions that make objects of them, of whose objects the methods matter."""

SECRET_WORDS: Final = (
    "ACCESS_KEY",
    "APIKEY",
    "API_KEY",
    "CREDENTIAL",
    "PASSWD",
    "PASSWORD",
    "SECRET",
    "TOKEN",
)
"""What the names of variables hold whose values are for nobody else."""
