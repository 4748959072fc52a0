"""How a model came to be: a run recorded by the digests of what went in and came out, and run again."""
