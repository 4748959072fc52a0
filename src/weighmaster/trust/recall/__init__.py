"""Recalls: what was good once, and must not be used any more; by digest, by signer, by name and version.

A list of recalls is a JSON file (`entries`). It travels as one of the published roots (`weighmaster.trust.roots`), and
these bound how old it may be. `matching` says what it means for an artifact, `derived` which artifacts were built on
one that was recalled, `exports` writes it in the words of others (OSV, CycloneDX VEX).
"""
