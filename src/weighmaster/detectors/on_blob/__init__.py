"""Rules on bytes that stand for something else."""
