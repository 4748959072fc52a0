"""Rules on what source code uses, wherever it stands."""
