"""Rules on what a list of recalls says of a target."""
