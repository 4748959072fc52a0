"""Rules on an object that loading changes in place."""
