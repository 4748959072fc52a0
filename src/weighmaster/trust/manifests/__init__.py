"""Which files an artifact has, and their digests: walked, hashed, written down, compared."""
