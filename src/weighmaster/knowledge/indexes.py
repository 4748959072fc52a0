"""Where packages may come from without a question: the indexes and hosts of the projects that models are built with.

Sources: <https://pip.pypa.io/en/stable/cli/pip_install/>, <https://pytorch.org/get-started/locally/>.
"""

from __future__ import annotations

from typing import Final

from weighmaster.reading.pattern import pattern

_INDEXES: Final = pattern(
    r"https://(?:pypi\.org/simple|pypi\.python\.org/simple|files\.pythonhosted\.org|test\.pypi\.org/simple"
    r"|download\.pytorch\.org/|download-r2\.pytorch\.org/|pypi\.nvidia\.com|pypi\.ngc\.nvidia\.com|data\.pyg\.org/"
    r"|storage\.googleapis\.com/(?:jax-releases|libtpu|tensorflow)|wheels\.vllm\.ai|flashinfer\.ai/|abetlen\.github\.io/"
    r"|pypi\.tuna\.tsinghua\.edu\.cn|mirrors\.aliyun\.com|dl\.fbaipublicfiles\.com|huggingface\.co/)"
)
_FORGES: Final = pattern(
    r"(?:git\+)?(?:https|ssh)://(?:git@)?(?:github\.com|gitlab\.com|bitbucket\.org|huggingface\.co|codeberg\.org)[/:]"
)


def foreign(target: str) -> str | None:
    """Return why the place of a requirement wants a look, or None where it does not.

    >>> foreign("git+https://github.com/huggingface/transformers")
    >>> foreign("--extra-index-url http://10.0.0.1/simple")
    'is an index that nothing protects on its way'
    """
    option, _, address = target.rpartition(" ")
    if option == "--trusted-host":
        return "turns off the check of the host's certificate"
    kind = "an index" if "index" in option or "pypi" in option else "a list of packages" if option else "an address"
    if address.startswith(("http://", "git+http://", "ftp://", "git://", "git+git://")):
        return f"is {kind} that nothing protects on its way"
    if "://" not in address or _INDEXES.match(address) or _FORGES.match(address) or address.startswith("file:"):
        return None
    return f"is {kind} that nobody here knows"
