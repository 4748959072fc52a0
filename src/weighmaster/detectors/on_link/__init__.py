"""Rules on an entry that stands for another."""
