"""Rules on something that source loads."""
