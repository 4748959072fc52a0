"""A package puts code into the namespace of a project that it is not.

Installing the package writes into the folder of a library that everybody knows, or takes its name: `import
transformers` then runs code of a package called something else. If the library is installed as well, its files are
replaced without a word.

## What to do

Do not install the package. If it is a build of that library, compare it with the library's own release.

## What this rule cannot see

Namespaces of projects that are not on the list (`knowledge/packages/namespaces.tsv`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.packages.namespaces import foreign
from weighmaster.knowledge.packages.packages import evidence
from weighmaster.knowledge.repository import tree_of
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Package

_RULE: Final = Rule(
    id="foreign-namespace",
    title="A package puts files into another project's namespace",
    severity=Severity.HIGH,
    cwe=427,
)


def _detect(package: Package) -> Iterator[Finding]:
    tree = tree_of(package.whole)
    for module, path, owners in foreign(package):
        message = f"{package.distribution.name} puts code into {module}, which is of {owners}"
        artifact = tree.artifact(path)
        yield Finding(rule=_RULE, where=artifact.where, message=message, evidence=evidence(package, artifact))


DETECTOR: Final = Detector(rule=_RULE, on=Package, detect=_detect)
