"""Rules on what an artifact says of itself or of others."""
