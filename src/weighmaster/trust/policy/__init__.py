"""Whom to trust for what: a file that says whose evidence an artifact needs, and whether it has that.

| module | what is in it |
| --- | --- |
| `terms` | a policy as values |
| `document` | reads the file |
| `parties` | reads the identities in it, and the files that they name |
| `matching` | which rule is for which name |
| `bundles` | the evidence beside an artifact, and which files each of it is about |
| `verified` | who signed which of it, and why the rest does not count |
| `filling` | who fills which role |
| `assess` | what a rule wants, against what is there |
| `vetting` | the facts that come of it for a target that was looked at |
| `asking` | from what a user names to what targets are held to |
"""
