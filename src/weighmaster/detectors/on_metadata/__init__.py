"""Rules on text that a file keeps beside its data."""
