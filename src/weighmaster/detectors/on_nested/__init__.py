"""Rules on an artifact inside another."""
