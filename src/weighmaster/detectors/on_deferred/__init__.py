"""Rules on code that runs without being called."""
