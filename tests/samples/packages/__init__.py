"""Hostile packages: one module here for each sort, whose `SHAPES` the hostile corpus is made of.

What a shape is, and how it is written, is told in `tests.samples.shape`.
"""
