"""Licences: what cards call them, and which the text of one is.

Identifiers: <https://spdx.org/licenses/>. What the hub takes in `license:`:
<https://huggingface.co/docs/hub/repositories-licenses>.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Final

from weighmaster.reading.pattern import pattern

_SPDX: Final = MappingProxyType({
    id.lower(): id
    for id in (
        "Apache-2.0", "MIT", "MIT-0", "BSD-2-Clause", "BSD-3-Clause", "BSD-3-Clause-Clear", "BSL-1.0", "CC-BY-2.0",
        "CC-BY-2.5", "CC-BY-3.0", "CC-BY-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0", "CC-BY-NC-2.0", "CC-BY-NC-3.0",
        "CC-BY-NC-4.0", "CC-BY-ND-4.0", "CC-BY-NC-ND-3.0", "CC-BY-NC-ND-4.0", "CC-BY-NC-SA-2.0", "CC-BY-NC-SA-3.0",
        "CC-BY-NC-SA-4.0", "CC0-1.0", "CDLA-Sharing-1.0", "CDLA-Permissive-1.0", "CDLA-Permissive-2.0", "WTFPL",
        "ECL-2.0", "EPL-1.0", "EPL-2.0", "EUPL-1.1", "EUPL-1.2", "AGPL-3.0-only", "AGPL-3.0-or-later", "GPL-2.0-only",
        "GPL-2.0-or-later", "GPL-3.0-only", "GPL-3.0-or-later", "LGPL-2.1-only", "LGPL-2.1-or-later", "LGPL-3.0-only",
        "LGPL-3.0-or-later", "MPL-2.0", "MS-PL", "NCSA", "OFL-1.1", "OSL-3.0", "PostgreSQL", "ODbL-1.0", "ODC-By-1.0",
        "PDDL-1.0", "Unlicense", "Zlib", "ISC", "Artistic-2.0", "LPPL-1.3c", "AFL-3.0", "BSD-4-Clause",
    )
})  # fmt: skip
_OTHER_NAMES: Final = MappingProxyType({
    "apache2": "Apache-2.0", "apache 2.0": "Apache-2.0", "apache license 2.0": "Apache-2.0", "mit license": "MIT",
    "agpl-3.0": "AGPL-3.0-only", "gpl-2.0": "GPL-2.0-only", "gpl-3.0": "GPL-3.0-only", "lgpl-2.1": "LGPL-2.1-only",
    "lgpl-3.0": "LGPL-3.0-only", "odbl": "ODbL-1.0", "pddl": "PDDL-1.0", "odc-by": "ODC-By-1.0",
})  # fmt: skip
"""How the hub and people call some of them."""
_TEXTS: Final = (
    ("Apache-2.0", r"apache license\s+version 2\.0, january 2004"),
    ("AGPL-3.0", r"gnu affero general public license\s+version 3"),
    ("LGPL-3.0", r"gnu lesser general public license\s+version 3"),
    ("LGPL-2.1", r"gnu lesser general public license\s+version 2\.1"),
    ("GPL-3.0", r"gnu general public license\s+version 3"),
    ("GPL-2.0", r"gnu general public license\s+version 2"),
    ("MPL-2.0", r"mozilla public license,? version 2\.0"),
    ("CC-BY-NC-ND-4.0", r"attribution-noncommercial-noderivatives 4\.0"),
    ("CC-BY-NC-SA-4.0", r"attribution-noncommercial-sharealike 4\.0"),
    ("CC-BY-NC-4.0", r"attribution-noncommercial 4\.0"),
    ("CC-BY-SA-4.0", r"attribution-sharealike 4\.0"),
    ("CC-BY-ND-4.0", r"attribution-noderivatives 4\.0"),
    ("CC-BY-4.0", r"attribution 4\.0 international"),
    ("CC0-1.0", r"cc0 1\.0 universal"),
    ("Unlicense", r"this is free and unencumbered software released into the public domain"),
    ("LLAMA", r"(?:meta )?llama \d[\d.]* community license agreement"),
    ("GEMMA", r"gemma terms of use"),
    ("OPENRAIL", r"open rail|openrail|responsible ai license"),
    (
        "MIT",
        r"permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated",
    ),
    ("BSD-3-Clause", r"redistribution and use in source and binary forms.{0,1500}neither the names? of"),
    ("BSD-2-Clause", r"redistribution and use in source and binary forms"),
)
"""What the texts of licences begin with, the most telling first."""
_HEAD: Final = 6000
"""Bytes of a text that are looked at."""
_EXPRESSION: Final = pattern(r"[A-Za-z0-9.+-]+(?: (?:OR|AND|WITH) [A-Za-z0-9.+-]+)+\Z")


def spdx(name: str) -> str | None:
    """Return the SPDX identifier of a licence as a card calls it, or None where it has none.

    >>> spdx("apache-2.0"), spdx("cc-by-nc-4.0"), spdx("llama3.1"), spdx("other")
    ('Apache-2.0', 'CC-BY-NC-4.0', None, None)
    """
    plain = name.strip().lower()
    return _SPDX.get(plain) or _OTHER_NAMES.get(plain)


def expression(name: str) -> str | None:
    """Return an SPDX expression of several known licences, or None.

    >>> expression("mit OR apache-2.0"), expression("mit or nothing"), expression("MIT OR secret")
    ('MIT OR Apache-2.0', None, None)
    """
    if len(name) > 200 or not _EXPRESSION.match(name):
        return None
    words = [word if word in {"OR", "AND"} else spdx(word) for word in name.split(" ")]
    return " ".join(word for word in words if word) if all(words) else None


def text_is(data: bytes) -> str | None:
    r"""Return which licence a text is, as far as its beginning tells.

    >>> text_is(b"                 Apache License\n           Version 2.0, January 2004\n")
    'Apache-2.0'
    """
    plain = re.sub(r"[\s#*/>-]+", " ", data[:_HEAD].decode("utf-8", "replace").lower())
    # Blanks and hyphens were made one; so are they in what is looked for.
    for id, words in _TEXTS:
        if re.search(words.replace(r"\s+", " ").replace("-", " "), plain):
            return id
    return None


def contradict(card: str, text: str) -> bool:
    """Say whether a licence that a card names cannot be the one whose text lies beside it.

    Said only where both are known: a name that is not may stand for any text.

    >>> contradict("mit", "Apache-2.0"), contradict("apache-2.0", "Apache-2.0"), contradict("gpl-3.0", "GPL-3.0")
    (True, False, False)
    >>> contradict("cc-by-4.0", "CC-BY-NC-4.0"), contradict("other", "MIT"), contradict("llama3", "LLAMA")
    (True, False, False)
    >>> contradict("apache-2.0", "LLAMA"), contradict("llama3.1", "Apache-2.0"), contradict("bsd", "BSD-3-Clause")
    (True, True, False)
    """
    said = spdx(card)
    if said is None:
        plain = card.strip().lower()
        family = next((name for name in ("llama", "gemma", "openrail") if name in plain), None)
        return family is not None and family.upper() != text and text != "OPENRAIL"
    return not said.lower().startswith(text.lower())
