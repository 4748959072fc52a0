"""Rules on what source code uses."""
