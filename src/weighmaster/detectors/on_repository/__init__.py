"""Rules on a target as a whole: what its files come to together."""
