"""Rules on the attestations of a file of a package (PEP 740)."""
