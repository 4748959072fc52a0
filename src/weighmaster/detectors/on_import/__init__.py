"""Rules on a name that loading imports."""
