"""Measures weighmaster beside its peers, on the same files, in one run: `make bench`."""
