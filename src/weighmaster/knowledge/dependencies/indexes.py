"""Where packages may come from without a question: the indexes and hosts of the projects that models are built with.

Sources: <https://pip.pypa.io/en/stable/cli/pip_install/>, <https://pytorch.org/get-started/locally/>,
<https://docs.conda.io/projects/conda/en/stable/user-guide/concepts/channels.html>.
"""

from __future__ import annotations

from typing import Final

from weighmaster.reading.pattern import pattern

_INDEXES: Final = pattern(
    r"https://(?:pypi\.org(?:/|\Z)|pypi\.python\.org(?:/|\Z)|files\.pythonhosted\.org(?:/|\Z)|test\.pypi\.org/simple"
    r"|download(?:-r2)?\.pytorch\.org/|pypi\.nvidia\.com(?:/|\Z)|pypi\.ngc\.nvidia\.com(?:/|\Z)|data\.pyg\.org/"
    r"|storage\.googleapis\.com/(?:jax-releases|libtpu|tensorflow)|wheels\.vllm\.ai(?:/|\Z)|flashinfer\.ai/"
    r"|abetlen\.github\.io/|pypi\.tuna\.tsinghua\.edu\.cn(?:/|\Z)|mirrors\.aliyun\.com(?:/|\Z)"
    r"|mirrors\.tuna\.tsinghua\.edu\.cn(?:/|\Z)|dl\.fbaipublicfiles\.com(?:/|\Z)|huggingface\.co/"
    r"|conda\.anaconda\.org/|repo\.anaconda\.com(?:/|\Z)|prefix\.dev/|repo\.prefix\.dev/|us-python\.pkg\.dev/colab-wheels)"
)
_FORGES: Final = pattern(
    r"(?:(?:git|hg|svn|bzr)\+)?(?:https|ssh)://(?:(?:\*\*\*|git)@)?"
    r"(?:github\.com|gitlab\.com|bitbucket\.org|huggingface\.co|codeberg\.org)[/:]"
)
_GIT: Final = pattern(r"(?:git\+)?git@(?:github\.com|gitlab\.com|bitbucket\.org|huggingface\.co|codeberg\.org)[/:]")
_PLAIN: Final = pattern(r"(?:(?:git|hg|svn|bzr)\+)?(?:http|ftp|git|svn)://", 2)  # re.IGNORECASE
_LOOPBACK: Final = pattern(
    r"(?:[A-Za-z+]+://)?(?:[^/@]*@)?(?:localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)(?::\d+)?(?:/|\Z)", 2
)
_HOST: Final = pattern(r"(?:[A-Za-z+]+://)(?:[^/@]*@)?([^/:?#]+)")
_OTHERS: Final = {"pypi.org": "files.pythonhosted.org", "pypi.python.org": "files.pythonhosted.org"}
CHANNELS: Final = frozenset({
    "defaults", "conda-forge", "main", "r", "msys2", "anaconda", "pytorch", "pytorch-nightly", "pytorch-lts", "free",
    "pytorch3d", "nvidia", "bioconda", "huggingface", "fastai", "fastchan", "rapidsai", "rapidsai-nightly", "intel",
    "dglteam", "pyg", "xformers", "pyviz", "plotly", "numba", "apple", "esri", "nodefaults", "cctbx", "menpo",
    "iopath", "fvcore", "bottler", "powerai", "ray", "robostack", "omnia", "schrodinger", "qiime2", "open3d-admin",
})  # fmt: skip
"""Channels of conda that a project is known to keep; on anaconda.org anybody may have one."""


def is_known(address: str) -> bool:
    """Say whether an address is at an index that a project of this field is known to keep.

    >>> is_known("https://download.pytorch.org/whl/cu121"), is_known("https://pypi.org.example/simple")
    (True, False)
    """
    return _INDEXES.match(address.replace("://***@", "://")) is not None


def is_usual(address: str) -> bool:
    """Say whether an address is that of the Python Package Index, which is asked where no other is named."""
    return host(address) in _OTHERS


def is_forge(address: str) -> bool:
    """Say whether an address is at one of the large hosts of source code, over a connection that is encrypted."""
    return _FORGES.match(address) is not None or _GIT.match(address) is not None


def is_unprotected(address: str) -> bool:
    """Say whether nothing protects what comes from an address on its way; what stays on this machine needs nothing.

    >>> is_unprotected("git+http://host/a"), is_unprotected("http://localhost:3141/simple")
    (True, False)
    """
    return _PLAIN.match(address) is not None and not is_loopback(address)


def is_loopback(address: str) -> bool:
    """Say whether an address or a host is this machine."""
    return _LOOPBACK.match(address) is not None


def host(address: str) -> str:
    """Return the host of an address, or nothing."""
    hit = _HOST.match(address)
    return hit[1].casefold() if hit else ""


def homes(index: str) -> frozenset[str]:
    """Return the hosts on which the files of an index lie."""
    found = host(index)
    return frozenset({found, _OTHERS.get(found, found)})
