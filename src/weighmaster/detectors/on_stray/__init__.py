"""Rules on bytes that nothing refers to."""
