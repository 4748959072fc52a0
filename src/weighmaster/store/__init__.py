"""What was seen before, so that what has not changed is not read again."""
