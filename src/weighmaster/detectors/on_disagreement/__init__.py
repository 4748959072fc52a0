"""Rules on a difference between two readers."""
