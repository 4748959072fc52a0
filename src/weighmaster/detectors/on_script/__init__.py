"""Rules on source text."""
