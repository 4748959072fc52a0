"""Callables of the standard library and of common packages whose names do not say what they do."""

from __future__ import annotations

from typing import Any

from tests.samples.pickles import MEMOIZE, POP, binget, call, code, name
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
    After,
    Event,
    Proof,
    Table,
    Unproven,
)

_TABLE = Table("gadget")
SAMPLES = _TABLE.samples


def _row(module: str, attribute_name: str, *arguments: Any, fires: Proof, **more: Any) -> None:
    _TABLE.program(f"{module}.{attribute_name}", [call(name(module, attribute_name), *arguments)], fires, **more)


def _method(module: str, method: str, made_with: tuple[Any, ...], *arguments: Any, fires: Proof, **more: Any) -> None:
    """Make an object of a class, then call its method; `method` is `Class.method`."""
    made = call(name(module, method.rpartition(".")[0]), *made_with)
    _TABLE.program(f"{module}.{method}", [call(name(module, method), made, *arguments)], fires, **more)


_EMPTY = call(name("argparse", "Namespace"))

# Processes.
_row(
    "multiprocessing.util",
    "spawnv_passfds",
    b"/" + TOKEN.encode(),
    [TOKEN.encode()],
    [],
    fires=After("isinstance(result, int)"),
)
_row("_bootsubprocess", "check_output", "/weighmaster-fired/true", fires=Event("os.system", "weighmaster-fired"))
_method("_bootsubprocess", "Popen.wait", ([TOKEN],), fires=Event("os.fork", ""))
_row(
    "asyncio.unix_events",
    "_UnixSubprocessTransport._start",
    *(_EMPTY, [TOKEN], False, None, None, None, 0),
    fires=SPAWN,
)
_row("uuid", "_get_command_stdout", "sh", TOKEN, fires=SPAWN)
_row("_osx_support", "_read_output", COMMAND, fires=SYSTEM)
_row("_osx_support", "_find_build_tool", TOKEN, fires=SYSTEM)
_row("_aix_support", "_read_cmd_output", COMMAND, fires=Unproven("gone since Python 3.10"))
_row("distutils.spawn", "spawn", ["true", TOKEN], fires=SPAWN)
_row("setuptools._distutils.spawn", "spawn", ["true", TOKEN], fires=SPAWN, needs=("setuptools",))
_row("venv", "create", TOKEN, fires=Event("os.mkdir"))
_row("ensurepip", "_run_pip", [TOKEN], fires=SPAWN)
_row("pydoc", "pipepager", "", COMMAND, fires=SPAWN)
_row("pydoc", "tempfilepager", TOKEN, "true", fires=Event("os.system", "true"))
_row("ctypes.util", "_findLib_gcc", TOKEN, fires=Event("subprocess.Popen", ""))
_row("ctypes.util", "find_library", TOKEN, fires=Event("subprocess.Popen", "ldconfig"))
_row("mailcap", "findmatch", {"a/b": [{"view": "x", "test": COMMAND}]}, "a/b", fires=SYSTEM)
_method("webbrowser", "GenericBrowser.open", (["true"],), TOKEN, fires=Event("webbrowser.open"))
_row("test.support.script_helper", "assert_python_ok", "-c", TOKEN, fires=Event("subprocess.Popen", ""))
_row("imaplib", "IMAP4_stream", COMMAND, fires=Event("subprocess.Popen", TOKEN))
_TABLE.program(
    "pipes.Template with a command in the pipeline",
    [
        code(call(name("pipes", "Template")), MEMOIZE, POP),
        code(call(name("pipes", "Template.append"), binget(0), COMMAND, "--"), POP),
        call(name("pipes", "Template.copy"), binget(0), "/dev/null", "x"),
    ],
    SYSTEM,
)
_row("multiprocessing.popen_spawn_posix", "Popen", _EMPTY, fires=After("True"), expected="review")
_row("multiprocessing.forkserver", "ensure_running", fires=Event("socket.bind", ""))
_row("pathlib", "Path.touch", call(name("pathlib", "Path"), TOKEN), fires=Event("open"))
_row("torch.utils.collect_env", "run", f"true {TOKEN}", fires=SPAWN, needs=("torch",))
_row("torch.testing._internal.common_utils", "shell", ["true", TOKEN], fires=SPAWN, needs=("torch", "expecttest"))
_row("numpy.f2py.diagnose", "run_command", COMMAND, fires=Unproven("gone from NumPy 2"))
_row("numpy.distutils.exec_command", "exec_command", COMMAND, fires=SPAWN, needs=("numpy.distutils",))
_row("pip", "main", ["download", "--isolated", "-i", URL, TOKEN], fires=Event("subprocess.Popen", ""), needs=("pip",))
_row("py_compile", "compile", TOKEN, fires=OPEN)
_row("compileall", "compile_dir", "/etc", 0, fires=Event("os.listdir", "/etc"))
_row("curses", "setupterm", TOKEN, fires=Event("import", "curses"), expected="review")

