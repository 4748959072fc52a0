"""What is known about callables, and how a name finds its row."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from weighmaster.knowledge import callables
from weighmaster.knowledge.callables import ARGUMENTS, HARMFUL, POWERS, USES, Entry, look_up, powers_sentence

FOLDER = os.path.dirname(callables.__file__)

JUDGED = {
    "code": """
        __builtin__.file __builtins__.eval _thread.start_new_thread _tkinter.create bdb.Bdb.run builtins.breakpoint
        builtins.compile builtins.eval builtins.exec cProfile.runctx
        cloudpickle.cloudpickle._make_function cloudpickle.cloudpickle.subimport cloudpickle.loads
        code.InteractiveInterpreter.runcode code.InteractiveInterpreter.runsource code.interact
        compileall.compile_file dask.utils.import_required dataclasses._create_fn dill._dill._create_function
        dill._dill._import_module dill.load dill.loads distributed.protocol.pickle.loads distutils.spawn.spawn
        doctest.debug_src doctest.testfile doctest.testsource ensurepip._run_pip ensurepip.bootstrap fickling.analysis
        hydra._internal.utils._locate hydra.utils.instantiate idlelib.autocomplete.AutoComplete.get_entity
        idlelib.calltip.Calltip.fetch_tip idlelib.debugobj.ObjectTreeItem.SetText
        idlelib.pyshell.ModifiedInterpreter.runcommand idlelib.run.Executive.runcode importlib.import_module
        importlib.reload importlib.util.spec_from_file_location jinja2.environment.Environment
        joblib.externals.loky.backend.spawn.prepare joblib.memory.Memory joblib.numpy_pickle.load jsonpickle.decode
        keras.models.load_model keras.saving.deserialize_keras_object keras.src.utils.python_utils.func_load
        keras.utils.generic_utils.func_load lib2to3.pgen2.pgen.ParserGenerator.make_label logging.config._resolve
        logging.config.dictConfig logging.config.listen mako.template.Template marshal.loads mlflow.pyfunc.load_model
        modulefinder.ModuleFinder.run_script nemo.core.classes.common.Serialization.from_config_dict numexpr.evaluate
        numpy.__builtins__ numpy.f2py.crackfortran._eval_length numpy.f2py.crackfortran.getlincoef
        numpy.lib._npyio_impl.load numpy.lib.npyio.load numpy.load numpy.testing._private.utils.runstring
        numpy.testing.runstring numpy.testing.utils.runstring pandas.core.computation.eval.eval pandas.read_pickle
        pandas.util._tester.test paste.util.import_string.simple_import pdb.run pickle.Unpickler picklescan.scanner
        pip._internal.main pip.main profile.Profile.run profile.Profile.runctx pydoc.importfile pydoc.locate
        pydoc.pipepager pydoc.safeimport runpy._run_code runpy._run_module_code runpy.run_path
        setuptools.sandbox.run_setup sh.Command site.addpackage site.execsitecustomize six.import_
        sklearn.utils._testing.run_doctests sympy.core.sympify.sympify sympy.parse_expr sympy.sympify
        symtable.symtable tensorflow.keras.models.load_model tensorflow.python.eager.context.eager_mode
        tensorflow.python.saved_model.load.load test.support.run_in_subinterp
        test.support.script_helper.assert_python_ok threading.Thread timeit.Timer timeit.main timeit.repeat
        timeit.timeit torch._inductor.codecache.compile_file
        torch.distributed.elastic.rendezvous.api.rendezvous_handler_registry torch.distributed.rpc.internal.PythonUDF
        torch.distributed.run.main torch.fx.graph_module._deserialize_graph_module
        torch.fx.graph_module.reduce_graph_module torch.hub._load_local torch.hub.download_url_to_file torch.hub.load
        torch.hub.load_state_dict_from_url torch.jit.annotations.parse_type_line
        torch.jit.unsupported_tensor_ops.execWrapper torch.load torch.onnx.utils.export
        torch.package.PackageImporter.x torch.package.package_importer.PackageImporter torch.serialization.load
        torch.testing._internal.common_utils.run_test torch.testing._internal.common_utils.shell
        torch.utils._config_module.ConfigModule.load_config torch.utils.cpp_extension.load_inline
        torch.utils.data.datapipes.utils.decoder.basichandlers trace.Trace.runctx trace.main
        transformers.utils.import_utils._LazyModule types.CodeType types.FunctionType types.MethodType
        typing.get_type_hints unittest.util.x yaml.full_load yaml.load yaml.unsafe_load zipimport.zipimporter
    """,
    "process": """
        _aix_support._read_cmd_output _osx_support._find_build_tool _osx_support._read_output
        _posixsubprocess.fork_exec antigravity.geohash asyncio.run asyncio.subprocess.create_subprocess_shell
        asyncio.unix_events._UnixSubprocessTransport._start cffi.FFI commands.getoutput
        concurrent.futures.ThreadPoolExecutor ctypes.util.find_library http.server.CGIHTTPRequestHandler.run_cgi
        imaplib.IMAP4_stream msvcrt.getch multiprocessing.Process multiprocessing.popen_spawn_posix.Popen
        multiprocessing.util.spawnv_passfds numpy.f2py.diagnose.run_command os.execvp os.popen os.spawnlp
        paramiko.SSHClient platform._syscmd_file platform.popen posix.system pty.spawn
        torch.multiprocessing.spawn._wrap torch.utils.collect_env.run torch.utils.collect_env.run_and_read_all
        venv.create webbrowser.open
    """,
    "native": """
        _ctypes.dlopen ctypes.CDLL numpy.core._internal._ctypes numpy.ctypeslib.load_library
        onnxruntime.InferenceSession sqlite3.connect torch._ops._OpNamespace torch.classes.load_library.x
    """,
    "import": """
        _sitebuiltins._Helper pkgutil.resolve_name pyclbr.readmodule unittest.mock._importer
    """,
    "read": """
        _io.FileIO aifc.open argparse.FileType cgitb.Hook codecs.open dbm.dumb.open dbm.open genericpath.getsize
        grp.getgrall gzip.open io.FileIO io.open io.open_code keras.utils.get_file linecache.getline lzma.open
        mailbox.mbox mmap.mmap msilib.OpenDatabase netrc.netrc numpy.lib._datasource.DataSource.open numpy.loadtxt
        omegaconf.OmegaConf.load ossaudiodev.open pandas.io.common.get_handle pandas.io.parsers.readers.read_csv
        pandas.read_html plistlib.load pwd.getpwall shutil.copy shutil.move shutil.rmtree
        sklearn.datasets._base.load_files sklearn.datasets.load_svmlight_file spwd.getspall ssl.get_server_certificate
        sunau.open tarfile.open tempfile.mktemp tensorflow.io.write_file.x tokenize.open torch.utils.model_dump.main
        urllib.request.urlopen urllib.request.urlretrieve urllib.urlopen wave.open xgboost.Booster.load_model
        xml.dom.minidom.parse xml.etree.ElementTree.parse zipfile.ZipFile
    """,
    "write": """
        faulthandler._sigsegv logging.FileHandler pathlib.Path.write_text syslog.syslog tempfile.NamedTemporaryFile
    """,
    "network": """
        _socket.socket asynchat.async_chat asyncore.dispatcher http.client.HTTPConnection httpx.get
        logging.handlers.SocketHandler requests.api.get requests.sessions.Session.get select.select smtplib.SMTP
        socket.create_connection urllib.robotparser.RobotFileParser wsgiref.simple_server.demo_app
        xmlrpc.server.SimpleXMLRPCServer
    """,
    "reflect": """
        _operator.methodcaller builtins.setattr builtins.vars inspect.getattr_static nturl2path.url2pathname
        operator.attrgetter operator.methodcaller sys._getframe sys.modules xmlrpc.server.resolve_dotted_attribute
    """,
    "compose": """
        __builtin__.apply _operator.call abc.ABCMeta atexit.register contextlib.ExitStack.callback
        functools.partialmethod functools.reduce numpy.apply_along_axis numpy.frompyfunc operator.call
    """,
    "control": """
        curses.initscr optparse.OptionParser resource.setrlimit
    """,
    "input": """
        getpass.getpass
    """,
}

# Harmless: "not known" is a right answer, and so is "safe to refer to"; "dangerous" would be a false alarm.
HARMLESS = """
    ast.literal_eval builtins.memoryview email.message_from_file numpy.size shlex.quote torch._C._jit_pass_x
    urllib.parse.urlparse urllib.parse.quote string.capwords math.prod json.loads base64.b64decode hashlib.sha256
    builtins.print textwrap.dedent colorsys.rgb_to_hsv calendar.monthrange __main__.Model mypackage.models.Net
    tests.helpers.Thing test.Model
