"""One module a type of claim. A module here exposes `PREDICATE` and, where a claim is made here, `build`."""
