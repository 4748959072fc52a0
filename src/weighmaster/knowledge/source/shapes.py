"""What source code does as a whole, where no single name says it: the words of a `Use` that has no module.

Paths, hosts and commands that matter are here, too. Sources: MITRE ATT&CK techniques, <https://attack.mitre.org/>.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Final

from weighmaster.reading.pattern import pattern

SHAPES: Final = MappingProxyType(
    {
        "reverse-shell": "joins a shell to a network connection",  # T1059, T1095
        "downloads-and-runs": "runs what it downloads",  # T1105
        "decodes-and-runs": "runs what it decodes",  # T1140
        "sends-secrets": "sends keys, passwords or the whole environment over the network",  # T1041
        "reads-secrets": "reads keys or passwords",  # T1552
        "plants-itself": "writes where it will be run again",  # T1546, T1547, T1053
        "mines-coins": "mines coins",  # T1496
        "deletes-broadly": "deletes what is not its own",  # T1485
        "writes-outside": "writes or deletes files outside its own folder",
        "writes-files": "writes or deletes files",
        "installs-packages": "installs packages",  # T1072
        "trusts-remote-code": "runs the code that another repository brings",
        "downloads-and-loads": "makes objects out of what it downloads",  # T1105, CWE-502
        "decrypts-and-loads": "makes objects out of what it deciphers",  # T1140, CWE-502
        "tells-who-runs-it": "tells the network whose machine it runs on",  # T1082, T1041
        "waits-for-a-trigger": "does it on one machine, at one time or on one input only",  # T1480, T1497
        "reorders-its-text": "is shown in another order than it is read in",  # T1036
        "holds-unseen-letters": "holds letters that are not shown",  # T1027
        "imitates-letters": "has a name with letters of another script",  # T1036
        "runs-when-shown": "is run by the program that shows the file",
        "runs-on-every-start": "is run each time Python starts",  # T1546.018
    }
)
"""Each shape and how messages say it."""

ATTACKS: Final = frozenset(
    {"reverse-shell", "downloads-and-runs", "decodes-and-runs", "sends-secrets", "plants-itself", "mines-coins",
     "deletes-broadly"}
)  # fmt: skip
"""Shapes that no model needs."""

DISGUISES: Final = frozenset({"reorders-its-text", "holds-unseen-letters", "imitates-letters"})
"""Shapes of source that is not what it looks like."""

HIDDEN: Final = frozenset({"downloads-and-runs", "decodes-and-runs", "decrypts-and-loads"})
"""Shapes whose code is not in the file."""

_SECRETS: Final = pattern(
    r"(?:^|[/\\~])"
    r"(?:\.ssh(?:[/\\]|$)|\.aws[/\\](?:credentials|config)|\.netrc|\.git-credentials|\.docker[/\\]config\.json"
    r"|\.kube[/\\]config|\.npmrc|\.pypirc|\.gnupg|\.bash_history|\.zsh_history|\.config[/\\](?:gcloud|gh[/\\]hosts|solana)"
    r"|\.(?:cache[/\\])?huggingface[/\\](?:token|stored_tokens)|wallet\.dat|Login Data|key4\.db|logins\.json"
    r"|cookies\.sqlite|\.azure[/\\]|\.ethereum|\.bitcoin|\.electrum|keystore[/\\]UTC|id_rsa|id_ed25519|id_ecdsa)"
    r"|^/etc/(?:passwd|shadow|gshadow|sudoers|krb5\.keytab|ssh/)|^/proc/(?:self|\d+|\*)/environ"
    r"|^/var/run/secrets/(?!kubernetes\.io/serviceaccount/namespace)|169\.254\.169\.254|metadata\.google\.internal",
    re.IGNORECASE,
)
_STARTED: Final = pattern(
    r"(?:^|[/\\~])(?:\.bashrc|\.bash_profile|\.bash_login|\.profile|\.zshrc|\.zprofile|\.zshenv|\.ssh[/\\](?:authorized_keys|rc)"
    r"|\.config[/\\](?:autostart|systemd|fish)|\.ipython[/\\]|\.jupyter[/\\]|LaunchAgents|LaunchDaemons"
    r"|sitecustomize\.py|usercustomize\.py|authorized_keys|\.gitconfig|\.git[/\\]hooks|\.pythonrc)"
    r"|\.pth$|^/etc/(?:cron|profile|rc\.|systemd|init|ld\.so\.preload|sudoers|passwd|shadow|hosts$|environment)"
    r"|^/var/spool/cron|Start Menu[/\\]Programs[/\\]Startup|CurrentVersion\\+Run|(?:site|dist)-packages[/\\]",
    re.IGNORECASE,
)
_OUTSIDE: Final = pattern(
    r"^(?:/(?!tmp/|dev/(?:null|shm|stdout|stderr)|content/|kaggle/|workspace/|opt/ml/|mnt/|data/|root/\.cache)|[A-Za-z]:\\)"
)
_HOME: Final = pattern(r"^(?:~|\$HOME|\$\{HOME\})[/\\](?!\.cache)")
_MINER: Final = pattern(
    r"stratum\+(?:tcp|ssl)://|\b(?:xmrig|xmr-stak|minerd|cpuminer|nbminer|t-rex-miner|phoenixminer|lolminer|ethminer|ccminer)\b"
    r"|(?:minexmr|nanopool|2miners|supportxmr|nicehash|moneroocean|unmineable)\.(?:com|org|stream)",
    re.IGNORECASE,
)
_TUNNEL: Final = pattern(
    r"(?:discord(?:app)?\.com/api/webhooks|hooks\.slack\.com|api\.telegram\.org/bot|webhook\.site|ngrok\.(?:io|app)"
    r"|requestbin|pipedream\.net|burpcollaborator|oast\.|interact\.sh|pastebin\.com/raw|transfer\.sh|\.onion\b)",
    re.IGNORECASE,
)
_DATA_HOSTS: Final = pattern(
    r"https://(?:[\w-]+\.)*(?:huggingface\.co|hf\.co|cocodataset\.org|wikimedia\.org|wikipedia\.org|github\.com"
    r"|githubusercontent\.com|pytorch\.org|tensorflow\.org|googleapis\.com/(?:download\.tensorflow|mediapipe)[\w-]*"
    r"|fbaipublicfiles\.com|openaipublic\.\w+|kaggle\.com|arxiv\.org|zenodo\.org|figshare\.com|python\.org|pypi\.org"
    r"|gutenberg\.org|unsplash\.com|imgur\.com|pexels\.com)(?:/|$)",
    re.IGNORECASE,
)

_LIBRARIES: Final = pattern(
    r"(?:.*[/\\])?(?:lib)?(?:c|m|dl|pthread|rt|gomp|util|numa|stdc\+\+|gcc_s|cuda|cudart|nvrtc|nccl|cublas\w*|cudnn|nvidia-ml|ssl"
    r"|crypto|X11|objc|System|Security|CoreFoundation|CoreServices|Foundation)[-.\d]*(?:\.so(?:\.\d+)*|\.dylib|\.dll)?$"
    r"|(?:kernel32|user32|crypt32|ntdll|advapi32|shell32|msvcrt|msvcp\d+\w*|vcruntime\d+\w*|ole32|ws2_32|secur32)(?:\.dll)?$",
    re.IGNORECASE,
)


def is_system_library(name: str) -> bool:
    """Say whether a native library is one that the system or the graphics driver brings.

    >>> is_system_library("libc.so.6"), is_system_library("./evil.so")
    (True, False)
    """
    return _LIBRARIES.match(name) is not None and "/" not in name.replace("/usr/lib/", "").replace("/lib/", "")


def is_secret(path: str) -> bool:
    """Say whether a path leads to keys, passwords, or where they are given out.

    >>> is_secret("~/.ssh/id_rsa"), is_secret("vocab.txt")
    (True, False)
    """
    return _SECRETS.search(path) is not None


def is_started(path: str) -> bool:
    """Say whether what stands at a path is run again without anybody asking.

    >>> is_started("~/.bashrc"), is_started("out/model.bin")
    (True, False)
    """
    return _STARTED.search(path) is not None


def is_outside(path: str) -> bool:
    """Say whether a path leads where a model's code has nothing to write."""
    return _OUTSIDE.match(path) is not None or _HOME.match(path) is not None


def mines(text: str) -> bool:
    """Say whether a command or an address belongs to a miner of coins."""
    return _MINER.search(text) is not None


def is_drop(address: str) -> bool:
    """Say whether an address is one where anybody can collect what is sent."""
    return _TUNNEL.search(address) is not None


def gives_data(address: str) -> bool:
    """Say whether an address belongs to a host from which examples fetch pictures, texts and weights."""
    return _DATA_HOSTS.match(address) is not None
