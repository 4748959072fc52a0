"""An append-only log of claims: whoever cuts it, edits it or shows two of it is found out.

| module | what is in it |
| --- | --- |
| `merkle` | the tree: roots, and proofs about it |
| `note`, `checkpoint` | what the log and its witnesses sign |
| `tiles` | how the tree and its entries lie in files |
| `store`, `bucket`, `web`, `places` | where the files lie |
| `book` | a log: open it, append, prove |
| `record`, `find`, `proof` | what an entry says; where it is; the proof that it is there |
| `beside` | the proofs of many claims, as they lie beside these |
| `audit` | all of a log, computed again |
| `witness` | what another machine remembers of it |

Specifications: RFC 6962 (the tree), RFC 9162 (how proofs are verified), and of <https://c2sp.org>: tlog-tiles,
signed-note, tlog-checkpoint, tlog-cosignature, tlog-proof, tlog-witness.
"""
