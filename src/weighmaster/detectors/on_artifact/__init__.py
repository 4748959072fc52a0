"""Rules on a whole artifact: its name, size and formats."""
