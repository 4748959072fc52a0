"""Roots of trust: policies, keys, certificates, recalls, kept as TUF metadata in a plain folder or on a web server.

Whoever has seen one root follows its rotations from there on, refuses what is older than what was seen before, and
knows when what was seen is too old to rely on. Specification: <https://theupdateframework.github.io/specification/latest/>.

`publishing` is the side that gives out, `cache` the side that takes in; `following` is what both hold metadata to.
"""
