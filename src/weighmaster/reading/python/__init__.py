"""Python source, followed over its syntax tree and never run: which names it uses, with what, and when that runs.

`source` says what text is Python and parses it; `values` is what an expression may stand for; `arithmetic`, `decoders`
and `constants` work out what is made of constants. `names` holds the names that the language and its library give
meaning to. The follower is one class in layers, each a module that knows the ones before it: `lookup` (names,
attributes, items), `calls`, `binding` (assignments), `expressions`, `walk` (statements; `Walker` is what others use).
`library` says what the calls of the library give.

Specification: <https://docs.python.org/3/reference/>.
"""
