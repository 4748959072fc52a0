"""Rules on a name that a target uses."""
