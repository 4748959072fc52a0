"""Reads the source of libraries and derives which names a pickle may use, and which have powers. Imports none of them."""
