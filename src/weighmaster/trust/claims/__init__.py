"""What is claimed of an artifact, and what of it holds."""