# Code from text.
_row(
    "_xxsubinterpreters",
    "run_string",
    call(name("_xxsubinterpreters", "create")),
    SOURCE,
    fires=After("True"),
    expected="block",
)
_row("logging.config", "dictConfig", {"version": 1, "formatters": {"x": {"()": "antigravity.fly"}}}, fires=BROWSER)
_row("logging.config", "fileConfig", "/etc/hostname", fires=Event("open", "hostname"))
_row("dataclasses", "_create_fn", "f", [f"x={SOURCE.replace('raise ', '').join(['(', ')'])}"], ["pass"], fires=RUN)
_row("code", "InteractiveInterpreter.runsource", call(name("code", "InteractiveInterpreter")), SOURCE, fires=RUN)
_row("code", "InteractiveConsole.push", call(name("code", "InteractiveConsole")), SOURCE, fires=RUN)
_row("doctest", "debug_script", SOURCE, True, fires=Event("compile"))
_row("doctest", "debug_src", f">>> {SOURCE}", True, fires=Event("compile"))
_row("doctest", "testfile", TOKEN, False, fires=OPEN)
_row("idlelib.calltip", "get_entity", f"'{TOKEN}'", fires=RUN)
_row("idlelib.autocomplete", "AutoComplete.get_entity", _EMPTY, f"'{TOKEN}'", fires=RUN)
_row("idlelib.calltip", "Calltip.fetch_tip", call(name("idlelib.calltip", "Calltip")), f"'{TOKEN}'", fires=RUN)
_row(
    "lib2to3.pgen2.grammar",
    "Grammar.loads",
    call(name("lib2to3.pgen2.grammar", "Grammar")),
    b"c" + MODULE.encode() + b"\ngeohash\n.",
    fires=BROWSER,
)
_row(
    "lib2to3.pgen2.pgen",
    "ParserGenerator.make_label",
    _EMPTY,
    _EMPTY,
    f"'{TOKEN}'",
    fires=After("True"),
)
_row("trace", "Trace.run", call(name("trace", "Trace")), SOURCE, fires=RUN)
_row("trace", "Trace.runctx", call(name("trace", "Trace")), SOURCE, fires=RUN)
_row("numpy.testing", "runstring", SOURCE, {}, fires=RUN, needs=("numpy",))
_row("numpy.testing._private.utils", "runstring", SOURCE, {}, fires=RUN, needs=("numpy",))
_row("numpy.f2py.crackfortran", "getlincoef", f"1+len('{TOKEN}')", {}, fires=RUN, needs=("numpy",))
_row("numpy.f2py.crackfortran", "param_eval", f"'{TOKEN}'", {}, {}, None, fires=RUN, needs=("numpy",))
_row("numpy.f2py.crackfortran", "_eval_length", f"'{TOKEN}'", {}, fires=RUN, needs=("numpy",))
_row("numpy.f2py.crackfortran", "myeval", f"'{TOKEN}'", {}, {}, fires=RUN, needs=("numpy",))
_row(
    "pandas",
    "eval",
    f"@x.{TOKEN}",
    fires=After("isinstance(result, BaseException)"),
    needs=("pandas",),
    expected="review",
)
_row("sympy.parsing.sympy_parser", "parse_expr", f"'{TOKEN}'", fires=RUN, needs=("sympy",))
_row("sympy", "sympify", f"{TOKEN}()", fires=RUN, needs=("sympy",))
_row("sympy", "lambdify", [], TOKEN, fires=RUN, needs=("sympy",))
_row("hydra.utils", "instantiate", {"_target_": "antigravity.geohash"}, fires=BROWSER, needs=("hydra",))
_row("torch._inductor.codecache", "PyCodeCache.load", f"'{TOKEN}'", fires=Event("open", ".py"), needs=("torch",))
_row(
    "torch.utils.benchmark.utils.timer",
    "Timer.timeit",
    call(name("torch.utils.benchmark.utils.timer", "Timer"), SOURCE),
    1,
    fires=RUN,
    needs=("torch",),
)
_row(
    "torch.fx.graph_module",
    "reduce_graph_module",
    {"_code": f"def forward(self, x='{TOKEN}'): pass"},
    "",
    fires=RUN,
    needs=("torch",),
)
_row("torch.fx.graph_module", "_exec_with_source", f"'{TOKEN}'", {}, fires=RUN, needs=("torch",))
_row("torch.fx.graph_module", "_forward_from_src", f"def forward(x='{TOKEN}'): pass", {}, fires=RUN, needs=("torch",))
_row("torch.jit.unsupported_tensor_ops", "execWrapper", f"'{TOKEN}'", {}, {}, fires=RUN, needs=("torch",))
_row(
    "torch.jit.annotations",
    "parse_type_line",
    f"# type: ('{TOKEN}') -> int",
    call(name("builtins", "dict")),
    0,
    fires=RUN,
    needs=("torch",),
)
_row(
    "torch.utils._config_module",
    "ConfigModule.load_config",
    _EMPTY,
    b"c" + MODULE.encode() + b"\ngeohash\n.",
    fires=BROWSER,
    needs=("torch",),
)
_row(
    "torch.package",
    "PackageImporter",
    TOKEN,
    fires=After("isinstance(result, BaseException)"),
    needs=("torch",),
    expected="block",
)
_row("torch.utils.cpp_extension", "load_inline", TOKEN, "", fires=Event("os.mkdir", ""), needs=("torch",))
_row("torch.ops", "load_library", f"/{TOKEN}.so", fires=Event("ctypes.dlopen"), needs=("torch",))
_row("torch.classes", "load_library", f"/{TOKEN}.so", fires=Event("ctypes.dlopen"), needs=("torch",))
_row(
    "numpy.ctypeslib", "load_library", f"{TOKEN}.so", "/", fires=After("isinstance(result, OSError)"), needs=("numpy",)
)
_row(
    "joblib.externals.loky.backend.reduction",
    "loads",
    b"c" + MODULE.encode() + b"\ngeohash\n.",
    fires=BROWSER,
    needs=("joblib",),
)
_row(
    "scipy._lib._ccallback",
    "LowLevelCallable.from_cython",
    call(name("types", "ModuleType"), "x"),
    TOKEN,
    fires=After("isinstance(result, BaseException)"),
    expected="review",
    needs=("scipy",),
)
_row(
    "string",
    "Template.substitute",
    call(name("string", "Template"), "$x"),
    fires=After("isinstance(result, KeyError)"),
    expected="review",
)
_row("cgi", "test", fires=Event("import", "cgi"), expected="review")
_row("xml.sax.expatreader", "create_parser", fires=Event("import", "xml.sax.expatreader"), expected="review")
_row("typing", "get_type_hints", _EMPTY, {"x": 1}, fires=After("True"), expected="review")
_row("annotationlib", "ForwardRef", f"'{TOKEN}'", fires=Event("import", "annotationlib"), expected="review")
_TABLE.program(
    "typing.ForwardRef and its evaluation",
    [
        call(
            name("typing", "ForwardRef._evaluate"),
            call(name("typing", "ForwardRef"), f"'{TOKEN}'.upper()"),
            {},
            {},
            call(name("builtins", "frozenset")),
        )
    ],
    RUN,
)
_TABLE.program(
    "enum's functional call with a start object",
    [call(name("enum", "Enum"), "X", [("a", call(name("os", "system"), COMMAND))])],
    SYSTEM,
)

