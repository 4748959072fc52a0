"""Reads the source of libraries and derives what a pickle may do with their names. Imports none of them."""
