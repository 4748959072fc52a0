"""Signatures over artifacts: OpenSSF Model Signing, single files, and what they cover."""
