"""Rules on where packages may come from."""