# Files.
_row("io", "open", TOKEN, fires=OPEN)
_row("_io", "open", TOKEN, fires=OPEN)
_row("io", "FileIO", TOKEN, fires=OPEN)
_row("_io", "FileIO", TOKEN, "w", fires=OPEN)
_row("_pyio", "open", TOKEN, fires=OPEN)
_row("_pyio", "FileIO", TOKEN, fires=OPEN)
_row("io", "open_code", f"/{TOKEN}", fires=OPEN)
_row("codecs", "open", TOKEN, fires=OPEN)
_row("tokenize", "open", TOKEN, fires=OPEN)
_row("gzip", "open", TOKEN, fires=OPEN)
_row("bz2", "open", TOKEN, fires=OPEN)
_row("lzma", "LZMAFile", TOKEN, fires=OPEN)
_row("tarfile", "open", TOKEN, fires=OPEN)
_row("zipfile", "ZipFile", TOKEN, fires=OPEN)
_row("wave", "open", TOKEN, "rb", fires=OPEN)
_row("linecache", "getlines", "/dev/../etc/hostname", fires=Event("open", "hostname"))
_row("logging", "FileHandler", TOKEN, fires=OPEN)
_row("logging.handlers", "WatchedFileHandler", TOKEN, fires=OPEN)
_row("mailbox", "Maildir", TOKEN, fires=Event("os.mkdir"))
_row("netrc", "netrc", TOKEN, fires=OPEN)
_row("filecmp", "cmp", "/etc/hostname", "/etc/hostname", False, fires=Event("open", "hostname"))
_row("shelve", "open", TOKEN, fires=OPEN)
_row("dbm.dumb", "open", TOKEN, fires=OPEN)
_row("xml.etree.ElementTree", "parse", TOKEN, fires=OPEN)
_row("xml.dom.minidom", "parse", TOKEN, fires=OPEN)
_row("xml.sax", "parse", TOKEN, _EMPTY, fires=After("True"), expected="review")
_row("configparser", "ConfigParser.read", call(name("configparser", "ConfigParser")), TOKEN, fires=OPEN)
_row(
    "optparse",
    "OptionParser.parse_args",
    call(name("optparse", "OptionParser")),
    ["--help"],
    fires=After("isinstance(result, SystemExit)"),
    expected="review",
)
_row("pyclbr", "readmodule", "json", fires=Event("open", "json"), expected="block")
_row("modulefinder", "ModuleFinder.run_script", call(name("modulefinder", "ModuleFinder")), TOKEN, fires=OPEN)
_row("plistlib", "load", call(name("io", "open"), TOKEN), fires=OPEN)
_row("mimetypes", "read_mime_types", TOKEN, fires=After("True"), expected="review")
_row("http.cookiejar", "MozillaCookieJar.load", call(name("http.cookiejar", "MozillaCookieJar")), TOKEN, fires=OPEN)
_row("zipimport", "zipimporter", "/etc/hostname", fires=Event("open", "hostname"))
_row("sys", "addaudithook", name("builtins", "print"), fires=Event("sys.addaudithook", ""))
_row("tempfile", "NamedTemporaryFile", "w", fires=Event("open", "tmp"))
_row("tempfile", "mkdtemp", TOKEN, fires=Event("tempfile.mkdtemp"))
_row("pathlib", "Path.read_text", call(name("pathlib", "Path"), TOKEN), fires=OPEN)
_row("pathlib", "Path.unlink", call(name("pathlib", "PosixPath"), TOKEN), fires=Event("os.remove"))
_row("numpy", "fromfile", TOKEN, fires=OPEN, needs=("numpy",))
_row("numpy", "loadtxt", "/etc/hostname", fires=Event("open", "hostname"), needs=("numpy",))
_row("numpy", "genfromtxt", "/etc/hostname", fires=Event("open", "hostname"), needs=("numpy",))
_row("numpy", "memmap", TOKEN, fires=OPEN, needs=("numpy",))
_row("numpy", "save", TOKEN, 1, fires=OPEN, needs=("numpy",))
_row("numpy", "savetxt", TOKEN, [1], fires=OPEN, needs=("numpy",))
_TABLE.program(
    "numpy.ndarray.tofile",
    [call(name("numpy", "ndarray.tofile"), call(name("numpy", "array"), [1]), TOKEN)],
    OPEN,
    needs=("numpy",),
)
_TABLE.program(
    "numpy.ndarray.dump",
    [call(name("numpy", "ndarray.dump"), call(name("numpy", "array"), [1]), TOKEN)],
    OPEN,
    needs=("numpy",),
)
_row("numpy.lib.npyio", "NpzFile", call(name("io", "open"), TOKEN), fires=OPEN, needs=("numpy",))
_row("numpy.lib.format", "open_memmap", TOKEN, fires=OPEN, needs=("numpy",))
_row("scipy.io", "loadmat", TOKEN, fires=OPEN, needs=("scipy",))
_row("scipy.sparse", "load_npz", TOKEN, fires=OPEN, needs=("scipy",))
_row("pandas", "read_csv", TOKEN, fires=OPEN, needs=("pandas",))
_row("pandas.io.common", "get_handle", TOKEN, "r", fires=OPEN, needs=("pandas",))
_row("pandas", "read_json", TOKEN, fires=After("isinstance(result, BaseException)"), needs=("pandas",))
_row("torch", "save", 1, TOKEN, fires=After("__import__('os').path.exists('weighmaster_fired')"), needs=("torch",))
_row(
    "torch",
    "from_file",
    TOKEN,
    True,
    1,
    fires=After("__import__('os').path.exists('weighmaster_fired')"),
    needs=("torch",),
)
_TABLE.program(
    "torch.UntypedStorage.from_file",
    [call(name("torch", "UntypedStorage.from_file"), TOKEN, True, 8)],
    After("__import__('os').path.exists('weighmaster_fired')"),
    needs=("torch",),
)
_row("joblib", "dump", 1, TOKEN, fires=OPEN, needs=("joblib",))
_row("joblib", "Memory", TOKEN, fires=Event("os.mkdir"), needs=("joblib",))
_row("sklearn.datasets", "load_files", TOKEN, fires=Event("os.listdir"), needs=("sklearn",))
_row("sklearn.datasets", "load_svmlight_file", TOKEN, fires=Event("open"), needs=("sklearn",))
_row("lightgbm", "Booster", None, None, TOKEN, fires=After("isinstance(result, BaseException)"), needs=("lightgbm",))
_row(
    "safetensors.torch",
    "save_file",
    {},
    TOKEN,
    fires=After("__import__('os').path.exists('weighmaster_fired')"),
    needs=("safetensors", "torch"),
)

