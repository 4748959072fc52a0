"""Source code: which names and shapes matter in it, when it runs, and what that comes to."""
