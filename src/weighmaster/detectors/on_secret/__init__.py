"""Rules on a key or a password that was left in an artifact."""
