"""Rules on a package as a whole."""