# The network.
_row("smtplib", "SMTP", HOST, fires=Event("smtplib.connect", HOST))
_row("ftplib", "FTP.connect", call(name("ftplib", "FTP")), HOST, fires=Event("ftplib.connect", HOST))
_row("socketserver", "TCPServer", (HOST, 0), None, fires=Event("socket.bind", HOST))
_row("http.server", "HTTPServer", (HOST, 0), None, fires=Event("socket.bind", HOST))
_row("ssl", "get_server_certificate", (HOST, PORT), fires=LOOKUP)
_row("_socket", "socket.connect", call(name("_socket", "socket")), (HOST, PORT), fires=CONNECT)
_row("_socket", "getaddrinfo", HOST, PORT, fires=LOOKUP)
_row(
    "asyncore",
    "dispatcher.connect",
    call(name("asyncore", "dispatcher"), call(name("socket", "socket"))),
    (HOST, PORT),
    fires=CONNECT,
)
_row(
    "logging.handlers",
    "SocketHandler.createSocket",
    call(name("logging.handlers", "SocketHandler"), HOST, PORT),
    fires=LOOKUP,
)
_row("logging.handlers", "SysLogHandler", (HOST, PORT), fires=LOOKUP)
_row(
    "urllib.robotparser",
    "RobotFileParser.read",
    call(name("urllib.robotparser", "RobotFileParser"), URL),
    fires=Event("urllib.Request"),
)
_row("multiprocessing.connection", "Client", (HOST, PORT), fires=CONNECT)
_row("multiprocessing.connection", "Listener", (HOST, 0), fires=Event("socket.bind", HOST))
_row("torch.hub", "load_state_dict_from_url", URL, fires=Event("os.mkdir", ""), needs=("torch",))
_row("torch.hub", "download_url_to_file", URL, "x", fires=Event("urllib.Request"), needs=("torch",))
_row("torch.hub", "load", f"{TOKEN}/x", "x", fires=Event("os.mkdir", ""), needs=("torch",))
_row("pandas", "read_html", URL, fires=After("True"), needs=("pandas",))
_row(
    "numpy.lib",
    "npyio.DataSource.open",
    call(name("numpy.lib.npyio", "DataSource")),
    "/etc/hostname",
    fires=Event("open", "hostname"),
    needs=("numpy",),
)
_row("requests.sessions", "Session.get", call(name("requests", "Session")), URL, fires=LOOKUP, needs=("requests",))
_row("urllib3", "request", "GET", URL, fires=LOOKUP, needs=("urllib3",))
_row(
    "huggingface_hub",
    "hf_hub_download",
    TOKEN,
    TOKEN,
    fires=After("isinstance(result, BaseException)"),
    needs=("huggingface_hub",),
)
_row("wsgiref.simple_server", "make_server", HOST, 0, None, fires=Event("socket.bind", HOST))

