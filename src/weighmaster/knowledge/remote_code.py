"""How the files of a hub repository name code and other repositories.

Sources: `transformers/dynamic_module_utils.py` (`get_class_from_dynamic_module`),
`transformers/integrations/hub_kernels.py` (`is_kernel`), `huggingface_hub/utils/_validators.py` (`validate_repo_id`).
"""

from __future__ import annotations

from typing import Any, Final

from weighmaster.reading.pattern import pattern

VETTED: Final = ("kernels-community/",)
"""Owners whose kernels transformers fetches of its own accord."""

_REPOSITORY: Final = pattern(r"[A-Za-z0-9][\w.-]{0,95}/[\w.-]{1,96}(?:@[\w./-]{1,60})?\Z")
_KERNEL: Final = pattern(r"(?:[\w-]+\|)?[^/:|\s]+/[^/:|\s]+(?:@[^/:|\s]+)?(?::[^/:|\s]+)?\Z")
_MOST: Final = 1000
_DEEPEST: Final = 4


def strings(value: Any) -> list[str]:
    """Return the texts in a value that may be a text, a list or a mapping of them.

    >>> strings({"AutoConfig": "a.A", "AutoTokenizer": ["b.B", None]})
    ['a.A', 'b.B']
    """
    found, layer = [], [value]
    for _ in range(_DEEPEST):
        below: list[Any] = []
        for item in layer[:_MOST]:
            if isinstance(item, str):
                found.append(item)
            elif isinstance(item, (list, dict)):
                below += item.values() if isinstance(item, dict) else item
        layer = below
    return found[:_MOST]


def code_of(reference: str) -> tuple[str, str]:
    """Return the kind and the target of the code that an `auto_map` names; no target where it names none.

    >>> code_of("modeling_x.Model"), code_of("owner/name--modeling_x.Model"), code_of("../up--x.Model")
    (('code', 'modeling_x.py'), ('remote-code', 'owner/name--modeling_x.py'), ('code', '../up/x.py'))
    """
    repository, dashes, name = reference.rpartition("--")
    # `sub/file.py::Class` is the newer way to write it.
    module = name.rpartition("::" if "::" in name else ".")[0]
    if not module:
        return "code", ""
    path = module if module.endswith(".py") else f"{module if '/' in module else module.replace('.', '/')}.py"
    if not dashes:
        return "code", path
    if another_repository(repository):
        return "remote-code", f"{repository}--{path}"
    return "code", f"{repository}/{path}"


def another_repository(name: str) -> bool:
    """Say whether a text is the name of a repository on a hub.

    >>> another_repository("owner/name"), another_repository("../name"), another_repository("name")
    (True, False, False)
    """
    return _REPOSITORY.match(name) is not None


def is_kernel(name: str) -> bool:
    """Say whether the name of an implementation is that of a hub's repository of compiled kernels.

    >>> is_kernel("flash_attention_2"), is_kernel("kernels-community/flash-attn"), is_kernel("paged|o/k@v1:f")
    (False, True, True)
    """
    return _KERNEL.match(name) is not None
