"""Rules on a class or function that a configuration names."""