# Damage to the process that loads.
_row("gc", "disable", fires=After("not __import__('gc').isenabled()"), expected="review")
_row("sys", "exit", TOKEN, fires=After("isinstance(result, SystemExit)"), expected="review")
_row("sys", "setrecursionlimit", 55, fires=After("__import__('sys').getrecursionlimit() == 55"), expected="review")
_row(
    "warnings",
    "simplefilter",
    "ignore",
    fires=After("__import__('warnings').filters[0][0] == 'ignore'"),
    expected="review",
)
_row("logging", "disable", 50, fires=After("__import__('logging').root.manager.disable == 50"), expected="review")
_row("time", "sleep", 0.01, fires=After("True"), expected="review")
_row("random", "seed", 1, fires=After("__import__('random').random() == 0.13436424411240122"), expected="review")
_row(
    "torch",
    "set_default_dtype",
    name("torch", "float64"),
    fires=After("str(__import__('torch').get_default_dtype()) == 'torch.float64'"),
    expected="review",
    needs=("torch",),
)
_row(
    "builtins",
    "setattr",
    name("json", "decoder"),
    TOKEN,
    1,
    fires=After("hasattr(__import__('json').decoder, 'weighmaster_fired')"),
    expected="review",
)
_row(
    "builtins",
    "delattr",
    name("json", "decoder"),
    "NaN",
    fires=After("not hasattr(__import__('json').decoder, 'NaN')"),
    expected="review",
)
