"""Isolation, and the only room that starts processes."""
