"""What code does without being asked, and the chain of files that leads there."""
