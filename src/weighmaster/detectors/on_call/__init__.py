"""Rules on a call that loading makes."""