"""

SAFE = {
    "builtins.set": "any",
    "builtins.int": "data",
    "builtins.getattr": "getattr",
    "numpy._core._ufunc_reconstruct": "named",
    "builtins.type": "type",
    "builtins.object": "none",
    "builtins.ValueError": "any",
    "collections.OrderedDict": "any",
    "collections.defaultdict": "callable-first",
    "copyreg._reconstructor": "class-first",
    "copyreg.__newobj__": "class-first",
    "copyreg.__newobj_ex__": "class-first",
    "_codecs.encode": "text",
    "datetime.datetime": "any",
    "decimal.Decimal": "data",
    "fractions.Fraction": "data",
    "functools.partial": "callable-first",
    "io.BytesIO": "nested",
    "operator.itemgetter": "text",
    "pathlib.PosixPath": "text",
    "random.Random": "data",
    "re._compile": "text",
    "babel.dates.DateTimePattern": "any",
    "babel.numbers.NumberPattern": "any",
    "babel.plural.PluralRule": "any",
    "gensim.models.wrappers.fasttext.FastText": "any",
    "gensim.models.wrappers.fasttext.FastTextKeyedVectors": "any",
    "morfessor.baseline.BaselineModel": "any",
    "uuid.UUID": "data",
    "numpy.dtype": "any",
    "numpy.core.multiarray._reconstruct": "class-first",
    "numpy._core.multiarray._reconstruct": "class-first",
    "numpy.core.multiarray.scalar": "any",
    "numpy.core.numeric._frombuffer": "any",
    "numpy.ma.core._mareconstruct": "class-first",
    "numpy.random._pickle.__bit_generator_ctor": "any",
    "joblib.numpy_pickle.NumpyArrayWrapper": "any",
    "pandas.core.indexes.base._new_Index": "class-first",
    "pandas.core.internals.managers.BlockManager": "any",
    "pandas._libs.internals._unpickle_block": "any",
    "pandas._libs.arrays.__pyx_unpickle_NDArrayBacked": "class-first",
    "sklearn.tree._tree.Tree": "any",
    "torch._utils._rebuild_tensor_v2": "handle-first",
    "torch._utils._rebuild_parameter": "any",
    "torch.Size": "data",
    "torch.device": "text",
    "torch.storage._load_from_bytes": "nested",
}

# What published bypasses did: (module, name), and a power that the answer must have.
BYPASSES = [
    ("posix", "system", "process"),
    ("nt", "system", "process"),
    ("builtins", "exec.__call__", "code"),
    ("torch.utils.bottleneck.__main__", "run_autograd_prof", "code"),
    ("commands", "getoutput", "process"),
    ("cPickle", "loads", "load"),
    ("thread", "start_new_thread", "code"),
    ("urllib2", "urlopen", "network"),
    ("SocketServer", "TCPServer", "network"),
    ("xmlrpclib", "Server", "network"),
    ("__builtin__", "reduce", "compose"),
    ("__builtin__", "__import__", "import"),
    ("itertools", "imap", "compose"),
    ("anydbm", "open", "write"),
    ("CGIHTTPServer", "test", "network"),
    ("_functools", "partial", "compose"),
    ("multiprocess.util", "spawnv_passfds", "process"),
    ("linecache", "os.system", "process"),
    ("glob", "os.system", "process"),
    ("tempfile", "_os.system", "process"),
    ("random", "_os.system", "process"),
    ("posixpath", "os.system", "process"),
    ("os.path", "os.system", "process"),
    ("torch", "os.system", "process"),
    ("torch", "nn.functional.os.system", "process"),
    ("pandas.io.common", "os.system", "process"),
    ("imaplib", "subprocess.run", "process"),
    ("zipimport", "marshal.loads", "load"),
    ("torch", "ops.load_library", "native"),
    ("torch._utils", "sys.modules.get", "reflect"),
    ("collections", "_sys.modules.get", "reflect"),
    ("collections", "_sys.modules", "reflect"),
    ("collections", "namedtuple.__globals__.get", "reflect"),
    ("collections", "Counter.x.system", "process"),
    ("collections", "defaultdict.__missing__", "reflect"),
    ("collections", "_itemgetter", "reflect"),
    ("collections.abc", "Mapping.register", "control"),
    ("copyreg", "_inverted_registry", "control"),
    ("builtins", "dict.__getitem__", "reflect"),
    ("builtins", "dict.get", "reflect"),
    ("builtins", "str.format", "reflect"),
    ("builtins", "object.__subclasses__", "reflect"),
    ("numpy", "__builtins__", "reflect"),
    ("linecache", "os.__dict__", "reflect"),
    ("posixpath", "os", "reflect"),
    ("copyreg", "dispatch_table.get", "control"),
    ("numpy", "os", "reflect"),
    ("numpy", "ndarray.tofile", "write"),
    ("numpy", "matrix.tofile", "write"),
    ("numpy", "fromfile", "read"),
    ("numpy", "vectorize", "compose"),
    ("re", "sub", "compose"),
    ("string", "Formatter", "reflect"),
    ("weakref", "finalize", "compose"),
    ("pathlib", "PosixPath.write_text", "write"),
    ("subprocess", "Popen.communicate", "process"),
    ("zipfile", "ZipFile.extractall", "write"),
    ("_bootsubprocess", "Popen.wait", "process"),
    ("_xxsubinterpreters", "run_string", "code"),
    ("_ctypes", "call_function", "native"),
    ("dill._dill", "_create_function", "code"),
    ("joblib.externals.cloudpickle", "loads", "code"),
    ("setuptools._distutils.spawn", "spawn", "process"),
    ("hydra._internal.utils", "_locate", "import"),
    ("sympy.parsing.sympy_parser", "parse_expr", "code"),
    ("torch.distributed.rpc.internal", "_run_function", "code"),
    ("torch._inductor.codecache", "PyCodeCache.load", "code"),
    ("picklescan.scanner", "Scanner", "control"),
    ("gensim.models.wrappers", "LdaMallet", "process"),
    ("gensim.models.wrappers", "FastText.train", "process"),
    ("gensim.models.wrappers.fasttext", "FastText.train", "process"),
    ("gensim.models.wrappers.fasttext", "FastText.load", "load"),
    ("gensim.models.wrappers.fasttext", "FastTextKeyedVectors.load", "load"),
    ("gensim.models.wrappers.varembed", "VarEmbed.load_varembed_format", "load"),
    ("babel.messages.plurals", "get_plural", "load"),
    ("morfessor.io", "MorfessorIO.read_binary_file", "load"),
    ("some.package", "import_module", "import"),
    ("some_package", "a.b", "reflect"),
    ("some_package", "a" + ".b" * 300, "reflect"),
]


def tables() -> list[str]:
    derived = os.path.join(FOLDER, "derived")
    names = os.listdir(derived) if os.path.isdir(derived) else []
    return ["callables.tsv", *sorted(f"derived/{name}" for name in names if name.endswith(".tsv"))]


def rows(table: str) -> list[list[str]]:
    with open(os.path.join(FOLDER, table), encoding="utf-8", newline="\n") as file:
        return [line.split("\t") for line in file.read().splitlines() if not line.startswith("#")]


def known(dotted: str) -> Entry | None:
    module, _, name = dotted.rpartition(".")
    return look_up(module, name)


@pytest.mark.parametrize("table", [*tables(), "renamed.tsv"])
def test_a_table_is_sorted_without_doubles_and_has_its_comments_on_top(table: str) -> None:
    with open(os.path.join(FOLDER, table), encoding="utf-8", newline="\n") as file:
        text = file.read()
    lines = text.split("\n")
    assert lines.pop() == ""
    assert "\r" not in text
    names = [line.partition("\t")[0] for line in lines if not line.startswith("#")]
    assert names == sorted(set(names))
    assert lines[-len(names) :] == [line for line in lines if not line.startswith("#")]


@pytest.mark.parametrize("table", tables())
def test_every_row_is_well_formed(table: str) -> None:
    for row in rows(table):
        name, powers, uses, arguments, reason, source = row
        assert all(column.strip() == column != "" for column in row), row
        assert set(powers.split(",")) <= POWERS.keys() or powers == "-", row
        assert set(uses.split(",")) <= USES or uses == "-", row
        assert arguments in ARGUMENTS, row
        assert powers != "-" or uses != "-", f"says nothing: {row}"
        assert len(reason) > 4, row
        assert source.startswith(("https://", "http://")) or table != "callables.tsv", row
        assert name.replace(".", "").replace("*", "").isidentifier(), row


@pytest.mark.parametrize("table", tables())
def test_a_condition_on_arguments_stands_where_something_is_called(table: str) -> None:
    for name, _, uses, arguments, *_ in rows(table):
        assert (arguments == "-") == ({"call", "new"}.isdisjoint(uses.split(","))), name


@pytest.mark.parametrize("table", tables())
def test_a_wildcard_is_never_safe(table: str) -> None:
    for name, powers, uses, *_ in rows(table):
        if "*" in name:
            assert table == "callables.tsv", name
            assert name.count("*") == 1, name
            assert name.startswith("*.") or name.endswith(".*"), name
            assert uses == "-", name
            assert powers != "-", name


@pytest.mark.parametrize("table", tables())
def test_what_can_do_harm_is_never_safe_to_call_with_anything(table: str) -> None:
    for name, *_ in rows(table):
        entry = known(name)
        if entry is not None and "call" in entry.uses and not HARMFUL.isdisjoint(entry.powers):
            assert entry.arguments != "any", name


@pytest.mark.parametrize("table", tables())
def test_no_safe_row_hides_in_a_module_that_was_judged_as_a_whole(table: str) -> None:
    judged = tuple(row[0].removesuffix("*") for row in rows("callables.tsv") if row[0].endswith(".*"))
    for name, _, uses, *_ in rows(table):
        assert uses == "-" or table == "callables.tsv" or not name.startswith(judged), name


def test_every_rename_leads_to_another_name() -> None:
    for old, new in rows("renamed.tsv"):
        assert old != new


@pytest.mark.parametrize(
    ("power", "name"), [(power, name) for power, names in JUDGED.items() for name in names.split()]
)
def test_a_callable_that_does_harm_is_known_for_it(power: str, name: str) -> None:
    entry = known(name)
    assert entry is not None
    assert power in entry.powers
    assert not entry.uses


@pytest.mark.parametrize("name", HARMLESS.split())
def test_a_harmless_name_is_not_called_dangerous(name: str) -> None:
    entry = known(name)
    assert entry is None or not entry.powers


@pytest.mark.parametrize(("name", "arguments"), SAFE.items())
def test_a_name_that_libraries_store_is_safe_under_its_condition(name: str, arguments: str) -> None:
    entry = known(name)
    assert entry is not None
    assert "call" in entry.uses or "new" in entry.uses
    assert entry.arguments == arguments


@pytest.mark.parametrize(("module", "name", "power"), BYPASSES)
def test_a_published_bypass_is_known_for_what_it_does(module: str, name: str, power: str) -> None:
    entry = look_up(module, name)
    assert entry is not None
    assert power in entry.powers


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("__builtin__", "set"),
        ("exceptions", "KeyError"),
        ("copy_reg", "_reconstructor"),
        ("UserDict", "UserDict"),
        ("pathlib._local", "PosixPath"),
        ("sklearn.externals.joblib.numpy_pickle", "NumpyArrayWrapper"),
        ("numpy.core.multiarray", "dtype"),
        ("builtins", "set.__call__"),
    ],
)
def test_another_spelling_means_the_same(module: str, name: str) -> None:
    entry = look_up(module, name)
    assert entry is not None
    assert entry.uses


@pytest.mark.parametrize(
    ("module", "name"),
    [("collections", "OrderedDict.move"), ("mypackage", "Model.forward"), ("__main__", "Outer.Inner")],
)
def test_a_part_of_a_class_is_not_known_because_the_class_is(module: str, name: str) -> None:
    assert look_up(module, name) is None


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system\tcode"),
        ("os\n", "system"),
        ("", ""),
        ("..", "x"),
        ("../../etc", "passwd"),
        ("collections", "OrderedDict\t-\trefer"),
        ("#", "What"),
        ("a" * 10_000, "b"),
    ],
)
def test_a_name_cannot_reach_beside_the_tables(module: str, name: str) -> None:
    assert look_up(module, name) is None


words = st.from_regex(r"[A-Za-z_][a-z0-9_]{2,12}", fullmatch=True).filter(lambda word: not word.startswith("__"))


@given(st.lists(words, min_size=1, max_size=4), words)
@example(["zz"], "zz")
def test_a_name_that_no_table_has_is_not_known(module: list[str], name: str) -> None:
    assert look_up(".".join(["zz_nobody", *module]), f"zz_{name}") is None


@given(
    st.lists(words, min_size=1, max_size=3), st.sampled_from(["os.system", "_os.system", "a.os.system", "x._os.popen"])
)
def test_a_walk_that_ends_at_a_shell_starts_processes_whatever_it_starts_from(module: list[str], name: str) -> None:
    entry = look_up(".".join(module), name)
    assert entry is not None
    assert "process" in entry.powers


@given(st.text(max_size=40), st.text(max_size=40))
@example("os", "system.")
@example(".", ".")
@example("builtins", ".__call__")
def test_any_text_gets_an_answer(module: str, name: str) -> None:
    entry = look_up(module, name)
    assert entry is None or isinstance(entry, Entry)


def test_every_row_is_found_by_its_own_name() -> None:
    for table in tables():
        for row in rows(table):
            if "*" not in row[0] and not row[0].startswith("__main__"):
                entry = known(row[0])
                assert entry is not None, row[0]
                assert entry.name == row[0] or table != "callables.tsv", row[0]


def test_importing_the_module_reads_no_table() -> None:
    code = (
        "import sys\n"
        "opened = []\n"
        "sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == 'open' else None)\n"
        "import weighmaster.knowledge.callables as it\n"
        "assert not any(name.endswith('.tsv') for name in opened), opened\n"
        "it.look_up('os', 'system')\n"
        "assert sum(name.endswith('.tsv') for name in opened) == 1, opened\n"
    )
    subprocess.run(
        [sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )


def test_powers_are_said_in_words_the_worst_first() -> None:
    assert powers_sentence(["network", "code", "write"]) == (
        "runs code, writes, changes or deletes files and reaches the network"
    )
