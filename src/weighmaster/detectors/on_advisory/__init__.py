"""Rules on a report of a vulnerability."""
