"""Packages that carry their payload in a code: a loader gets it by undoing that.

Where the code that undoes it is plain, that is judged as well; in most of these it stands in a module that takes its
argument from elsewhere, so that the bytes alone must tell.
"""

from __future__ import annotations

import base64
import io
import json
import random
import textwrap
import zipfile
import zlib
from typing import Final

from tests.samples.packages.places import whl
from tests.samples.pickles import REDUCE, STOP, TUPLE1, code, name, program, proto, text
from tests.samples.sample import COMMAND, Unproven
from tests.samples.shape import Shape

PAYLOAD: Final = program(proto(4), code(name("os", "system"), text(COMMAND), TUPLE1, REDUCE), STOP)
"""A pickle that calls `os.system`."""
_CHECKPOINT: Final = "model/data.pkl"
_KEY: Final = bytes(random.Random(5).randbytes(32))
_PNG: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABh6FO1AAAAABJRU5ErkJggg=="
)
_WEIGHTS: Final = 64 << 10


def torch_file() -> bytes:
    """Return what `torch.save` writes, with the payload for its objects."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path, data in ((_CHECKPOINT, PAYLOAD), ("model/version", b"3\n"), ("model/byteorder", b"little")):
            archive.writestr(zipfile.ZipInfo(path, (2024, 1, 1, 0, 0, 0)), data)
    return out.getvalue()


def stream(data: bytes) -> bytes:
    """Return data under a stream cipher whose stream comes from a seed: no two bytes show what they were."""
    return bytes(a ^ b for a, b in zip(data, random.Random(_KEY).randbytes(len(data)), strict=True))


def _bare(constant: str) -> str:
    """Return a module that is nothing but a constant."""
    return f'"""Tables."""\n\nDATA = {constant}\n'


def _loader(undo: str, *, imports: str = "base64, pickle") -> str:
    """Return a module that undoes what another has in it, and unpickles it when it is imported."""
    return f"import {imports}\n\nfrom helper_kit import tables\n\npickle.loads({undo})\n"


def _lines(data: bytes, width: int = 48) -> str:
    pieces = textwrap.wrap(data.decode(), width)
    return "[\n" + "".join(f'    "{piece}",\n' for piece in pieces) + "]"


def _named(data: bytes, width: int = 60) -> str:
    pieces = textwrap.wrap(data.decode(), width)
    return "".join(f'A{number} = "{piece}"\n' for number, piece in enumerate(pieces))


def _beside(constant: str, undo: str, **more: str) -> dict[str, bytes]:
    return whl({"helper_kit/tables.py": _bare(constant), "helper_kit/core.py": _loader(undo, **more)})


def _resource(file: str, data: bytes | str, undo: str, imports: str = "base64, pickle, pkgutil") -> dict[str, bytes]:
    """Return a wheel that reads a data file of its own when it is imported, undoes it and unpickles it."""
    source = f"import {imports}\n\nraw = pkgutil.get_data('helper_kit', '{file}')\npickle.loads({undo})\n"
    return whl({f"helper_kit/{file}": data, "helper_kit/core.py": source})


def _fernet() -> bytes:
    from cryptography.fernet import Fernet

    cipher = Fernet(base64.urlsafe_b64encode(b"helper-kit" * 3 + b"hk"))
    return cipher._encrypt_from_parts(PAYLOAD, 1_700_000_000, bytes(16))


_B64: Final = base64.b64encode(PAYLOAD)
_CORE: Final = "import helper_kit.core"
_ENCRYPTED: Final = stream(random.Random(7).randbytes(8) * (_WEIGHTS // 8))
_INSIDE: Final = ("dangerous-import", "encoded-artifact")

SHAPES: Final = [
    Shape(
        id="blob-base64-in-source",
        what="a pickle stands in Base64 in a module of constants",
        build=lambda: _beside(repr(_B64.decode()), "base64.b64decode(tables.DATA)"),
        fire=_CORE,
        said=_INSIDE,
    ),
    Shape(
        id="blob-base64-in-json",
        what="a pickle stands in Base64 among the settings of a package",
        build=lambda: _resource(
            "settings.json",
            json.dumps({"name": "helper", "state": _B64.decode()}, indent=2),
            "base64.b64decode(json.loads(raw)['state'])",
            "base64, json, pickle, pkgutil",
        ),
        fire=_CORE,
        said=_INSIDE,
    ),
    Shape(
        id="blob-hex-in-text",
        what="a pickle stands in hexadecimal, in lines, in a text file",
        build=lambda: _resource(
            "words.txt", "\n".join(textwrap.wrap(PAYLOAD.hex(), 64)) + "\n", "bytes.fromhex(raw.decode())"
        ),
        fire=_CORE,
        said=_INSIDE,
    ),
    Shape(
        id="blob-ascii85-in-source",
        what="a pickle stands in Ascii85 in a constant",
        build=lambda: _beside(repr(base64.a85encode(PAYLOAD).decode()), "base64.a85decode(tables.DATA)"),
        fire=_CORE,
        said=_INSIDE,
    ),
    Shape(
        id="blob-base85-in-source",
        what="a pickle stands in Base85 in a constant",
        build=lambda: _beside(repr(base64.b85encode(PAYLOAD).decode()), "base64.b85decode(tables.DATA)"),
        fire=_CORE,
        said=_INSIDE,
    ),
    Shape(
        id="blob-base32-in-yaml",
        what="a pickle stands in Base32 in a file of YAML",
        build=lambda: _resource(
            "config.yaml",
            f"name: helper\nstate: {base64.b32encode(PAYLOAD).decode()}\n",
            "base64.b32decode(raw.split()[-1])",
        ),
        fire=_CORE,
        said=_INSIDE,
    ),
    Shape(
        id="blob-zlib-in-base64",
        what="a compressed pickle stands in Base64 of Base64",
        build=lambda: _beside(
            repr(base64.b64encode(base64.b64encode(zlib.compress(PAYLOAD))).decode()),
            "zlib.decompress(base64.b64decode(base64.b64decode(tables.DATA)))",
            imports="base64, pickle, zlib",
        ),
        fire=_CORE,
        said=_INSIDE,
    ),
    Shape(
        id="blob-deflate-in-base64",
        what="a pickle is compressed without a header, and stands in Base64",
        build=lambda: _beside(
            repr(base64.b64encode(zlib.compress(PAYLOAD, wbits=-15)).decode()),
            "zlib.decompress(base64.b64decode(tables.DATA), -15)",
            imports="base64, pickle, zlib",
        ),
        fire=_CORE,
        said=_INSIDE,
    ),
    Shape(
        id="blob-torch-in-base64",
        what="a checkpoint of PyTorch stands in Base64, in lines",
        build=lambda: whl(
            {
                "helper_kit/tables.py": _bare(f'"""{base64.encodebytes(torch_file()).decode()}"""'),
                "helper_kit/core.py": "import base64, io, pickle, zipfile\n\nfrom helper_kit import tables\n\n"
                "archive = zipfile.ZipFile(io.BytesIO(base64.b64decode(tables.DATA)))\n"
                f"pickle.loads(archive.read({_CHECKPOINT!r}))\n",
            }
        ),
        fire=_CORE,
        said=_INSIDE,
    ),
    Shape(
        id="blob-in-pieces",
        what="Base64 of a pickle is split over the items of a list",
        build=lambda: _beside(_lines(_B64), "base64.b64decode(''.join(tables.DATA))"),
        fire=_CORE,
        said=_INSIDE,
    ),
    Shape(
        id="blob-in-names",
        what="Base64 of a pickle is split over several constants",
        build=lambda: whl(
            {
                "helper_kit/tables.py": _named(_B64, 40),
                "helper_kit/core.py": "import base64, pickle\n\nfrom helper_kit import tables\n\n"
                "names = sorted(n for n in vars(tables) if n[0] == 'A')\n"
                "pickle.loads(base64.b64decode(''.join(getattr(tables, n) for n in names)))\n",
            }
        ),
        fire=_CORE,
        said=_INSIDE,
    ),
    Shape(
        id="blob-backwards",
        what="Base64 of a pickle stands backwards",
        build=lambda: _beside(repr(_B64.decode()[::-1]), "base64.b64decode(tables.DATA[::-1])"),
        fire=_CORE,
        said=_INSIDE,
    ),
    Shape(
        id="blob-xor-in-base64",
        what="each byte of a pickle is changed by one key, and it stands in Base64",
        build=lambda: _beside(
            repr(base64.b64encode(bytes(byte ^ 0x5A for byte in PAYLOAD)).decode()),
            "bytes(byte ^ 0x5A for byte in base64.b64decode(tables.DATA))",
        ),
        fire=_CORE,
        said=_INSIDE,
    ),
    Shape(
        id="blob-numbers",
        what="a pickle stands as a list of numbers",
        build=lambda: _beside(repr(list(PAYLOAD)), "bytes(tables.DATA)"),
        fire=_CORE,
        said=_INSIDE,
    ),
    Shape(
        id="blob-escapes",
        what="a pickle stands as a literal of bytes that nobody unpickles by name",
        build=lambda: _beside(repr(PAYLOAD), "tables.DATA"),
        fire=_CORE,
        said=_INSIDE,
    ),
    Shape(
        id="blob-behind-picture",
        what="a pickle stands behind the end of a picture",
        build=lambda: _resource("logo.png", _PNG + PAYLOAD, f"raw[{len(_PNG)}:]"),
        fire=_CORE,
        said=("dangerous-import", "stray-bytes"),
    ),
    Shape(
        id="blob-compressed-behind-header",
        what="a compressed pickle stands behind a header that no reader knows",
        build=lambda: _resource(
            "table.dat",
            b"HKIT\0\1\0\0" + bytes(range(64)) + zlib.compress(PAYLOAD + bytes(200)),
            "zlib.decompress(raw[72:])",
            "pickle, pkgutil, zlib",
        ),
        fire=_CORE,
        said=("dangerous-import",),
    ),
    Shape(
        id="blob-encrypted-weights",
        what="weights are encrypted, and the package has what decrypts them",
        build=lambda: _resource(
            "weights.dat",
            stream(PAYLOAD + bytes(_WEIGHTS)),
            f"bytes(a ^ b for a, b in zip(raw, random.Random({_KEY!r}).randbytes(len(raw))))",
            "pickle, pkgutil, random",
        ),
        fire=_CORE,
        said=("encrypted-data",),
        expected="review",
    ),
    Shape(
        id="blob-encrypted-without-key",
        what="weights are encrypted, and what decrypts them comes later",
        build=lambda: whl({"helper_kit/weights.dat": _ENCRYPTED, "helper_kit/core.py": "X = 1\n"}),
        fire="import helper_kit",
        proof=Unproven("nothing in it can decrypt them"),
        said=("encrypted-data",),
        expected="review",
    ),
    Shape(
        id="blob-fernet",
        what="a token of Fernet stands for a pickle, and the package decrypts it when it is imported",
        build=lambda: _resource(
            "state.txt",
            _fernet(),
            "Fernet(base64.urlsafe_b64encode(b'helper-kit' * 3 + b'hk')).decrypt(raw)",
            "base64, pickle, pkgutil\nfrom cryptography.fernet import Fernet",
        ),
        fire=_CORE,
        needs=("cryptography",),
        said=("encrypted-data", "decrypted-when-loaded"),
    ),
]
