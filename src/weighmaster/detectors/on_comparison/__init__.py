"""Rules on two files that say that they are the same model."""
