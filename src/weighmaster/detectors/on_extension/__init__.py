"""Rules on a lookup in the extension registry."""
