"""Rules on what an index says of a release."""
