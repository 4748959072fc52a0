"""Rules on what source code does where it stands."""
