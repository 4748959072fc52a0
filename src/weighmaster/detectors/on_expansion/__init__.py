"""Rules on packed bytes that unpack to many."""
