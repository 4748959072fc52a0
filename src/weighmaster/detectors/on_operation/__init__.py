"""Rules on an operator that a graph or script uses."""
