"""One folder for each kind of fact (`on_call` for `Call`), one module a rule.

A module here exposes `DETECTOR` and nothing else; its docstring is the rule's page. A folder is loaded when the first
fact of its kind turns up.
"""
