"""Small whole files that load models: a script, a container's recipe."""

from __future__ import annotations


def whole() -> list[bytes]:
    """Return them."""
    return [
        b"#!/bin/sh\nM=org/name\nhf download $M --revision main\nvllm serve ${M:-a/b} \\\n  --trust-remote-code\n",
        b"services:\n  a:\n    image: vllm/vllm-openai\n    command: ['--model', 'org/name']\n    args:\n      - -hf\n",
    ]
