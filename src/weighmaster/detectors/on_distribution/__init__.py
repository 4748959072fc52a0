"""Rules on what a package says of itself."""
