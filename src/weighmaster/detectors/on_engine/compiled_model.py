"""The file is a model compiled to machine code for an accelerator.

A TensorRT engine or an RKNN model is machine code in a layout that nobody but its vendor can read. Whoever loads it
hands it to a driver that trusts it: the vendors say that engines from sources that are not trusted must not be loaded.
Plug-ins inside it are code for the processor of the host.

## What to do

Take the model in a form that can be read (ONNX, safetensors) and compile it yourself, on the machine that runs it.

## What this rule cannot see

What the compiled code does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Engine
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="compiled-model", title="A model compiled to machine code of an accelerator", severity=Severity.MEDIUM, cwe=829
)


def _detect(fact: Engine) -> Iterator[Finding]:
    message = f"{fact.kind}: machine code that is not read here"
    yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Engine, detect=_detect)
