"""One module a rule. A module here exposes `DETECTOR` and nothing else; its docstring is the rule's page."""
