"""Rules on where an installed package came from."""
