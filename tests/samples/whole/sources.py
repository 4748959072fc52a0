"""Small whole files of source: Python, a notebook, a shell script, requirements."""

from __future__ import annotations

import json


def whole() -> list[bytes]:
    """Return them."""
    cells = [{"cell_type": "code", "source": ["!ls | wc\n", "x = 1\n"], "outputs": [{"data": {"text/html": "<b>"}}]}]
    return [
        b"import os\n\n\nclass A:\n    def f(self, x=getattr(os, 'na' + 'me')):\n        return x\n\n\nA().f()\n",
        b"import base64\nexec(base64.b64decode('cHJpbnQoMSk=').decode())\nx = [chr(c ^ 1) for c in [1, 2]]\n",
        json.dumps({"nbformat": 4, "cells": cells, "metadata": {}}).encode(),
        b"#!/bin/sh\ncat <<EOF | grep \"$(date)\" > out.txt\ntext\nEOF\nls `pwd` && echo 'x' || exit\n",
        b"torch>=2.0\n--index-url https://pypi.org/simple\na @ https://pypi.org/a.whl\n",
    ]
