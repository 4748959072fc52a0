"""Rules on something that is wanted."""
