"""Rules on a program for the operating system."""
