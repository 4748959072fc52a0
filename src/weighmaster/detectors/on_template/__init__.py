"""Rules on text that whoever uses the model fills in and evaluates."""
