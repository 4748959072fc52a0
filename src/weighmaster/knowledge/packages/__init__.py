"""Packages: which files are whose, what they may hold, what they say of themselves."""
