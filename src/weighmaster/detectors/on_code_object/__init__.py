"""Rules on compiled code in a constant."""
