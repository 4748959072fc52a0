"""Whom to trust for what: a file that says whose evidence an artifact needs, and whether it has that.

| module | what is in it |
| --- | --- |
| `terms` | a policy as values |
| `document` | reads the file |
| `parties` | reads the identities in it, and the files that they name |
| `matching` | which rule is for which name |
| `evidence` | the bundles beside an artifact, and which files each is about |
| `verified` | who signed which of them, and why the others do not count |
| `assess` | what a rule wants, against what is there |
"""
