"""Rules on a target as a whole."""
