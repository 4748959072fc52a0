"""The primitives: what each can do. Everything else is derived from calls that reach one of these."""

import re

POWERS = (
    "code",
    "process",
    "native",
    "load",
    "network",
    "import",
    "write",
    "read",
    "control",
    "reflect",
    "compose",
    "input",
)
SHOWN = frozenset(POWERS[:9])
"""A row is worth shipping for these."""
STRONG = frozenset({"code", "process", "native", "load", "network", "import"})

_POSIX = {
    "process": """system popen execv execve execl execle execlp execlpe execvp execvpe fork forkpty posix_spawn posix_spawnp
        spawnv spawnve spawnl spawnle spawnlp spawnlpe spawnvp spawnvpe startfile _execvpe _spawnvef _wrap_close""",
    "write": """remove unlink rename replace renames mkdir makedirs rmdir removedirs symlink link chmod chown lchown lchmod
        fchmod fchown truncate ftruncate mkfifo mknod utime write pwrite writev pwritev sendfile copy_file_range setxattr
        removexattr chflags lchflags open openpty""",
    "read": "open listdir scandir walk fwalk read readlink getxattr listxattr pread readv preadv fdopen memfd_create",
    "control": """kill killpg abort _exit chdir fchdir chroot setuid setgid seteuid setegid setreuid setregid setresuid
        setresgid setgroups initgroups setsid setpgid nice dup dup2 close closerange umask putenv unsetenv setpriority
        sched_setaffinity unshare setns register_at_fork pipe pipe2 wait waitpid set_blocking login_tty""",
}
_NAMES = {
    "code": """builtins.eval builtins.exec builtins.execfile builtins.compile code.InteractiveInterpreter.runsource
        code.InteractiveInterpreter.runcode code.interact codeop._maybe_compile types.FunctionType types.LambdaType
        types.CodeType _frozen_importlib._call_with_frames_removed _imp.exec_builtin _imp.exec_dynamic _imp.create_dynamic
        _xxsubinterpreters.run_string _interpreters.run_string _interpreters.exec _interpreters.call _testcapi.run_in_subinterp
        _xxsubinterpreters.create _interpreters.create _testinternalcapi.run_in_subinterp_with_config builtins.breakpoint
        jinja2.Environment.from_string jinja2.Template mako.template.Template numexpr.evaluate
        _symtable.symtable sys.settrace sys.setprofile cProfile.run cProfile.runctx profile.run profile.runctx""",
    "process": """_posixsubprocess.fork_exec _winapi.CreateProcess pty.spawn pty.fork subprocess.Popen subprocess.run
        subprocess.call subprocess.check_call subprocess.check_output subprocess.getoutput subprocess.getstatusoutput
        asyncio.create_subprocess_exec asyncio.create_subprocess_shell asyncio.subprocess.create_subprocess_exec
        asyncio.subprocess.create_subprocess_shell commands.getoutput commands.getstatusoutput popen2.popen2 webbrowser.open
        webbrowser.open_new webbrowser.open_new_tab multiprocessing.Process multiprocessing.process.BaseProcess.start
        concurrent.futures.ProcessPoolExecutor concurrent.futures.process.ProcessPoolExecutor multiprocessing.Pool
        multiprocessing.pool.Pool sh.Command pexpect.spawn psutil.Popen paramiko.SSHClient.exec_command nt.startfile""",
    "native": """ctypes.CDLL ctypes.PyDLL ctypes.WinDLL ctypes.OleDLL ctypes.cdll.LoadLibrary ctypes.LibraryLoader.LoadLibrary
        _ctypes.dlopen _ctypes.LoadLibrary _ctypes.call_function _ctypes.call_cdeclfunction _ctypes.CFuncPtr ctypes.CFUNCTYPE
        ctypes.PYFUNCTYPE ctypes.memmove ctypes.memset ctypes.string_at ctypes.wstring_at ctypes.cast ctypes.PyObj_FromPtr
        _ctypes.PyObj_FromPtr cffi.FFI cffi.FFI.dlopen _cffi_backend.load_library _imp.create_dynamic
        torch._C._dlopen torch.ops.load_library torch.classes.load_library""",
    "load": """pickle.load pickle.loads _pickle.load _pickle.loads pickle._load pickle._loads pickle.Unpickler pickle._Unpickler
        _pickle.Unpickler cPickle.load cPickle.loads marshal.load marshal.loads shelve.open shelve.Shelf shelve.DbfilenameShelf
        dill.load dill.loads cloudpickle.load cloudpickle.loads joblib.load yaml.load yaml.unsafe_load yaml.full_load
        yaml.load_all yaml.unsafe_load_all yaml.full_load_all jsonpickle.decode multiprocessing.reduction.ForkingPickler.loads
        multiprocessing.connection.Connection.recv multiprocessing.connection._ConnectionBase.recv zodbpickle.loads
        torch._C.import_ir_module torch._C.import_ir_module_from_buffer torch._C._import_ir_module_from_package
        keras.models.load_model tensorflow.keras.models.load_model tf_keras.models.load_model onnxruntime.InferenceSession""",
    "import": """builtins.__import__ importlib.import_module importlib.__import__ importlib._bootstrap._gcd_import imp.load_module
        importlib.reload runpy.run_path runpy.run_module _imp.create_builtin imp.load_source imp.load_compiled
        imp.load_dynamic imp.load_package imp.find_module importlib._bootstrap._load importlib._bootstrap._find_and_load
        importlib.util.spec_from_file_location importlib.util.module_from_spec zipimport.zipimporter pkgutil.resolve_name
        pydoc.locate pydoc.safeimport pydoc.importfile importlib.util.find_spec pkgutil.find_loader pkgutil.get_loader
        importlib.machinery.SourceFileLoader importlib.machinery.SourcelessFileLoader importlib.machinery.ExtensionFileLoader
        _frozen_importlib._load _frozen_importlib._gcd_import _frozen_importlib.__import__""",
    "network": """socket.socket _socket.socket socket.create_connection socket.create_server socket.getaddrinfo
        socket.gethostbyname socket.gethostbyname_ex socket.gethostbyaddr socket.getnameinfo socket.getfqdn
        _socket.getaddrinfo _socket.gethostbyname _socket.gethostbyname_ex _socket.gethostbyaddr _socket.getnameinfo
        _socket.socket.connect _socket.socket.connect_ex _socket.socket.bind _socket.socket.sendto socket.SocketType
        urllib.request.urlopen urllib.request.urlretrieve urllib.request.URLopener urllib.request.FancyURLopener
        urllib.urlopen urllib.urlretrieve urllib2.urlopen http.client.HTTPConnection http.client.HTTPSConnection
        ftplib.FTP ftplib.FTP_TLS smtplib.SMTP smtplib.SMTP_SSL smtplib.LMTP poplib.POP3 poplib.POP3_SSL imaplib.IMAP4
        imaplib.IMAP4_SSL nntplib.NNTP telnetlib.Telnet xmlrpc.client.ServerProxy socketserver.TCPServer
        socketserver.UDPServer http.server.HTTPServer asyncio.open_connection asyncio.start_server ssl.get_server_certificate
        requests.get requests.post requests.put requests.delete requests.head requests.patch requests.request requests.Session
        requests.options requests.api.request requests.sessions.Session.request httpx.get httpx.post httpx.Client
        httpx.AsyncClient httpx.stream httpx.request aiohttp.ClientSession urllib3.PoolManager urllib3.request
        boto3.client boto3.resource boto3.Session paramiko.SSHClient websockets.connect""",
    "write": """shutil.copy shutil.copy2 shutil.copyfile shutil.copytree shutil.copymode shutil.copystat shutil.move shutil.rmtree
        shutil.chown shutil.make_archive shutil.unpack_archive tempfile.NamedTemporaryFile tempfile.TemporaryFile
        tempfile.mkstemp tempfile.mkdtemp tempfile.TemporaryDirectory tempfile.SpooledTemporaryFile zipfile.ZipFile
        tarfile.open tarfile.TarFile gzip.open gzip.GzipFile bz2.open bz2.BZ2File lzma.open lzma.LZMAFile dbm.open
        dbm.dumb.open sqlite3.connect _sqlite3.connect _sqlite3.Connection _gdbm.open _dbm.open logging.FileHandler
        logging.handlers.RotatingFileHandler mmap.mmap pathlib.Path.write_text pathlib.Path.write_bytes pathlib.Path.touch
        pathlib.Path.mkdir pathlib.Path.unlink pathlib.Path.rmdir pathlib.Path.rename pathlib.Path.replace
        pathlib.Path.symlink_to pathlib.Path.hardlink_to pathlib.Path.chmod pathlib.Path.open py_compile.compile
        compileall.compile_file compileall.compile_dir h5py.File multiprocessing.shared_memory.SharedMemory
        _posixshmem.shm_open _posixshmem.shm_unlink""",
    "read": """builtins.open io.open _io.open io.FileIO _io.FileIO io.open_code _io.open_code _pyio.open _pyio.FileIO
        codecs.open fileinput.input fileinput.FileInput linecache.getline linecache.getlines linecache.updatecache
        tokenize.open zipfile.ZipFile tarfile.open tarfile.TarFile gzip.open gzip.GzipFile bz2.open bz2.BZ2File lzma.open
        lzma.LZMAFile glob.glob glob.iglob mmap.mmap pathlib.Path.read_text pathlib.Path.read_bytes pathlib.Path.open
        netrc.netrc mailbox.mbox sqlite3.connect wave.open h5py.File xml.etree.ElementTree.parse xml.dom.minidom.parse""",
    "control": """signal.signal signal.alarm signal.setitimer signal.raise_signal signal.pthread_kill _signal.signal _signal.alarm
        _signal.raise_signal _signal.pthread_kill gc.disable gc.set_threshold gc.freeze gc.set_debug gc.get_objects
        gc.get_referrers sys.exit sys.setrecursionlimit sys.setswitchinterval sys.set_asyncgen_hooks sys.addaudithook
        atexit.register atexit._run_exitfuncs atexit.unregister faulthandler._sigabrt faulthandler._sigsegv
        faulthandler._read_null faulthandler._stack_overflow faulthandler._fatal_error_c_thread faulthandler._raise_exception
        faulthandler._sigfpe faulthandler.enable faulthandler.dump_traceback_later faulthandler.register
        resource.setrlimit resource.prlimit builtins.exit builtins.quit _thread.interrupt_main _thread.exit
        _thread.start_new_thread threading.Thread threading.Thread.start threading.settrace threading.setprofile
        locale.setlocale _locale.setlocale tracemalloc.start
        fcntl.fcntl fcntl.ioctl fcntl.flock fcntl.lockf termios.tcsetattr""",
    "reflect": "inspect.getattr_static operator.attrgetter operator.methodcaller",
    "input": "builtins.input getpass.getpass",
}
CONSTANT_IS_FINE = frozenset(
    """builtins.open io.open _io.open builtins.__import__ importlib.import_module importlib.__import__ builtins.eval
    builtins.exec builtins.compile importlib.util.find_spec codecs.open importlib.reload pathlib.Path.open ctypes.cast ctypes.CFUNCTYPE os.listdir os.scandir posix.listdir""".split()
)
"""With a constant first argument the caller decides nothing."""
METHODS = {
    "write": "write_text write_bytes rmtree urlretrieve extractall",
    "read": "read_text read_bytes iterdir rglob",
    "code": "exec_module runcode runsource run_cell",
    "import": "load_module",
    "network": "urlopen",
    "process": "create_subprocess_exec create_subprocess_shell subprocess_exec subprocess_shell exec_command",
    "load": "read_pickle",
}
"""Method names that say enough although the object is not known."""
QUIET = re.compile(
    r"""(warnings|logging|inspect|traceback|linecache|collections|dataclasses|functools|typing|re|enum|random|copy|abc|
    contextlib|unittest|string|argparse|optparse|platform|locale|gettext|threading|queue|_strptime|decimal|fractions|numbers|
    statistics|types|weakref|operator|tokenize|ast|sre_\w+|textwrap|pprint|reprlib|datetime|calendar|uuid|email|json|html|
    importlib\.metadata|importlib\._abc|importlib\.abc|sysconfig|posixpath|ntpath|genericpath|os\.path|io|_pyio|
    _collections_abc|copyreg|encodings|codecs|getopt|doctest|concurrent\.futures\._base|asyncio\.\w+|selectors|hmac|
    secrets|hashlib|base64|struct|heapq|bisect|keyword|token|pydoc|site|__future__|numpy\._utils|numpy\.exceptions|
    tqdm|rich|six|_py_warnings|annotationlib|_weakrefset|zoneinfo|pathlib\.\w+|pathlib)(\.|$)""",
    re.VERBOSE,
)
"""Modules of the standard library through which powers are not followed: their own use of files or code is not the caller's.
What in them is a primitive is in the table above."""


def _table() -> dict[str, frozenset[str]]:
    table: dict[str, set[str]] = {}
    for power, names in _POSIX.items():
        for name in names.split():
            for module in ("os", "posix", "nt"):
                table.setdefault(f"{module}.{name}", set()).add(power)
    for power, names in _NAMES.items():
        for name in names.split():
            table.setdefault(name, set()).add(power)
    return {name: frozenset(powers) for name, powers in table.items()}


LEAVES = _table()
THIRD_PARTY = frozenset(
    """jinja2 mako numexpr sh pexpect psutil paramiko cffi torch dill cloudpickle joblib yaml jsonpickle zodbpickle keras
    tensorflow tf_keras onnxruntime requests httpx aiohttp urllib3 boto3 websockets h5py""".split()
)
"""Top-level names in the table above that are not the standard library's (of any Python version)."""
METHOD_POWERS = {name: power for power, names in METHODS.items() for name in names.split()}
