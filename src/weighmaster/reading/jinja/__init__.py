"""Jinja templates, followed over guesses and never rendered: what a template touches, calls and writes out.

`parse` gives the syntax tree; `guess` is what an expression may be, and what that depends on; `sums` are operators and
tests over guesses, `filters` the filters. The follower is one class in layers, each a module that knows the ones before
it: `sight` (what it notes), `expressions`, `calls`, `walk` (statements; `sights` is what others use).

Specification: <https://jinja.palletsprojects.com/en/stable/templates/>.
"""
